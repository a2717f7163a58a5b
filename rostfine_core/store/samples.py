"""Patients, samples and the versions of their reports."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from rostfine_core.domain import (
    Meaning,
    Patient,
    ReportIdentity,
    SampleRecord,
    Signature,
    StoredReport,
    WhoValues,
)
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store.any_text import search_text
from rostfine_core.store.audit import head_hash
from rostfine_core.store.rows import as_json, row_of
from rostfine_core.store.schema import (
    AuditRow,
    PatientRow,
    ReportRow,
    ReportVideoRow,
    SampleRow,
    VideoRow,
    new_id,
)


def all_patients(session: Session, query: str) -> tuple[Patient, ...]:
    """The patients whose pseudonym holds every word of ``query``, by pseudonym."""
    words = (PatientRow.search.contains(w, autoescape=True) for w in search_text(query).split())
    rows = session.scalars(select(PatientRow).where(*words).order_by(PatientRow.search))
    return tuple(Patient(id=r.id, pseudonym=r.pseudonym, note=r.note) for r in rows)


def patient_by_id(session: Session, patient_id: str) -> Patient:
    """A patient.

    Raises:
        StoreError: there is none with this id.
    """
    row = row_of(session, PatientRow, patient_id)
    return Patient(id=row.id, pseudonym=row.pseudonym, note=row.note)


def write_patient(session: Session, patient: Patient) -> tuple[str, str, str]:
    """Add or change a patient; its id, and the record as JSON before and after.

    Raises:
        StoreError: the pseudonym is empty or another patient's.
    """
    pseudonym = patient.pseudonym.strip()
    if not pseudonym:
        raise StoreError(Message("A patient needs a pseudonym: enter one."))
    taken = session.scalars(select(PatientRow).filter_by(pseudonym=pseudonym)).one_or_none()
    if taken is not None and taken.id != patient.id:
        raise StoreError(
            Message("There is a patient {pseudonym} already: choose that one.", pseudonym=pseudonym)
        )
    row = row_of(session, PatientRow, patient.id) if patient.id else PatientRow(id=new_id())
    before = as_json({"pseudonym": row.pseudonym, "note": row.note}) if patient.id else ""
    row.pseudonym, row.note, row.search = pseudonym, patient.note, search_text(pseudonym)
    session.add(row)
    return row.id, before, as_json({"pseudonym": row.pseudonym, "note": row.note})


def sample_by_id(session: Session, sample_id: str) -> SampleRecord:
    """What is known of a sample.

    Raises:
        StoreError: there is none with this id.
    """
    return _sample(row_of(session, SampleRow, sample_id))


def sample_named(session: Session, label: str, patient: str) -> str | None:
    """The id of the sample with a name and a patient's pseudonym, by the video opened last."""
    owner = PatientRow.pseudonym == patient if patient else SampleRow.patient_id.is_(None)
    found = (
        select(SampleRow.id)
        .outerjoin(PatientRow, PatientRow.id == SampleRow.patient_id)
        .outerjoin(VideoRow, VideoRow.sample_id == SampleRow.id)
        .where(SampleRow.label == label, owner)
        .order_by(func.coalesce(VideoRow.opened_utc, "").desc(), SampleRow.id)
    )
    return session.scalars(found.limit(1)).first()


def write_sample(session: Session, sample: SampleRecord, *, now: str) -> tuple[str, str, str]:
    """Add or change a sample; its id, and the record as JSON before and after.

    Raises:
        StoreError: the sample or its patient is not in the store.
    """
    row = row_of(session, SampleRow, sample.id) if sample.id else None
    before = as_json(asdict(_sample(row))) if row is not None else ""
    row = row or SampleRow(id=new_id(), created_utc=now)
    if sample.patient_id is not None:
        row_of(session, PatientRow, sample.patient_id)
    for name, value in asdict(sample).items():
        if name not in ("id", "who"):
            setattr(row, name, value)
    row.who_values = as_json(asdict(sample.who))
    row.search = search_text(row.label, row.operator)
    session.add(row)
    return row.id, before, as_json(asdict(_sample(row)))


def outdate_reports(session: Session, which: ColumnElement[bool], *, number: int) -> None:
    """Let the reports of some videos be out of date from an entry of the audit trail on."""
    session.execute(update(VideoRow).where(which).values(changed=number))


def next_identity(session: Session, sample_id: str) -> ReportIdentity:
    """The version that a sample's next report has, and the head of the trail it stands on.

    A draft of an amendment is followed by another one, of the same version for the same reason.
    """
    newest = _newest(session, sample_id)
    draft = newest if newest is not None and not newest.signed_by else None
    return ReportIdentity(
        version=newest.version + 1 if newest else 1,
        audit_hash=head_hash(session),
        amends=draft.amends if draft else None,
        reason=draft.reason if draft else "",
    )


def _newest(session: Session, sample_id: str) -> ReportRow | None:
    versions = select(ReportRow).filter_by(sample_id=sample_id)
    return session.scalars(versions.order_by(ReportRow.version.desc()).limit(1)).first()


def write_report(
    session: Session,
    sample_id: str,
    identity: ReportIdentity,
    *,
    video_ids: Sequence[str],
    content_sha256: str,
    folder: str,
    files: bytes | None,
    now: str,
) -> str:
    """Keep a version of a report, a draft until it is signed (``signing``); its id.

    Raises:
        StoreError: the version is not the sample's next, or does not amend one that is signed.
    """
    assert identity.signature is None, "a report is signed by sign_report"
    row_of(session, SampleRow, sample_id)
    _refuse_locked(session, sample_id, identity)
    if identity.version != next_identity(session, sample_id).version:
        raise StoreError(
            Message(
                "Another report of this sample was written meanwhile: write this one again, so "
                "that it gets the next version."
            )
        )
    head = select(AuditRow.number).where(AuditRow.hash == identity.audit_hash)
    row = ReportRow(
        id=new_id(),
        sample_id=sample_id,
        version=identity.version,
        amends=identity.amends,
        reason=identity.reason,
        folder=folder,
        content_sha256=content_sha256,
        audit_hash=identity.audit_hash,
        changed=session.scalar(head) or 0,
        created_utc=now,
        files=files,
    )
    session.add(row)
    session.flush()
    session.add_all(ReportVideoRow(report_id=row.id, video_id=video) for video in video_ids)
    return row.id


def _refuse_locked(session: Session, sample_id: str, identity: ReportIdentity) -> None:
    """A signed version is only replaced by an amendment of it."""
    newest = _newest(session, sample_id)
    if newest is None:
        return
    locked = newest.version if newest.signed_by else newest.amends
    if identity.amends != locked:
        raise StoreError(
            Message(
                "Version {version} of this report is signed and locked: amend it, with a reason.",
                version=locked or newest.version,
            )
        )


def reports_of(session: Session, sample_id: str) -> tuple[StoredReport, ...]:
    """All versions of a sample's report, the first first."""
    rows = session.scalars(
        select(ReportRow).where(ReportRow.sample_id == sample_id).order_by(ReportRow.version)
    )
    return tuple(_report(session, row) for row in rows)


def report_zip(session: Session, report_id: str) -> bytes | None:
    """The files of a report as ZIP; None if they were not kept.

    Raises:
        StoreError: there is no such report.
    """
    return row_of(session, ReportRow, report_id).files


def _report(session: Session, row: ReportRow) -> StoredReport:
    videos = select(ReportVideoRow.video_id).where(ReportVideoRow.report_id == row.id)
    signature = Signature(
        name=row.signed_by,
        utc=row.signed_utc,
        local_offset_minutes=row.signed_offset_minutes,
        meaning=Meaning(row.meaning or Meaning.AUTHORSHIP),
    )
    return StoredReport(
        id=row.id,
        sample_id=row.sample_id,
        identity=ReportIdentity(
            version=row.version,
            audit_hash=row.audit_hash,
            amends=row.amends,
            reason=row.reason,
            signature=signature if row.signed_by else None,
        ),
        video_ids=tuple(session.scalars(videos.order_by(ReportVideoRow.video_id))),
        content_sha256=row.content_sha256,
        folder=row.folder,
        created_utc=row.created_utc,
    )


def _sample(row: SampleRow) -> SampleRecord:
    return SampleRecord(
        id=row.id,
        label=row.label,
        operator=row.operator,
        patient_id=row.patient_id,
        collected_utc=row.collected_utc,
        analysed_utc=row.analysed_utc,
        medium=row.medium,
        temperature_c=row.temperature_c,
        abstinence_days=row.abstinence_days,
        who=WhoValues(**json.loads(row.who_values)),
        note=row.note,
    )
