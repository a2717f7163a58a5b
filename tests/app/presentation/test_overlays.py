import numpy as np
import pytest

from app.presentation import overlays
from app.state.records import Overlay, OverlayKind
from app.state.session import Session
from rostfine_core.domain import Assessment


@pytest.fixture
def assessment(graded: Session) -> Assessment:
    found = graded.assessment(graded.sperms[0])
    assert found is not None
    return found


def test_a_frame_shows_the_nearest_map(assessment: Assessment) -> None:
    assert overlays.overlay_frames(assessment) == (0, 2, 4, 6, 8, 10, 12, 15)
    assert [overlays.nearest_slot(assessment, f) for f in (0, 5, 14, 99)] == [0, 2, 7, 7]


@pytest.mark.parametrize("kind", [OverlayKind.ROLLOUT, OverlayKind.BRANCH])
def test_maps_are_scaled_over_all_frames_so_that_frames_compare(
    assessment: Assessment, kind: OverlayKind
) -> None:
    maps = [overlays.attention(assessment.explanation, kind, slot) for slot in range(8)]
    values = np.stack([m for m in maps if m is not None])
    assert (values.min(), values.max()) == (0, 1)
    assert sum(m.max() == 1 for m in values) == 1


def test_patches_are_drawn_where_they_were_selected(assessment: Assessment) -> None:
    rgba = overlays.coloured(
        assessment.explanation, Overlay(kind=OverlayKind.PATCHES, opacity=0.5), 3
    )
    assert rgba is not None
    rows, columns = np.nonzero(rgba[..., 3])
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (1, 1), (2, 2)]


def test_opacity_and_colours(assessment: Assessment) -> None:
    explanation = assessment.explanation
    assert overlays.coloured(explanation, Overlay(), 0) is None
    pictures = [
        overlays.coloured(
            explanation, Overlay(kind=OverlayKind.ROLLOUT, opacity=0.4, colour_map=name), 0
        )
        for name in ("cividis", "magma")
    ]
    assert all(p is not None and (p[..., 3] == 102).all() for p in pictures)
    assert not np.array_equal(pictures[0], pictures[1])  # type: ignore[arg-type]  # checked above
