"""Results are equal to the last bit on one device, and within a stated tolerance between two."""

from dataclasses import replace

import numpy as np
import pytest

from rostfine_core.domain import GradeDistribution
from rostfine_core.reproduction import SHARE_TOLERANCE, differences
from rostfine_core.result_files import AssessmentRecord
from tests.core.report.conftest import build_assessment

STORED = AssessmentRecord.of(build_assessment())


def graded(*, step: float, device: str) -> AssessmentRecord:
    """The stored result with some votes moved and other attention, on a device."""
    a, b, *rest = STORED.prediction.grade.probabilities
    grade = GradeDistribution((a + step, b - step, *rest))  # type: ignore[arg-type]
    maps = STORED.explanation.encoder_rollout
    return replace(
        STORED,
        prediction=replace(STORED.prediction, grade=grade),
        explanation=replace(STORED.explanation, encoder_rollout=maps + np.float32(step)),
        provenance=replace(STORED.provenance, device=device),
    )


@pytest.mark.parametrize(
    ("step", "device", "parts"),
    [
        (0.0, "CPU", []),
        (1e-8, "CPU", ["predicted votes", "attention"]),
        (0.9 * SHARE_TOLERANCE, "GPU", []),
        (1.1 * SHARE_TOLERANCE, "GPU", ["predicted votes"]),
    ],
)
def test_numbers_may_differ_only_between_devices(
    step: float, device: str, parts: list[str]
) -> None:
    found = list(differences(STORED, graded(step=step, device=device)))
    assert [str(message).partition(":")[0] for message in found] == parts


def test_maps_that_the_stored_version_did_not_keep_are_no_difference() -> None:
    maps = STORED.explanation.branch_attention
    kept = replace(STORED, explanation=replace(STORED.explanation, branch_forward=maps))
    assert not list(differences(STORED, kept))
    assert list(differences(kept, STORED))


def test_a_value_that_is_missing_or_new_is_a_difference() -> None:
    kinematics = replace(STORED.kinematics, vcl=None, bcf_hz=12.0)
    (found,) = differences(STORED, replace(STORED, kinematics=kinematics))
    assert "kinematics: 2 of " in str(found)
    (found,) = differences(STORED, replace(STORED, flags=build_assessment(flagged=True).flags))
    assert str(found).startswith("flags: ")
