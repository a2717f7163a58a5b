"""What every test may use: one thread for torch, an offscreen Qt, and the real videos."""

import gc
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from rostfine_core.domain import GreyFrame, VideoInfo

if TYPE_CHECKING:  # the core's tests run without Qt too
    from PySide6.QtCore import QObject
    from PySide6.QtWidgets import QApplication

    from rostfine_core.domain import LongJob
    from rostfine_core.video import PlaneChoice
    from rostfine_core.video.decoder import RemoteSource

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Small networks are slower on two threads than on one, and a sum's last bits hang on the number.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Time is measured in benchmarks: under load an example takes as long as it takes.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
SCRIPT_S = 300
WIDTH_PX, HEIGHT_PX, FRAMES, FPS = 240, 200, 24, 20.0


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real videos that lies beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("the shared material (real videos) is not beside the repository")
    return SHARED


@dataclass(frozen=True)
class VideoReads:
    """How often each video was looked through to be opened, and read for its checksum."""

    opened: Counter[str] = field(default_factory=Counter)
    hashed: Counter[str] = field(default_factory=Counter)


@pytest.fixture
def video_reads(monkeypatch: pytest.MonkeyPatch) -> VideoReads:
    """Counts by file name from now on."""
    from rostfine_core.files import blocks_of
    from rostfine_core.video import checksum, video
    from rostfine_core.video.decoder import opening_source

    reads = VideoReads()

    def opening(path: Path, choice: "PlaneChoice") -> "LongJob[RemoteSource]":
        reads.opened[path.name] += 1
        return opening_source(path, choice)

    def hashing(path: Path) -> Iterator[bytes]:
        reads.hashed[path.name] += 1
        return blocks_of(path)

    monkeypatch.setattr(video, "opening_source", opening)
    monkeypatch.setattr(checksum, "blocks_of", hashing)
    return reads


@pytest.fixture(scope="session")
def run_script() -> Callable[[str], None]:
    """Runs Python code in a process of its own, for what stays until a process ends."""

    def run(script: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=SCRIPT_S,
        )
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture
def info() -> VideoInfo:
    """A small video's record."""
    return VideoInfo(
        path="small.mp4",
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        frame_count=FRAMES,
        fps=FPS,
        duration_s=FRAMES / FPS,
        codec="h264",
        is_colour=True,
        bit_depth=8,
        timestamps_s=tuple(k / FPS for k in range(FRAMES)),
    )


@dataclass(frozen=True, eq=False)
class FakeFrame:
    """A frame whose pixels say its number."""

    index: int

    def grey(self) -> GreyFrame:
        image = np.full((HEIGHT_PX, WIDTH_PX), self.index, dtype=np.uint8)
        return GreyFrame(index=self.index, time_s=self.index / FPS, image=image)

    def rgb(self, *, exact: bool = True) -> NDArray[np.uint8]:
        return np.full((HEIGHT_PX, WIDTH_PX, 3), self.index, dtype=np.uint8)


class FakeVideo:
    """A video of such frames that counts how often frames were decoded."""

    def __init__(self, info: VideoInfo) -> None:
        self.info = info
        self.decoded: list[int] = []
        self.is_closed = False

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[FakeFrame]:
        for index in range(start, self.info.frame_count if stop is None else stop):
            self.decoded.append(index)
            yield FakeFrame(index)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_closed = True


@pytest.fixture
def fake_video(info: VideoInfo) -> FakeVideo:
    """The small video, open."""
    return FakeVideo(info)


FindLeft = Callable[[], "list[QObject]"]


@pytest.fixture(scope="session")
def find_left() -> FindLeft:
    """Finds what of Qt still works or stands, whoever owns it: see ``left_behind``."""
    return left_behind


@pytest.fixture
def nothing_left(qapp: "QApplication", find_left: FindLeft) -> Iterator[None]:
    """Fail a test that leaves a running thread or timer, or a window, seen or hidden, behind."""
    from PySide6.QtCore import QStandardPaths
    from PySide6.QtWidgets import QApplication

    QStandardPaths.setTestModeEnabled(True)
    threads, standing = python_threads(), QApplication.topLevelWidgets()  # of a test that failed
    gc.freeze()  # what is there already is neither searched nor collected at the end, which is long
    yield
    left = [one for one in find_left() if one not in standing]
    assert not left, f"left running or standing: {left}"
    assert python_threads() <= threads


def left_behind() -> "list[QObject]":
    """The running threads, active timers and windows that are not frozen, hidden ones too.

    A thread or timer needs no parent, and a window none that the application knows, so all objects
    that Python holds are looked at beside Qt's own lists.
    """
    from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
    from PySide6.QtWidgets import QApplication

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    if any(isinstance(one, QThread) for one in held()):
        return held()  # collecting a running thread would end the program
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    windows = QApplication.topLevelWidgets()
    application = QCoreApplication.instance()
    owners = [*QApplication.allWidgets(), *([application] if application else [])]
    timers = [t for owner in owners for t in owner.findChildren(QTimer)]
    found = held()
    return found + [one for one in (*windows, *timers) if is_left(one) and one not in found]


def held() -> "list[QObject]":
    """Those of them that Python holds and has not frozen."""
    from PySide6.QtCore import QObject
    from shiboken6 import isValid

    # By the type: to ask an object for its class may run code of a stand-in's.
    objects = [o for o in gc.get_objects() if issubclass(type(o), QObject)]
    return [o for o in objects if isValid(o) and is_left(o)]


def is_left(one: "QObject") -> bool:
    """Whether it is a running thread, an active timer or a window."""
    from PySide6.QtCore import QThread, QTimer
    from PySide6.QtWidgets import QWidget

    if isinstance(one, QThread):
        return one.isRunning()
    if isinstance(one, QTimer):
        return one.isActive()
    return isinstance(one, QWidget) and one.parent() is None


def python_threads() -> set[threading.Thread]:
    """The threads that Python started; it keeps dummies of Qt's even when those have ended."""
    return {t for t in threading.enumerate() if not isinstance(t, threading._DummyThread)}


@pytest.fixture
def woven(tmp_path: Path) -> Path:
    """Discs that swim to the right; the odd lines were taken half a frame later."""
    from rostfine_core.video import write_video

    path = tmp_path / "woven.avi"
    y, x = np.mgrid[:200, :240]

    def picture(k: int) -> NDArray[np.uint8]:
        middle = 60 + 6 * k + 3 * (y % 2)
        is_disc = np.hypot(x - middle, y % 60 - 30) < 12
        return np.repeat(np.where(is_disc, 60, 150).astype(np.uint8)[..., None], 3, axis=2)

    write_video(path, map(picture, range(24)), fps=20, codec="mjpeg")
    return path
