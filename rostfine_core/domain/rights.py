"""Who may do what in the case store: roles, actions and the one table that joins them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from rostfine_core.marking import marked


class Role(StrEnum):
    """What an operator of the store is trusted with; each role may also do what the one before may.

    The values are kept in stores and never change.
    """

    READER = "reader"
    OPERATOR = "operator"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"

    @property
    def wording(self) -> str:
        """The role's name on screen, marked for translation."""
        return _ROLES[self]


class Action(StrEnum):
    """What is done in a store. The values stand in audit trails and never change."""

    SEE_CASES = "see cases"
    EDIT_CASES = "edit cases"
    KEEP_RESULTS = "keep results"
    WRITE_REPORTS = "write reports"
    EXPORT = "export"
    REVIEW = "review blind"
    VOTE = "vote"
    BACK_UP = "back up"
    SIGN_REPORTS = "sign reports"
    AMEND_REPORTS = "amend reports"
    MANAGE_PANELS = "manage panels"
    SEE_AUDIT = "see the audit"
    MANAGE_OPERATORS = "manage operators"
    RESTORE = "restore"
    ENCRYPT = "encrypt"

    @property
    def wording(self) -> str:
        """The action on screen, after "may not" or alone, marked for translation."""
        return _ACTIONS[self]


class OwnAction(StrEnum):
    """What everybody may do, as audit trails name it. The values never change."""

    SIGN_IN = "sign in"
    SIGN_IN_REFUSED = "refuse sign-in"
    SIGN_OUT = "sign out"
    CHANGE_PASSPHRASE = "change passphrase"

    @property
    def wording(self) -> str:
        """The action on screen, marked for translation."""
        return _OWN_ACTIONS[self]


_OWN_ACTIONS = {
    OwnAction.SIGN_IN: marked("sign in"),
    OwnAction.SIGN_IN_REFUSED: marked("sign-in refused"),
    OwnAction.SIGN_OUT: marked("sign out"),
    OwnAction.CHANGE_PASSPHRASE: marked("change the passphrase"),
}
_ROLES = {
    Role.READER: marked("reader"),
    Role.OPERATOR: marked("operator"),
    Role.REVIEWER: marked("reviewer"),
    Role.ADMINISTRATOR: marked("administrator"),
}
_ACTIONS = {
    Action.SEE_CASES: marked("see cases"),
    Action.EDIT_CASES: marked("edit cases"),
    Action.KEEP_RESULTS: marked("keep results"),
    Action.WRITE_REPORTS: marked("write reports"),
    Action.EXPORT: marked("export"),
    Action.REVIEW: marked("review blind"),
    Action.VOTE: marked("vote"),
    Action.BACK_UP: marked("back up"),
    Action.SIGN_REPORTS: marked("sign reports"),
    Action.AMEND_REPORTS: marked("amend reports"),
    Action.MANAGE_PANELS: marked("manage panels"),
    Action.SEE_AUDIT: marked("see the audit trail"),
    Action.MANAGE_OPERATORS: marked("manage operators"),
    Action.RESTORE: marked("restore a backup"),
    Action.ENCRYPT: marked("change the encryption"),
}

_READER = frozenset({Action.SEE_CASES})
_OPERATOR = _READER | {
    Action.EDIT_CASES,
    Action.KEEP_RESULTS,
    Action.WRITE_REPORTS,
    Action.EXPORT,
    Action.REVIEW,
    Action.VOTE,
    Action.BACK_UP,
}
_REVIEWER = _OPERATOR | {
    Action.SIGN_REPORTS,
    Action.AMEND_REPORTS,
    Action.MANAGE_PANELS,
    Action.SEE_AUDIT,
}
RIGHTS: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {
        Role.READER: _READER,
        Role.OPERATOR: _OPERATOR,
        Role.REVIEWER: _REVIEWER,
        Role.ADMINISTRATOR: frozenset(Action),
    }
)
"""What each role may do. Without operators (single-user mode) everything is allowed."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """A person known to a store, without the passphrase; ``login`` is what they type."""

    id: str
    login: str
    name: str
    role: Role
    is_active: bool = True

    def may(self, action: Action) -> bool:
        """Whether the operator is active and their role allows ``action``."""
        return self.is_active and action in RIGHTS[self.role]
