"""What is done to clips as a whole: pictures by hand, off by default, draws that do not move."""

import numpy as np
import torch

from rostfine_core.training.config import AugmentationSection
from rostfine_core.training.engine.augmentation import UNCHANGED, Change, augment, draw_changes

CLIP = torch.arange(2 * 2 * 2 * 3, dtype=torch.uint8).reshape(1, 2, 2, 2, 3)


def changed(**values: object) -> torch.Tensor:
    settings = {"flip": False, "quarter_turns": 0, "gain": 1.0} | values
    return augment(CLIP, [Change(**settings)])  # type: ignore[arg-type]  # each test gives its kind


def test_clips_are_flipped_turned_and_brightened_in_every_frame_alike() -> None:
    red = CLIP[0, :, :, :, 0].tolist()
    assert red == [[[0, 3], [6, 9]], [[12, 15], [18, 21]]]
    assert changed(flip=True)[0, :, :, :, 0].tolist() == [[[3, 0], [9, 6]], [[15, 12], [21, 18]]]
    turned = changed(quarter_turns=1)[0, :, :, :, 0].tolist()
    assert turned == [[[3, 9], [0, 6]], [[15, 21], [12, 18]]]
    assert changed(gain=1.5)[0, 1, 0, :, 0].tolist() == [18, 22]
    assert changed(gain=100.0).max() == 255
    assert changed(right_px=1)[0, :, :, :, 0].tolist() == [[[0, 0], [6, 6]], [[12, 12], [18, 18]]]
    assert changed(down_px=-1)[0, :, :, :, 0].tolist() == [[[6, 9], [6, 9]], [[18, 21], [18, 21]]]


def test_nothing_is_done_by_default() -> None:
    changes = draw_changes(5, settings=AugmentationSection(), rng=np.random.default_rng(0))
    assert changes == [UNCHANGED] * 5
    assert augment(CLIP, [UNCHANGED]) is CLIP


def test_a_setting_does_not_move_the_draws_of_another() -> None:
    some, all_on = (
        draw_changes(50, settings=settings, rng=np.random.default_rng(0))
        for settings in (
            AugmentationSection(rotations=True),
            AugmentationSection(flips=True, rotations=True, brightness=0.3, shift_px=2),
        )
    )
    assert [c.quarter_turns for c in some] == [c.quarter_turns for c in all_on]
    assert {c.quarter_turns for c in some} == {0, 1, 2, 3}
    assert {c.flip for c in all_on} == {False, True}
    assert all(0.7 <= c.gain <= 1.3 for c in all_on)
    assert {c.right_px for c in all_on} == {c.down_px for c in all_on} == {-2, -1, 0, 1, 2}


def test_a_later_batch_is_drawn_the_same_with_and_without_shifts() -> None:
    turns = []
    for shift_px in (0, 3):
        rng = np.random.default_rng(0)
        settings = AugmentationSection(rotations=True, shift_px=shift_px)
        for _ in range(2):
            changes = draw_changes(20, settings=settings, rng=rng)
        turns.append([c.quarter_turns for c in changes])
    assert turns[0] == turns[1]
