"""Signing in to a store, and the administrator's work on its operators; all of it is audited."""

from sqlalchemy.orm import Session

from rostfine_core.domain import Action, Operator, OwnAction, Role
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store import operators
from rostfine_core.store.audit import AuditEvent, append
from rostfine_core.store.rows import as_json
from rostfine_core.store.store import Store

SUBJECT = "operator"


def has_operators(store: Store) -> bool:
    """Whether somebody must sign in; False is single-user mode."""
    with store.reading(None) as session:
        return operators.any_operator(session)


def sign_in(store: Store, *, login: str, passphrase: str) -> Operator:
    """Make somebody the one who acts from now on.

    Raises:
        StoreError: login or passphrase is wrong, or it is too early to try again.
    """
    with store.writing(None) as session:
        found = operators.check_sign_in(
            session, login=login, passphrase=passphrase, now=store.now()
        )
        known = found.operator or operators.operator_by_login(session, login)
        if known is not None:
            action = OwnAction.SIGN_IN if found.operator else OwnAction.SIGN_IN_REFUSED
            _enter_own(store, session, action, known)
    if found.operator is None:  # only now, since the attempt must be kept
        raise StoreError(found.refusal or Message("Sign in again."))
    store.operator = found.operator
    return found.operator


def confirm(store: Store, session: Session, passphrase: str) -> operators.SignIn:
    """Ask who is signed in for their passphrase again; keep the transaction, which counts it."""
    assert store.operator is not None
    login = store.operator.login
    found = operators.check_sign_in(session, login=login, passphrase=passphrase, now=store.now())
    if found.operator is None:
        _enter_own(store, session, OwnAction.SIGN_IN_REFUSED, store.operator)
    return found


def _enter_own(store: Store, session: Session, action: OwnAction, operator: Operator) -> None:
    event = AuditEvent(action=action.value, subject_kind=SUBJECT, subject_id=operator.id)
    append(session, event, operator=operator.login, now=store.now())


def sign_out(store: Store) -> None:
    """Nobody acts until somebody signs in again."""
    if store.operator is None:
        return
    with store.writing(None) as session:
        _enter_own(store, session, OwnAction.SIGN_OUT, store.operator)
    store.operator = None


def all_operators(store: Store) -> tuple[Operator, ...]:
    """Everybody, also who is not active any more; for administrators."""
    with store.reading(Action.MANAGE_OPERATORS) as session:
        return operators.read_operators(session)


def add_operator(store: Store, *, login: str, name: str, role: Role, passphrase: str) -> Operator:
    """Add somebody; the first is an administrator, who is signed in at once.

    Raises:
        StoreError: as ``operators.write_operator``, or this needs an administrator.
    """
    with store.writing(Action.MANAGE_OPERATORS) as session:
        is_first = not operators.any_operator(session)
        added = operators.write_operator(
            session, login=login, name=name, role=role, passphrase=passphrase, now=store.now()
        )
        _enter(store, session, added, before="")
    if is_first:
        store.operator = added
    return added


def change_passphrase(store: Store, *, old: str, new: str) -> None:
    """Give who is signed in a new passphrase.

    Raises:
        StoreError: the old one is wrong, or the new one too easy.
    """
    operator = store.operator
    if operator is None:
        raise StoreError(Message("Nobody is signed in: sign in first."))
    with store.writing(None) as session:
        found = confirm(store, session, old)
        if found.operator is not None:
            operators.write_passphrase(session, operator.id, passphrase=new)
            _enter_own(store, session, OwnAction.CHANGE_PASSPHRASE, operator)
    if found.refusal is not None:
        raise StoreError(found.refusal)


def reset_passphrase(store: Store, operator_id: str, *, passphrase: str) -> None:
    """Give somebody who forgot theirs a new passphrase.

    Raises:
        StoreError: it is too easy, or this needs an administrator.
    """
    with store.writing(Action.MANAGE_OPERATORS) as session:
        operators.write_passphrase(session, operator_id, passphrase=passphrase)
        after = as_json({"passphrase": "new"})
        _enter_event(store, session, operator_id, before="", after=after)


def set_role(store: Store, operator_id: str, role: Role) -> None:
    """Give somebody another role.

    Raises:
        StoreError: they are the last administrator, or this needs an administrator.
    """
    with store.writing(Action.MANAGE_OPERATORS) as session:
        before = operators.operator_by_id(session, operator_id)
        operators.write_role(session, operator_id, role)
        after = operators.operator_by_id(session, operator_id)
        _enter(store, session, after, before=_row(before))


def set_active(store: Store, operator_id: str, is_active: bool) -> None:
    """Let somebody sign in, or not any more; nobody is ever deleted.

    Raises:
        StoreError: they are the last administrator, or this needs an administrator.
    """
    with store.writing(Action.MANAGE_OPERATORS) as session:
        before = operators.operator_by_id(session, operator_id)
        operators.write_active(session, operator_id, is_active)
        after = operators.operator_by_id(session, operator_id)
        _enter(store, session, after, before=_row(before))


def _enter(store: Store, session: Session, after: Operator, *, before: str) -> None:
    _enter_event(store, session, after.id, before=before, after=_row(after))


def _enter_event(
    store: Store, session: Session, operator_id: str, *, before: str, after: str
) -> None:
    event = AuditEvent(
        action=Action.MANAGE_OPERATORS.value,
        subject_kind=SUBJECT,
        subject_id=operator_id,
        before=before,
        after=after,
    )
    store.enter(session, event)


def _row(operator: Operator) -> str:
    return as_json(
        {
            "login": operator.login,
            "name": operator.name,
            "role": operator.role.value,
            "is_active": operator.is_active,
        }
    )
