"""Score the tracker on clips with known positions (a script, no test).

    python tests/benchmarks/bench_tracking.py DATA_DIR [--click-error 1.5] [--set NAME]

DATA_DIR holds sets.json and for each entry <set>/<clip>.mp4 and <set>/<clip>.truth.csv. Every clip
is tracked as it is, backwards, and from later clicks, to reveal changes that only suit the clips as
they are. A target counts as held if it ends within the set's tolerance of the truth; times are
processor times without decoding.
"""

import argparse
import csv
import json
import math
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from rostfine_core.domain import GreyFrame, Seed
from rostfine_core.tracking import Tracker
from rostfine_core.video import open_video

Truth = dict[str, dict[int, tuple[float, float]]]


@dataclass(frozen=True)
class Take:
    """One way to play a clip."""

    name: str
    frames: list[GreyFrame]
    truth: Truth


def main() -> None:
    """Print one line per clip and take, and the sums per set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--set")
    parser.add_argument("--click-error", type=float, default=0.0, help="pixels (deviation)")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for entry in json.loads((arguments.data / "sets.json").read_text()):
        if arguments.set in (None, entry["set"]):
            for take in takes(arguments.data / entry["set"] / entry["clip"]):
                held = score(take, entry, rng, arguments.click_error)
                key = f"{entry['set']} {take.name}"
                sums[key] = [sums[key][0] + held, sums[key][1] + len(take.truth)]
    for key, (held, targets) in sums.items():
        print(f"{key:24s} held {held:3d}/{targets:3d}")


def takes(base: Path) -> Iterator[Take]:
    """The clip as it is, backwards, and clicked a fifth of its length later."""
    truth: Truth = defaultdict(dict)
    with base.with_name(f"{base.name}.truth.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            truth[row["target"]][int(row["frame"])] = (float(row["x"]), float(row["y"]))
    last = max(max(path) for path in truth.values())
    with open_video(base.with_name(f"{base.name}.mp4")) as video:
        frames = [frame.grey() for frame in video.frames(0, last + 1)]
    yield Take("forwards", frames, truth)
    repeats = [False, *(frame.is_duplicate for frame in frames[:0:-1])]
    backwards = [
        replace(frame, index=i, time_s=frames[i].time_s, is_duplicate=repeat)
        for i, (frame, repeat) in enumerate(zip(frames[::-1], repeats, strict=True))
    ]
    yield Take(
        "backwards", backwards, {n: {last - f: xy for f, xy in p.items()} for n, p in truth.items()}
    )
    late = {
        n: {f: xy for f, xy in p.items() if f >= min(p) + len(p) // 5} for n, p in truth.items()
    }
    yield Take("from later clicks", frames, late)


def score(take: Take, entry: dict[str, str], rng: np.random.Generator, click_error: float) -> int:
    """Track one take, print its line and return how many targets were held."""
    seeds = []
    for name, path in take.truth.items():
        x, y = np.array(path[min(path)]) + rng.normal(0, click_error, 2)
        seeds.append(Seed(target=name, frame=min(path), x_px=float(x), y_px=float(y)))
    tracker = Tracker(seeds)
    start = time.process_time()
    for frame in take.frames[min(seed.frame for seed in seeds) :]:
        tracker.step(frame)
    spent_ms = 1e3 * (time.process_time() - start)
    held, medians = 0, []
    for track in tracker.tracks:
        path = take.truth[track.target]
        points = {p.frame: (p.x_px, p.y_px) for p in track.points}
        errors = [math.dist(points[f], path[f]) for f in sorted(path)]
        held += errors[-1] <= float(entry["tolerance_px"])
        medians.append(statistics.median(e if e == e else math.inf for e in errors))
    steps = sum(len(track.points) for track in tracker.tracks)
    print(
        f"{entry['clip']:16s} {take.name:18s} held {held:3d}/{len(seeds):3d}  "
        f"median {statistics.median(medians):5.2f} px  {spent_ms / steps:.3f} ms/frame/target",
        flush=True,
    )
    return held


if __name__ == "__main__":
    main()
