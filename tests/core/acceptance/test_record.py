"""The verdict follows from the checks: nothing passes that was not run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.acceptance.record import Check, CheckOutcome, Stage, is_passed, stopped

CHECKS = st.lists(
    st.builds(
        Check,
        stage=st.sampled_from(Stage),
        name=st.just("x"),
        expected=st.just(""),
        measured=st.just(""),
        outcome=st.sampled_from(CheckOutcome),
    ),
    max_size=8,
)


@pytest.mark.requirement("R-54")
@given(CHECKS)
def test_only_a_clean_list_with_each_stage_passes(checks: list[Check]) -> None:
    outcomes = {c.outcome for c in checks}
    has_each = all(
        any(c.stage is stage and c.outcome is CheckOutcome.PASSED for c in checks)
        for stage in Stage
    )
    is_clean = not outcomes & {CheckOutcome.FAILED, CheckOutcome.NOT_RUN}
    assert is_passed(checks) == (has_each and is_clean)


@pytest.mark.requirement("R-54")
@given(CHECKS, st.sampled_from(Stage))
def test_what_stopped_can_never_pass(checks: list[Check], stage: Stage) -> None:
    checks += stopped(stage, [("a", "1"), ("b", "2")], "The disk is full.")
    assert [c.outcome for c in checks[-2:]] == [CheckOutcome.FAILED, CheckOutcome.NOT_RUN]
    assert not is_passed(checks)
