"""How a model answers: from which views of a clip, calibrated how, and with which ranges.

A model file says it in the optional table ``answering``; a model without one answers with what its
network says of the clip as it is. Letters: N clips, V views, 5 grades.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import AnswerMode, Grade

Floats = NDArray[np.float64]
Scale = Literal["none", "views", "votes"]
Method = Literal["temperature", "dirichlet"]
GRADES = len(Grade)
ORIENTATIONS = (1, 2, 4, 8)
SEEN = "samples_seen"
SMALLEST_SHARE = 1e-7
"""Shares below this count as this where their logarithm is taken."""


@dataclass(frozen=True, kw_only=True)
class Views:
    """The views of a clip of which the mean is taken, every orientation of every frame subset.

    Args:
        orientations: 1 (the clip as it is), 2 (left to right too), 4 (all its mirror images: also
            top to bottom, and both) or 8 (all quarter turns of the clip and of its mirror image).
        frame_subsets: 1 (the frames that the network was trained on) or more: so many interleaved
            choices of frames, see ``Preprocessing.frame_subsets``.

    Raises:
        ValueError: a number is none of these.
    """

    orientations: int = 1
    frame_subsets: int = 1

    def __post_init__(self) -> None:
        """Refuse numbers of views that there are none of."""
        for name in ("orientations", "frame_subsets"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number above 0, got {value!r}")
        if self.orientations not in ORIENTATIONS:
            raise ValueError(f"orientations must be one of {ORIENTATIONS}, got {self.orientations}")

    @property
    def count(self) -> int:
        """How many views there are."""
        return self.orientations * self.frame_subsets


@dataclass(frozen=True, kw_only=True)
class VoteCalibration:
    """A map of distributions: ``softmax(weights @ log(shares) + bias)``.

    Temperature scaling has the weights 1/T on the diagonal alone and no bias; Dirichlet calibration
    (Kull et al. 2019, "Beyond temperature scaling", Eq. 4, linear form) has all of them.
    ``clips`` and ``samples`` count what it was fitted on.

    Raises:
        ValueError: the numbers are not finite, or not 5 x 5 and 5.
    """

    method: Method
    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]
    clips: int
    samples: int

    def __post_init__(self) -> None:
        """Refuse what is no map of five shares to five."""
        if self.method not in get_args(Method):
            raise ValueError(f"the method must be one of {get_args(Method)}, got {self.method!r}")
        _check_numbers("weights", self.weights, shape=(GRADES, GRADES))
        _check_numbers("bias", self.bias, shape=(GRADES,))
        _check_counts(self.clips, self.samples)

    @classmethod
    def of_temperature(cls, temperature: float, *, clips: int, samples: int) -> "VoteCalibration":
        """Shares to the power of 1/T: above 1 flatter, below 1 sharper."""
        weights = tuple(map(tuple, (np.eye(GRADES) / temperature).tolist()))
        bias = (0.0,) * GRADES
        return cls(method="temperature", weights=weights, bias=bias, clips=clips, samples=samples)

    @property
    def temperature(self) -> float | None:
        """The temperature; None for Dirichlet calibration."""
        return 1 / self.weights[0][0] if self.method == "temperature" else None

    def apply(self, shares: Floats) -> Floats:
        """Calibrate distributions (..., 5)."""
        logs = np.log(np.maximum(shares, SMALLEST_SHARE))
        return softmax(logs @ np.array(self.weights).T + np.array(self.bias))


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """How far a panel's shares lie from the answer: conformal ranges for each share by itself.

    A range is share +- ``radii`` x scale, cut at 0 and 1. The scale is 1 (``none``), the standard
    deviation of the share over the views (``views``) or that of a vote, sqrt(p(1 - p))
    (``votes``), the last two plus ``floors``. ``clips`` and ``samples`` count what it was
    measured on; of so many samples, a range holds for a clip of a further one with at least the
    probability ``coverage``.

    Raises:
        ValueError: a number is out of range.
    """

    coverage: float
    scale: Scale
    radii: tuple[float, ...]
    floors: tuple[float, ...]
    clips: int
    samples: int

    def __post_init__(self) -> None:
        """Refuse ranges that nothing can be made of."""
        if self.scale not in get_args(Scale):
            raise ValueError(f"the scale must be one of {get_args(Scale)}, got {self.scale!r}")
        _check_numbers("coverage", self.coverage, shape=(), above=0, below=1)
        _check_numbers("radii", self.radii, shape=(GRADES,), above=-1e-12)
        _check_numbers("floors", self.floors, shape=(GRADES,), above=-1e-12)
        _check_counts(self.clips, self.samples)

    def around(self, shares: Floats, deviations: Floats) -> Floats:
        """The lowest and highest of each share: (N, 5, 2) for (N, 5) and what the views differ."""
        reach = np.array(self.radii) * scales(self.scale, shares, deviations, np.array(self.floors))
        return np.stack((shares - reach, shares + reach), axis=-1).clip(0, 1)


def scales(scale: Scale, shares: Floats, deviations: Floats, floors: Floats) -> Floats:
    """By what distances between votes and answers are divided, (N, 5); see ``Ranges``."""
    if scale == "none":
        return np.ones_like(shares)
    return floors + (deviations if scale == "views" else np.sqrt(shares * (1 - shares)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What a model says of N clips.

    ``shares`` (N, 5) are the answer, ``uncalibrated`` (N, 5) the same before a calibration, or
    None without one; ``views`` (N, V, 5) the answers for each view; ``ranges`` (N, 5, 2) or None.
    """

    shares: Floats
    views: Floats
    uncalibrated: Floats | None = None
    ranges: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class Answering:
    """What a model file says about how to answer.

    ``samples_seen`` are the fingerprints of the samples that calibration or ranges were fitted on:
    scores on them would look too good.
    """

    views: Views = field(default_factory=Views)
    calibration: VoteCalibration | None = None
    ranges: Ranges | None = None
    samples_seen: tuple[str, ...] = ()

    def answer(self, views: Floats) -> Answer:
        """Make the answer of the network's shares for each view, (N, V, 5)."""
        mean: Floats = views.mean(axis=1)
        shares, uncalibrated = mean, None
        if self.calibration is not None:
            shares, uncalibrated = self.calibration.apply(mean), mean
            views = self.calibration.apply(views)
        ranges = None
        if self.ranges is not None:
            ranges = self.ranges.around(shares, deviations_of(views))
        return Answer(shares=shares, views=views, uncalibrated=uncalibrated, ranges=ranges)

    def reduced(self, mode: AnswerMode) -> "Answering":
        """What is left in a mode.

        Calibration and ranges were fitted to the mean of the views, and the ranges to calibrated
        shares: they go where that goes.
        """
        if mode is AnswerMode.SINGLE_VIEW:
            return Answering()
        if mode is AnswerMode.UNCALIBRATED:
            return replace(self, calibration=None, ranges=None)
        return self

    def to_dict(self) -> dict[str, Any]:
        """The table of the model file."""
        return asdict(self)

    def to_json(self) -> str:
        """What results keep of it, as JSON text with sorted names; empty if it asks for nothing."""
        if self == Answering():
            return ""
        return json.dumps(
            {k: v for k, v in self.to_dict().items() if v and k != SEEN}, sort_keys=True
        )

    @classmethod
    def from_dict(cls, table: object) -> "Answering":
        """Read the table of a model file; None is that of a file without one.

        Raises:
            ValueError: it is not a table, has an unknown name or a bad value: an answer that
                leaves out what it does not know would be another answer.
        """
        if table is None:
            return cls()
        values = _table("answering", table, cls)
        parts: dict[str, Any] = {
            SEEN: tuple(map(str, values.get(SEEN, ()))),
        }
        if "views" in values:
            parts["views"] = Views(**_table("views", values["views"], Views))
        for name, kind in (("calibration", VoteCalibration), ("ranges", Ranges)):
            if values.get(name) is not None:
                numbers: dict[str, Any] = dict(_table(name, values[name], kind))
                parts[name] = kind(**{n: _tuples(v) for n, v in numbers.items()})
        return cls(**parts)


def deviations_of(views: Floats) -> Floats:
    """The standard deviation of each share over the views: (N, V, 5) -> (N, 5); 0 for one view."""
    found: Floats = views.std(axis=1, ddof=min(1, views.shape[1] - 1))
    return found


def softmax(logits: Floats) -> Floats:
    """Distributions of logits, both (..., 5)."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _table(name: str, values: object, kind: type) -> Mapping[str, Any]:
    if not isinstance(values, dict):
        raise ValueError(f"{name} is a table of names and values, got {values!r:.80}")
    known = kind.__dataclass_fields__  # type: ignore[attr-defined]  # all are dataclasses
    unknown = sorted(str(n) for n in values.keys() - known.keys())
    missing = [n for n in known if n not in values and kind in (VoteCalibration, Ranges)]
    if unknown or missing:
        raise ValueError(f"{name} has unknown ({unknown}) or lacks ({missing}) names")
    return values


def _tuples(value: Any) -> Any:  # noqa: ANN401  # JSON
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _check_numbers(
    name: str,
    values: object,
    *,
    shape: tuple[int, ...],
    above: float = -math.inf,
    below: float = math.inf,
) -> None:
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, got {values!r:.80}") from error
    is_right = numbers.shape == shape and np.isfinite(numbers).all()
    if not (is_right and (numbers > above).all() and (numbers < below).all()):
        raise ValueError(f"{name} must be finite numbers of shape {shape}, got {values!r:.80}")


def _check_counts(*counts: object) -> None:
    if not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in counts):
        raise ValueError(f"counts must be whole numbers above 0, got {counts}")
