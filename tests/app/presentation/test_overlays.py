"""Each frame gets the attention of the network's nearest frame."""

from dataclasses import replace

import numpy as np
import pytest

from app.presentation import overlays
from app.state.records import Overlay, OverlayKind
from app.state.session import Session
from rostfine_core.attention import AttentionKind, grey
from rostfine_core.domain import Assessment


@pytest.fixture
def assessment(graded: Session) -> Assessment:
    found = graded.assessment(graded.sperms[0])
    assert found is not None
    return found


def test_every_overlay_but_none_is_a_kind_of_attention() -> None:
    assert {k.value for k in OverlayKind} == {k.value for k in AttentionKind} | {"none"}


def test_a_frame_shows_the_nearest_map(assessment: Assessment) -> None:
    assert overlays.overlay_frames(assessment) == (0, 2, 4, 6, 8, 10, 12, 15)
    assert [overlays.nearest_slot(assessment, f) for f in (0, 5, 14, 99)] == [0, 2, 7, 7]


def test_nothing_is_laid_over_where_nothing_is_wanted(assessment: Assessment) -> None:
    assert overlays.crop_overlay(assessment, Overlay(), 0) is None
    assert overlays.shown_maps(assessment, OverlayKind.NONE) is None
    picture = overlays.painted_crop(assessment, Overlay(), 1)
    np.testing.assert_array_equal(picture, assessment.clip.images[2])


def test_attention_that_an_older_version_did_not_keep_is_not_laid_over(
    assessment: Assessment,
) -> None:
    kept = replace(assessment.explanation, branch_forward=assessment.explanation.branch_attention)
    forward = Overlay(kind=OverlayKind.FORWARD)
    assert overlays.crop_overlay(assessment, forward, 0) is None
    laid = overlays.crop_overlay(replace(assessment, explanation=kept), forward, 0)
    patches = overlays.crop_overlay(assessment, Overlay(kind=OverlayKind.PATCHES), 0)
    np.testing.assert_array_equal(laid, patches)


def test_an_overlay_has_the_wanted_opacity_and_colours(assessment: Assessment) -> None:
    pictures = [
        overlays.crop_overlay(
            assessment, Overlay(kind=OverlayKind.PATCHES, opacity=0.4, colour_map=name), 0
        )
        for name in ("cividis", "magma")
    ]
    one, other = (p for p in pictures if p is not None)
    assert one.shape == other.shape == (150, 150, 4)
    assert set(np.unique(one[..., 3])) == {0, 102, 255}
    assert not np.array_equal(one, other)


def test_a_painted_crop_is_grey_where_no_patch_was_selected(assessment: Assessment) -> None:
    picture = overlays.painted_crop(assessment, Overlay(kind=OverlayKind.PATCHES), 7)
    np.testing.assert_array_equal(picture[-40:], grey(assessment.clip.images[15])[-40:])
