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
from rostfine_core.simulation.morphology import BUMPS, SpermShape, TailForm
from rostfine_core.simulation.motion import Swimming, SwimmingKind

PANEL_SIZE = 40
PANEL_SEED = 40
NORMAL_AREA_UM2 = 11.2
NORMAL_ASPECT = 0.6
BUMPS_RMS = math.sqrt(sum(weight**2 for _, weight in BUMPS) / 2)

SEEN_UM = 0.05
"""What deviates less from a normal outline, about a quarter of a pixel, is not judged."""
SEEN_WITHIN_UM = 11.5
"""What lies further from the head's centre may lie outside a crop, and is not judged."""

CRITERIA = (
    ("outline", 1.55),
    ("proportion", 1.6),
    ("size", 1.3),
    ("acrosome", 1.25),
    ("vacuoles", 1.6),
    ("neck", 1.2),
    ("tail", 2.1),
    ("motion", 4.5),
)
"""What the experts judge, and the average weight they give it (FACTS, task and data)."""

CUTS = (0.35, 1.35, 2.7, 3.9)
"""The demerits at which the average expert's grade changes from A to B, ..., D to E.

One plain fault makes a C, one gross fault or two plain ones a D, a dead sperm an E.
"""
SATURATION = 4.0
"""Demerits of one criterion level off here, far above a gross fault (about 2)."""


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
    """Find the faults that a clip can show, by the experts' criteria (WHO, see FACTS)."""
    return Findings(
        outline=_outline_fault(shape),
        proportion=_over(abs(math.log(shape.aspect / NORMAL_ASPECT)), 0.09) / 0.2,
        size=_over(abs(math.log(shape.head_area_um2 / NORMAL_AREA_UM2)), 0.18) / 0.25,
        acrosome=max(0.39 - shape.acrosome_share, shape.acrosome_share - 0.71, 0.0) / 0.16,
        vacuoles=_over(shape.vacuole_share, 0.06) / 0.1 + 0.4 * max(len(shape.vacuoles) - 2, 0),
        neck=_neck_fault(shape),
        tail=_tail_fault(shape),
        motion=1 - motility(swimming),
    )


def motility(swimming: Swimming) -> float:
    """How well a sperm swims, from 0 (immotile) to 1 (fast and straight)."""
    if swimming.kind is SwimmingKind.IMMOTILE:
        return 0.0
    if swimming.kind is SwimmingKind.TWITCHING:
        return 0.2 + 0.3 * min(swimming.beat_angle_rad, 0.5)
    progress = 1 - math.exp(-swimming.speed_um_s / 5.0)
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

    An expert adds up weighted demerits (faults below the expert's threshold go unnoticed), adds
    normal noise and compares the sum with personal cuts.
    """
    panel = _panel()
    faults = np.array([getattr(findings, name) for name, _ in CRITERIA])
    noticed = np.maximum(faults - panel.thresholds, 0.0)
    demerits = (panel.weights * SATURATION * np.tanh(noticed / SATURATION)).sum(axis=1)
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
    bias = rng.normal(0, 0.36, (PANEL_SIZE, 1))
    stretch = np.exp(rng.normal(0, 0.08, (PANEL_SIZE, 1)))
    return _Panel(
        thresholds=np.clip(rng.normal(0.1, 0.06, size), 0.0, 0.3),
        weights=average * np.exp(rng.normal(0, 0.25, size)),
        cuts=np.array(CUTS) * stretch + bias,
        noise=rng.uniform(0.25, 0.5, PANEL_SIZE),
    )


def _over(value: float, unseen: float) -> float:
    return max(value - unseen, 0.0)


def _outline_fault(shape: SpermShape) -> float:
    half_width = shape.head_width_um / 2
    radius = math.sqrt(shape.head_length_um * shape.head_width_um) / 2
    bumps_um = BUMPS_RMS * shape.irregularity * radius
    # A bent or narrowed head deviates from the oval by up to half of these shares.
    bent_um, narrowed_um = (
        0.5 * half_width * abs(share) for share in (shape.asymmetry, shape.pyriform)
    )
    return math.hypot(
        _over(bumps_um, SEEN_UM) / 0.1,
        _over(bent_um, SEEN_UM) / 0.18,
        _over(narrowed_um, SEEN_UM) / 0.18,
    )


def _neck_fault(shape: SpermShape) -> float:
    length = _over(abs(math.log(shape.neck_length_um / shape.head_length_um)), 0.2) / 0.4
    width = _over(shape.neck_width_um - 0.8, 0.2) / 0.5
    bend = _over(abs(shape.neck_bend_rad), 0.12) / 0.5
    return math.hypot(length, width, bend, shape.droplet_um / 2.2)


def _tail_fault(shape: SpermShape) -> float:
    begin_um = 0.47 * shape.head_length_um + shape.neck_length_um
    if shape.tail_form in (TailForm.NORMAL, TailForm.SHORT):
        return 2.0 * _seen_inside(begin_um + shape.tail_length_um)
    seen = _seen_inside(begin_um + shape.tail_bend_at * shape.tail_length_um)
    if shape.tail_form is TailForm.COILED:
        return 2.0 * seen
    return (0.4 + 0.6 * min(abs(shape.tail_bend_rad), 2.4)) * seen


def _seen_inside(distance_um: float) -> float:
    """From 0 where the crop ends to 1 well inside."""
    return float(np.clip((SEEN_WITHIN_UM - distance_um) / 1.5, 0.0, 1.0))


def _normal_cdf(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 + 0.5 * _erf(value / math.sqrt(2)), dtype=np.float64)


_erf = np.vectorize(math.erf, otypes=[float])
