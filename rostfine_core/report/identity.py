"""Words for which report this is: its version, signature and times."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from rostfine_core.domain import ReportIdentity
from rostfine_core.messages import Message
from rostfine_core.moments import moment_of


def state_in_words(identity: ReportIdentity) -> Message:
    """Which version a report is, and whether it is signed, in a few words."""
    version = Message("version {version}", version=identity.version)
    if identity.signature is None:
        return Message("{version}, draft, not signed", version=version)
    return Message("{version}, signed by {name}", version=version, name=identity.signature.name)


def identity_in_words(identity: ReportIdentity) -> Iterator[Message]:
    """Who signed a report and what that means, what it amends, and its seal."""
    signature = identity.signature
    if signature is None:
        yield Message("draft, not signed")
    else:
        there = timezone(timedelta(minutes=signature.local_offset_minutes))
        yield Message(
            "signed by {name} on {time}: {meaning}",
            name=signature.name,
            time=time_in_words(signature.utc, there),
            meaning=Message(signature.meaning.wording),
        )
    if identity.amends is not None:
        yield Message(
            "Takes the place of version {version}: {reason}",
            version=identity.amends,
            reason=identity.reason,
        )
    if identity.sealed_by:
        yield Message("Sealed with the certificate of {name}.", name=identity.sealed_by)
    if identity.audit_hash:
        yield Message("Audit trail up to {hash}.", hash=identity.audit_hash)


def time_in_words(utc: str, zone: tzinfo | None = UTC, *, with_seconds: bool = True) -> str:
    """``2026-11-22T09:41:07+00:00`` -> ``2026-11-22 18:41:07 JST (UTC+09:00)``.

    Args:
        utc: a time in ISO form; a date alone and other text are returned as they are.
        zone: where the reader is; None is where this machine is.
        with_seconds: whether to give them.
    """
    moment = moment_of(utc)
    if not isinstance(moment, datetime):
        return utc
    local = moment.astimezone(zone)
    form = "%Y-%m-%d %H:%M:%S" if with_seconds else "%Y-%m-%d %H:%M"
    return f"{local:{form}} {_zone_in_words(local)}"


def _zone_in_words(local: datetime) -> str:
    offset = local.utcoffset() or timedelta()
    if not offset:
        return "UTC"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    from_utc = f"UTC{'-' if offset < timedelta() else '+'}{hours:02d}:{minutes:02d}"
    name = local.tzname() or ""  # Windows gives a sentence, some zones only numbers
    return f"{name} ({from_utc})" if re.fullmatch("[A-Z]{2,5}", name) else from_utc
