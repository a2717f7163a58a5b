"""Operators of a store: who may sign in, as what, and how often a passphrase may be tried.

A store without operators is in single-user mode: nobody signs in and everything is allowed. Nobody
is deleted, since the audit trail names them; a store that has operators keeps an administrator.
"""

import math
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rostfine_core.domain import Action, Operator, Role
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store.passphrases import (
    check_passphrase,
    hash_passphrase,
    is_right,
    needs_new_hash,
    unknown_login_hash,
    wait_after,
)
from rostfine_core.store.schema import OperatorRow

LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """What came of a passphrase: the operator, or the sentence that refuses it.

    A refusal is a result and no exception, since the transaction that counts it must be kept.
    """

    operator: Operator | None
    refusal: Message | None = None


def any_operator(session: Session) -> bool:
    """Whether anybody must sign in; False is single-user mode."""
    return bool(session.execute(select(func.count()).select_from(OperatorRow)).scalar_one())


def read_operators(session: Session) -> tuple[Operator, ...]:
    """Everybody, also who is not active any more, by login."""
    rows = session.execute(select(OperatorRow).order_by(OperatorRow.login)).scalars()
    return tuple(_operator(row) for row in rows)


def authorise(session: Session, operator: Operator | None, action: Action) -> None:
    """Refuse what an operator may not do, by what the store says of them now.

    ``operator`` None is nobody, who may do everything as long as there are no operators.

    Raises:
        StoreError: the sentence to show.
    """
    if operator is None:
        if any_operator(session):
            raise StoreError(Message("This store has operators: sign in first."))
        return
    operator = operator_by_id(session, operator.id)
    if operator.may(action):
        return
    raise StoreError(
        Message(
            "{name} ({role}) may not do this ({action}): ask an administrator.",
            name=operator.name,
            role=Message(operator.role.wording),
            action=Message(action.wording),
        )
    )


def write_operator(
    session: Session, *, login: str, name: str, role: Role, passphrase: str, now: datetime
) -> Operator:
    """Add somebody; the first must be an administrator, who ends the single-user mode.

    Raises:
        StoreError: the login is taken, a name is empty, the passphrase too easy, or the first is
            no administrator.
    """
    login, name = _clean_login(login), name.strip()
    if not login or not name or max(len(login), len(name)) > LONGEST_NAME:
        raise StoreError(Message("An operator needs a login and a name: enter both."))
    if _find(session, login) is not None:
        raise StoreError(Message("The login {login} is taken: choose another.", login=login))
    if role is not Role.ADMINISTRATOR and not any_operator(session):
        raise StoreError(
            Message("The first operator of a store is an administrator: choose that role.")
        )
    check_passphrase(passphrase, login=login, name=name)
    row = OperatorRow(
        id=uuid.uuid4().hex,
        name=name,
        login=login,
        passphrase_hash=hash_passphrase(passphrase),
        role=role.value,
        is_active=True,
        failed_attempts=0,
        locked_until_utc="",
        created_utc=now.astimezone(UTC).isoformat(timespec="seconds"),
    )
    session.add(row)
    session.flush()
    return _operator(row)


def check_sign_in(session: Session, *, login: str, passphrase: str, now: datetime) -> SignIn:
    """Check a passphrase; wrong ones are counted in the store and slow the next down.

    The caller keeps the transaction also when the answer is a refusal.
    """
    row = _find(session, _clean_login(login))
    if row is None:
        is_right(passphrase, unknown_login_hash())
        return _refused()
    if row.locked_until_utc and now < datetime.fromisoformat(row.locked_until_utc):
        return SignIn(operator=None, refusal=_locked(row, now))
    if not is_right(passphrase, row.passphrase_hash):
        row.failed_attempts += 1
        wait = wait_after(row.failed_attempts)
        row.locked_until_utc = (now + wait).astimezone(UTC).isoformat(timespec="milliseconds")
        return _refused()
    if not row.is_active:
        return _refused()
    row.failed_attempts, row.locked_until_utc = 0, ""
    if needs_new_hash(row.passphrase_hash):
        row.passphrase_hash = hash_passphrase(passphrase)
    return SignIn(operator=_operator(row))


def _refused() -> SignIn:
    return SignIn(
        operator=None,
        refusal=Message("Login and passphrase do not belong together: type both again."),
    )


def _locked(row: OperatorRow, now: datetime) -> Message:
    left = datetime.fromisoformat(row.locked_until_utc) - now
    return Message(
        "Too many wrong passphrases for {login}: wait {seconds} s and try again.",
        login=row.login,
        seconds=math.ceil(left.total_seconds()),
    )


def write_passphrase(session: Session, operator_id: str, *, passphrase: str) -> None:
    """Give somebody a new passphrase, and let them try at once.

    Raises:
        StoreError: it is too easy, or there is no such operator.
    """
    row = _row(session, operator_id)
    check_passphrase(passphrase, login=row.login, name=row.name)
    row.passphrase_hash = hash_passphrase(passphrase)
    row.failed_attempts, row.locked_until_utc = 0, ""


def write_role(session: Session, operator_id: str, role: Role) -> None:
    """Give somebody another role.

    Raises:
        StoreError: they are the last administrator, or there is no such operator.
    """
    row = _row(session, operator_id)
    if role is not Role.ADMINISTRATOR:
        _keep_an_administrator(session, row)
    row.role = role.value


def write_active(session: Session, operator_id: str, is_active: bool) -> None:
    """Let somebody sign in, or not any more.

    Raises:
        StoreError: they are the last administrator, or there is no such operator.
    """
    row = _row(session, operator_id)
    if not is_active:
        _keep_an_administrator(session, row)
    row.is_active = is_active


def operator_by_id(session: Session, operator_id: str) -> Operator:
    """Who has an id.

    Raises:
        StoreError: nobody has.
    """
    return _operator(_row(session, operator_id))


def operator_by_login(session: Session, login: str) -> Operator | None:
    """Who has a login, if anybody."""
    row = _find(session, _clean_login(login))
    return None if row is None else _operator(row)


def _keep_an_administrator(session: Session, row: OperatorRow) -> None:
    administrators = select(OperatorRow.id).where(
        OperatorRow.role == Role.ADMINISTRATOR.value, OperatorRow.is_active
    )
    if set(session.execute(administrators).scalars()) == {row.id}:
        raise StoreError(
            Message(
                "{name} is the last administrator: make somebody else administrator first.",
                name=row.name,
            )
        )


def _find(session: Session, login: str) -> OperatorRow | None:
    query = select(OperatorRow).where(OperatorRow.login == login)
    return session.execute(query).scalar_one_or_none()


def _row(session: Session, operator_id: str) -> OperatorRow:
    row = session.get(OperatorRow, operator_id)
    if row is None:
        raise StoreError(Message("There is no such operator in this store: open the list again."))
    return row


def _operator(row: OperatorRow) -> Operator:
    return Operator(
        id=row.id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        is_active=row.is_active,
    )


def _clean_login(login: str) -> str:
    """Logins differ by more than case, width or composition of characters."""
    return unicodedata.normalize("NFKC", login).strip().casefold()
