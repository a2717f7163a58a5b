"""Scores are judged by the plan's limits, their intervals and what the model has seen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.acceptance.performance import BETTER, SEEN, judge
from rostfine_core.acceptance.plan import Limit, Performance
from rostfine_core.acceptance.record import Check, CheckOutcome
from rostfine_core.training.evaluation.result import EvaluationResult

MSE = {"mse": Limit(max=1.0)}


def judged(plan: Performance, result: EvaluationResult) -> dict[str, Check]:
    return {check.name: check for check in judge(plan, result)}


@given(limit=st.floats(0, 0.1))
def test_a_metric_passes_exactly_within_its_limit(
    limit: float, evaluation: EvaluationResult
) -> None:
    value, (_, high) = evaluation.metrics.mse, evaluation.intervals["mse"]
    for whole, worst in ((False, value), (True, high)):
        plan = Performance(limits={"mse": Limit(max=limit)}, whole_interval=whole)
        is_passed = judged(plan, evaluation)["mse"].outcome is CheckOutcome.PASSED
        assert is_passed == (worst <= limit)


def test_a_metric_without_an_interval_has_no_whole_one(evaluation: EvaluationResult) -> None:
    plan = Performance(limits={"rank_correlation": Limit(min=-1)}, whole_interval=True)
    check = judged(plan, replace(evaluation, intervals={}))["rank_correlation"]
    assert (check.outcome, "no interval" in check.measured) == (CheckOutcome.FAILED, True)


def test_an_unknown_metric_fails_and_names_the_known(evaluation: EvaluationResult) -> None:
    plan = Performance(limits={"accuracy": Limit(min=0.0)})
    check = judged(plan, evaluation)["accuracy"]
    assert check.outcome is CheckOutcome.FAILED
    assert "balanced_accuracy_1" in check.measured


@pytest.mark.parametrize(
    ("least", "outcome"), [(20, CheckOutcome.PASSED), (21, CheckOutcome.FAILED)]
)
def test_clips_and_samples_are_counted(
    least: int, outcome: CheckOutcome, evaluation: EvaluationResult
) -> None:
    plan = Performance(limits=MSE, min_clips=least, min_samples=least // 2)
    checks = judged(plan, evaluation)
    assert checks["Clips"].outcome is outcome
    assert checks["Samples"].outcome is CheckOutcome.PASSED


def test_samples_seen_in_training_fail_unless_the_plan_allows_them(
    evaluation: EvaluationResult,
) -> None:
    seen = replace(evaluation, notes={"note_samples_seen": "Caution: 2 of the 4 samples"})
    assert judged(Performance(limits=MSE), seen)[SEEN].outcome is CheckOutcome.FAILED
    assert judged(Performance(limits=MSE), evaluation)[SEEN].outcome is CheckOutcome.PASSED
    assert judged(Performance(limits=MSE, unseen=False), seen)[SEEN].outcome is CheckOutcome.NOTED


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [
        ((-0.02, -0.01), CheckOutcome.PASSED),
        ((-0.02, 0.01), CheckOutcome.FAILED),
        (None, CheckOutcome.FAILED),
    ],
)
def test_the_model_must_be_clearly_better_than_the_mean_answer(
    interval: tuple[float, float] | None, outcome: CheckOutcome, evaluation: EvaluationResult
) -> None:
    result = replace(evaluation, differences={"mse": interval} if interval else {})
    assert judged(Performance(limits=MSE), result)[BETTER].outcome is outcome


def test_the_votes_must_be_those_agreed_on(evaluation: EvaluationResult) -> None:
    sha256 = evaluation.provenance.dataset.labels_sha256
    for wanted, outcome in (("", "noted"), (sha256, "passed"), ("0" * 64, "failed")):
        checks = judged(Performance(limits=MSE, labels_sha256=wanted), evaluation)
        assert checks["Checksum of labels.csv"].outcome == outcome
