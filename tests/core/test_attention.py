"""Attention is coloured on one scale per clip, and readable without colour."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rostfine_core.attention import (
    COLOUR_MAPS,
    AttentionKind,
    Paint,
    colours,
    grey,
    overlay,
    painted,
    scaled_maps,
)
from rostfine_core.domain import Explanation

GRID, EDGE = 14, 140
PATCH = EDGE // GRID


@pytest.fixture
def explanation() -> Explanation:
    """Four frames; the maps differ from patch to patch."""
    maps = np.random.default_rng(1).random((4, GRID, GRID), dtype=np.float32) + 0.5
    return Explanation(
        encoder_rollout=maps,
        branch_attention=maps[::-1].copy(),
        selected_patches=np.tile(np.array([0, 15, 30]), (4, 1)),
        clip_frames=(0, 1, 2, 3),
    )


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_colours_keep_their_order_in_greyscale(name: str) -> None:
    ramp = colours(np.linspace(0, 1, 32, dtype=np.float32), colour_map=name)
    luminance = ramp @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(luminance) > 0).all()


@pytest.mark.parametrize("kind", [AttentionKind.ROLLOUT, AttentionKind.BRANCH])
def test_all_frames_share_one_scale(explanation: Explanation, kind: AttentionKind) -> None:
    values = scaled_maps(explanation, kind)
    assert (values.min(), values.max()) == (0, 1)
    assert sum(m.max() == 1 for m in values) == 1


def test_the_scale_of_selected_patches_starts_at_zero(explanation: Explanation) -> None:
    values = scaled_maps(explanation, AttentionKind.PATCHES)
    branch = explanation.branch_attention
    np.testing.assert_allclose(values, branch / branch.max(), rtol=1e-6)


def test_uniform_maps_have_no_hot_spot(explanation: Explanation) -> None:
    explanation.encoder_rollout[:] = 0.3
    assert not scaled_maps(explanation, AttentionKind.ROLLOUT).any()


def test_only_selected_patches_are_covered(explanation: Explanation) -> None:
    rgba = overlay(explanation, AttentionKind.PATCHES, 3, edge_px=EDGE, paint=Paint(opacity=0.5))
    is_covered = rgba[..., 3].reshape(GRID, PATCH, GRID, PATCH).min(axis=(1, 3)) > 0
    assert list(zip(*map(np.ndarray.tolist, np.nonzero(is_covered)), strict=True)) == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]
    assert (rgba[2 : PATCH - 2, 2 : PATCH - 2, 3] == 128).all()


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_a_map_has_the_chosen_colours_and_opacity(explanation: Explanation, name: str) -> None:
    maps = explanation.encoder_rollout
    maps[0] = maps.max()
    paint = Paint(colour_map=name, opacity=0.4)
    rgba = overlay(explanation, AttentionKind.ROLLOUT, 0, edge_px=EDGE, paint=paint)
    inside = rgba[5:-5, 5:-5]
    assert (inside[..., :3] == colours(np.ones(1, np.float32), colour_map=name)).all()
    assert (inside[..., 3] == 102).all()


def test_values_over_half_of_the_scale_are_outlined(explanation: Explanation) -> None:
    maps = explanation.encoder_rollout
    maps[:] = 0
    maps[0, 4:9, 4:9] = 1
    rgba = overlay(explanation, AttentionKind.ROLLOUT, 0, edge_px=EDGE, paint=Paint(opacity=0.5))
    row = rgba[EDGE // 2]
    (outline,) = np.nonzero((row > 210).all(axis=1))  # its edges are softened
    assert len(outline) == 2
    assert (np.abs(outline - np.array([4 * PATCH, 9 * PATCH - 1])) <= 1).all()


def test_a_picture_is_grey_under_an_overlay() -> None:
    image = np.random.default_rng(2).integers(0, 255, (EDGE, EDGE, 3), dtype=np.uint8)
    nothing = np.zeros((EDGE, EDGE, 4), np.uint8)
    np.testing.assert_array_equal(painted(image, nothing), grey(image))
    covered = nothing.copy()
    covered[..., :] = (10, 20, 30, 255)
    assert (painted(image, covered) == (10, 20, 30)).all()


def test_an_unknown_colour_map_is_refused() -> None:
    with pytest.raises(ValueError, match="jet"):
        Paint(colour_map="jet")


def test_the_map_of_a_turned_frame_lies_on_what_the_network_saw(explanation: Explanation) -> None:
    """A patch in front of the head, right of the centre, lies below it if the head pointed down."""
    front = GRID // 2 * GRID + GRID - 2
    explanation.selected_patches[:] = front
    turned = replace(explanation, headings_rad=(math.pi / 2, 0.0, math.pi, 0.5))
    rgba = [
        overlay(turned, AttentionKind.PATCHES, slot, edge_px=EDGE, paint=Paint())
        for slot in range(4)
    ]
    places = [np.argwhere(picture[..., 3]).mean(axis=0)[::-1] - (EDGE - 1) / 2 for picture in rgba]
    angles = [math.atan2(y, x) for x, y in places]
    upright = math.atan2(*places[1][::-1])
    assert angles == pytest.approx(
        [upright + math.pi / 2, upright, upright - math.pi, 0.5 + upright], abs=0.05
    )
