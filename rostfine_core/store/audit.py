"""The audit trail: who did what when, each entry hashed with the one before it.

Entries are only ever added; triggers of the database refuse anything else. ``check_chain`` finds
what was changed, removed, inserted or moved by somebody who got past them, and a cut tail by the
heads that reports carry.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from sqlalchemy import Row, Select, delete, insert, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rostfine_core.domain import AuditEntry, TrailCheck
from rostfine_core.messages import Message
from rostfine_core.store.schema import AuditRow, MetaRow, ReportRow, SampleRow

START = "0" * 64
"""What the first entry is hashed with."""
HEAD = "audit_head"
"""The entry of ``meta`` that holds number and hash of the newest entry."""
IMPORT_CASE = "import case"
"""The action of taking a case from another store; ``after`` names the reports that came with it."""
SHORTEST_HEAD = 16
"""So many characters of a head hash are told apart when one is typed from a report."""
BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """What is to be entered: an action of ``rights.Action`` by its value, and what it changed."""

    action: str
    subject_kind: str
    subject_id: str = ""
    before: str = ""
    after: str = ""
    reason: str = ""


def append(session: Session, event: AuditEvent, *, operator: str, now: datetime) -> AuditEntry:
    """Add an entry within the caller's transaction, which is the only one that writes meanwhile.

    Args:
        session: of the transaction that makes the change itself.
        event: what is done.
        operator: who does it.
        now: the local time, with its offset.
    """
    last, previous_hash = _newest(session)
    offset = now.utcoffset()
    assert offset is not None, "an audit entry needs a time with its offset"
    unhashed = AuditEntry(
        number=last + 1,
        utc=now.astimezone(UTC).isoformat(timespec="milliseconds"),
        local_offset_minutes=round(offset.total_seconds() / 60),
        operator=operator,
        previous_hash=previous_hash,
        **asdict(event),
    )
    entry = AuditEntry(**{**asdict(unhashed), "hash": unhashed.own_hash})
    session.execute(insert(AuditRow).values(**asdict(entry)))
    session.execute(delete(MetaRow).where(MetaRow.key == HEAD))
    session.execute(insert(MetaRow).values(key=HEAD, value=f"{entry.number} {entry.hash}"))
    return entry


def head_hash(session: Session) -> str:
    """The hash of the newest entry, which stands for the whole trail before it."""
    return _newest(session)[1]


def _newest(session: Session) -> tuple[int, str]:
    newest = select(AuditRow.number, AuditRow.hash).order_by(AuditRow.number.desc()).limit(1)
    row = session.execute(newest).one_or_none()
    return (0, START) if row is None else (row[0], row[1])


def newest_entries(
    session: Session, *, containing: str = "", before: int | None = None, limit: int = 200
) -> tuple[AuditEntry, ...]:
    """Entries from the newest on, for reading: those that hold a text, older than ``before``."""
    query = _columns().order_by(AuditRow.number.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditRow.number < before)
    if containing:
        searched = (AuditRow.operator, AuditRow.action, AuditRow.subject_kind, AuditRow.subject_id)
        texts = (AuditRow.utc, AuditRow.before, AuditRow.after, AuditRow.reason)
        like = (c.icontains(containing, autoescape=True) for c in (*searched, *texts))
        query = query.where(or_(*like))
    return tuple(_entry(row) for row in session.execute(query))


def check_chain(session: Session, *, known_heads: Iterable[str] = ()) -> TrailCheck:
    """Check every entry, and that the heads that reports carry are among them.

    Args:
        session: of a transaction that only reads.
        known_heads: head hashes from elsewhere (a printed report), at least ``SHORTEST_HEAD``
            characters of each.
    """
    count, previous = 0, START
    known = tuple(dict.fromkeys(known_heads))
    held: list[tuple[str, int]] = []
    wanted = _wanted_heads(session, known)
    for number, entry in _all_entries(session):
        fault = _fault(entry, number=number, count=count, previous=previous)
        if fault is not None:
            return TrailCheck(entries=count, head=previous, broken=count + 1, fault=fault)
        assert entry is not None
        count, previous = count + 1, entry.hash
        wanted = {h: who for h, who in wanted.items() if not previous.startswith(h)}
        held += [(h, count) for h in known if previous.startswith(h)]
    lacking = _lacking(session, wanted, count=count, head=previous)
    broken = None if lacking is None else count + 1
    return TrailCheck(entries=count, head=previous, broken=broken, fault=lacking, held=tuple(held))


def _fault(
    entry: AuditEntry | None, *, number: object, count: int, previous: str
) -> Message | None:
    """What is wrong with the entry after the first ``count``."""
    if entry is not None and entry.number != count + 1:
        return Message(
            "Entry {number} of the audit trail is missing: the next that is there has the number "
            "{found}.",
            number=count + 1,
            found=str(entry.number),
        )
    if entry is None or entry.hash != entry.own_hash:
        return Message("Entry {number} of the audit trail was changed.", number=str(number))
    if entry.previous_hash != previous:
        return Message(
            "Entry {number} of the audit trail does not follow the one before it: entries were "
            "removed, inserted or moved.",
            number=entry.number,
        )
    return None


def _wanted_heads(session: Session, known_heads: Iterable[str]) -> dict[str, Message]:
    """The hashes that must be in the trail, and who says so; imported reports stand on others."""
    imported = select(AuditRow.after).where(AuditRow.action == IMPORT_CASE)
    elsewhere = {id for after in session.scalars(imported) for id in _reports_in(after)}
    reports = (
        select(ReportRow.id, ReportRow.audit_hash, ReportRow.version, SampleRow.label)
        .join(SampleRow, SampleRow.id == ReportRow.sample_id)
        .where(ReportRow.audit_hash.not_in(("", START)))
    )
    wanted = {
        hash: Message("report {version} of sample {sample}", version=version, sample=sample)
        for id, hash, version, sample in session.execute(reports)
        if id not in elsewhere
    }
    return wanted | {h: Message("the hash {hash}", hash=h) for h in known_heads}


def _reports_in(after: str) -> Iterable[str]:
    """The ids of the reports that an import brought; none in an entry that was tampered with."""
    try:
        return list(json.loads(after)["reports"])
    except (ValueError, TypeError, KeyError):
        return []


def _lacking(
    session: Session, wanted: dict[str, Message], *, count: int, head: str
) -> Message | None:
    """What must be in a trail of ``count`` entries that end with ``head``, but is not."""
    for who in wanted.values():
        return Message(
            "The audit trail ends with entry {count} and does not hold the one that {who} stands "
            "on: entries at its end were removed, or the store was replaced by another.",
            count=count,
            who=who,
        )
    kept = session.execute(select(MetaRow.value).where(MetaRow.key == HEAD)).scalar_one_or_none()
    if kept != (f"{count} {head}" if count else None):
        return Message(
            "The audit trail ends with entry {count}, but its newest was entry {last}: entries at "
            "its end were removed.",
            count=count,
            last=(kept or "?").partition(" ")[0],
        )
    return None


def _columns() -> Select[tuple[object, ...]]:
    return select(*(getattr(AuditRow, f.name) for f in fields(AuditEntry)))


def _entry(row: Row[tuple[object, ...]]) -> AuditEntry:
    return AuditEntry(**dict(row._mapping))


def _all_entries(session: Session) -> Iterator[tuple[object, AuditEntry | None]]:
    """Every entry by its number, None for one whose bytes are no text any more."""
    numbers = session.execute(select(AuditRow.number).order_by(AuditRow.number)).scalars().all()
    for start in range(0, len(numbers), BATCH):
        some = numbers[start : start + BATCH]
        try:
            yield from _read(session, some)
        except (DBAPIError, UnicodeDecodeError):
            for number in some:
                yield from _read_one(session, number)


def _read(session: Session, numbers: Sequence[int]) -> list[tuple[object, AuditEntry | None]]:
    between = AuditRow.number.between(numbers[0], numbers[-1])
    rows = session.execute(_columns().where(between).order_by(AuditRow.number))
    return [(row[0], _entry(row)) for row in rows]


def _read_one(session: Session, number: int) -> list[tuple[object, AuditEntry | None]]:
    try:
        return _read(session, [number])
    except (DBAPIError, UnicodeDecodeError):
        return [(number, None)]
