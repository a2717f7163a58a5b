"""Performance qualification: the model's scores on the lab's labelled clips against its limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rostfine_core.acceptance.plan import Limit, Performance
from rostfine_core.acceptance.record import Check, Stage, judged, noted, stopped
from rostfine_core.domain import LongJob
from rostfine_core.errors import RostfineError
from rostfine_core.training.evaluation.evaluate import evaluate
from rostfine_core.training.evaluation.result import EvaluationResult
from rostfine_core.training.metrics.cautions import sentences

PQ = Stage.PERFORMANCE
BETTER = "MSE against always answering the mean"
SEEN = "Samples that the model was trained or selected on"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The checks, the evaluation that they rest on, and what must be said beside it."""

    checks: tuple[Check, ...]
    evaluation: dict[str, Any] | None = None
    cautions: tuple[str, ...] = ()


def check_performance(plan: Performance, *, model: Path, data: Path) -> LongJob[Measured]:
    """Score the model as ``rostfine evaluate`` does and judge the scores."""
    try:
        result = yield from evaluate(model, data)
    except RostfineError as error:
        return Measured(checks=stopped(PQ, _wanted(plan), str(error)))
    return Measured(
        checks=tuple(judge(plan, result)),
        evaluation=result.to_dict(),
        cautions=sentences(result.notes),
    )


def judge(plan: Performance, result: EvaluationResult) -> Iterator[Check]:
    """Judge an evaluation by the plan."""
    yield _at_least("Clips", plan.min_clips, result.clips)
    yield _at_least("Samples", plan.min_samples, result.samples)
    yield _judge_labels(plan.labels_sha256, result.provenance.dataset.labels_sha256)
    yield _judge_unseen(plan, result)
    yield _judge_better(plan, result)
    for name, limit in plan.limits.items():
        yield _judge_metric(name, limit, result, whole_interval=plan.whole_interval)


def _wanted(plan: Performance) -> list[tuple[str, str]]:
    """The checks by name and expectation, for an evaluation that failed."""
    limits = [(name, limit.in_words) for name, limit in plan.limits.items()]
    return [("Scores on the labelled clips", "an evaluation"), *limits]


def _at_least(name: str, least: int, found: int) -> Check:
    return judged(
        PQ, name, expected=f"at least {least}", measured=str(found), is_met=found >= least
    )


def _judge_labels(wanted: str, found: str) -> Check:
    name = "Checksum of labels.csv"
    if not wanted:
        return noted(PQ, name, found)
    return judged(PQ, name, expected=wanted, measured=found, is_met=found == wanted)


def _judge_unseen(plan: Performance, result: EvaluationResult) -> Check:
    caution = result.notes["note_samples_seen"]
    measured = caution or "none of them"
    if not plan.unseen:
        return noted(PQ, SEEN, measured)
    return judged(PQ, SEEN, expected="none, and known", measured=measured, is_met=not caution)


def _judge_better(plan: Performance, result: EvaluationResult) -> Check:
    interval = result.differences.get("mse")
    if interval is None:
        measured = "no interval: the clips come from one sample"
    else:
        measured = "95% interval of the difference {:.5f} to {:.5f}".format(*interval)
    if not plan.better_than_mean:
        return noted(PQ, BETTER, measured)
    is_met = interval is not None and interval[1] < 0
    return judged(PQ, BETTER, expected="clearly lower", measured=measured, is_met=is_met)


def _judge_metric(
    name: str, limit: Limit, result: EvaluationResult, *, whole_interval: bool
) -> Check:
    words = limit.in_words + (" in the whole 95% interval" if whole_interval else "")
    value = result.metrics.scalars().get(name)
    if value is None:
        known = ", ".join(result.metrics.scalars())
        sentence = f"there is no such metric; there are {known}"
        return judged(PQ, name, expected=words, measured=sentence, is_met=False)
    interval = result.intervals.get(name)
    measured = f"{value:.5f}"
    if interval is not None:
        measured += " (95% interval {:.5f} to {:.5f})".format(*interval)
    if not whole_interval:
        return judged(PQ, name, expected=words, measured=measured, is_met=limit.allows(value))
    if interval is None:
        measured += ", which has no interval"
        return judged(PQ, name, expected=words, measured=measured, is_met=False)
    is_met = all(map(limit.allows, (value, *interval)))
    return judged(PQ, name, expected=words, measured=measured, is_met=is_met)
