"""Repeated frames are detected, and resting scenes are not mistaken for them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.video import open_video, write_video
from rostfine_core.video.encode import VideoCodec
from rostfine_core.video.repeats import WINDOW_FRAMES, RepeatDetector

Frames = list[NDArray[np.uint8]]


def scene(positions: Iterable[float], *, noise: float, seed: int = 4) -> Frames:
    """A dark blob the size of a sperm head at x positions, on a grey field with camera noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:120, :200]
    frames = []
    for position in positions:
        blob = 60 * np.exp(-(((x - position) / 4) ** 2 + ((y - 60) / 3) ** 2))
        frames.append((140 - blob + rng.normal(0, noise, x.shape)).clip(0, 255).astype(np.uint8))
    return frames


def found(frames: Frames) -> list[int]:
    detector = RepeatDetector()
    return [i for i, frame in enumerate(frames) if detector.is_repeat(frame)]


def repeated(frames: Frames, pattern: Sequence[int]) -> tuple[Frames, list[int]]:
    """Show frame i ``pattern[i % len]`` times; the second value lists the repeats."""
    out: Frames = []
    repeats = []
    for i, frame in enumerate(frames):
        for turn in range(pattern[i % len(pattern)]):
            repeats += [len(out)] if turn else []
            out.append(frame)
    return out, repeats


@pytest.mark.parametrize("pattern", [(1, 1, 1, 1, 2), (2,), (3,), (1, 2)])
@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_exact_repeats_are_found_once_motion_is_known(
    pattern: tuple[int, ...], noise: float
) -> None:
    frames, repeats = repeated(scene(np.arange(20, 180, 4), noise=noise), pattern)
    assert [i for i in found(frames) if i > WINDOW_FRAMES] == [
        i for i in repeats if i > WINDOW_FRAMES
    ]
    assert set(found(frames)) <= set(repeats)


@pytest.mark.parametrize(("codec", "quantiser"), [("h264", 26), ("mpeg4", 5), ("mjpeg", 5)])
def test_repeats_are_found_through_compression(
    tmp_path: Path, codec: VideoCodec, quantiser: int
) -> None:
    frames, repeats = repeated(scene(np.arange(20, 180, 4), noise=2), (1, 1, 1, 1, 2))
    path = tmp_path / "a.mov"
    write_video(path, frames, fps=30, codec=codec, quantiser=quantiser)
    with open_video(path) as video:
        streamed = [f.index for f in video.frames() if f.is_duplicate]
        sought = [k for k in range(len(frames)) if video.frame(k).is_duplicate]
        assert video.frame(repeats[2]).grey().is_duplicate
    assert streamed == sought == repeats


@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_a_scene_without_motion_has_no_repeats(noise: float) -> None:
    assert found(scene([100.0] * 40, noise=noise)) == []


@pytest.mark.parametrize("speed_px", [0.05, 0.5, 3.0, 12.0])
@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_steady_motion_has_no_repeats(speed_px: float, noise: float) -> None:
    assert found(scene(20 + speed_px * np.arange(14), noise=noise)) == []


def test_a_jolt_of_the_stage_causes_no_repeats() -> None:
    frames = scene(20 + 0.5 * np.arange(30), noise=3)
    jolted = [np.roll(f, 40 if i >= 15 else 0, axis=1) for i, f in enumerate(frames)]
    assert found(jolted) == []


def test_coming_to_rest_gives_at_most_a_window_of_repeats() -> None:
    frames = scene([*np.arange(20, 80, 4), *[80.0] * 40], noise=0)
    assert 0 < len(found(frames)) <= WINDOW_FRAMES


def test_the_answer_depends_only_on_the_window() -> None:
    """So a frame gets the same answer whether it is sought or streamed."""
    frames, _ = repeated(scene(np.arange(20, 180, 4), noise=3), (1, 1, 2))
    whole = found(frames)
    for start in range(len(frames) - WINDOW_FRAMES - 1):
        part = found(frames[start : start + WINDOW_FRAMES + 2])
        last = start + WINDOW_FRAMES + 1
        assert (last in whole) == (WINDOW_FRAMES + 1 in part)


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (7, 9), (976, 1392)])
def test_any_picture_size(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, size, dtype=np.uint8) for _ in range(5)]
    assert found([*frames, frames[-1]]) == [5]


def test_a_real_recording_converted_from_25_to_30_frames_a_second(shared: Path) -> None:
    expected = {"S_0001": [4, 10, 16, 22, 28, 34, 40], "S_0002": [5, 11, 17]}
    for name, repeats in expected.items():
        with open_video(shared / "data" / "svia" / f"{name}.mp4") as video:
            assert [f.index for f in video.frames() if f.is_duplicate] == repeats


@pytest.mark.parametrize(
    "name", ["androgen/sparse_640x480", "njit/mixed_15fps", "icsi/leaves_field"]
)
def test_recordings_without_repeats(shared: Path, name: str) -> None:
    with open_video(shared / "data" / f"{name}.mp4") as video:
        assert [f.index for f in video.frames() if f.is_duplicate] == []


def test_a_known_repeat_needs_no_evidence() -> None:
    assert RepeatDetector().is_repeat(np.zeros((9, 9), np.uint8), is_certain=True)
