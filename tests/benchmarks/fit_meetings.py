"""Fit the weights of ``tracking.evidence`` to simulated scenes (a script, no test).

    python -m tests.benchmarks.fit_meetings [SCENES]

Every judgement of every meeting is a sample: what was known, and whether the head that is followed
was still the target. Samples of heads that were wrong before they met count for nothing, nor those
of a rival that stood by while the head was exchanged for a third.
"""

import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import Seed
from rostfine_core.tracking import Tracker
from rostfine_core.tracking.evidence import DOUBT, SWAP, weigh
from rostfine_core.tracking.meetings import APART_FIRST, Meetings, Moment
from tests.benchmarks.tracking_scenes import Take, simulated_takes

NEARBY_FRAMES = 12
RIDGE = 0.05


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One judgement: the evidence, and how far head and rival are from the truth (1: too far)."""

    target: str
    frame: int
    apart: int
    evidence: dict[str, float]
    was_right: bool
    away: float
    rival_away: float


class Watched(Meetings):
    """Meetings that keep what they are judged by."""

    def __init__(self) -> None:
        super().__init__()
        self.judged: list[tuple[int, int, int, dict[str, float], complex, complex]] = []

    def _judge(self, now: Moment, head: int, rival: int) -> bool:
        meeting = self._open[head, rival]
        met = self.encounter(now, head, rival)
        if met is not None:
            row = int(np.searchsorted(now.heads, head))
            other = np.flatnonzero(now.motion.numbers == rival)
            there = complex(now.motion.position[other[0]]) if other.size else complex(math.inf)
            here = complex(now.motion.position[row])
            apart = len(meeting.own_apart)
            self.judged.append((head, meeting.begun, apart, weigh(met), here, there))
        return super()._judge(now, head, rival)


def samples_of(take: Take) -> Iterator[Sample]:
    """Track one take and yield what was judged."""
    if not take.truth:
        return
    starts = {name: min(path) for name, path in take.truth.items()}
    tracker = Tracker(
        [Seed(target=n, frame=f, x_px=x, y_px=y) for n, f in starts.items()
         for x, y in [take.truth[n][f]]]
    )  # fmt: skip
    watched = Watched()
    tracker._heads.meetings = watched
    places: dict[str, dict[int, complex]] = defaultdict(dict)
    for frame in take.frames[min(starts.values()) :]:
        for name, point in tracker.step(frame).items():
            places[name][frame.index] = complex(point.x_px, point.y_px)
        name_of = {label.head: name for name, label in tracker._labels.items()}
        for head, begun, apart, evidence, here, there in watched.judged:
            name = name_of.get(head, "")
            if frame.index not in take.truth.get(name, {}):
                continue
            path = take.truth[name]
            true, before = complex(*path[frame.index]), max(begun - 1, starts[name])
            yield Sample(
                target=f"{take.name} {name}",
                frame=frame.index,
                apart=apart,
                evidence=evidence,
                was_right=abs(places[name][before] - complex(*path[before])) <= take.tolerance_px,
                away=abs(here - true) / take.tolerance_px,
                rival_away=abs(there - true) / take.tolerance_px,
            )
        watched.judged.clear()


def main() -> None:
    """Print the weights as ``evidence.py`` holds them."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    report([s for take in simulated_takes(count) for s in samples_of(take)])


def report(samples: list[Sample]) -> None:
    """Fit both regressions and print them with how well they tell right from wrong."""
    of_target: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        of_target[sample.target].append(sample)
    used = [
        s
        for s in samples
        if s.apart == APART_FIRST and s.was_right and not _by_a_third(s, of_target[s.target])
    ]
    is_wrong = np.array([s.away > 1 for s in used])
    weights, start, odds = fit(used, list(DOUBT), is_wrong)
    print(f"{len(used)} meetings, {is_wrong.sum()} of them ended wrong")
    print("DOUBT", {n: round(float(w), 2) for n, w in weights.items()}, round(start, 2))
    for limit in (-4.5, -4, -3.5, -3, -2.5, -2, -1.5):
        kept, missed = (odds[~is_wrong] >= limit).mean(), (odds[is_wrong] < limit).sum()
        print(f"  doubt from {limit}: {kept:.1%} of the right stay doubtful, {missed} wrong missed")
    seen = [s for s in used if not s.evidence["rival_gone"]]
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
    spread = table.std(axis=0) + 1e-9
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
