"""The field's motion in whole pictures, and velocities from which it is subtracted."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.domain import FieldMotion, GreyFrame, Seed, Track, VideoInfo, finish
from rostfine_core.simulation import SceneSettings, simulate_scene
from rostfine_core.simulation.population import sample_sperm
from rostfine_core.simulation.render import SimulatedSperm
from rostfine_core.tracking import compute_kinematics, track
from rostfine_core.tracking.field import CELLS, FieldWatch, find_corners

Image = NDArray[np.uint8]
FRAMES, FPS = 40, 30.0
SIZE, LARGER = (320, 240), (480, 360)


@cache
def scene(
    *,
    sperm: int = 12,
    specks: int = 40,
    noise: float | None = None,
    flicker: float = 0.0,
    size: tuple[int, int] = SIZE,
    fps: float = FPS,
    seed: int = 0,
) -> tuple[Image, ...]:
    """A still field, with sperm that swim."""
    settings = SceneSettings(
        width_px=size[0],
        height_px=size[1],
        frame_count=FRAMES,
        fps=fps,
        sperm_count=sperm,
        speck_count=specks,
        round_cells=0,
        noise=noise,
        flicker=flicker,
        drift_px_s=(0.0, 0.0),
        seed=seed,
    )
    return tuple(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY).astype(np.uint8) for f in simulate(settings))


def simulate(settings: SceneSettings) -> Sequence[Image]:
    return list(simulate_scene(settings).frames())


def moved(images: Sequence[Image], path: NDArray[np.float64]) -> tuple[Image, ...]:
    """The pictures, shifted by ``path`` (N, 2) pixels."""
    return tuple(
        cv2.warpAffine(
            image,
            np.array([[1, 0, x], [0, 1, y]]),
            (image.shape[1], image.shape[0]),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.uint8)
        for image, (x, y) in zip(images, path, strict=True)
    )


def shake(seed: int, *, px: float = 3.0) -> NDArray[np.float64]:
    path = np.random.default_rng(seed).uniform(-px, px, (FRAMES, 2))
    path[0] = 0
    return path


def drift(px: float) -> NDArray[np.float64]:
    return np.outer(np.arange(FRAMES), (px, -px / 2))


def watched(images: Sequence[Image], *, duplicates: frozenset[int] = frozenset()) -> FieldMotion:
    watch = FieldWatch(first_frame=0, frame_count=len(images))
    for index, image in enumerate(images):
        watch.see(
            GreyFrame(
                index=index, time_s=index / FPS, image=image, is_duplicate=index in duplicates
            )
        )
    return watch.motion()


@pytest.mark.parametrize(
    "path", [shake(1), shake(2, px=1), drift(0.3), drift(1.5), shake(3) + drift(0.5)]
)
def test_a_moved_stage_is_measured(path: NDArray[np.float64]) -> None:
    field = watched(moved(scene(sperm=6, size=LARGER), path))
    assert field.moves
    assert field.measured_frames == FRAMES
    error = np.stack([field.x_px, field.y_px], axis=1) - path
    assert np.sqrt(np.mean(np.diff(error, axis=0) ** 2)) < 0.15
    assert np.ptp(error, axis=0).max() < 1


@pytest.mark.parametrize(
    "images",
    [
        lambda: scene(),
        lambda: scene(noise=0.05),
        lambda: scene(sperm=60, specks=0, fps=60),
        lambda: scene(sperm=60, specks=5, fps=15),
        lambda: scene(sperm=2, specks=0),
        lambda: scene(sperm=0, specks=0),
        lambda: scene(flicker=0.06),
        lambda: scene(size=(800, 600), sperm=50, specks=10),
        lambda: scene(size=(64, 48), sperm=1, specks=2),
        lambda: [np.full((60, 80), 150, np.uint8)] * FRAMES,
    ],
    ids=["", "noise", "crowd", "fast crowd", "two", "empty", "flicker", "large", "tiny", "flat"],
)
def test_a_still_field_is_still(images: Callable[[], Sequence[Image]]) -> None:
    field = watched(images())
    assert not field.moves
    assert not field.is_suspected
    assert len(field.x_px) == len(field.y_px) == FRAMES


def test_light_that_fades_moves_nothing() -> None:
    light = np.linspace(1, 0.65, FRAMES)
    faded = [(image * g).astype(np.uint8) for image, g in zip(scene(), light, strict=True)]
    assert not watched(faded).moves
    path = shake(1)
    field = watched(
        [(i * g).astype(np.uint8) for i, g in zip(moved(scene(), path), light, strict=True)]
    )
    assert np.ptp(np.array(field.x_px) - path[:, 0]) < 1


def test_repeated_frames_move_with_those_they_repeat() -> None:
    duplicates = frozenset(range(5, FRAMES, 6))
    order = [k - (k in duplicates) for k in range(FRAMES)]
    path = shake(4)[order]
    images = moved([scene()[k] for k in order], path)
    for marked in (duplicates, frozenset[int]()):
        field = watched(images, duplicates=marked)
        error = np.stack([field.x_px, field.y_px], axis=1) - path
        assert np.sqrt(np.mean(np.diff(error, axis=0) ** 2)) < 0.15
        assert field.distinct_share == 1 - len(marked) / (FRAMES - 1)
    still = watched([scene()[k] for k in order], duplicates=duplicates)
    assert not still.moves


def test_a_shaken_crowd_without_still_things_is_suspected() -> None:
    field = watched(moved(scene(sperm=30, specks=0, fps=60), shake(5, px=4)))
    assert field.is_suspected or field.measured_frames == FRAMES


@dataclass(frozen=True)
class Shown:
    """A frame of the loop."""

    index: int
    image: Image

    def grey(self) -> GreyFrame:
        return GreyFrame(index=self.index, time_s=self.index / FPS, image=self.image)

    def rgb(self) -> Image:
        return np.repeat(self.image[:, :, None], 3, axis=2)


def sperm_that_rests() -> SimulatedSperm:
    sperm = sample_sperm(np.random.default_rng(3))
    swimming = replace(sperm.swimming, speed_um_s=0.0, lateral_um=0.0, yaw_rad=0.0, wander=0.0)
    return replace(sperm, swimming=swimming)


@cache
def two_sperm() -> tuple[tuple[Image, ...], tuple[Seed, ...]]:
    """A sperm that rests and one that swims, with little else, and clicks on them."""
    drawn = sample_sperm(np.random.default_rng(8))
    swims = replace(drawn, swimming=replace(drawn.swimming, speed_um_s=12.0))
    made = simulate_scene(
        SceneSettings(
            width_px=LARGER[0],
            height_px=LARGER[1],
            frame_count=FRAMES,
            fps=FPS,
            sperm=(sperm_that_rests(), swims),
            sperm_count=2,
            speck_count=30,
            round_cells=0,
            drift_px_s=(0.0, 0.0),
            seed=2,
        )
    )
    seeds = tuple(
        Seed(target=t.target, frame=0, x_px=float(t.xy_px[0, 0]), y_px=float(t.xy_px[0, 1]))
        for t in made.truth.targets
    )
    images = tuple(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY).astype(np.uint8) for f in made.frames())
    return images, seeds


def tracked(images: Sequence[Image], seeds: Sequence[Seed]) -> tuple[Track, ...]:
    video = VideoInfo(
        path="a.mp4",
        width_px=LARGER[0],
        height_px=LARGER[1],
        frame_count=FRAMES,
        fps=FPS,
        duration_s=FRAMES / FPS,
        codec="h264",
        is_colour=False,
        bit_depth=8,
        timestamps_s=tuple(k / FPS for k in range(FRAMES)),
    )

    def frames_from(start: int) -> Generator[Shown | None]:
        yield from (Shown(index, images[index]) for index in range(start, FRAMES))

    return finish(track(frames_from, seeds, video=video))


@pytest.mark.parametrize("path", [shake(1), shake(6, px=1.5), drift(0.4), drift(-0.4) + shake(7)])
def test_a_moving_stage_leaves_the_velocities_as_they_were(path: NDArray[np.float64]) -> None:
    """The track stays where the sperm is in the picture; its velocities are those on the slide."""
    images, seeds = two_sperm()
    before, after = tracked(images, seeds), tracked(moved(images, path), seeds)
    for still, shaken in zip(before, after, strict=True):
        offset = shaken.points[-1].x_px - still.points[-1].x_px
        assert offset == pytest.approx(path[-1, 0], abs=1.5)
        one, other = (compute_kinematics(t, um_per_px=0.19) for t in (still, shaken))
        raw = compute_kinematics(replace(shaken, field=None), um_per_px=0.19)
        assert one.vcl is not None
        assert other.vcl is not None
        assert raw.vcl is not None
        assert abs(other.vcl - one.vcl) < max(0.1 * one.vcl, 2.0)
        assert other.vsl == pytest.approx(one.vsl, abs=0.5)
        assert other.motility_class == one.motility_class
        if one.vcl < 5:
            assert raw.vcl > other.vcl + 1


def test_a_still_stage_changes_no_velocity() -> None:
    images, seeds = two_sperm()
    for one in tracked(images, seeds):
        assert compute_kinematics(one) == compute_kinematics(replace(one, field=None))


def test_however_many_places_are_still_one_is_followed_in_each_cell() -> None:
    across, down = np.random.default_rng(3).uniform(20, 220, (2, 500))
    still = across + 1j * down
    corners = find_corners(scene()[0], scale=1, still=still)
    assert len(corners) <= CELLS**2
    assert np.isin(corners, still).sum() > CELLS**2 / 2


def test_only_the_sperms_own_frames_count() -> None:
    images, seeds = two_sperm()
    path = np.zeros((FRAMES, 2))
    path[: FRAMES // 2] = np.outer(np.arange(FRAMES // 2) - FRAMES // 2, (0.5, 0.0))
    early, late = tracked(
        moved(images, path - path[0]), [seeds[0], replace(seeds[1], frame=FRAMES // 2 + 1)]
    )
    for one, moves in ((early, True), (late, False)):
        assert one.field is not None
        assert one.field.moves == moves
        assert one.field.first_frame == one.first_frame
        assert len(one.field.x_px) == one.field.measured_frames == len(one.points)
