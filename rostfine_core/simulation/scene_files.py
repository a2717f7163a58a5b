"""Writes a simulated scene to a folder: the video, seeds and the truth about every sperm."""

import json
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import SIMULATED_VIDEO, Grade, LongJob, Progress
from rostfine_core.errors import DatasetError
from rostfine_core.files import write_text
from rostfine_core.simulation.scene import SceneSettings, SceneTruth, TargetTruth, simulate_scene

TRUTH_SCHEMA = "rostfine.scene_truth/1"
VIDEO_NAME = "scene.mp4"
TRUTH_NAME = "truth.json"
_Frames = Iterator[NDArray[np.uint8]]


class WriteVideo(Protocol):
    """How a video is written; ``frames`` are (H, W, 3) uint8 RGB, taken one at a time."""

    def __call__(self, path: Path, frames: _Frames, *, fps: float, comment: str) -> None:
        """Write ``frames`` to ``path``, with a ``comment`` stored in the file."""


def write_scene(
    folder: Path, *, settings: SceneSettings, write_video: WriteVideo
) -> LongJob[SceneTruth]:
    """Simulate a scene and write it, yield progress per frame and return the truth.

    The folder then holds ``scene.mp4``, with a comment that it is simulated, ``truth.csv``
    (target,frame,x,y wherever the head is inside the field), ``seeds.csv`` (the same for frame 0,
    as an operator would click) and ``truth.json``.

    Raises:
        DatasetError: the folder already holds a scene.
        StoreError: the folder cannot be written.
    """
    if (folder / TRUTH_NAME).exists():
        raise DatasetError(f"{folder} already holds a scene: choose another folder.")
    video = folder / VIDEO_NAME
    scene = simulate_scene(settings)
    yield from _encode(
        scene.frames(),
        total=settings.frame_count,
        write=lambda frames: write_video(video, frames, fps=settings.fps, comment=SIMULATED_VIDEO),
    )
    truth = scene.truth
    write_text(folder / "truth.csv", _positions(truth, range(settings.frame_count)))
    write_text(folder / "seeds.csv", _positions(truth, range(1)))
    write_text(folder / TRUTH_NAME, json.dumps(truth_record(truth), indent=1) + "\n")
    return truth


def truth_record(truth: SceneTruth) -> dict[str, Any]:
    """Everything about a scene except the positions, ready for JSON."""
    settings = {k: v for k, v in asdict(truth.settings).items() if k not in ("sperm", "look")}
    field = asdict(truth.field)
    return {
        "schema": TRUTH_SCHEMA,
        "settings": settings,
        "look": field.pop("look"),
        "drift_px_s": list(truth.field.drift_px_s),
        "targets": [_target_record(target) for target in truth.targets],
    }


def _target_record(target: TargetTruth) -> dict[str, Any]:
    expected = zip(Grade, target.expected.probabilities, strict=True)
    return {
        "target": target.target,
        **asdict(target.sperm),
        "findings": asdict(target.findings),
        "expected": {grade.name: share for grade, share in expected},
    }


def _positions(truth: SceneTruth, frames: range) -> str:
    rows = [
        f"{target.target},{frame},{target.xy_px[frame, 0]:.3f},{target.xy_px[frame, 1]:.3f}"
        for target in truth.targets
        for frame in frames
        if target.visible[frame]
    ]
    return "\n".join(["target,frame,x,y", *rows]) + "\n"


class _Cancelled(Exception):
    """Raised in the frames that the writer takes, so that it stops and cleans up."""


class _Writer:
    """A thread that runs ``write`` on the frames that it is given."""

    def __init__(self, write: Callable[[_Frames], None]) -> None:
        self._write = write
        self._passing: queue.Queue[NDArray[np.uint8] | None] = queue.Queue(maxsize=1)
        self._is_cancelled = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="write-scene")
        self._thread.start()

    def put(self, frame: NDArray[np.uint8] | None) -> bool:
        """Hand over a frame, None after the last; False if the thread has ended."""
        while self._thread.is_alive():
            try:
                self._passing.put(frame, timeout=0.05)
                return True
            except queue.Full:
                continue
        return False

    def end(self, *, is_cancelled: bool) -> None:
        """Wait until all is written, or cleaned up; what failed in the thread is raised."""
        self._is_cancelled = is_cancelled
        self.put(None)
        self._thread.join()
        if self._failure is not None and not is_cancelled:
            raise self._failure

    def _frames(self) -> _Frames:
        while (frame := self._passing.get()) is not None:
            yield frame
        if self._is_cancelled:
            raise _Cancelled

    def _run(self) -> None:
        try:
            self._write(self._frames())
        except _Cancelled:
            pass
        except Exception as error:  # noqa: BLE001 - the thread's boundary: raised by end()
            self._failure = error


def _encode(frames: _Frames, *, total: int, write: Callable[[_Frames], None]) -> Iterator[Progress]:
    """Write in a thread, so that this generator can yield progress."""
    writer = _Writer(write)
    complete = False
    try:
        for number, frame in enumerate(frames):
            yield Progress(stage="simulating", done=number, total=total)
            if not writer.put(frame):
                break
        complete = True
    finally:
        writer.end(is_cancelled=not complete)
    yield Progress(stage="simulating", done=total, total=total)
