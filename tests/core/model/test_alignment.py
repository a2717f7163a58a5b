"""Frames are turned by the head that they show, however the crop was turned."""

import math
from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.model import Preprocessing, frame_headings, preprocess
from rostfine_core.model.alignment import measure_headings
from rostfine_core.model.preprocess import preprocess_with_headings, turn_as_seen
from rostfine_core.simulation.labelled_clips import simulate_clip

ALIGNED = Preprocessing(num_frames=4, image_size=140, normalise="clip", align="head")


def _clip(index: int) -> torch.Tensor:
    return torch.from_numpy(simulate_clip(index, seed=5).images)[None]


def test_heads_point_right_and_necks_lie_to_the_left() -> None:
    """In 17 frames of 20 the neck's middle is within 30 degrees of straight behind the head."""
    misses = []
    for index in range(30):
        clip = simulate_clip(index, seed=5, with_masks=True)
        headings = frame_headings(torch.from_numpy(clip.images)[None], settings=ALIGNED)[0]
        for heading, frame in zip(headings.tolist(), ALIGNED.frame_indices, strict=True):
            assert clip.masks is not None
            head, neck = (_middle(clip.masks[frame, part]) for part in (0, 1))
            x, y = head - neck
            misses.append(abs(math.remainder(math.atan2(y, x) - heading, math.tau)))
    assert np.mean(np.array(misses) < math.radians(30)) > 0.85


def test_the_headings_of_prepared_frames_are_those_measured_alone() -> None:
    _, headings = preprocess_with_headings(_clip(0), settings=ALIGNED)
    assert torch.equal(headings, frame_headings(_clip(0), settings=ALIGNED))


def _middle(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The centre of a part, x and y."""
    return np.asarray(np.argwhere(mask).mean(axis=0)[::-1])


@settings(max_examples=8)
@given(st.integers(0, 7), st.integers(1, 3), st.booleans())
def test_a_turned_clip_looks_the_same_and_a_mirrored_one_is_mirrored(
    index: int, quarters: int, is_mirrored: bool
) -> None:
    clip = _clip(index)
    other = clip.flip(3) if is_mirrored else clip
    turned = torch.rot90(other, quarters, (2, 3))
    expected = preprocess(clip, settings=ALIGNED)
    if is_mirrored:
        expected = expected.flip(3)
    difference = (preprocess(turned, settings=ALIGNED) - expected).abs()
    assert difference.mean() < 0.02


def test_an_empty_crop_is_left_as_it_is() -> None:
    assert torch.isfinite(measure_headings(torch.zeros(2, 3, 30, 30))).all()


def test_pictures_are_turned_as_the_network_sees_them() -> None:
    images = torch.cat([_clip(3), _clip(4)])
    layers = images.permute(0, 1, 4, 2, 3)
    size = images.shape[2]
    plain = Preprocessing(num_frames=4, image_size=size)
    seen = {}
    for how in (plain, replace(plain, align="head")):
        turned = turn_as_seen(layers, images, settings=how)
        assert turned.dtype == torch.uint8
        seen[how.align] = turned
        expected = (turned.float() / 255 - how.mean) / how.std
        half_a_level = 0.51 / 255 / how.std
        frames = preprocess(images, settings=how).permute(0, 2, 1, 3, 4)
        torch.testing.assert_close(frames, expected, atol=half_a_level, rtol=0)
    assert not torch.equal(seen["none"], seen["head"])
