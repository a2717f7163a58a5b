"""What moves as one: bodies on the slide, things that rest, and crowds that do neither."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.tracking.rigid import CommonMotion, Jerks, are_shared, common_motion

Complex = NDArray[np.complex128]
FRAMES, DIAGONAL = 20, 500.0


def noise(rng: np.random.Generator, *shape: int, level: float) -> Complex:
    return np.asarray(rng.normal(0, level, shape) + 1j * rng.normal(0, level, shape))


def still(rng: np.random.Generator, count: int) -> Complex:
    """Corners of things that lie on the slide, as exactly as they are found."""
    return noise(rng, FRAMES, count, level=0.05)


def crowd(rng: np.random.Generator, count: int, *, speed: float = 3.0) -> Complex:
    """Corners of sperm that swim in all directions and shake their heads."""
    steady = noise(rng, 1, count, level=speed) * np.arange(1, FRAMES + 1)[:, None]
    return np.asarray(steady + noise(rng, FRAMES, count, level=0.5))


def shake(rng: np.random.Generator) -> Complex:
    return noise(rng, FRAMES, level=1.5)


def somewhere(rng: np.random.Generator, count: int) -> Complex:
    return np.asarray(rng.uniform(0, 400, count) + 1j * rng.uniform(0, 300, count))


def found(paths: Complex, places: Complex) -> CommonMotion:
    return common_motion(paths, places=places, diagonal=DIAGONAL)


@pytest.mark.parametrize("seed", range(5))
def test_a_few_still_things_tell_the_stages_path_in_a_crowd(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stage = shake(rng) + 0.5 * np.arange(FRAMES)
    paths = np.concatenate([still(rng, 8), crowd(rng, 50)], axis=1) + stage[:, None]
    motion = found(paths, somewhere(rng, 58))
    assert motion.shift is not None
    assert motion.beside_thing is None
    assert abs(motion.shift - stage).max() < 0.15
    assert motion.error < 0.05


@pytest.mark.parametrize("seed", range(5))
def test_a_crowd_alone_is_no_body(seed: int) -> None:
    rng = np.random.default_rng(seed)
    motion = found(crowd(rng, 60), somewhere(rng, 60))
    assert motion.shift is None
    assert motion.halves is not None
    assert not are_shared([motion.halves])


@pytest.mark.parametrize("seed", range(5))
def test_a_crowd_that_is_shaken_jerks_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    motion = found(crowd(rng, 60) + shake(rng)[:, None], somewhere(rng, 60))
    assert motion.halves is not None
    assert are_shared([motion.halves])


def two_sperm(rng: np.random.Generator) -> tuple[Complex, Complex]:
    """Four corners of one that rests and of one that swims, far from it."""
    paths = np.concatenate([still(rng, 4), still(rng, 4)], axis=1)
    paths[:, 4:] += 2.0 * np.arange(1, FRAMES + 1)[:, None]
    places = np.array([80 + 200j] * 4 + [300 + 60j] * 4) + somewhere(rng, 8) / 40
    return paths, places


@pytest.mark.parametrize("seed", range(5))
def test_one_resting_sperm_tells_a_shake_that_another_shares(seed: int) -> None:
    rng = np.random.default_rng(seed)
    paths, places = two_sperm(rng)
    stage = shake(rng)
    motion = found(paths + stage[:, None], places)
    assert motion.shift is not None
    assert motion.beside_thing is not None
    assert are_shared([motion.beside_thing], wholly=True)
    assert abs(motion.shift - stage).max() < 0.15


@pytest.mark.parametrize("seed", range(5))
def test_a_sperm_that_beats_on_the_spot_shakes_no_stage(seed: int) -> None:
    rng = np.random.default_rng(seed)
    paths, places = two_sperm(rng)
    paths[:, :4] += shake(rng)[:, None]
    motion = found(paths, places)
    assert motion.beside_thing is not None
    assert not are_shared([motion.beside_thing], wholly=True)


def test_what_the_others_show_only_in_part_is_not_the_pictures() -> None:
    rng = np.random.default_rng(0)
    jerks = shake(rng)
    assert are_shared([Jerks(here=jerks, there=0.3 * jerks)])
    assert not are_shared([Jerks(here=jerks, there=0.3 * jerks)], wholly=True)


def test_nothing_is_known_of_an_empty_field() -> None:
    motion = found(np.empty((FRAMES, 0), complex), np.empty(0, complex))
    assert motion.shift is None
    assert not are_shared([])


@pytest.mark.parametrize("seed", range(5))
def test_one_step_tells_no_shake(seed: int) -> None:
    rng = np.random.default_rng(seed)
    paths, places = two_sperm(rng)
    assert found(paths[:1] + shake(rng)[0], places).shift is None
