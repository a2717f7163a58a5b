"""The demonstration gives what the release gives, and a difference is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.acceptance import operation
from rostfine_core.acceptance.operation import (
    _judge_difference,
    demonstrate,
    difference,
    read_reference,
    shares_of,
)
from rostfine_core.acceptance.record import CheckOutcome
from rostfine_core.domain import finish
from rostfine_core.errors import StoreError

SHARES = st.tuples(*[st.floats(0, 1)] * 5)


@pytest.mark.requirement("R-55")
def test_the_release_s_table_is_that_of_this_program() -> None:
    worst = difference(shares_of(finish(demonstrate(device="cpu"))), read_reference())
    assert worst is not None
    assert worst < 1e-3, "run packaging/make_demo_shares.py"


@given(mine=SHARES, moved=st.floats(0, 1), place=st.integers(0, 4))
def test_the_largest_difference_is_found(mine: tuple[float, ...], moved: float, place: int) -> None:
    other = tuple(p + moved * (n == place) for n, p in enumerate(mine))
    assert difference({"1": mine}, {"1": other}) == pytest.approx(moved)


def test_other_sperm_are_no_small_difference() -> None:
    assert difference({"1": (1.0,)}, {"2": (1.0,)}) is None
    assert difference({}, {}) is None


def test_a_difference_that_fails_is_shown_however_small() -> None:
    check = _judge_difference(("Again", "at most 0"), {"1": (1e-9,)}, {"1": (0.0,)}, 0.0)
    assert (check.outcome, check.measured) == (CheckOutcome.FAILED, "1e-09")


def test_a_table_of_another_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "sha256_of", lambda path: "0" * 64)
    with pytest.raises(StoreError, match="another model"):
        read_reference()
