"""Signing in, rights that the store itself enforces, and signed reports."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rostfine_core.domain import (
    RIGHTS,
    Action,
    Meaning,
    OwnAction,
    Patient,
    ReportIdentity,
    Role,
    SampleRecord,
)
from rostfine_core.errors import StoreError
from rostfine_core.store import locking, people, reviewing, signing, trail, voting
from rostfine_core.store.engine import FILE_NAME
from rostfine_core.store.rows import row_of
from rostfine_core.store.schema import ReportRow
from rostfine_core.store.store import Store

WORDS = "a quiet morning in May"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def staff_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store with somebody in each role."""
    folder = tmp_path_factory.mktemp("staff")
    with Store.open(folder) as store:
        for role in reversed(Role):
            people.add_operator(
                store, login=role.value, name=role.value.title(), role=role, passphrase=WORDS
            )
    return folder / FILE_NAME


@pytest.fixture
def staff(staff_file: Path, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """The store with somebody in each role; the administrator is signed in."""
    shutil.copy(staff_file, tmp_path)
    with Store.open(tmp_path, now=clock) as store:
        people.sign_in(store, login="administrator", passphrase=WORDS)
        yield store


@contextmanager
def signed_in(store: Store, role: Role) -> Iterator[None]:
    before = store.operator
    people.sign_in(store, login=role.value, passphrase=WORDS)
    yield
    store.operator = before


def test_without_operators_everything_may_be_done_and_the_trail_says_so(store: Store) -> None:
    store.set_patient(Patient(pseudonym="P-1"))
    assert not people.has_operators(store)
    (entry,) = trail.entries(store)
    assert (entry.action, entry.subject_kind) == ("edit cases", "patient")


def test_from_the_first_operator_on_nobody_acts_without_signing_in(
    tmp_path: Path, staff: Store
) -> None:
    with Store.open(tmp_path) as elsewhere:
        assert people.has_operators(elsewhere)
        for refused in (elsewhere.case_list, lambda: elsewhere.set_patient(Patient(pseudonym="P"))):
            with pytest.raises(StoreError, match="has operators: sign in first"):
                refused()
        people.sign_in(elsewhere, login="reader", passphrase=WORDS)
        assert elsewhere.case_list() == ()
        people.sign_out(elsewhere)
        with pytest.raises(StoreError, match="sign in first"):
            elsewhere.case_list()


def test_what_changes_elsewhere_holds_at_once(tmp_path: Path, staff: Store) -> None:
    with Store.open(tmp_path) as elsewhere:
        reader = people.sign_in(elsewhere, login="reader", passphrase=WORDS)
        people.set_role(staff, reader.id, Role.OPERATOR)
        elsewhere.set_patient(Patient(pseudonym="P-1"))
        people.set_active(staff, reader.id, False)
        with pytest.raises(StoreError, match="may not do this"):
            elsewhere.case_list()


def draft_report(store: Store) -> str:
    """A version of a report on a new sample."""
    sample = store.set_sample(SampleRecord(label="S-1"))
    identity = store.next_report(sample)
    return store.add_report(sample, identity, video_ids=(), content_sha256="0" * 64)


def sign(store: Store, report_id: str, passphrase: str = WORDS) -> ReportIdentity:
    return signing.sign_report(
        store,
        report_id,
        passphrase=passphrase,
        meaning=Meaning.APPROVAL,
        make_files=lambda _: signing.SignedFiles(files=b"signed", content_sha256="1" * 64),
    )


NOWHERE = "0" * 32
ATTEMPTS: dict[Action, Callable[[Store], object]] = {
    Action.SEE_CASES: lambda s: s.case_list(),
    Action.EDIT_CASES: lambda s: s.set_patient(Patient(pseudonym="P-2")),
    Action.KEEP_RESULTS: lambda s: s.keep_tracks(NOWHERE, {}),
    Action.WRITE_REPORTS: lambda s: s.add_report(
        NOWHERE, ReportIdentity(version=1, audit_hash=""), video_ids=(), content_sha256=""
    ),
    Action.EXPORT: lambda s: s.note_export("all.csv"),
    Action.BACK_UP: lambda s: s.back_up(),
    Action.RESTORE: lambda s: s.restore(Path("nowhere")),
    Action.ENCRYPT: locking.decrypt,
    Action.SIGN_REPORTS: lambda s: sign(s, NOWHERE),
    Action.AMEND_REPORTS: lambda s: signing.amendment(s, NOWHERE, reason="wrong name"),
    Action.REVIEW: reviewing.review_trend,
    Action.VOTE: voting.panels,
    Action.MANAGE_PANELS: lambda s: voting.add_panel(s, name="P", count=1),
    Action.SEE_AUDIT: lambda s: (trail.verify(s), trail.entries(s)),
    Action.MANAGE_OPERATORS: people.all_operators,
}


@pytest.mark.requirement("R-71")
@pytest.mark.parametrize("role", Role)
def test_the_store_refuses_each_role_what_it_may_not_do(staff: Store, role: Role) -> None:
    with signed_in(staff, role):
        for action in Action:
            attempt = ATTEMPTS[action]
            refusal = ""
            try:
                attempt(staff)
            except StoreError as error:  # "is not in this store" comes after the rights
                refusal = str(error)
            is_refused = "may not do this" in refusal
            assert is_refused == (action not in RIGHTS[role]), (action, refusal)


@pytest.mark.requirement("R-71")
def test_wrong_passphrases_slow_down_across_programs(
    tmp_path: Path, staff: Store, clock: Clock
) -> None:
    for _ in range(4):
        with pytest.raises(StoreError, match="do not belong together"):
            people.sign_in(staff, login="reader", passphrase="wrong")
        clock.time += timedelta(seconds=5)
    clock.time -= timedelta(seconds=4)
    with (
        Store.open(tmp_path, now=clock) as elsewhere,
        pytest.raises(StoreError, match="wait 1 s"),
    ):
        people.sign_in(elsewhere, login="reader", passphrase=WORDS)
    refused = [e for e in trail.entries(staff) if e.action == OwnAction.SIGN_IN_REFUSED]
    assert len(refused) == 5
    assert {e.operator for e in refused} == {"reader"}


def test_a_passphrase_is_changed_by_who_knows_it_or_by_an_administrator(staff: Store) -> None:
    with signed_in(staff, Role.READER):
        with pytest.raises(StoreError, match="do not belong together"):
            people.change_passphrase(staff, old="wrong", new="another quiet morning")
        people.change_passphrase(staff, old=WORDS, new="another quiet morning")
        people.sign_in(staff, login="reader", passphrase="another quiet morning")
    reader = next(o for o in people.all_operators(staff) if o.role is Role.READER)
    people.reset_passphrase(staff, reader.id, passphrase=WORDS)
    people.sign_in(staff, login="reader", passphrase=WORDS)


@pytest.mark.requirement("R-72")
def test_a_signed_report_is_locked_and_amended_by_a_new_version(staff: Store, clock: Clock) -> None:
    id = draft_report(staff)
    (draft,) = staff.reports(staff_sample := sample_of(staff, id))
    assert draft.identity.signature is None
    identity = sign(staff, id)
    assert identity.signature is not None
    assert (identity.signature.name, identity.signature.utc) == (
        "Administrator",
        "2026-03-01T12:00:00+00:00",
    )
    (signed,) = staff.reports(staff_sample)
    assert (signed.identity, signed.content_sha256) == (identity, "1" * 64)
    assert staff.report_files(id) == b"signed"
    with pytest.raises(StoreError, match=r"Version 1 .* signed by Administrator and locked"):
        sign(staff, id)
    with pytest.raises(StoreError, match="amend"):
        staff.add_report(
            staff_sample, staff.next_report(staff_sample), video_ids=(), content_sha256=""
        )
    with pytest.raises(StoreError, match="enter the reason"):
        signing.amendment(staff, id, reason="  ")
    second = signing.amendment(staff, id, reason="the sample's name was wrong")
    assert (second.version, second.amends) == (2, 1)
    new = staff.add_report(staff_sample, second, video_ids=(), content_sha256="2" * 64)
    assert sign(staff, new).reason == "the sample's name was wrong"
    assert [r.identity.version for r in staff.reports(staff_sample)] == [1, 2]
    assert trail.verify(staff, known_heads=[identity.audit_hash[:16]]).fault is None
    with pytest.raises(StoreError, match="replaced by a newer one"):
        signing.amendment(staff, id, reason="once more")


def sample_of(store: Store, report_id: str) -> str:
    with store.reading() as session:
        return row_of(session, ReportRow, report_id).sample_id


@pytest.mark.requirement("R-72")
def test_a_wrong_passphrase_signs_nothing(staff: Store) -> None:
    id = draft_report(staff)
    with pytest.raises(StoreError, match="do not belong together"):
        sign(staff, id, "wrong")
    (draft,) = staff.reports(sample_of(staff, id))
    assert draft.identity.signature is None
    assert trail.entries(staff)[0].action == OwnAction.SIGN_IN_REFUSED


def test_nobody_signs_in_single_user_mode(store: Store) -> None:
    with pytest.raises(StoreError, match="add operators"):
        sign(store, draft_report(store))


@pytest.mark.requirement("R-70")
def test_the_database_itself_keeps_trail_and_signed_reports(store: Store) -> None:
    people.add_operator(store, login="mori", name="Mori", role=Role.ADMINISTRATOR, passphrase=WORDS)
    sign(store, draft_report(store))
    for statement in (
        "UPDATE audit SET reason = 'nothing' WHERE number = 1",
        "DELETE FROM audit",
        "UPDATE report SET content_sha256 = '' WHERE signed_by <> ''",
        "DELETE FROM report WHERE signed_by <> ''",
    ):
        with pytest.raises(DBAPIError, match="kept as it is"), store.engine.begin() as connection:
            connection.execute(text(statement))
    assert trail.verify(store).fault is None
