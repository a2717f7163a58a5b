"""Makes ``models/panel.md``, which shows the simulated panel and its sperm: ``make panel-page``."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import Grade
from rostfine_core.simulation.morphology import (
    LEAST_FAULT,
    ShapeFault,
    SpermShape,
    TailForm,
    acrosome_outline,
    head_outline,
    with_fault,
)
from rostfine_core.simulation.motion import SwimmingKind, centreline
from rostfine_core.simulation.panel import (
    CRITERIA,
    PANEL_SIZE,
    SEEN_UM,
    SEEN_WITHIN_UM,
    cast_votes,
    expected_votes,
    find_faults,
)
from rostfine_core.simulation.population import SAMPLE_SPREAD, sample_sperm
from rostfine_core.simulation.render import SimulatedSperm
from rostfine_core.simulation.typical import DEAD, PERFECT, typical_sperm

PAGE = Path(__file__).parents[1] / "models" / "panel.md"
PAPER_COUNTS = (45, 194, 356, 9, 11)
"""The paper's 615 sperm by their most selected grade, A to E."""
INPUT_UM_PER_PX = 0.19
"""A pixel of the demonstration network's input, to which every clip is brought."""
SPERM_COUNT, SEED = 4000, 2024
SIZES = (LEAST_FAULT, 1.0, 2.0)

HEAD = f"""# The simulated panel and its sperm

Data sets of `rostfine simulate` are graded by {PANEL_SIZE} simulated experts with thresholds, \
weights, bias and consistency of their own ([panel.py](../rostfine_core/simulation/panel.py)). \
Whoever knows sperm can check here what they say. `make panel-page` makes this page; a test fails \
when it is out of date.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """Random sperm: ``votes`` and ``expected`` shares (N, 5), and ``faults`` (N, criteria)."""

    sperm: tuple[SimulatedSperm, ...]
    votes: NDArray[np.float64]
    expected: NDArray[np.float64]
    faults: NDArray[np.float64]

    @property
    def most_selected(self) -> NDArray[np.float64]:
        """The share of sperm whose most selected grade is A, ..., E."""
        return np.bincount(self.votes.argmax(axis=1), minlength=5) / len(self.votes)


@lru_cache(maxsize=1)
def population() -> Population:
    """Draw the sperm that the page describes, each from a sample of its own."""
    rng = np.random.default_rng(SEED)
    sperm, votes, expected, faults = [], [], [], []
    for _ in range(SPERM_COUNT):
        one = sample_sperm(rng, burden=rng.normal(0, SAMPLE_SPREAD))
        findings = find_faults(one.shape, one.swimming)
        sperm.append(one)
        votes.append(cast_votes(findings, rng))
        expected.append(expected_votes(findings).probabilities)
        faults.append(astuple(findings))
    return Population(
        sperm=tuple(sperm),
        votes=np.array(votes) / PANEL_SIZE,
        expected=np.array(expected),
        faults=np.array(faults),
    )


def page() -> str:
    """The page; a section is a title, a sentence and a table."""
    return "\n".join((HEAD, *_typical(), *_population(), *_faults(), *_pixels()))


def _typical() -> Iterator[str]:
    yield "## Twenty typical sperm"
    yield "The share of the panel that gives each grade, in %. What is not named is perfect."
    yield ""
    yield f"| sperm | {' | '.join(g.name for g in Grade)} |\n|---|---|---|---|---|---|"
    for one in typical_sperm():
        yield f"| {one.name} | {_percents(one.votes.probabilities, digits=0)} |"
    yield ""


def _population() -> Iterator[str]:
    drawn = population()
    yield "## The population"
    yield (
        f"{SPERM_COUNT:,} sperm, in %. Most are promising, as if an embryologist had picked them "
        "out: of the paper's sperm only 3.3% got mostly D or E, so that hardly more than 1% can be "
        "dead where experts give D or E to a dead sperm."
    )
    yield ""
    yield f"| | {' | '.join(g.name for g in Grade)} |\n|---|---|---|---|---|---|"
    yield f"| most selected grade | {_percents(drawn.most_selected)} |"
    paper = np.array(PAPER_COUNTS) / sum(PAPER_COUNTS)
    yield f"| the same in the paper | {_percents(paper)} |"
    yield f"| all votes | {_percents(drawn.votes.mean(axis=0))} |"
    yield ""
    kinds = Counter(s.swimming.kind for s in drawn.sperm)
    forms = Counter(s.shape.tail_form for s in drawn.sperm)
    yield f"| {' | '.join(SwimmingKind)} |\n|{'---|' * len(SwimmingKind)}"
    yield f"| {_percents([kinds[k] / SPERM_COUNT for k in SwimmingKind])} |"
    yield ""
    yield f"| {' | '.join(f'{f} tail' for f in TailForm)} |\n|{'---|' * len(TailForm)}"
    yield f"| {_percents([forms[f] / SPERM_COUNT for f in TailForm])} |"
    yield ""


def _faults() -> Iterator[str]:
    drawn = population()
    grades = drawn.expected @ np.arange(5)
    yield "## What is judged"
    yield (
        "The share of the population with a fault, in %: 1 is plain, 2 gross. Last comes the "
        "correlation of the fault with the panel's mean grade."
    )
    yield ""
    yield "| | weight | above 0.1 | above 0.5 | above 1 | correlation |\n|---|---|---|---|---|---|"
    for (name, weight), found in zip(CRITERIA, drawn.faults.T, strict=True):
        shares = _percents([(found > limit).mean() for limit in (0.1, 0.5, 1.0)], digits=0)
        r = float(np.corrcoef(found, grades)[0, 1])
        yield f"| {name} | {weight} | {shares} | {r:.2f} |"
    yield ""


def _pixels() -> Iterator[str]:
    yield "## What the faults measure"
    yield (
        f"In pixels of the demonstration network's input ({INPUT_UM_PER_PX} um). An outline that "
        f"deviates by less than {SEEN_UM / INPUT_UM_PER_PX:.2f} px is not judged, and nothing is "
        f"that lies further than {SEEN_WITHIN_UM / INPUT_UM_PER_PX:.0f} px from the head's centre."
    )
    yield ""
    yield "| fault | measured | least that occurs | plain | gross |\n|---|---|---|---|---|"
    for fault in ShapeFault:
        what, measure = _MEASURES[fault]
        sizes = [
            measure(with_fault(PERFECT, fault, size=s, side=1.0)) / INPUT_UM_PER_PX for s in SIZES
        ]
        yield f"| {fault} | {what} | {' | '.join(f'{s:.1f}' for s in sizes)} |"


def _off_outline(shape: SpermShape) -> float:
    perfect = replace(PERFECT, pyriform=0.0)
    return float(np.hypot(*(head_outline(shape) - head_outline(perfect)).T).max())


def _off_border(shape: SpermShape) -> float:
    borders = [acrosome_outline(s)[[0, -1], 0].mean() for s in (shape, PERFECT)]
    return abs(float(borders[0] - borders[1]))


def _off_line(shape: SpermShape) -> float:
    """How far the neck's end has moved, with a tail that does not beat."""
    still = replace(DEAD, beat_angle_rad=0.0)
    ends = []
    for one in (shape, PERFECT):
        line, neck_end = centreline(one, still, phase_rad=0.0)
        ends.append(line[neck_end])
    return math.dist(*ends)


_OUTLINE = ("furthest off the perfect outline", _off_outline)
_MEASURES: dict[ShapeFault, tuple[str, Callable[[SpermShape], float]]] = {
    ShapeFault.IRREGULAR: _OUTLINE,
    ShapeFault.ASYMMETRIC: _OUTLINE,
    ShapeFault.PYRIFORM: _OUTLINE,
    ShapeFault.ASPECT: _OUTLINE,
    ShapeFault.SIZE: _OUTLINE,
    ShapeFault.ACROSOME: ("border moved", _off_border),
    ShapeFault.VACUOLE: ("diameter", lambda s: 2 * s.vacuoles[-1].radius_um),
    ShapeFault.NECK_LENGTH: ("neck's end moved", _off_line),
    ShapeFault.NECK_WIDTH: ("width added", lambda s: s.neck_width_um - PERFECT.neck_width_um),
    ShapeFault.NECK_BEND: ("neck's end moved", _off_line),
    ShapeFault.DROPLET: ("diameter", lambda s: s.droplet_um),
}


def _percents(shares: object, *, digits: int = 1) -> str:
    return " | ".join(f"{100 * share:.{digits}f}" for share in np.asarray(shares, dtype=float))


if __name__ == "__main__":
    PAGE.write_text(page() + "\n", encoding="utf-8")
