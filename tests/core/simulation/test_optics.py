"""The brightness, colour and noise of a picture are those of the look."""

from dataclasses import replace

import numpy as np
import pytest

from rostfine_core.simulation.labelled_clips import simulate_clip
from rostfine_core.simulation.optics import (
    Illumination,
    Look,
    LookFamily,
    expose,
    light_field,
    sample_look,
    texture_window,
)

LOOK = Look(illumination=Illumination.BRIGHT_FIELD, level=0.5, tint=(0.9, 1.0, 0.8), unevenness=0.0)
FLAT = np.zeros((120, 160), dtype=np.float32)


def picture(look: Look, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    light = light_field(look, left_px=0, top_px=0, width_px=160, height_px=120, field_px=(160, 120))
    return expose(FLAT, light=light, look=look, rng=np.random.default_rng(seed))


def test_level_tint_and_noise_are_as_set() -> None:
    image = picture(replace(LOOK, noise=0.02))
    assert image.shape == (120, 160, 3)
    assert image.mean(axis=(0, 1)) == pytest.approx([114.75, 127.5, 102.0], abs=0.6)
    assert image.std(axis=(0, 1)) == pytest.approx([5.1] * 3, rel=0.1)


def test_noise_differs_between_frames_and_is_fixed_by_the_seed() -> None:
    assert (picture(LOOK, 1) == picture(LOOK, 1)).all()
    assert (picture(LOOK, 1) != picture(LOOK, 2)).mean() > 0.5


def test_large_pictures_have_noise_everywhere() -> None:
    signal = np.zeros((976, 1392), dtype=np.float32)
    light = np.full_like(signal, 0.5)
    image = expose(signal, light=light, look=LOOK, rng=np.random.default_rng(0))
    assert image[::50].std(axis=(1, 2)).min() > 2


def test_uneven_light_falls_off_towards_the_border() -> None:
    look = replace(LOOK, unevenness=0.4)
    light = light_field(look, left_px=0, top_px=0, width_px=200, height_px=100, field_px=(200, 100))
    assert light[50, 100] > light[[0, 0, -1, -1], [0, -1, 0, -1]].mean() * 1.1
    part = light_field(look, left_px=60, top_px=20, width_px=50, height_px=30, field_px=(200, 100))
    assert part == pytest.approx(light[20:50, 60:110])


def test_the_texture_repeats_and_windows_of_it_agree() -> None:
    whole = texture_window(left_px=0, top_px=0, width_px=1100, height_px=600)
    assert whole.std() == pytest.approx(1.0, abs=0.05)
    part = texture_window(left_px=512 + 300, top_px=-512 + 40, width_px=150, height_px=150)
    assert (part == whole[40:190, 300:450]).all()


def test_compression_leaves_traces_but_keeps_the_picture() -> None:
    raw, coded = picture(LOOK), picture(replace(LOOK, jpeg_quality=75))
    assert (raw != coded).any()
    assert coded.mean() == pytest.approx(raw.mean(), abs=1.0)


def test_looks_vary_but_stay_visible() -> None:
    rng = np.random.default_rng(0)
    looks = [sample_look(rng) for _ in range(80)]
    kinds = {look.illumination for look in looks}
    assert kinds == set(Illumination)
    assert all(0.3 < look.level < 0.75 and look.absorption > 0.25 for look in looks)
    assert max(look.tint[1] - look.tint[0] for look in looks) > 0.08


def test_grain_is_as_strong_as_set_and_alike_in_neighbours_and_colours() -> None:
    image = picture(replace(LOOK, noise=0.02, grain_px=0.9)).astype(float)
    off = image - image.mean(axis=(0, 1))
    assert off.std(axis=(0, 1)) == pytest.approx([5.1] * 3, rel=0.15)
    neighbours = np.corrcoef(off[:, 1:].ravel(), off[:, :-1].ravel())[0, 1]
    assert neighbours > 0.5
    assert np.corrcoef(off[..., 0].ravel(), off[..., 2].ravel())[0, 1] > 0.9


def test_fringes_move_red_and_blue_apart() -> None:
    signal = np.zeros((40, 40), dtype=np.float32)
    signal[18:22, 18:22] = -0.5
    look = replace(LOOK, noise=0.0, fringe_px=(0.7, -0.3), colour_blur_px=(0.5, 0.0))
    image = expose(signal, light=np.full_like(signal, 0.5), look=look, rng=np.random.default_rng(0))
    weight = image.max(axis=(0, 1)) - image.astype(float)
    down, across = np.indices((40, 40))
    x, y = ((weight * i[..., None]).sum((0, 1)) / weight.sum((0, 1)) for i in (across, down))
    assert x - 19.5 == pytest.approx([0.7, 0, -0.7], abs=0.1)
    assert y - 19.5 == pytest.approx([-0.3, 0, 0.3], abs=0.1)


def test_camera_looks_have_faults_that_clean_ones_do_not() -> None:
    rng = np.random.default_rng(3)
    camera = [sample_look(rng, family=LookFamily.CAMERA) for _ in range(60)]
    assert all(look.tail_contrast < 1 for look in camera)
    assert min(look.jpeg_quality for look in camera if look.jpeg_quality) < 40
    assert {look.is_interlaced for look in camera} == {True, False}
    faded = picture(replace(LOOK, noise=0.03, contrast=0.5)).astype(float)
    assert faded.std(axis=(0, 1)) == pytest.approx([0.03 * 255 * 0.5] * 3, rel=0.15)


def test_negative_phase_contrast_shows_bright_heads_on_darker_ground() -> None:
    for index in range(0, 30, 10):  # of three samples
        for family, brighter in ((LookFamily.CLEAN, False), (LookFamily.NEGATIVE, True)):
            images = simulate_clip(index, seed=1, look=family).images
            assert bool(images[:, 68:83, 68:83].mean() > np.median(images)) is brighter
