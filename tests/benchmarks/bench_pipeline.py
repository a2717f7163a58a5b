"""Times the way from a video to a grade: python tests/benchmarks/bench_pipeline.py [VIDEO].

Prints ratios within this one run; the budgets stand beside them. Without a VIDEO the bundled
demonstration is used.
"""

import argparse
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2

from rostfine_core.bundled import DEMO_MODEL, DEMO_VIDEO, bundled_path
from rostfine_core.clips import ClipSettings, cut_clip
from rostfine_core.domain import Seed, Track
from rostfine_core.tracking import Tracker
from rostfine_core.video import open_video

REPEATS = 3


def main() -> None:
    """Measure decoding, tracking of 1 and 50 targets, and grading."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path)
    video = parser.parse_args().video or bundled_path(DEMO_VIDEO)
    decoding = best_of(lambda: decode(video))
    print(f"decoding alone            {decoding:6.2f} s")
    for count, budget in ((1, 1.3), (50, 2.0)):
        seeds = grid_of_seeds(video, count)
        seconds = best_of(partial(follow, video, seeds))
        ratio = seconds / decoding
        print(f"tracking {count:2d} target(s)    {ratio:6.2f} x decoding (budget {budget})")
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory until here         {memory_mb:6.0f} MB (budget 400)")
    grade(video)


def best_of(work: Callable[[], object]) -> float:
    """The shortest of a few runs in seconds: the one least disturbed."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def decode(path: Path) -> None:
    """Read every frame's luma."""
    with open_video(path) as video:
        for frame in video.frames():
            frame.grey()


def grid_of_seeds(path: Path, count: int) -> tuple[Seed, ...]:
    """Clicks spread over the field, on heads or not: the work is the same."""
    with open_video(path) as video:
        width, height = video.info.width_px, video.info.height_px
    columns = 10
    return tuple(
        Seed(
            target=str(i),
            frame=0,
            x_px=width * (0.5 + i % columns) / columns,
            y_px=height * (0.5 + i // columns) / 5,
        )
        for i in range(count)
    )


def follow(path: Path, seeds: tuple[Seed, ...]) -> tuple[Track, ...]:
    """Track without writing anything."""
    with open_video(path) as video:
        tracker = Tracker(seeds)
        for frame in video.frames():
            tracker.step(frame.grey())
    return tracker.tracks


def grade(path: Path) -> None:
    """Grade one clip with the bundled model, loaded and warmed up as the window does."""
    from rostfine_core.assessor import Assessor

    track = follow(path, grid_of_seeds(path, 1))[0]
    with open_video(path) as video:
        clip = cut_clip(track, image_at=lambda i: video.frame(i).rgb(), settings=ClipSettings())
    assessor = Assessor.load(bundled_path(DEMO_MODEL))
    assessor.warm_up()
    seconds = best_of(lambda: assessor.assess([clip]))
    print(
        f"grading and explaining    {seconds:6.2f} s on {assessor.device_label} (budget 1, all in)"
    )


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
