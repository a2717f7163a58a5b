"""How much of an error is the panel's noise, and what more votes for each clip would bring.

n experts who are drawn anew for a clip and vote with shares q give a label y with the error
q (1 - q) / n, so the squared error of a prediction p has two parts: E (p - y)^2 = (p - q)^2 +
q (1 - q) / n. The votes themselves tell the second without bias: y (1 - y) / (n - 1). Where the
same experts vote on every clip, q stands for all experts of their kind; asked again, the same ones
would differ by less.

Letters: N clips, 5 grades.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rostfine_core.training.metrics.metrics import Shares
from rostfine_core.training.metrics.reference_scores import draw_samples

PANELS = (10, 20, 40, 80)
"""The numbers of votes for which the error is told, beside an unlimited one."""


@dataclass(frozen=True, kw_only=True)
class VoteNoise:
    """The parts of an MSE over the clips with two votes or more, which alone tell their noise.

    ``noise`` is the labels' own error and ``rest`` what is left: the answers' distance to what
    unlimited votes would say, which chance can push below 0. ``single_vote`` is the error of a
    label of one vote: of n votes it is an n-th of that. ``worth`` is the number of votes whose mean
    is as near to unlimited votes as the answers are; infinite if ``rest`` is not above 0.
    ``intervals`` draw whole samples, and are empty with fewer than two.
    """

    clips: int
    left_out: int
    votes: tuple[int, int]
    mse: float
    noise: float
    rest: float
    single_vote: float
    intervals: Mapping[str, tuple[float, float]]

    @property
    def worth(self) -> float:
        """How many votes of the panel the answers are worth."""
        return _worth(self.single_vote, self.rest)

    def to_dict(self) -> dict[str, Any]:
        """The parts as plain containers for JSON, which has no infinity: None stands for it."""
        panels = {str(votes): self.expected_mse(votes) for votes in PANELS}
        intervals = {name: [_finite(end) for end in ends] for name, ends in self.intervals.items()}
        return asdict(self) | {
            "intervals": intervals,
            "worth": _finite(self.worth),
            "expected_mse": panels | {"unlimited": self.rest},
        }

    def expected_mse(self, votes: float) -> float:
        """The MSE of the same answers if each label had so many votes."""
        return self.rest + self.single_vote / votes


def vote_noise(
    prediction: Shares,
    votes: Sequence[tuple[int, ...]],
    *,
    samples: Sequence[str],
    repeats: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> VoteNoise | None:
    """Part the MSE of ``prediction`` (N, 5) against so many ``votes`` for each grade.

    None if no clip has two votes.
    """
    counts = np.array(votes, dtype=np.float64)
    totals = counts.sum(axis=1)
    known = np.flatnonzero(totals >= 2)
    if not len(known):
        return None
    label, n = counts[known] / totals[known, None], totals[known]
    errors = np.mean((prediction[known] - label) ** 2, axis=1)
    singles = np.mean(label * (1 - label), axis=1) * n / (n - 1)
    parts = np.stack([errors, singles / n, singles])
    own = [samples[i] for i in known.tolist()]
    mse, noise, single = parts.mean(axis=1).tolist()
    return VoteNoise(
        clips=len(known),
        left_out=len(totals) - len(known),
        votes=(int(n.min()), int(n.max())),
        mse=mse,
        noise=noise,
        rest=mse - noise,
        single_vote=single,
        intervals=_intervals(parts, own, repeats=repeats, level=level, seed=seed),
    )


def _intervals(
    parts: NDArray[np.float64], samples: Sequence[str], *, repeats: int, level: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of noise, rest and worth from the parts (3, N) of the clips."""
    drawn = [
        parts[:, clips].mean(axis=1) for clips in draw_samples(samples, repeats=repeats, seed=seed)
    ]
    if not drawn:
        return {}
    mse, noise, single = np.array(drawn).T
    worth = [_worth(one, rest) for one, rest in zip(single, mse - noise, strict=True)]
    tails = ((1 - level) / 2, (1 + level) / 2)
    return {
        name: _ends(values, tails)
        for name, values in (("noise", noise), ("rest", mse - noise), ("worth", worth))
    }


def _ends(
    values: Sequence[float] | NDArray[np.float64], tails: tuple[float, float]
) -> tuple[float, float]:
    """The values at these shares of all, which may be infinite: none is interpolated."""
    ordered = np.sort(values)
    low, high = (float(ordered[round(tail * (len(ordered) - 1))]) for tail in tails)
    return low, high


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _worth(single_vote: float, rest: float) -> float:
    return single_vote / rest if rest > 0 else math.inf


def vote_noise_lines(parts: VoteNoise) -> list[str]:
    """What more votes would bring, as Markdown."""
    least, most = parts.votes
    cast = f"{least}" if least == most else f"{least} to {most}"
    left_out = (
        f" {parts.left_out} clips with a single vote tell nothing of it and are left out here."
        if parts.left_out
        else ""
    )
    worth = "more votes than can be told" if math.isinf(parts.worth) else f"{parts.worth:.1f} votes"
    lines = [
        "## What more votes would bring",
        "",
        f"Each label here is the mean of {cast} votes, and so has an error of its own. Of the MSE "
        f"of {100 * parts.mse:.3f} (1e-2), {100 * parts.noise:.3f}{_shown(parts, 'noise', 100)} is "
        f"that of the labels, by how far the votes differ. The other "
        f"{100 * parts.rest:.3f}{_shown(parts, 'rest', 100)} is the model's distance to what "
        "unlimited votes of such experts would say: no panel, however large, brings the MSE of "
        f"these answers below it.{left_out}",
        "",
        f"To that the answers are as near as the mean of {worth}{_shown(parts, 'worth', 1)}.",
        "",
        "| votes for each clip | error of the label (1e-2) | MSE expected of the answers (1e-2) |",
        "|---|---|---|",
    ]
    for votes in (*PANELS, math.inf):
        name = "unlimited" if math.isinf(votes) else str(votes)
        error, mse = 100 * parts.single_vote / votes, 100 * parts.expected_mse(votes)
        lines.append(f"| {name} | {error:.3f} | {mse:.3f} |")
    lines += [
        "",
        "This is for experts drawn anew from the same kind, and for answers that stay as they are. "
        "What better labels bring in training is not in it: a learning curve (`rostfine compare`) "
        "tells it.",
    ]
    return lines


def _shown(parts: VoteNoise, name: str, factor: float) -> str:
    """An interval in brackets; empty without one."""
    if name not in parts.intervals:
        return ""
    low, high = (factor * end for end in parts.intervals[name])
    digits = 3 if factor > 1 else 1
    ends = [f"{end:.{digits}f}" if math.isfinite(end) else "unlimited" for end in (low, high)]
    return f" (95% interval {ends[0]} to {ends[1]})"
