"""The audit trail finds whatever was done to it."""

from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, insert, text, update
from sqlalchemy.orm import Session

from rostfine_core.domain import AuditEntry
from rostfine_core.store.audit import (
    HEAD,
    START,
    AuditEvent,
    append,
    check_chain,
    head_hash,
    newest_entries,
)
from rostfine_core.store.schema import AuditRow, MetaRow, ReportRow, SampleRow, Table

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=9)))
ENTRIES = 6


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store with a trail of ``ENTRIES``, without the triggers."""
    file = tmp_path_factory.mktemp("trail") / "store.db"
    engine = create_engine(f"sqlite:///{file}")
    Table.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        for n in range(ENTRIES):
            event = AuditEvent(
                action="edit cases",
                subject_kind="video",
                subject_id=f"{n:032x}",
                before="" if n == 0 else f'"{n}"',
                after='"精子 é 🙂"',
                reason="typed ' wrong",
            )
            append(session, event, operator="mori", now=NOW + timedelta(seconds=n))
    engine.dispose()
    return file


@pytest.fixture
def session(trail: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{trail}")
    with Session(engine) as session:
        yield session
        session.rollback()
    engine.dispose()


def entry(session: Session, number: int) -> AuditEntry:
    return next(e for e in newest_entries(session) if e.number == number)


def test_a_trail_is_whole_and_names_its_head(session: Session) -> None:
    check = check_chain(session)
    assert (check.entries, check.fault) == (ENTRIES, None)
    assert check.head == head_hash(session) == entry(session, ENTRIES).hash
    first = entry(session, 1)
    assert (first.utc, first.local_offset_minutes) == ("2026-03-01T14:30:00.000+00:00", 540)
    assert first.previous_hash == START


BYTES = [(number, field.name) for number in range(1, ENTRIES + 1) for field in fields(AuditEntry)]


@pytest.mark.requirement("R-70")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(BYTES), st.data())
def test_any_changed_byte_is_found(trail: Path, cell: tuple[int, str], data: st.DataObject) -> None:
    number, column = cell
    engine = create_engine(f"sqlite:///{trail}")
    with Session(engine) as session:
        value = getattr(entry(session, number), column)
        if isinstance(value, int):
            changed: object = value ^ (1 << data.draw(st.integers(3, 30)))
            statement = f"UPDATE audit SET {column} = :value WHERE number = :number"
        else:
            old = value.encode()
            place = data.draw(st.integers(0, len(old)))
            byte = data.draw(st.binary(min_size=1, max_size=1))
            changed = old[:place] + byte + old[place + 1 :]
            assume(changed != old)
            statement = f"UPDATE audit SET {column} = CAST(:value AS TEXT) WHERE number = :number"
        session.execute(text(statement), {"value": changed, "number": number})
        check = check_chain(session)
        session.rollback()
    engine.dispose()
    assert check.fault is not None
    assert check.broken == number


def removed(session: Session, number: int) -> None:
    session.execute(delete(AuditRow).where(AuditRow.number == number))


def renumbered(session: Session, old: int, new: int) -> None:
    session.execute(update(AuditRow).where(AuditRow.number == old).values(number=new))


def test_a_removed_entry_is_named(session: Session) -> None:
    removed(session, 3)
    check = check_chain(session)
    assert check.broken == 3
    assert "Entry 3 of the audit trail is missing" in str(check.message)


def test_a_removed_entry_is_named_when_the_rest_moves_up(session: Session) -> None:
    removed(session, 3)
    for number in range(4, ENTRIES + 1):
        renumbered(session, number, number - 1)
        moved = replace(entry(session, number - 1), number=number - 1)
        values = {"hash": moved.own_hash}
        session.execute(update(AuditRow).where(AuditRow.number == number - 1).values(values))
    check = check_chain(session)
    assert check.broken == 3
    assert "does not follow" in str(check.message)


def test_exchanged_entries_are_found(session: Session) -> None:
    for old, new in ((2, 90), (3, 2), (90, 3)):
        renumbered(session, old, new)
    assert check_chain(session).broken == 2


def test_an_inserted_entry_is_found(session: Session) -> None:
    for number in range(ENTRIES, 3, -1):
        renumbered(session, number, number + 1)
    third = entry(session, 3)
    added = replace(third, number=4, previous_hash=third.hash, reason="slipped in")
    added = replace(added, hash=added.own_hash)
    session.execute(insert(AuditRow).values(asdict(added)))
    assert check_chain(session).broken == 5


def test_a_cut_tail_is_found(session: Session) -> None:
    removed(session, ENTRIES)
    assert "its newest was entry 6" in str(check_chain(session).message)
    session.execute(delete(MetaRow).where(MetaRow.key == HEAD))
    assert check_chain(session).broken == ENTRIES


@pytest.mark.requirement("R-70")
def test_a_trail_made_anew_lacks_the_heads_that_reports_carry(session: Session) -> None:
    printed = entry(session, 4).hash
    sample = SampleRow(id="5" * 32, label="S-1", created_utc="")
    session.add(sample)
    session.flush()
    report = ReportRow(
        id="6" * 32,
        sample_id=sample.id,
        version=2,
        content_sha256="",
        audit_hash=printed,
        changed=0,
        created_utc="",
    )
    session.add(report)
    assert check_chain(session, known_heads=[printed[:16]]).fault is None
    session.execute(delete(AuditRow))
    for n in range(ENTRIES):
        event = AuditEvent(action="edit cases", subject_kind="video", reason=f"false {n}")
        append(session, event, operator="mori", now=NOW)
    assert "report 2 of sample S-1" in str(check_chain(session).message)
    session.delete(report)
    assert check_chain(session).fault is None
    assert printed[:16] in str(check_chain(session, known_heads=[printed[:16]]).message)


@pytest.mark.parametrize(
    ("searched", "found"), [("MORI", ENTRIES), ('"3"', 1), ("50%", 0), ("精子", ENTRIES)]
)
def test_entries_are_searched_newest_first(session: Session, searched: str, found: int) -> None:
    entries = newest_entries(session, containing=searched)
    assert len(entries) == found
    assert [e.number for e in entries] == sorted((e.number for e in entries), reverse=True)
