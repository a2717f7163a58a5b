"""Signs and amends reports: a signed version is locked, an amendment is a new one with a reason."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC

from sqlalchemy import select
from sqlalchemy.orm import Session

from rostfine_core.domain import Action, Meaning, ReportIdentity, Signature
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store.audit import AuditEvent, head_hash
from rostfine_core.store.people import confirm
from rostfine_core.store.rows import as_json, row_of
from rostfine_core.store.schema import ReportRow, ReportVideoRow, VideoRow
from rostfine_core.store.store import Store


@dataclass(frozen=True, kw_only=True)
class SignedFiles:
    """The files of a report made anew with its signature: their ZIP, and the content's hash."""

    files: bytes
    content_sha256: str


def sign_report(
    store: Store,
    report_id: str,
    *,
    passphrase: str,
    meaning: Meaning,
    make_files: Callable[[ReportIdentity], SignedFiles],
) -> ReportIdentity:
    """Sign a version of a report by who is signed in, and lock it.

    Args:
        store: the store, with somebody signed in.
        report_id: the newest version of its sample's report.
        passphrase: of who is signed in, typed again.
        meaning: what they declare.
        make_files: makes the report's files with the signature; nothing is signed if it fails.

    Raises:
        StoreError: in single-user mode, without the right, with a wrong passphrase, or if the
            report is signed already, was replaced, or shows a case as it is no longer.
    """
    with store.writing(Action.SIGN_REPORTS) as session:
        if store.operator is None:
            raise StoreError(
                Message(
                    "A report is signed by somebody who has a passphrase: add operators to the "
                    "store first."
                )
            )
        draft = _draft(session, report_id)
        found = confirm(store, session, passphrase)
        identity = _signed(store, session, draft, meaning)
    if found.refusal is not None:
        raise StoreError(found.refusal)
    made = make_files(identity)
    with store.writing(Action.SIGN_REPORTS) as session:
        _lock(store, session, _draft(session, report_id), identity, made)
    return identity


def amendment(store: Store, report_id: str, *, reason: str) -> ReportIdentity:
    """What the next version of a signed report is; it is kept with ``Store.add_report``.

    Raises:
        StoreError: without the right or a reason, or the report is not signed or was replaced.
    """
    if not reason.strip():
        raise StoreError(Message("An amendment says why it was made: enter the reason."))
    with store.reading(Action.AMEND_REPORTS) as session:
        row = row_of(session, ReportRow, report_id)
        if not row.signed_by:
            raise StoreError(
                Message("Only a signed report is amended: this one can be written again.")
            )
        _refuse_old(session, row)
        return ReportIdentity(
            version=row.version + 1,
            audit_hash=head_hash(session),
            amends=row.version,
            reason=reason.strip(),
        )


def _draft(session: Session, report_id: str) -> ReportRow:
    """A version that can be signed."""
    row = row_of(session, ReportRow, report_id)
    if row.signed_by:
        raise StoreError(
            Message(
                "Version {version} of this report is signed by {name} and locked: amend it.",
                version=row.version,
                name=row.signed_by,
            )
        )
    _refuse_old(session, row)
    changed_since = (
        select(VideoRow.name)
        .join(ReportVideoRow, ReportVideoRow.video_id == VideoRow.id)
        .where(ReportVideoRow.report_id == row.id, VideoRow.changed > row.changed)
    )
    changed = session.scalars(changed_since).first()
    if changed is not None:
        raise StoreError(
            Message(
                "{video} was changed after this report was written: write the report again, then "
                "sign it.",
                video=changed,
            )
        )
    return row


def _refuse_old(session: Session, row: ReportRow) -> None:
    newer = select(ReportRow.version).where(
        ReportRow.sample_id == row.sample_id, ReportRow.version > row.version
    )
    if session.scalars(newer).first() is not None:
        raise StoreError(
            Message(
                "Version {version} of this report was replaced by a newer one: open that.",
                version=row.version,
            )
        )


def _signed(store: Store, session: Session, row: ReportRow, meaning: Meaning) -> ReportIdentity:
    assert store.operator is not None
    now = store.now()
    offset = now.utcoffset()
    assert offset is not None, "a signature needs a time with its offset"
    signature = Signature(
        name=store.operator.name,
        utc=now.astimezone(UTC).isoformat(timespec="seconds"),
        local_offset_minutes=round(offset.total_seconds() / 60),
        meaning=meaning,
    )
    return ReportIdentity(
        version=row.version,
        audit_hash=head_hash(session),
        amends=row.amends,
        reason=row.reason,
        signature=signature,
    )


def _lock(
    store: Store, session: Session, row: ReportRow, identity: ReportIdentity, made: SignedFiles
) -> None:
    signature = identity.signature
    assert signature is not None
    before = as_json({"content_sha256": row.content_sha256})
    row.audit_hash = identity.audit_hash
    row.content_sha256, row.files = made.content_sha256, made.files
    row.signed_by, row.signed_utc = signature.name, signature.utc
    row.signed_offset_minutes = signature.local_offset_minutes
    row.meaning = signature.meaning.value
    event = AuditEvent(
        action=Action.SIGN_REPORTS.value,
        subject_kind="report",
        subject_id=row.id,
        before=before,
        after=as_json(
            {
                "version": row.version,
                "content_sha256": row.content_sha256,
                "meaning": row.meaning,
                "signed_by": row.signed_by,
            }
        ),
        reason=row.reason,
    )
    store.enter(session, event)
