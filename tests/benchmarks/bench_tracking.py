"""Score the tracker on clips with known positions (a script, no test).

    python -m tests.benchmarks.bench_tracking [DATA_DIR] [--scenes 300] [--first 0] [--identity]

DATA_DIR holds sets.json and for each entry <set>/<clip>.mp4 and <set>/<clip>.truth.csv. Every real
clip is tracked as it is, backwards, and from later clicks, so that a change that only suits the
clips themselves shows; simulated scenes of ``tracking_scenes`` follow. One table is printed:

- held: targets that end within the tolerance of the truth;
- measured but wrong: points called measured that lie on something else;
- right and measured: points on the target that are believed;
- wrong ends called: of the targets that end wrong, those lost or doubtful where it happened;
- with --identity, HOTA and IDF1 where every target is clicked. They need ``motmetrics`` and
  ``trackeval`` (``pip install --no-deps trackeval``: its own dependencies bring a second OpenCV).
"""

import argparse
import csv
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean

import cv2

from rostfine_core.domain import GreyFrame, Seed, Track
from rostfine_core.interlace import one_field
from rostfine_core.tracking import Tracker
from rostfine_core.tracking.combing import is_combed
from rostfine_core.tracking.loop import LOOKED_AT
from rostfine_core.video import open_video
from tests.benchmarks.tracking_scenes import Take, Truth, simulated_takes
from tests.benchmarks.tracking_scores import Score, identity_scores, score_take

WITH_IDENTITY = ("njit", "simulated")


def main() -> None:
    """Print one row a set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--identity", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    scores: dict[str, Score] = defaultdict(Score)
    identity: dict[str, list[dict[str, float]]] = defaultdict(list)
    spent_s, points = 0.0, 0
    for row, take in all_takes(arguments):
        start = time.process_time()
        tracks = followed(take)
        spent_s += time.process_time() - start
        points += sum(len(track.points) for track in tracks)
        scores[row] += score_take(take, tracks)
        if arguments.identity and row.split()[0] in WITH_IDENTITY and tracks:
            identity[row].append(dict(identity_scores(take, tracks)))
    for row, score in scores.items():
        found = identity[row]
        extra = "".join(f"  {n} {mean(f[n] for f in found):.3f}" for n in found[0]) if found else ""
        print(f"{row:26s} {score.row}{extra}")
    print(f"{1e3 * spent_s / max(points, 1):.3f} ms of processor time a point")


def all_takes(arguments: argparse.Namespace) -> Iterator[tuple[str, Take]]:
    """Every take with the row of the table that it counts in."""
    if arguments.data:
        for entry in json.loads((arguments.data / "sets.json").read_text()):
            base = arguments.data / entry["set"] / entry["clip"]
            for take in takes(base, tolerance_px=float(entry["tolerance_px"])):
                yield f"{entry['set']} {take.name}", take
    for take in simulated_takes(arguments.scenes, first=arguments.first):
        yield "simulated", take


def followed(take: Take) -> tuple[Track, ...]:
    """Track every target from its first place."""
    firsts = {name: min(path) for name, path in take.truth.items()}
    if not firsts:
        return ()
    places = {name: take.truth[name][frame] for name, frame in firsts.items()}
    seeds = [
        Seed(target=name, frame=firsts[name], x_px=x, y_px=y) for name, (x, y) in places.items()
    ]
    tracker = Tracker(seeds)
    for frame in one_moment(take.frames[min(firsts.values()) :]):
        tracker.step(frame)
    return tracker.tracks


def one_moment(frames: list[GreyFrame]) -> list[GreyFrame]:
    """The frames, with one field of each where combed, as the tracking loop chooses."""
    if is_combed([frame.image for frame in frames[:LOOKED_AT] if not frame.is_duplicate]):
        return [replace(frame, one_field=one_field(frame.image)) for frame in frames]
    return frames


def takes(base: Path, *, tolerance_px: float) -> Iterator[Take]:
    """The clip as it is, backwards, and clicked a fifth later."""
    truth: Truth = defaultdict(dict)
    with base.with_name(f"{base.name}.truth.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            truth[row["target"]][int(row["frame"])] = (float(row["x"]), float(row["y"]))
    last = max(max(path) for path in truth.values())
    with open_video(base.with_name(f"{base.name}.mp4")) as video:
        frames = [frame.grey() for frame in video.frames(0, last + 1)]
    yield Take(name="forwards", frames=frames, truth=truth, tolerance_px=tolerance_px)
    repeats = [False, *(frame.is_duplicate for frame in frames[:0:-1])]
    backwards = [
        replace(frame, index=i, time_s=frames[i].time_s, is_duplicate=repeat)
        for i, (frame, repeat) in enumerate(zip(frames[::-1], repeats, strict=True))
    ]
    turned = {n: {last - f: xy for f, xy in p.items()} for n, p in truth.items()}
    yield Take(name="backwards", frames=backwards, truth=turned, tolerance_px=tolerance_px)
    late = {
        n: {f: xy for f, xy in p.items() if f >= min(p) + len(p) // 5} for n, p in truth.items()
    }
    yield Take(name="from later clicks", frames=frames, truth=late, tolerance_px=tolerance_px)


if __name__ == "__main__":
    main()
