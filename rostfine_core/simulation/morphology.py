"""The shape of one sperm in micrometres, and random normal and abnormal shapes.

The head frame has its origin at the head's centre, x forward (towards the acrosome) and y to the
side; the neck starts at the rear of the head and runs backwards.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

NORMAL_HEAD_LENGTH_UM = 4.8
NORMAL_ASPECT = 0.62
OUTLINE_POINTS = 72
BUMPS = ((3, 1.0), (4, 0.8), (5, 0.6), (7, 0.35))
"""For irregular heads: the number of waves around the outline, and each one's weight."""


class TailForm(StrEnum):
    """The forms of a tail."""

    NORMAL = "normal"
    SHORT = "short"
    BENT = "bent"
    COILED = "coiled"


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
        return 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))

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


def sample_shape(rng: np.random.Generator, *, severity: float | None = None) -> SpermShape:
    """Draw a random shape; ``severity`` 0 is normal, 1 grossly abnormal.

    Without ``severity`` it comes from a population of mostly good and mildly abnormal sperm, like
    the promising ones that an embryologist picks out. Defects occur independently, more often and
    more strongly with higher severity.
    """
    level = sample_severity(rng) if severity is None else severity
    length = NORMAL_HEAD_LENGTH_UM * math.exp(rng.normal(0, 0.05 + 0.1 * level))
    aspect = NORMAL_ASPECT * math.exp(rng.normal(0, 0.05) + _defect(rng, level, scale=0.28))
    width = length * float(np.clip(aspect, 0.32, 1.02))
    form = _tail_form(rng, level)
    return SpermShape(
        head_length_um=length,
        head_width_um=width,
        pyriform=rng.normal(0.06, 0.05) + abs(_defect(rng, level, scale=0.3)),
        asymmetry=rng.normal(0, 0.03) + _defect(rng, level, scale=0.3),
        irregularity=abs(rng.normal(0, 0.006)) + abs(_defect(rng, level, scale=0.042)),
        irregularity_phases=tuple(rng.uniform(0, 2 * math.pi, len(BUMPS)).tolist()),
        acrosome_share=float(
            np.clip(rng.normal(0.55, 0.06) + _defect(rng, level, scale=0.25), 0.05, 0.9)
        ),
        vacuoles=_vacuoles(rng, level, head_width_um=width),
        neck_length_um=length * math.exp(rng.normal(0, 0.1) + _defect(rng, level, scale=0.4)),
        neck_width_um=0.8 * math.exp(rng.normal(0, 0.08) + abs(_defect(rng, level, scale=0.5))),
        neck_bend_rad=rng.normal(0, 0.07) + _defect(rng, level, scale=0.8),
        tail_length_um=_tail_length(rng, form),
        tail_width_um=0.55 * math.exp(rng.normal(0, 0.1)),
        tail_form=form,
        tail_bend_rad=_sign(rng) * rng.uniform(0.8, 2.4) if form is TailForm.BENT else 0.0,
        tail_bend_at=rng.uniform(0.0, 0.08 if form is TailForm.COILED else 0.2),
        droplet_um=rng.uniform(1.2, 3.0) if rng.random() < 0.02 + 0.25 * level**2 else 0.0,
    )


def sample_severity(rng: np.random.Generator) -> float:
    """Draw how abnormal a sperm of the population is, from 0 to 1, rarely close to 1."""
    return float(rng.beta(0.9, 1.5))


def _sign(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0


def _defect(rng: np.random.Generator, severity: float, *, scale: float) -> float:
    """A signed deviation, mostly absent in good sperm, that grows with severity."""
    present = rng.random() < 0.05 + 0.93 * severity
    size = scale * (0.15 + 1.45 * severity) * rng.uniform(0.75, 1.25)
    return _sign(rng) * size if present else 0.0


def _vacuoles(
    rng: np.random.Generator, severity: float, *, head_width_um: float
) -> tuple[Vacuole, ...]:
    large = rng.random() < 0.02 + 0.9 * severity
    small = int(rng.poisson(0.25 + 0.8 * severity))
    radii = [rng.uniform(0.2, 0.38) * head_width_um / 2 for _ in range(min(small, 5))]
    if large:
        radii.append((0.35 + 0.3 * severity * rng.uniform(0.5, 1.0)) * head_width_um / 2)
    return tuple(
        Vacuole(along=rng.uniform(-0.45, 0.6), across=rng.uniform(-0.4, 0.4), radius_um=radius)
        for radius in radii
    )


def _tail_form(rng: np.random.Generator, severity: float) -> TailForm:
    if rng.random() > 0.02 + 0.3 * severity**2:
        return TailForm.NORMAL
    return (TailForm.SHORT, TailForm.BENT, TailForm.COILED)[rng.integers(3)]


def _tail_length(rng: np.random.Generator, form: TailForm) -> float:
    if form is TailForm.SHORT:
        return float(rng.uniform(2.0, 11.0))
    return float(rng.uniform(40.0, 50.0))
