"""The result of an evaluation: its record, and its table as Markdown."""

from dataclasses import asdict, dataclass
from typing import Any

from rostfine_core.domain import AnswerMode
from rostfine_core.training.evaluation.provenance import DIGITS, EvaluationProvenance
from rostfine_core.training.evaluation.sureness import Sureness
from rostfine_core.training.metrics.cautions import TIE_RULE, Notes, sentences
from rostfine_core.training.metrics.metrics import Metrics
from rostfine_core.training.metrics.reference_scores import ReferenceScores, knowable_share
from rostfine_core.training.metrics.vote_noise import VoteNoise, vote_noise_lines

INTERVALS = (
    " Intervals draw whole samples with replacement; that of the calibration error is slightly too "
    "high, since the randomness of each draw adds to the error."
)

MEAN_OF_CLIPS = (
    "The mean answer is that of these clips, since the model does not state that of its training."
)
TIES = (
    f"BA n is the balanced accuracy of the n-th most selected grade. {TIE_RULE} With any tied "
    "grade right, each of m tied grades is accepted, and the clip counts by 1/m in the recall of "
    "each."
)


@dataclass(frozen=True, kw_only=True)
class EvaluationResult:
    """A model's scores on one data set, with 95% ``intervals`` from draws of whole samples.

    ``model`` is the folder and name of a file, or the name of a folder of several. ``differences``
    are intervals of model minus mean answer. ``mean_entropy_bits`` is the disagreement that the
    predictions expect of the panel. ``mean_spread`` is the model's own uncertainty: the standard
    deviation of the expected grade over an ensemble's members, at the fitted temperature if there
    is one, averaged over clips (None for a single model). ``confusion`` counts clips by most
    selected grade (rows: panel, columns: model). ``notes`` must accompany the scores in every form
    of the result. ``vote_noise`` parts the MSE; None if no clip has two votes. ``sureness`` is what
    views, calibration and ranges brought; None if the model has none.
    """

    model: str
    dataset: str
    clips: int
    samples: int
    members: int
    metrics: Metrics
    intervals: dict[str, tuple[float, float]]
    differences: dict[str, tuple[float, float]]
    reference_scores: ReferenceScores
    mean_entropy_bits: float
    mean_spread: float | None
    confusion: tuple[tuple[int, ...], ...]
    notes: Notes
    provenance: EvaluationProvenance
    temperature: float | None = None
    vote_noise: VoteNoise | None = None
    sureness: Sureness | None = None

    @property
    def title(self) -> str:
        """What was scored on what; a file's checksum distinguishes runs of the same name."""
        (first, *others) = self.provenance.models
        of = f"{self.members} models" if others else f"sha256 {first.sha256[:DIGITS]}"
        return f"{self.model} ({of}) on {self.dataset}"

    @property
    def knowable_share(self) -> float | None:
        """0: as good as the mean answer; 1: as good as possible; None: unknown."""
        return knowable_share(self.metrics, self.reference_scores)

    @property
    def spread_of(self) -> str | None:
        """What ``mean_spread`` refers to, in words."""
        if self.mean_spread is None:
            return None
        heat = "" if self.temperature is None else ", each after the temperature"
        return f"expected grades of the {self.members} members{heat}"

    @property
    def summary(self) -> str:
        """The result as Markdown, for the command line and the file."""
        return evaluation_markdown(self)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain containers for JSON."""
        return {
            "notes": list(sentences(self.notes)),
            "provenance": asdict(self.provenance),
            "model": self.model,
            "dataset": self.dataset,
            "clips": self.clips,
            "samples": self.samples,
            "ensemble_members": self.members,
            "flips": self.provenance.flips,
            "temperature": self.temperature,
            "mean_entropy_bits": self.mean_entropy_bits,
            "mean_spread_grades": self.mean_spread,
            "mean_spread_of": self.spread_of,
            "sureness": None if self.sureness is None else asdict(self.sureness),
            "metrics": self.metrics.scalars(),
            "intervals_95": {k: list(v) for k, v in self.intervals.items()},
            "differences_from_mean_answer_95": {k: list(v) for k, v in self.differences.items()},
            "yardsticks": asdict(self.reference_scores),
            "knowable_share": self.knowable_share,
            "confusion_most_selected": self.confusion,
            "vote_noise": None if self.vote_noise is None else self.vote_noise.to_dict(),
        }


HIGHER_IS_BETTER = ("balanced_accuracy_1",)
SHOWN_METRICS = (
    ("mse", "MSE (1e-2)", 100),
    ("js", "JS (1e-2)", 100),
    *((f"balanced_accuracy_{n}", f"BA {n} (%)", 100) for n in range(1, 6)),
    ("balanced_accuracy_mean", "BA mean (%)", 100),
    *(
        (f"balanced_accuracy_any_tied_{n}", f"BA {n}, any tied grade right (%)", 100)
        for n in range(1, 6)
    ),
    ("balanced_accuracy_any_tied_mean", "BA mean, any tied grade right (%)", 100),
    ("earth_movers_distance", "Earth mover's distance (grades)", 1),
    ("expected_grade_error", "Error of the expected grade (grades)", 1),
    ("rank_correlation", "Rank correlation", 1),
    ("ece_p_a_or_b", "Calibration error of P(A or B) (%)", 100),
)


def evaluation_markdown(result: EvaluationResult) -> str:
    """The result as a table: model with intervals, mean answer, best possible."""
    best = result.reference_scores.best_possible
    columns = [result.metrics, result.reference_scores.mean_answer, *([best] if best else [])]
    heads = ["metric", "model", "95% interval", "mean answer", *(["best knowable"] if best else [])]
    lines = [
        f"# {result.title}",
        "",
        *(line for note in sentences(result.notes) for line in (f"> {note}", "")),
        f"{result.clips} clips of {result.samples} samples; {result.members} model(s)."
        + (INTERVALS if result.intervals else "")
        + _treatment(result),
        "",
        *([] if result.reference_scores.mean_is_of_training else [MEAN_OF_CLIPS, ""]),
        f"| {' | '.join(heads)} |",
        "|---" * len(heads) + "|",
    ]
    for name, title, factor in SHOWN_METRICS:
        values = [f"{factor * c.scalars()[name]:.3f}" for c in columns]
        interval = result.intervals.get(name)
        shown = f"{factor * interval[0]:.3f} to {factor * interval[1]:.3f}" if interval else "-"
        titled = title + _tied_beside(name, result.metrics)
        lines.append(f"| {' | '.join([titled, values[0], shown, *values[1:]])} |")
    covered = ""
    if result.knowable_share is not None and result.knowable_share < 0:
        covered = "The MSE is further from the best possible than that of the mean answer. "
    elif result.knowable_share is not None:
        covered = (
            f"The MSE covers {100 * result.knowable_share:.0f}% of the way from the mean answer to "
            "the best possible. "
        )
    of_answers = "" if result.sureness is None else f" {result.sureness.in_words}"
    lines += ["", TIES, "", _doubt(result) + of_answers, "", covered + against_mean_answer(result)]
    if result.vote_noise is not None:
        lines += ["", *vote_noise_lines(result.vote_noise)]
    lines += ["", result.provenance.in_words]
    return "\n".join(lines) + "\n"


def _tied_beside(name: str, metrics: Metrics) -> str:
    """The addition to a balanced accuracy's title: the share of clips where a tie decides."""
    for n, share in enumerate(metrics.tied, start=1):
        if name == f"balanced_accuracy_{n}":
            return f"; {100 * share:.1f}% of clips tied"
    return ""


def against_mean_answer(result: EvaluationResult) -> str:
    """Describe how the model compares with always predicting the mean."""
    ours, mean = result.metrics, result.reference_scores.mean_answer
    parts = (
        ("the MSE is", "mse", f"{100 * ours.mse:.3f} against {100 * mean.mse:.3f}, in 1e-2"),
        (
            "the balanced accuracy of the most selected grade",
            "balanced_accuracy_1",
            f"{100 * ours.balanced_accuracy[0]:.1f}% against "
            f"{100 * mean.balanced_accuracy[0]:.1f}%",
        ),
        (
            "the calibration error of P(A or B)",
            "ece_p_a_or_b",
            f"{100 * ours.ece_p_a_or_b:.1f}% against {100 * mean.ece_p_a_or_b:.1f}%",
        ),
    )
    if not result.differences:
        compared = ", ".join(f"{what.removesuffix(' is')} {how}" for what, _, how in parts)
        return (
            f"Compared with always answering the mean: {compared}; the clips come from one sample, "
            "so nothing tells whether that is more than chance."
        )
    compared = ", ".join(
        f"{what} {_verdict(name, result.differences[name])} ({how})" for what, name, how in parts
    )
    return (
        f"Compared with always answering the mean, {compared}. Better or worse means that the 95% "
        "interval of the difference excludes 0."
    )


def _verdict(metric: str, difference: tuple[float, float]) -> str:
    low, high = difference
    if low <= 0 <= high:
        return "not clearly different"
    return "better" if (low > 0) == (metric in HIGHER_IS_BETTER) else "worse"


def _doubt(result: EvaluationResult) -> str:
    """Describe the panel's expected disagreement and the model's own uncertainty."""
    expected = (
        "The predictions expect the panel to disagree by "
        f"{result.mean_entropy_bits:.2f} bits (mean entropy)."
    )
    if result.mean_spread is None:
        if result.sureness is not None:
            return expected
        return f"{expected} A single model says nothing about its own uncertainty."
    comma = "" if result.temperature is None else ","
    return (
        f"{expected} Apart from that, the {result.spread_of}{comma} differ by "
        f"{result.mean_spread:.3f} grades (mean standard deviation)."
    )


def _treatment(result: EvaluationResult) -> str:
    """Describe what was done to the network's answers."""
    flips = " Predictions are means over mirror images." if result.provenance.flips else ""
    heat = result.temperature
    words = flips + ("" if heat is None else f" Temperature {heat:.3f}, fitted on other clips.")
    warning = " `assess` and the window do not do this: validate a model without it."
    reduced = result.provenance.mode
    mode = "" if reduced is AnswerMode.FULL else f" Answers are made in the mode '{reduced}'."
    return mode + (words + warning if words else "")
