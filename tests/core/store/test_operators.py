"""Operators: roles, passphrases, slowed attempts, and that an administrator remains."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from rostfine_core.domain import Action, Operator, Role
from rostfine_core.errors import StoreError
from rostfine_core.store import operators
from rostfine_core.store.passphrases import LONGEST_WAIT, check_passphrase, wait_after
from rostfine_core.store.schema import Table

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RIGHT = "a quiet morning in May"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    Table.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def add(session: Session, login: str, role: Role) -> Operator:
    return operators.write_operator(
        session, login=login, name=login.title(), role=role, passphrase=RIGHT, now=NOW
    )


def sign_in(session: Session, login: str, passphrase: str, seconds: float) -> operators.SignIn:
    return operators.check_sign_in(
        session, login=login, passphrase=passphrase, now=NOW + timedelta(seconds=seconds)
    )


def test_a_store_begins_without_sign_in_and_its_first_operator_is_administrator(
    session: Session,
) -> None:
    assert not operators.any_operator(session)
    with pytest.raises(StoreError, match="first operator of a store is an administrator"):
        add(session, "mori", Role.REVIEWER)
    add(session, "Mori", Role.ADMINISTRATOR)
    assert operators.any_operator(session)
    assert sign_in(session, " MORI", RIGHT, 0).operator == operators.read_operators(session)[0]
    with pytest.raises(StoreError, match="login mori is taken"):
        add(session, "ＭＯＲＩ", Role.READER)


def test_wrong_passphrases_slow_down_the_next_and_stay_counted(session: Session) -> None:
    add(session, "mori", Role.ADMINISTRATOR)
    session.commit()
    for n in range(4):
        assert "do not belong together" in str(sign_in(session, "mori", "wrong", 10 * n).refusal)
        session.commit()
    session.close()  # the program ends and starts again
    assert "wait 2 s" in str(sign_in(session, "mori", RIGHT, 30.1).refusal)
    assert sign_in(session, "mori", RIGHT, 32.1).operator is not None
    assert "do not belong together" in str(sign_in(session, "mori", "wrong", 33).refusal)
    assert sign_in(session, "mori", RIGHT, 33).operator is not None


def test_an_unknown_login_is_refused_in_the_same_words(session: Session) -> None:
    add(session, "mori", Role.ADMINISTRATOR)
    wrong = sign_in(session, "mori", "wrong", 0).refusal
    assert sign_in(session, "nobody", RIGHT, 0).refusal == wrong


def test_who_was_deactivated_cannot_sign_in_and_may_do_nothing(session: Session) -> None:
    add(session, "mori", Role.ADMINISTRATOR)
    left = add(session, "sato", Role.REVIEWER)
    operators.write_active(session, left.id, False)
    assert sign_in(session, "sato", RIGHT, 0).operator is None
    with pytest.raises(StoreError, match="may not"):
        operators.authorise(session, left, Action.SEE_CASES)


def test_the_last_administrator_stays(session: Session) -> None:
    first = add(session, "mori", Role.ADMINISTRATOR)
    second = add(session, "sato", Role.ADMINISTRATOR)
    operators.write_active(session, second.id, False)
    with pytest.raises(StoreError, match="last administrator"):
        operators.write_active(session, first.id, False)
    with pytest.raises(StoreError, match="last administrator"):
        operators.write_role(session, first.id, Role.REVIEWER)
    operators.write_active(session, second.id, True)
    operators.write_role(session, first.id, Role.REVIEWER)
    with pytest.raises(StoreError, match="last administrator"):
        operators.write_active(session, second.id, False)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_each_action_for_each_role(action: Action, role: Role) -> None:
    """What a role may do, written out once more: a right given by mistake is seen here."""
    least = {
        Role.READER: "see cases",
        Role.OPERATOR: "edit cases, keep results, write reports, export, review blind, vote, "
        "back up",
        Role.REVIEWER: "sign reports, amend reports, manage panels, see the audit",
        Role.ADMINISTRATOR: "manage operators, restore, encrypt",
    }
    order = list(Role)
    needed = next(r for r, actions in least.items() if action.value in actions.split(", "))
    somebody = Operator(id="1", login="mori", name="Mori", role=role)
    assert somebody.may(action) == (order.index(role) >= order.index(needed))
    assert not replace(somebody, is_active=False).may(action)


@pytest.mark.parametrize("weak", ["short", "momo momo momo", "a" * 40, "morimorimorimori", ""])
def test_weak_passphrases_are_refused_with_the_rules(weak: str) -> None:
    with pytest.raises(StoreError, match="at least 12 characters, 5 of them different"):
        check_passphrase(weak, login="morimorimorimori", name="Mori")


def test_waiting_doubles_up_to_a_limit() -> None:
    waits = [wait_after(n).total_seconds() for n in range(8)]
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16]
    assert wait_after(1000) == LONGEST_WAIT
