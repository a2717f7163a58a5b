"""Times the steps from a video to a grade.

    python tests/benchmarks/bench_pipeline.py [VIDEO [--seeds SEEDS.csv]]

Prints ratios within this run with their budgets: in clock time, as a user waits, where decoding has
a process of its own, and (in brackets) in processor time with both in one process, which other work
on the machine disturbs less. Without a VIDEO the bundled demo video is used, made
anew as the Motion JPEG that cameras record; without SEEDS the one click is on a sperm and many are
spread over the field, most of them not on a sperm.
"""

import argparse
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, cast

import av
import cv2

from rostfine_core.bundled import DEMO_MODEL, DEMO_SEEDS, DEMO_VIDEO, bundled_path
from rostfine_core.clips import ClipSettings, cut_clip
from rostfine_core.domain import Seed, Track, finish
from rostfine_core.result_files import read_seeds
from rostfine_core.tracking import track
from rostfine_core.tracking.head_detection import find_heads
from rostfine_core.tracking.head_measure import find_outlines
from rostfine_core.video import PlaneChoice, Video, open_video
from rostfine_core.video.encode import write_video
from rostfine_core.video.identity import VideoIdentity
from rostfine_core.video.sources import open_source

if TYPE_CHECKING:
    from rostfine_core.video.decoder import RemoteSource

REPEATS = 3
ONE_BUDGET, BUDGETS = 1.15, {50: 1.5, 500: 5.0}
"""Ratios to decoding that one target, and so many, may take."""
LONGER = 10


def main() -> None:
    """Measure decoding, tracking of 1 and many targets, heads, memory, and grading."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path)
    parser.add_argument("--seeds", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = arguments.video or motion_jpeg(bundled_path(DEMO_VIDEO), Path(folder) / "demo.avi")
        seeds = list(read_seeds(arguments.seeds)) if arguments.seeds else None
        one = (seeds or read_seeds(bundled_path(DEMO_SEEDS)))[:1]
        compare_with_decoding(video, one, seeds)
        measure_heads(video, one[0])
        many = seeds or grid_of_seeds(video, 50)
        for times, memory_mb in memory_of_tracking(video, many, Path(folder)):
            print(f"memory, {times:2d} x the length   {memory_mb:6.0f} MB (budget 400)", flush=True)
        grade(video)


def motion_jpeg(source: Path, target: Path) -> Path:
    """Write a video as Motion JPEG of good quality."""
    with open_video(source) as video:
        frames = (frame.rgb() for frame in video.frames())
        write_video(target, frames, fps=video.info.fps, codec="mjpeg")
    return target


def compare_with_decoding(video: Path, one: Sequence[Seed], seeds: Sequence[Seed] | None) -> None:
    """Print how many times as long as decoding tracking takes."""
    rows = [(one, ONE_BUDGET)]
    if seeds is None:
        rows += [(grid_of_seeds(video, count), budget) for count, budget in BUDGETS.items()]
    else:
        rows += [(seeds, math.nan)]
    print(f"decoding alone            {best_of(partial(decode, video))[0]:6.2f} s")
    for clicks, budget in rows:
        wall = ratio_to_decoding(video, clicks, clock=0, opened=open_video)
        processor = ratio_to_decoding(video, clicks, clock=1, opened=open_here)
        print(
            f"tracking {len(clicks):3d} target(s)   {wall:6.2f} x decoding "
            f"({processor:.2f}; budget {budget})",
            flush=True,
        )


def ratio_to_decoding(
    video: Path, clicks: Sequence[Seed], *, clock: int, opened: Callable[[Path], Video]
) -> float:
    """How many times as long as decoding tracking takes, by the clock (0) or the processor (1)."""
    # By turns, since what else the machine does changes from minute to minute.
    turns = [
        (timed(partial(follow, video, clicks, opened)), timed(partial(decode, video, opened)))
        for _ in range(REPEATS)
    ]
    return median(tracking[clock] / decoding[clock] for tracking, decoding in turns)


def open_here(path: Path) -> Video:
    """The video decoded in this process."""
    source = cast("RemoteSource", open_source(path, PlaneChoice()))
    return Video(source, VideoIdentity.of(path))


def measure_heads(video: Path, seed: Seed) -> None:
    """Print what a click on a sperm, clicks by the hundred and a search for all heads cost."""
    with open_video(video) as opened:
        image = opened.frame(seed.frame).grey().image
    clicks = [complex(seed.x_px, seed.y_px) for seed in grid_of_seeds(video, 500)]
    one, many, all_heads = (
        1e3 * best_of(work)[1]
        for work in (
            lambda: find_outlines(image, [complex(seed.x_px, seed.y_px)]),
            lambda: find_outlines(image, clicks),
            lambda: finish(find_heads(image)),
        )
    )
    print(f"measuring a click         {one:6.2f} ms, one of 500 {many / len(clicks):.2f} ms")
    print(f"finding all heads         {all_heads:6.0f} ms a frame", flush=True)


def best_of(work: Callable[[], object]) -> tuple[float, float]:
    """The shortest of a few runs, as the least disturbed: clock and processor time in seconds."""
    walls, processors = zip(*(timed(work) for _ in range(REPEATS)), strict=True)
    return min(walls), min(processors)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Clock and processor time of one run, in seconds."""
    start = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def memory_of_tracking(
    video: Path, seeds: Sequence[Seed], folder: Path
) -> Iterator[tuple[int, float]]:
    """Track the video and one many times as long, each with the command in its own process."""
    rows = [f"{s.target},{s.frame},{s.x_px},{s.y_px}" for s in seeds]
    (folder / "seeds.csv").write_text("\n".join(["target,frame,x,y", *rows]))
    for times in (1, LONGER):
        repeat_video(video, folder / "long.mkv", times=times)
        command = ["track", "long.mkv", "--seeds", "seeds.csv", "--out", "tracks.csv"]
        subprocess.run(
            [sys.executable, "-m", "rostfine_core.cli", *command],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        # This is the maximum over all child processes so far, so the longer video comes last.
        yield times, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def repeat_video(source: Path, target: Path, *, times: int) -> None:
    """Copy the packets of a video several times, one after the other."""
    with av.open(str(target), "w") as copy:
        stream = None
        for turn in range(times):
            with av.open(str(source)) as original:
                pictures = original.streams.video[0]
                stream = stream or copy.add_stream_from_template(pictures)
                for packet in original.demux(pictures):
                    if packet.pts is not None and packet.dts is not None:
                        packet.pts += turn * (pictures.duration or 0)
                        packet.dts += turn * (pictures.duration or 0)
                        packet.stream = stream
                        copy.mux(packet)


def decode(path: Path, opened: Callable[[Path], Video] = open_video) -> None:
    """Read every frame's luma."""
    with opened(path) as video:
        for frame in video.frames():
            frame.grey()


def grid_of_seeds(path: Path, count: int) -> tuple[Seed, ...]:
    """Clicks spread over the field; it does not matter whether they hit a head."""
    with open_video(path) as video:
        width, height = video.info.width_px, video.info.height_px
    rows = round(math.sqrt(count / 2))
    columns = math.ceil(count / rows)
    return tuple(
        Seed(
            target=str(i),
            frame=0,
            x_px=width * (0.5 + i % columns) / columns,
            y_px=height * (0.5 + i // columns) / rows,
        )
        for i in range(count)
    )


def follow(
    path: Path, seeds: Sequence[Seed], opened: Callable[[Path], Video] = open_video
) -> tuple[Track, ...]:
    """Track as the program does, without writing anything."""
    with opened(path) as video:
        return finish(track(video.frames, seeds, video=video.info))


def grade(path: Path) -> None:
    """Grade one clip with the bundled model, loaded and warmed up as in the window."""
    from rostfine_core.assessor import Assessor

    followed = follow(path, grid_of_seeds(path, 1))[0]
    with open_video(path) as video:
        clip = cut_clip(followed, image_at=lambda i: video.frame(i).rgb(), settings=ClipSettings())
    assessor = Assessor.load(bundled_path(DEMO_MODEL))
    assessor.warm_up()
    seconds, _ = best_of(lambda: list(assessor.assess([clip])))
    print(
        f"grading and explaining    {seconds:6.2f} s on {assessor.device_label} (budget 1, all in)"
    )


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
