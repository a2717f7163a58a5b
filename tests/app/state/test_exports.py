"""What no report holds yet is known, whatever is on screen."""

from dataclasses import replace

import pytest

from app.state import drafts
from app.state.exports import has_unexported_grades, reported_keys
from app.state.records import ModelState
from app.state.session import Session
from rostfine_core.domain import Verdict


def judge(session: Session, key: int, verdict: Verdict) -> None:
    session.set_draft(drafts.judged(session.draft, key, verdict))


def test_grades_are_unexported_until_a_report_holds_them(graded: Session) -> None:
    assert has_unexported_grades(graded, set())
    assert not has_unexported_grades(graded, reported_keys(graded))


def test_a_rejected_sperm_is_in_no_report(graded: Session) -> None:
    judge(graded, 1, Verdict.REJECTED)
    exported = reported_keys(graded)
    assert len(exported) == 1
    assert not has_unexported_grades(graded, exported)
    judge(graded, 1, Verdict.OPEN)
    assert has_unexported_grades(graded, exported)


def test_a_grade_that_is_not_shown_now_is_still_unexported(graded: Session) -> None:
    exported = reported_keys(graded)
    graded.set_model(ModelState())  # another model loads
    assert has_unexported_grades(graded, set())
    assert not has_unexported_grades(graded, exported)


@pytest.mark.parametrize("is_exported", [True, False])
def test_a_grade_at_another_scale_is_still_unexported(graded: Session, is_exported: bool) -> None:
    exported = reported_keys(graded) if is_exported else set()
    scaled = replace(graded.calibration, um_per_px=0.2)
    graded.set_draft(replace(graded.draft, calibration=scaled))
    assert graded.reportable == ()
    assert has_unexported_grades(graded, exported) is not is_exported


def test_what_was_removed_is_not_missed(graded: Session) -> None:
    graded.set_draft(drafts.removed(drafts.removed(graded.draft, 1), 2))
    assert not has_unexported_grades(graded, set())
