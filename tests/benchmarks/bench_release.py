"""Put the figures of this version beside those of the release before (a script, no test).

    python -m tests.benchmarks.bench_release --data DATA_DIR [--sperm 20] [--heads 10] [--scenes 12]

One table is printed, before and after: the spread of a grade over clicks, the error of the measured
middle, targets held, points called measured that are wrong, HOTA and IDF1 (they need ``motmetrics``
and ``trackeval``), and tracking's time against decoding's. What that release gave, on the same
inputs as the defaults here, stands in ``release_fa82e68.json``; what was not measured is a dash.
"""

import argparse
import importlib.util
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import mean

import cv2
import numpy as np

from rostfine_core.assessor import Assessor
from rostfine_core.bundled import DEMO_MODEL, DEMO_SEEDS, DEMO_VIDEO, bundled_path
from rostfine_core.result_files import read_seeds
from rostfine_core.video import open_video
from tests.benchmarks import bench_clicks, bench_pipeline, bench_tracking
from tests.benchmarks.tracking_scores import Score, identity_scores, score_take

BEFORE = Path(__file__).with_name("release_fa82e68.json")
OFF_PX = (0, 1, 2, 3, 5)
COUNTS = (1, 50, 500)
Row = tuple[str, str]
"""What is measured, and the figure of this version."""


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of clips and sets.json")
    parser.add_argument("--sperm", type=int, default=20, help="simulated sperm to grade")
    parser.add_argument("--heads", type=int, default=10, help="heads of each look and size")
    parser.add_argument("--scenes", type=int, default=12, help="simulated scenes to track")
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    before = json.loads(BEFORE.read_text(encoding="utf-8"))
    figures: dict[str, str] = before["figures"]
    print(f"{'':74s} {before['commit']:>16s} {'now':>16s}")
    for name, figure in rows(arguments):
        print(f"{name:74s} {figures.pop(name, '–'):>16s} {figure:>16s}", flush=True)
    for name, figure in figures.items():
        print(f"{name:74s} {figure:>16s} {'–':>16s}")


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Measure everything, one figure after another."""
    yield from _clicks(arguments.data, arguments.sperm)
    yield from _centres(arguments.heads)
    yield from _tracks(arguments)
    yield from _ratios()


def _clicks(data: Path, sperm: int) -> Iterator[Row]:
    """How far a grade hangs on the click."""
    assessor = Assessor.load(bundled_path(DEMO_MODEL), device="cpu")
    seed = read_seeds(bundled_path(DEMO_SEEDS))[0]
    with open_video(bundled_path(DEMO_VIDEO)) as video:
        pictures = [frame.rgb() for frame in video.frames()]
    places = [(seed.x_px + off, seed.y_px) for off in OFF_PX]
    (one,) = bench_clicks.spreads(iter([(pictures, [places])]), assessor)
    name = "one sperm clicked 0 to 5 px off its middle: spread of P(A or B), points"
    yield name, f"{one:.1f}"
    takes = {"simulated": bench_clicks.simulated_sperm(sperm)}
    for set_name in (*bench_clicks.HALF_HEADS_PX, bench_clicks.PRETRACKED):
        takes[set_name] = bench_clicks.sperm_of_set(data, set_name)
    for set_name, videos in takes.items():
        found = bench_clicks.spreads(videos, assessor)
        middle, high, highest = np.percentile(found, [50, 95, 100])
        name = f"9 clicks on a head, {set_name}: median, 95%, largest spread, points"
        yield name, f"{middle:.1f} {high:.1f} {highest:.1f}"


def _centres(heads: int) -> Iterator[Row]:
    """How far off the measured middles are, and in how many looks and sizes by too much."""
    errors, medians, highs = [], 0, 0
    cells = [(look, size) for look in bench_clicks.LOOKS for size in bench_clicks.SIZES_PX]
    for look, size_px in cells:
        found, _ = bench_clicks.centre_errors(look, size_px, heads)
        errors += found
        medians += bool(np.median(found) > 0.5)
        highs += bool(np.percentile(found, 95) > 1.5)
    middle, high = np.percentile(errors, [50, 95])
    yield "error of the measured middle, simulated: median, 95%, px", f"{middle:.2f} {high:.2f}"
    yield f"of {len(cells)} looks and sizes: median > 0.5 px, 95% > 1.5 px", f"{medians}, {highs}"


def _tracks(arguments: argparse.Namespace) -> Iterator[Row]:
    """What is held, what is believed wrongly, and whose identity is kept."""
    scores: dict[str, Score] = defaultdict(Score)
    identity: dict[str, list[dict[str, float]]] = defaultdict(list)
    has_identity = all(map(importlib.util.find_spec, ("motmetrics", "trackeval")))
    for row, take in bench_tracking.all_takes(arguments):
        name, _, direction = row.partition(" ")
        if direction not in ("", "forwards"):
            continue
        tracks = bench_tracking.followed(take)
        scores[name] += score_take(take, tracks)
        if has_identity and tracks and name in bench_tracking.WITH_IDENTITY:
            identity[name].append(dict(identity_scores(take, tracks)))
    for name, score in scores.items():
        yield f"targets held, {name}", f"{score.held}/{score.targets}"
        wrong = 100 * score.measured_wrong / max(score.measured, 1)
        yield f"measured but wrong, {name}, %", f"{wrong:.2f}"
    called, ends = (
        sum(getattr(score, name) for score in scores.values())
        for name in ("wrong_ends_called", "wrong_ends")
    )
    yield "wrong ends called lost or doubtful", f"{called}/{ends}"
    for name in bench_tracking.WITH_IDENTITY:
        for kind in ("HOTA", "IDF1"):
            found = [100 * scored[kind] for scored in identity[name]]
            yield f"{kind}, {name}, %", f"{mean(found):.1f}" if found else "–"


def _ratios() -> Iterator[Row]:
    """How many times as long as decoding tracking takes."""
    with tempfile.TemporaryDirectory() as folder:
        video = bench_pipeline.motion_jpeg(bundled_path(DEMO_VIDEO), Path(folder) / "demo.avi")
        decoding = bench_pipeline.best_of(partial(bench_pipeline.decode, video))
        for count in COUNTS:
            seeds = read_seeds(bundled_path(DEMO_SEEDS))[:1]
            if count > 1:
                seeds = bench_pipeline.grid_of_seeds(video, count)
            time = bench_pipeline.best_of(partial(bench_pipeline.follow, video, seeds))
            name = f"tracking {count} target{'s' * (count > 1)}, times decoding"
            yield name, f"{time[0] / decoding[0]:.2f}"


if __name__ == "__main__":
    main()
