"""The shape of one sperm in micrometres, and random normal and abnormal shapes.

The head frame has its origin at the head's centre, x forward (towards the acrosome) and y to the
side; the neck starts at the rear of the head and runs backwards.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

NORMAL_HEAD_LENGTH_UM = 4.8
NORMAL_ASPECT = 0.62
OUTLINE_POINTS = 72
LEAST_FAULT = 0.5
WORST_BURDEN = 3.6
"""How many plain faults a sperm of severity 1 has in all; one fault is at least ``LEAST_FAULT``."""
BUMPS = ((3, 1.0), (4, 0.8), (5, 0.6), (7, 0.35))
"""For irregular heads: the number of waves around the outline, and each one's weight."""


class TailForm(StrEnum):
    """The forms of a tail."""

    NORMAL = "normal"
    SHORT = "short"
    BENT = "bent"
    COILED = "coiled"


class ShapeFault(StrEnum):
    """The faults of head and neck that occur."""

    IRREGULAR = "irregular"
    ASYMMETRIC = "asymmetric"
    PYRIFORM = "pyriform"
    ASPECT = "aspect"
    SIZE = "size"
    ACROSOME = "acrosome"
    VACUOLE = "vacuole"
    NECK_LENGTH = "neck length"
    NECK_WIDTH = "neck width"
    NECK_BEND = "neck bend"
    DROPLET = "droplet"


@dataclass(frozen=True, kw_only=True)
class Vacuole:
    """A round hole in the head; its position is in shares of the half length and half width."""

    along: float
    across: float
    radius_um: float


@dataclass(frozen=True, kw_only=True)
class SpermShape:
    """One sperm's shape; shares are of the head, angles in radians.

    ``pyriform`` narrows the rear (positive) or the front (negative); ``asymmetry`` bends the head
    to one side; ``irregularity`` is the amplitude of bumps on the outline; ``acrosome_share`` is
    the part of the head's area that the acrosome covers. ``tail_bend_at`` is the share of the
    tail's length at which it bends or begins to coil. ``droplet_um`` is the diameter of the
    cytoplasmic droplet at the neck, 0 for none.
    """

    head_length_um: float
    head_width_um: float
    pyriform: float = 0.0
    asymmetry: float = 0.0
    irregularity: float = 0.0
    irregularity_phases: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0)
    acrosome_share: float = 0.55
    vacuoles: tuple[Vacuole, ...] = ()
    neck_length_um: float = 4.6
    neck_width_um: float = 0.8
    neck_bend_rad: float = 0.0
    tail_length_um: float = 45.0
    tail_width_um: float = 0.55
    tail_form: TailForm = TailForm.NORMAL
    tail_bend_rad: float = 0.0
    tail_bend_at: float = 0.3
    droplet_um: float = 0.0

    @property
    def aspect(self) -> float:
        """Head width over head length (about 3:5 in a normal head)."""
        return self.head_width_um / self.head_length_um

    @property
    def head_area_um2(self) -> float:
        """The area of the head's outline."""
        x, y = head_outline(self).T
        inner = np.dot(x[:-1], y[1:]) - np.dot(y[:-1], x[1:])
        return 0.5 * abs(float(inner + x[-1] * y[0] - y[-1] * x[0]))

    @property
    def vacuole_share(self) -> float:
        """The part of the head's area that vacuoles cover."""
        return sum(math.pi * v.radius_um**2 for v in self.vacuoles) / self.head_area_um2


@lru_cache(maxsize=64)
def head_outline(shape: SpermShape, *, half_angle_rad: float = math.pi) -> NDArray[np.float64]:
    """The head's outline (N, 2) in um, to ``half_angle_rad`` on both sides of the front."""
    whole = half_angle_rad >= math.pi
    angle = np.linspace(-half_angle_rad, half_angle_rad, OUTLINE_POINTS, endpoint=not whole)
    along, across = np.cos(angle), np.sin(angle)
    bumps = sum(
        weight * np.sin(waves * angle + phase)
        for (waves, weight), phase in zip(BUMPS, shape.irregularity_phases, strict=True)
    )
    radial = 1 + shape.irregularity * bumps
    x = 0.5 * shape.head_length_um * along * radial
    y = 0.5 * shape.head_width_um * radial * across * (1 + shape.pyriform * along)
    return np.stack([x, y + 0.5 * shape.head_width_um * shape.asymmetry * (along**2 - 0.4)], axis=1)


@lru_cache(maxsize=256)
def acrosome_outline(shape: SpermShape, *, grown: float = 0.0) -> NDArray[np.float64]:
    """The front cap of the head that covers ``acrosome_share`` + ``grown`` of it; (N, 2) um."""
    cut = np.linspace(-1, 1, 201)
    shares = (np.arccos(cut) - cut * np.sqrt(1 - cut**2)) / math.pi
    at = float(
        np.interp(np.clip(shape.acrosome_share + grown, 0.01, 0.99), shares[::-1], cut[::-1])
    )
    return head_outline(shape, half_angle_rad=math.acos(at) * 0.9999)


def sample_shape(
    rng: np.random.Generator,
    *,
    severity: float | None = None,
    tail_form: TailForm = TailForm.NORMAL,
) -> SpermShape:
    """Draw a random shape; ``severity`` 0 is normal, 1 grossly abnormal in head or neck.

    A shape has a few faults, each large enough to be seen in a clip, rather than traces of all.
    Without ``severity`` it is drawn too.
    """
    shape = _normal_shape(rng)
    level = sample_severity(rng) if severity is None else severity
    for fault, size in _draw_faults(rng, level):
        shape = with_fault(shape, fault, size=size, side=_sign(rng))
    return _with_tail(shape, tail_form, rng)


def sample_severity(rng: np.random.Generator) -> float:
    """Draw how abnormal a sperm of the population is, from 0 to 1, rarely close to 1."""
    return float(rng.beta(3.2, 5.0))


def with_fault(shape: SpermShape, fault: ShapeFault, *, size: float, side: float) -> SpermShape:
    """Give a normal shape a fault; ``size`` 1 is plain, 2 gross, and below 0.3 it is hardly seen.

    ``side`` (1 or -1) chooses between left and right, too large and too small.
    """
    match fault:
        case ShapeFault.IRREGULAR:
            return replace(shape, irregularity=0.026 + 0.051 * size)
        case ShapeFault.ASYMMETRIC:
            return replace(shape, asymmetry=side * (0.07 + 0.25 * size))
        case ShapeFault.PYRIFORM:
            return replace(shape, pyriform=0.07 + 0.25 * size)
        case ShapeFault.ASPECT:
            aspect = shape.aspect * math.exp(side * (0.09 + 0.2 * size))
            return replace(
                shape, head_width_um=shape.head_length_um * float(np.clip(aspect, 0.34, 1))
            )
        case ShapeFault.SIZE:
            grown = math.exp(side * (0.09 + 0.125 * size))
            length, width = shape.head_length_um * grown, shape.head_width_um * grown
            return replace(shape, head_length_um=length, head_width_um=width)
        case ShapeFault.ACROSOME:
            share = 0.55 + side * 0.16 * (1 + size)
            return replace(shape, acrosome_share=float(np.clip(share, 0.05, 0.92)))
        case ShapeFault.VACUOLE:
            radius = math.sqrt((0.06 + 0.1 * size) * shape.head_area_um2 / math.pi)
            hole = Vacuole(along=0.15, across=0.1 * side, radius_um=radius)
            return replace(shape, vacuoles=(*shape.vacuoles, hole))
        case ShapeFault.NECK_LENGTH:
            return replace(
                shape, neck_length_um=shape.neck_length_um * math.exp(side * (0.2 + 0.4 * size))
            )
        case ShapeFault.NECK_WIDTH:
            return replace(shape, neck_width_um=1.0 + 0.5 * size)
        case ShapeFault.NECK_BEND:
            return replace(shape, neck_bend_rad=side * (0.12 + 0.5 * size))
        case ShapeFault.DROPLET:
            return replace(shape, droplet_um=0.6 + 1.6 * size)


def _normal_shape(rng: np.random.Generator) -> SpermShape:
    length = NORMAL_HEAD_LENGTH_UM * math.exp(rng.normal(0, 0.03))
    width = length * NORMAL_ASPECT * math.exp(rng.normal(0, 0.03))
    return SpermShape(
        head_length_um=length,
        head_width_um=width,
        pyriform=rng.normal(0.04, 0.02),
        asymmetry=rng.normal(0, 0.02),
        irregularity=abs(rng.normal(0, 0.006)),
        irregularity_phases=tuple(rng.uniform(0, 2 * math.pi, len(BUMPS)).tolist()),
        acrosome_share=rng.normal(0.55, 0.04),
        vacuoles=_small_vacuoles(rng, head_width_um=width),
        neck_length_um=length * math.exp(rng.normal(0, 0.06)),
        neck_width_um=0.8 * math.exp(rng.normal(0, 0.06)),
        neck_bend_rad=rng.normal(0, 0.04),
        tail_length_um=rng.uniform(40.0, 50.0),
        tail_width_um=0.55 * math.exp(rng.normal(0, 0.1)),
    )


def _draw_faults(rng: np.random.Generator, severity: float) -> list[tuple[ShapeFault, float]]:
    """Divide a burden, larger with ``severity``, among a few faults of at least ``LEAST_FAULT``."""
    burden = WORST_BURDEN * severity
    most = int(min(burden / LEAST_FAULT, 4))
    if most == 0:
        return []
    count = int(rng.integers(1, most + 1))
    faults = rng.choice(np.array(list(ShapeFault)), count, replace=False)
    spare = (burden - count * LEAST_FAULT) * rng.dirichlet(np.ones(count))
    return [(ShapeFault(f), min(LEAST_FAULT + s, 2.2)) for f, s in zip(faults, spare, strict=True)]


def _small_vacuoles(rng: np.random.Generator, *, head_width_um: float) -> tuple[Vacuole, ...]:
    return tuple(
        Vacuole(
            along=rng.uniform(-0.45, 0.6),
            across=rng.uniform(-0.4, 0.4),
            radius_um=rng.uniform(0.2, 0.3) * head_width_um / 2,
        )
        for _ in range(min(int(rng.poisson(0.35)), 2))
    )


def _with_tail(shape: SpermShape, form: TailForm, rng: np.random.Generator) -> SpermShape:
    """Give the tail a form whose fault lies near the head, where a clip shows it."""
    shape = replace(shape, tail_form=form, tail_bend_at=rng.uniform(0.0, 0.03))
    if form is TailForm.SHORT:
        return replace(shape, tail_length_um=rng.uniform(0.5, 3.0))
    if form is TailForm.BENT:
        return replace(shape, tail_bend_rad=_sign(rng) * rng.uniform(1.0, 2.4))
    return shape


def _sign(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0
