"""Fit the weights of ``tracking.evidence`` to simulated scenes (a script, no test).

    python -m tests.benchmarks.fit_meetings [SCENES, 150]

Every judgement of every meeting, and of every crowded click, is a sample: what was known, and
whether what is followed is still the target. Heads that lie on one another count as wrong if the
wrong one is followed, which shows in the next frames. Samples of heads that were wrong before they
met count for nothing. For changing places, those of a rival that stood by while the head was
exchanged for a third count for nothing. The scenes are not those of ``bench_tracking``.
"""

import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import Seed
from rostfine_core.tracking import Tracker
from rostfine_core.tracking.evidence import CLICK, DOUBT, HEAD, SWAP, WHOLE, swap_of, weigh
from rostfine_core.tracking.meeting_table import NOTHING
from rostfine_core.tracking.meetings import (
    APART_LAST,
    BELIEVED,
    SWAP_FIRST,
    SWAPPED,
    Meetings,
    Moment,
)
from tests.benchmarks.tracking_scenes import COARSE_UM_PX, Take, simulated_takes

FIRST_SCENE, FIRST_COARSE_SCENE = 1000, 2000
NEARBY_FRAMES = 12
SOON_FRAMES = 8
CLICK_ERROR_HEADS = 0.15
"""People do not click the very middle (deviation)."""
RIDGE, LEAST_SPREAD = 0.5, 1e-6
Rows = NDArray[np.intp]
Places = dict[str, dict[int, complex]]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One judgement: the evidence, and how far head and rival are from the truth (1: too far)."""

    target: str
    frame: int
    apart: int
    is_click: bool
    evidence: dict[str, float]
    was_right: bool
    is_wrong: bool
    away: float
    rival_away: float


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One judgement before the truth is looked at."""

    head: int
    begun: int
    frame: int
    apart: int
    is_click: bool
    evidence: dict[str, float]
    here: complex
    there: complex


class Watched(Meetings):
    """Meetings that keep what they are judged by, and are judged to the last."""

    def __init__(self) -> None:
        super().__init__()
        self.judged: list[Judged] = []

    def _judge(self, now: Moment, rows: Rows, own: Rows, rivals: Rows) -> list[tuple[int, int]]:
        table, places = self._open, now.motion.position
        evidence = weigh(self.encounters(now, rows, own))
        counts = table.counts[rows]
        is_click = table.rivals[rows] == NOTHING
        for k in np.flatnonzero(table.befores.number[rows, HEAD, WHOLE] > 0).tolist():
            self.judged.append(
                Judged(
                    head=int(table.heads[rows[k]]),
                    begun=int(table.begun[rows[k]]),
                    frame=now.frame,
                    apart=int(counts[k]),
                    is_click=bool(is_click[k]),
                    evidence={name: float(values[k]) for name, values in evidence.items()},
                    here=complex(places[own[k]]),
                    there=complex(places[rivals[k]]) if rivals[k] >= 0 else complex(math.inf),
                )
            )
        is_swap = (counts >= SWAP_FIRST) & (swap_of(evidence) > SWAPPED)
        now_or_never = is_swap | (counts >= APART_LAST)
        rows, own, rivals = (column[now_or_never] for column in (rows, own, rivals))
        return super()._judge(now, rows, own, rivals) if rows.size else []


def samples_of(take: Take) -> Iterator[Sample]:
    """Track one take and yield what was judged."""
    if not take.truth:
        return
    starts = {name: min(path) for name, path in take.truth.items()}
    rng = np.random.default_rng(0)
    error_px = CLICK_ERROR_HEADS * take.tolerance_px / 0.75
    tracker = Tracker(
        [
            Seed(target=n, frame=f, x_px=x, y_px=y)
            for n, f in starts.items()
            for x, y in [_inside(np.array(take.truth[n][f]) + rng.normal(0, error_px, 2), take)]
        ]
    )
    watched = Watched()
    tracker._heads.meetings = watched
    name_of: dict[int, str] = {}
    for frame in take.frames[min(starts.values()) :]:
        tracker.step(frame)
        name_of |= {label.head: name for name, label in tracker._labels.items()}
    paths = {
        name: {f: complex(*xy) for f, xy in (take.beyond.get(name, {}) | take.truth[name]).items()}
        for name in take.truth
    }
    places = {
        track.target: {p.frame: complex(p.x_px, p.y_px) for p in track.points}
        for track in tracker.tracks
    }
    for judged in watched.judged:
        name = name_of[judged.head]
        if judged.frame in paths[name] and judged.frame in places[name]:
            yield _sample(take, judged, name, places[name], paths)


def _inside(place: NDArray[np.float64], take: Take) -> tuple[float, float]:
    height, width = take.frames[0].image.shape
    x, y = np.clip(place, 0, (width - 1, height - 1))
    return float(x), float(y)


def _sample(
    take: Take, judged: Judged, name: str, places: dict[int, complex], paths: Places
) -> Sample:
    """Hold what was judged against the truth."""
    path, frame = paths[name], judged.frame
    error = {f: abs(places[f] - path[f]) / take.tolerance_px for f in places.keys() & path.keys()}
    before = max(judged.begun - 1, min(places))
    others = [
        abs(places[frame] - other[frame]) / take.tolerance_px
        for n, other in paths.items()
        if n != name and frame in other
    ]
    is_another = min(others, default=math.inf) < error[frame] / 2 and error[frame] > 0.3
    soon = [error[f] for f in range(frame, frame + SOON_FRAMES) if f in error]
    return Sample(
        target=f"{take.name} {name}",
        frame=frame,
        apart=judged.apart,
        is_click=judged.is_click,
        evidence=judged.evidence,
        was_right=error.get(before, 0.0) <= 1,
        is_wrong=is_another or not all(away <= 1 for away in soon),
        away=abs(judged.here - path[frame]) / take.tolerance_px,
        rival_away=abs(judged.there - path[frame]) / take.tolerance_px,
    )


def main() -> None:
    """Print the weights as ``evidence.py`` holds them."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 150
    takes = chain(
        simulated_takes(count, first=FIRST_SCENE),
        simulated_takes(count * 3 // 4, first=FIRST_COARSE_SCENE, scales_um_px=COARSE_UM_PX),
    )
    report([s for take in takes for s in samples_of(take)])


def report(samples: list[Sample]) -> None:
    """Fit all three regressions and print them with how well they tell right from wrong."""
    clicks = [s for s in samples if s.is_click]
    meetings = [s for s in samples if not s.is_click and s.was_right]
    for title, names, used in (("DOUBT", DOUBT, meetings), ("CLICK", CLICK, clicks)):
        is_wrong = np.array([s.is_wrong for s in used])
        weights, start, odds = fit(used, list(names), is_wrong)
        print(f"{len(used)} judgements, in {is_wrong.mean():.1%} something else was followed")
        print(title, {n: round(float(w), 2) for n, w in weights.items()}, round(start, 2))
        for limit in (-3.5, -3, BELIEVED, -2.5, -2):
            kept, missed = (odds[~is_wrong] >= limit).mean(), (odds[is_wrong] < limit).mean()
            print(f"  doubt from {limit}: {kept:.1%} of the right, {missed:.1%} wrong missed")
    _report_swaps(samples)


def _report_swaps(samples: list[Sample]) -> None:
    of_target: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        of_target[sample.target].append(sample)
    seen = [
        s
        for s in samples
        if s.apart == SWAP_FIRST
        and s.was_right
        and not s.evidence["rival_gone"]
        and not _by_a_third(s, of_target[s.target])
    ]
    is_swap = np.array([s.away > 1 and s.rival_away <= 1 for s in seen])
    weights, start, odds = fit(seen, list(SWAP), is_swap)
    print("SWAP", {n: round(float(w), 2) for n, w in weights.items()}, round(start, 2))
    is_right = np.array([s.away <= 1 for s in seen])
    for limit in (0, 0.5, 1, 2, 3):
        better, worse = (odds > limit) & is_swap, (odds > limit) & is_right
        print(f"  swap from {limit}: {better.sum()} mended, {worse.sum()} broken")


def _by_a_third(sample: Sample, others: list[Sample]) -> bool:
    return min(sample.away, sample.rival_away) > 1 and any(
        abs(o.frame - sample.frame) <= NEARBY_FRAMES and o.rival_away <= 1 for o in others
    )


def fit(
    samples: list[Sample], names: list[str], is_case: NDArray[np.bool_]
) -> tuple[dict[str, float], float, NDArray[np.float64]]:
    """Logistic regression by Newton's method; returns weights, start and each sample's odds."""
    table = np.array([[s.evidence[name] for name in names] for s in samples])
    spread = table.std(axis=0)
    spread[spread < LEAST_SPREAD] = np.inf
    inputs = np.column_stack([table / spread, np.ones(len(table))])
    weights = np.zeros(inputs.shape[1])
    for _ in range(60):
        share = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (share - is_case) + RIDGE * weights
        bend = (inputs.T * (share * (1 - share))) @ inputs + RIDGE * np.eye(len(weights))
        weights -= np.linalg.solve(bend, slope)
    named = dict(zip(names, weights[:-1] / spread, strict=True))
    return named, float(weights[-1]), inputs @ weights


if __name__ == "__main__":
    main()
