"""A panel of 40 simulated experts who grade a sperm's shape and motion from A to E.

All experts judge the same findings, but each has different thresholds, weights, bias and
consistency, so that the panel disagrees as real panels do.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import GradeDistribution
from rostfine_core.simulation.morphology import SpermShape, TailForm
from rostfine_core.simulation.motion import Swimming, SwimmingKind

PANEL_SIZE = 40
PANEL_SEED = 40
NORMAL_AREA_UM2 = 11.2
NORMAL_ASPECT = 0.6

CRITERIA = (
    ("outline", 0.9),
    ("proportion", 0.7),
    ("size", 0.35),
    ("acrosome", 0.45),
    ("vacuoles", 0.7),
    ("neck", 0.7),
    ("tail", 1.5),
    ("motion", 1.9),
)
"""What the experts judge, and the average weight they give it (FACTS, task and data)."""

CUTS = (0.247, 1.299, 5.507, 6.493)
"""The demerits at which the average expert's grade changes from A to B, ..., D to E."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """How far a sperm is from the ideal in each criterion: 0 is ideal, 1 and above plainly bad."""

    outline: float
    proportion: float
    size: float
    acrosome: float
    vacuoles: float
    neck: float
    tail: float
    motion: float


def find_faults(shape: SpermShape, swimming: Swimming) -> Findings:
    """Find a sperm's faults by the experts' criteria."""
    return Findings(
        outline=math.hypot(
            shape.irregularity / 0.035,
            shape.asymmetry / 0.3,
            max(abs(shape.pyriform) - 0.05, 0) / 0.3,
        ),
        proportion=abs(math.log(shape.aspect / NORMAL_ASPECT)) / 0.28,
        size=abs(math.log(shape.head_area_um2 / NORMAL_AREA_UM2)) / 0.4,
        acrosome=max(0.4 - shape.acrosome_share, shape.acrosome_share - 0.7, 0.0) / 0.2,
        vacuoles=shape.vacuole_share / 0.13 + 0.4 * max(len(shape.vacuoles) - 2, 0),
        neck=_neck_fault(shape),
        tail=_tail_fault(shape),
        motion=1 - motility(swimming),
    )


def motility(swimming: Swimming) -> float:
    """How well a sperm swims, from 0 (immotile) to 1 (fast and straight)."""
    if swimming.kind is SwimmingKind.IMMOTILE:
        return 0.0
    if swimming.kind is SwimmingKind.TWITCHING:
        return 0.08 + 0.2 * min(swimming.beat_angle_rad, 0.5)
    progress = 1 - math.exp(-swimming.speed_um_s / 7.0)
    if swimming.kind is SwimmingKind.CIRCLING:
        progress *= 0.6
    return 0.2 + 0.8 * progress


def expected_votes(findings: Findings) -> GradeDistribution:
    """The exact expected vote of the panel: the average of the experts' probabilities."""
    shares = expert_probabilities(findings).mean(axis=0)
    return GradeDistribution(tuple((shares / shares.sum()).tolist()))


def cast_votes(findings: Findings, rng: np.random.Generator) -> tuple[int, int, int, int, int]:
    """Draw one vote of the panel: how many of the 40 experts vote A, B, C, D and E."""
    below = np.cumsum(expert_probabilities(findings), axis=1)[:, :-1]
    grades = (rng.random((PANEL_SIZE, 1)) > below).sum(axis=1)
    a, b, c, d, e = np.bincount(grades, minlength=5).tolist()
    return (a, b, c, d, e)


def expert_probabilities(findings: Findings) -> NDArray[np.float64]:
    """Each expert's probabilities of the five grades, (40, 5), rows sum to 1.

    An expert adds up weighted demerits (faults below the expert's threshold go unnoticed, gross
    ones saturate), adds normal noise and compares the sum with personal cuts.
    """
    panel = _panel()
    faults = np.array([getattr(findings, name) for name, _ in CRITERIA])
    noticed = np.maximum(faults - panel.thresholds, 0.0)
    demerits = (panel.weights * 1.5 * np.tanh(noticed / 1.5)).sum(axis=1)
    above = _normal_cdf((panel.cuts - demerits[:, None]) / panel.noise[:, None])
    edges = np.concatenate([np.zeros((PANEL_SIZE, 1)), above, np.ones((PANEL_SIZE, 1))], axis=1)
    return np.asarray(np.diff(edges, axis=1))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Panel:
    """``thresholds`` and ``weights`` (40, criteria), ``cuts`` (40, 4), ``noise`` (40)."""

    thresholds: NDArray[np.float64]
    weights: NDArray[np.float64]
    cuts: NDArray[np.float64]
    noise: NDArray[np.float64]


@lru_cache(maxsize=1)
def _panel() -> _Panel:
    rng = np.random.default_rng(PANEL_SEED)
    average = np.array([weight for _, weight in CRITERIA])
    size = (PANEL_SIZE, len(CRITERIA))
    bias = rng.normal(0, 0.45, (PANEL_SIZE, 1))
    stretch = np.exp(rng.normal(0, 0.08, (PANEL_SIZE, 1)))
    return _Panel(
        thresholds=np.clip(rng.normal(0.2, 0.1, size), 0.0, 0.5),
        weights=average * np.exp(rng.normal(0, 0.25, size)),
        cuts=np.array(CUTS) * stretch + bias,
        noise=rng.uniform(0.3, 0.6, PANEL_SIZE),
    )


def _neck_fault(shape: SpermShape) -> float:
    length = abs(math.log(shape.neck_length_um / shape.head_length_um)) / 0.6
    width = max(shape.neck_width_um - 0.9, 0.0) / 0.6
    bend = abs(shape.neck_bend_rad) / 0.7
    droplet = shape.droplet_um / 2.5
    return math.hypot(length, width, bend, droplet)


def _tail_fault(shape: SpermShape) -> float:
    if shape.tail_form is TailForm.COILED:
        return 1.3
    if shape.tail_form is TailForm.BENT:
        return 0.3 + 0.4 * min(abs(shape.tail_bend_rad), 2.0)
    return float(np.clip((36 - shape.tail_length_um) / 22, 0.0, 1.5))


def _normal_cdf(value: NDArray[np.float64]) -> NDArray[np.float64]:
    # Abramowitz & Stegun 7.1.26 (error below 1e-7), as numpy has no error function.
    x = np.abs(value) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * x)
    terms = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
    series = sum(c * t ** (n + 1) for n, c in enumerate(terms))
    half = 0.5 * (1 - series * np.exp(-(x**2)))
    return np.asarray(0.5 + np.sign(value) * half)
