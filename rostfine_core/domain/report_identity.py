"""Which version of a report this is, what it stands on, and who signed it."""

from dataclasses import dataclass
from enum import StrEnum

from rostfine_core.marking import marked


class Meaning(StrEnum):
    """What a signature stands for. The values are kept in stores and never change."""

    AUTHORSHIP = "authorship"
    REVIEW = "review"
    APPROVAL = "approval"

    @property
    def wording(self) -> str:
        """What the signer declares, marked for translation."""
        return _MEANINGS[self]


_MEANINGS = {
    Meaning.AUTHORSHIP: marked("I made this report"),
    Meaning.REVIEW: marked("I reviewed this report"),
    Meaning.APPROVAL: marked("I approve this report"),
}


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who signed a report, when (UTC in ISO 8601 and the clock's offset there) and what it means.

    Signing asks for the passphrase again; it locks the report's version.
    """

    name: str
    utc: str
    local_offset_minutes: int
    meaning: Meaning


@dataclass(frozen=True, kw_only=True)
class ReportIdentity:
    """What a report says of itself.

    ``version`` counts the reports of a sample from 1. An amendment names the version that it
    ``amends`` and its ``reason``. ``audit_hash`` is the head of the store's audit trail when the
    report was made: whoever holds the report can show that nothing before it was changed; "" where
    there is no trail. Without a ``signature`` the report is a draft. ``sealed_by`` names the holder
    of the certificate that its PDF is signed with, "" for none.
    """

    version: int = 1
    audit_hash: str = ""
    amends: int | None = None
    reason: str = ""
    signature: Signature | None = None
    sealed_by: str = ""
