"""The process that decodes may die at any moment: one sentence, nothing left, and on it goes."""

import os
import random
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from rostfine_core.bundled import DEMO_VIDEO, bundled_path
from rostfine_core.decoder_process import DecoderProcess, decoders
from rostfine_core.errors import VideoError
from rostfine_core.video import PlaneChoice, open_video, opening_video
from rostfine_core.video.sources import open_source

Encode = Callable[..., Path]
KILLS = int(os.environ.get("ROSTFINE_KILLS", "6"))
"""How often it is killed: ``ROSTFINE_KILLS=200 pytest tests/core/video/test_decoder.py``."""
LONGEST_S = 0.05
COUNT = 40
PIXELS = ("yuv420p", "yuv422p10le", "gray", "gray16le", "bgr24", "rgb24", "yuyv422", "nv12", "pal8")
ROOT = Path(__file__).resolve().parents[3]

on_posix = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[DecoderProcess]]:
    """The decoding processes that are started from now on."""
    decoders.end()
    found: list[DecoderProcess] = []
    start = DecoderProcess.__init__

    def starting(process: DecoderProcess) -> None:
        start(process)
        found.append(process)

    monkeypatch.setattr(DecoderProcess, "__init__", starting)
    yield found
    decoders.end()


@contextmanager
def killing(started: list[DecoderProcess], chance: random.Random) -> Iterator[None]:
    """Meanwhile kill the newest decoding process at random moments."""
    is_over = threading.Event()

    def kill() -> None:
        while not is_over.wait(chance.uniform(0, LONGEST_S)):
            if started and started[-1].is_running:
                how = chance.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
                os.kill(started[-1].pid, how)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        is_over.set()
        killer.join()


def read_until_it_stops(path: Path, phase: int, chance: random.Random) -> None:
    """Open, stream or seek again and again; an error of opening is one of the former too."""
    while phase == 0:
        open_video(path).close()
    with open_video(path) as video:
        while True:
            if phase == 1:
                assert len(list(video.frames())) == COUNT
            else:
                video.frame(chance.randrange(COUNT)).rgb()


@pytest.mark.requirement("R-14")
@on_posix
def test_killed_at_any_moment_it_is_one_sentence_and_the_next_video_opens(
    tmp_path: Path,
    encode_numbered: Encode,
    shown_number: Callable[..., int],
    started: list[DecoderProcess],
) -> None:
    path = encode_numbered(tmp_path / "a.mp4", count=COUNT)
    chance = random.Random(5)
    open_video(path).close()
    files = open_files()
    for number in range(KILLS):
        with (
            killing(started, chance),
            pytest.raises(
                VideoError, match=r"^The decoder stopped while (opening|reading) \S+a\.mp4"
            ),
        ):
            read_until_it_stops(path, number % 3, chance)
        with open_video(path) as video:
            assert [shown_number(f.grey().image) for f in video.frames()] == list(range(COUNT))
    assert len(started) > KILLS
    assert [p for p in started if p.is_running] == started[-1:]
    assert open_files() <= files


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


@on_posix
def test_what_a_video_gives_after_its_decoder_died_is_the_same(
    tmp_path: Path, encode_numbered: Encode, started: list[DecoderProcess]
) -> None:
    with open_video(encode_numbered(tmp_path / "a.mp4", count=COUNT)) as video:
        before = [frame.grey().image for frame in video.frames()]
        frames = video.frames()
        next(frames)
        os.kill(started[-1].pid, signal.SIGSEGV)
        with pytest.raises(VideoError, match=r"at frame [1-4]: it crashed, SIGSEGV\. Try it again"):
            list(frames)
        np.testing.assert_array_equal([f.grey().image for f in video.frames()], before)


def test_who_waits_for_a_frame_is_freed_by_an_interruption(
    tmp_path: Path, encode_numbered: Encode, started: list[DecoderProcess]
) -> None:
    path = encode_numbered(tmp_path / "a.mp4", count=COUNT)
    with open_video(path) as video, video.reopened() as other:
        frames = other.frames()
        next(frames)
        video.interrupt()
        with pytest.raises(VideoError, match="stopped while reading"):
            list(frames)
        assert video.frame(3).index == other.frame(3).index == 3


def test_to_give_up_opening_ends_the_process_at_once(
    tmp_path: Path, encode_numbered: Encode, started: list[DecoderProcess]
) -> None:
    opening = opening_video(encode_numbered(tmp_path / "a.mp4", count=COUNT))
    next(opening)
    opening.close()
    assert [p.is_running for p in started] == [False]


PARENT = """
import sys
from pathlib import Path
from rostfine_core import decoder_process
from rostfine_core.video import open_video

start = decoder_process.DecoderProcess.__init__
def starting(process):
    start(process)
    print(process.pid, flush=True)
decoder_process.DecoderProcess.__init__ = starting
video = open_video(Path(sys.argv[1]))
frames = video.frames()
next(frames)
decoder_process.decoders.warm_up()
print("reading", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for a stranger's end")
@pytest.mark.parametrize("is_killed", [True, False])
def test_the_processes_end_with_the_program(
    tmp_path: Path, encode_numbered: Encode, is_killed: bool
) -> None:
    path = encode_numbered(tmp_path / "a.mp4", count=COUNT)
    command = [sys.executable, "-c", PARENT, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as program:  # type: ignore[call-overload]
        assert program.stdout is not None
        assert program.stdin is not None
        pids = []
        while (line := program.stdout.readline().strip()).isdigit():
            pids.append(int(line))
        assert (len(pids), line) == (2, "reading")
        ends = [os.pidfd_open(pid) for pid in pids]
        if is_killed:
            program.kill()
        else:
            program.stdin.close()
        for end in ends:
            assert select.select([end], [], [], 60)[0]
            os.close(end)


FORK = """
import gc, os
from pathlib import Path
from rostfine_core.video import open_video

path = Path({path!r})
video = open_video(path)
frames = video.frames()
next(frames)
open_video(path).close()  # so that another one is idle
if (child := os.fork()) == 0:
    with open_video(path) as again:
        count = sum(1 for _ in again.frames())
    del frames, video
    gc.collect()
    os._exit(count)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == {count}
assert 1 + sum(1 for _ in frames) == {count}
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_reads_by_its_own_process_and_leaves_the_others_alone(
    tmp_path: Path, encode_numbered: Encode, run_script: Callable[[str], None]
) -> None:
    path = encode_numbered(tmp_path / "a.mp4", count=COUNT)
    run_script(FORK.format(path=str(path), count=COUNT))


@pytest.mark.parametrize("pixels", PIXELS)
def test_pictures_come_as_they_were_decoded(tmp_path: Path, pixels: str) -> None:
    random_ = np.random.default_rng(2)
    palette = random_.integers(0, 256, (256, 4), np.uint8)
    path = tmp_path / "a.avi" if pixels in ("pal8", "bgr24") else tmp_path / "a.nut"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 62, 34, pixels
        for _ in range(5):
            colours = random_.integers(0, 256, (34, 62, 3), np.uint8)
            frame = (
                av.VideoFrame.from_ndarray((colours[..., 0], palette), "pal8")  # type: ignore[arg-type]
                if pixels == "pal8"
                else av.VideoFrame.from_ndarray(colours, "rgb24").reformat(format=pixels)
            )
            container.mux(stream.encode(frame))
    inside = open_source(path, PlaneChoice())
    with open_video(path) as video:
        assert video.info == inside.info
        for number, shown in enumerate(video.frames()):
            picture = inside.picture(number)
            np.testing.assert_array_equal(shown.grey().image, picture.grey())
            np.testing.assert_array_equal(shown.rgb(), picture.rgb())
    inside.close()


@on_posix
def test_the_installed_program_is_its_own_decoder(
    tmp_path: Path,
    encode_numbered: Encode,
    started: list[DecoderProcess],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = tmp_path / "rostfine-app"
    start = ROOT / "packaging" / "start_program.py"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" "{start}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    with open_video(encode_numbered(tmp_path / "a.mp4", count=COUNT)) as video:
        assert len(list(video.frames())) == COUNT
    assert len(started) == 1


def test_a_relative_path_is_read_from_where_the_program_works_now(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    demo = bundled_path(DEMO_VIDEO)
    open_video(demo).close()  # a process is there from now on
    (tmp_path / "short.mp4").write_bytes(demo.read_bytes())
    monkeypatch.chdir(tmp_path)
    with open_video(Path("short.mp4")) as video, video.reopened() as again:
        assert video.info.path == "short.mp4"
        assert again.frame(1).index == 1


def test_that_no_process_starts_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    decoders.end()

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(VideoError, match=r"^No process can be started .*temporarily unavailable"):
        open_video(tmp_path / "a.mp4")
