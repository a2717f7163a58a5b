"""What an acceptance found: one record per check, and the verdict that follows from them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from rostfine_core.acceptance.plan import AcceptancePlan
from rostfine_core.domain import DISCLAIMER_AI_GRADE

SCHEMA = "rostfine.acceptance/1"
NOT_AN_APPROVAL = (
    "This report compares measurements on one machine with limits that the laboratory chose. It is "
    "no approval for clinical use; whether limits and data are sufficient is the laboratory's "
    "decision, and its legal requirements for diagnostic software apply."
)


class Stage(StrEnum):
    """The three qualifications."""

    INSTALLATION = "IQ"
    OPERATION = "OQ"
    PERFORMANCE = "PQ"

    @property
    def heading(self) -> str:
        """As a heading."""
        return f"{self.value}: {self.name.lower()} qualification"


class CheckOutcome(StrEnum):
    """``noted`` is what the plan does not ask for; only ``passed`` passes."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"
    NOTED = "noted"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: what was expected, what was measured, and what follows."""

    stage: Stage
    name: str
    expected: str
    measured: str
    outcome: CheckOutcome


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Everything that an acceptance found.

    ``evaluation`` is that of ``rostfine evaluate`` as plain containers, None if there is none.
    ``cautions`` must accompany its scores in every form. ``notice`` is the model's own.
    """

    plan: AcceptancePlan
    plan_sha256: str
    model: str
    notice: str
    checks: tuple[Check, ...]
    evaluation: dict[str, Any] | None
    cautions: tuple[str, ...]
    environment: dict[str, Any]
    software_version: str
    created_utc: str

    @property
    def is_passed(self) -> bool:
        """Whether every check that the plan asks for ran and passed, in all three stages."""
        return is_passed(self.checks)

    @property
    def verdict(self) -> str:
        """One sentence on the whole."""
        if self.is_passed:
            count = sum(c.outcome is CheckOutcome.PASSED for c in self.checks)
            return f"PASSED: all {count} checks of the plan."
        counts = [
            f"{sum(c.outcome is outcome for c in self.checks)} {outcome.value}"
            for outcome in (CheckOutcome.FAILED, CheckOutcome.NOT_RUN, CheckOutcome.PASSED)
        ]
        return f"FAILED: of the plan's checks {', '.join(counts)}."

    def to_dict(self) -> dict[str, Any]:
        """The record as plain containers for JSON."""
        return {
            "schema": SCHEMA,
            "verdict": "passed" if self.is_passed else "failed",
            "notices": [DISCLAIMER_AI_GRADE, self.notice, NOT_AN_APPROVAL],
            **asdict(self),
        }


def is_passed(checks: Sequence[Check]) -> bool:
    """Whether each stage has a check that passed, and none failed or was not run."""
    passed = {c.stage for c in checks if c.outcome is CheckOutcome.PASSED}
    is_clean = all(c.outcome in (CheckOutcome.PASSED, CheckOutcome.NOTED) for c in checks)
    return is_clean and passed == set(Stage)


def judged(stage: Stage, name: str, *, expected: str, measured: str, is_met: bool) -> Check:
    """A check that was run."""
    outcome = CheckOutcome.PASSED if is_met else CheckOutcome.FAILED
    return Check(stage=stage, name=name, expected=expected, measured=measured, outcome=outcome)


def noted(stage: Stage, name: str, measured: str) -> Check:
    """Something measured that the plan does not ask for."""
    return Check(
        stage=stage,
        name=name,
        expected="not in the plan",
        measured=measured,
        outcome=CheckOutcome.NOTED,
    )


def stopped(stage: Stage, wanted: Sequence[tuple[str, str]], sentence: str) -> tuple[Check, ...]:
    """Checks (name, expected) of which the first failed with a sentence and no other was run."""
    (name, expected), *others = wanted
    first = judged(stage, name, expected=expected, measured=sentence, is_met=False)
    rest = (
        Check(stage=stage, name=n, expected=e, measured="–", outcome=CheckOutcome.NOT_RUN)
        for n, e in others
    )
    return (first, *rest)
