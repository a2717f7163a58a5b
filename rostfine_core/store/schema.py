"""The tables of the case store, the same for SQLite and PostgreSQL.

Ids are hexadecimal uuid4, made by the program; times are UTC in ISO 8601 as text; JSON is text.
``search`` holds what a row is found by, as ``search_text`` makes it.
Large values stand last in their tables, where a query for the others does not read them.
"""

from uuid import uuid4

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, MetaData, String
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import DeclarativeBase, Mapped, deferred, mapped_column

from rostfine_core.store.any_text import AnyText

Id = String(32)
Sha256 = String(64)
Time = String(32)


def new_id() -> str:
    """An id that no store has given to anything else."""
    return uuid4().hex


class Table(DeclarativeBase):
    """What all tables share; constraints have names, so that a migration can change them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _id() -> Mapped[str]:
    return mapped_column(Id, primary_key=True)


def _reference(column: str) -> Mapped[str]:
    return mapped_column(Id, ForeignKey(column), index=True)


class PatientRow(Table):
    """A patient under a pseudonym."""

    __tablename__ = "patient"
    id: Mapped[str] = _id()
    pseudonym: Mapped[str] = mapped_column(AnyText, unique=True)
    note: Mapped[str] = mapped_column(AnyText, default="")
    search: Mapped[str] = mapped_column(AnyText, default="")


class SampleRow(Table):
    """A sample, with what the lab measured of it; ``who_values`` is a JSON object."""

    __tablename__ = "sample"
    id: Mapped[str] = _id()
    patient_id: Mapped[str | None] = mapped_column(Id, ForeignKey("patient.id"), index=True)
    label: Mapped[str] = mapped_column(AnyText, default="")
    operator: Mapped[str] = mapped_column(AnyText, default="")
    collected_utc: Mapped[str] = mapped_column(Time, default="")
    analysed_utc: Mapped[str] = mapped_column(Time, default="")
    medium: Mapped[str] = mapped_column(AnyText, default="")
    temperature_c: Mapped[float | None]
    abstinence_days: Mapped[float | None]
    who_values: Mapped[str] = mapped_column(AnyText, default="{}")
    note: Mapped[str] = mapped_column(AnyText, default="")
    search: Mapped[str] = mapped_column(AnyText, default="")
    created_utc: Mapped[str] = mapped_column(Time)


class VideoRow(Table):
    """A video of a sample, known by its content and what was read of it.

    ``choice`` is "" or a JSON object of channel and plane; ``changed`` is the number in the audit
    trail of the last change to what a report of it shows; ``info`` is compressed JSON.
    """

    __tablename__ = "video"
    __table_args__ = (Unique("sha256", "choice"), Unique("sample_id", "number"))
    id: Mapped[str] = _id()
    sample_id: Mapped[str] = mapped_column(Id, ForeignKey("sample.id"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(AnyText)
    search: Mapped[str] = mapped_column(AnyText, default="")
    path: Mapped[str] = mapped_column(AnyText)
    sha256: Mapped[str] = mapped_column(Sha256)
    choice: Mapped[str] = mapped_column(AnyText, default="")
    profile: Mapped[str] = mapped_column(AnyText, default="")
    fps: Mapped[float | None]
    um_per_px: Mapped[float | None]
    frame: Mapped[int] = mapped_column(default=0)
    selected_key: Mapped[int | None]
    history_position: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    created_utc: Mapped[str] = mapped_column(Time)
    opened_utc: Mapped[str] = mapped_column(Time, index=True)
    info: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    thumbnail: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))


class SpermRow(Table):
    """A sperm that was chosen; ``place`` in the list, None once it was removed from it.

    A removed sperm stays, as undoing brings it back with its results.
    """

    __tablename__ = "sperm"
    __table_args__ = (Unique("video_id", "key"),)
    id: Mapped[str] = _id()
    video_id: Mapped[str] = mapped_column(Id, ForeignKey("video.id"))
    key: Mapped[int]
    place: Mapped[int | None]
    name: Mapped[str] = mapped_column(AnyText)
    verdict: Mapped[str] = mapped_column(String(16))
    selection: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(AnyText, default="")


class ClickRow(Table):
    """A place of a sperm in one frame, clicked or set by hand."""

    __tablename__ = "click"
    sperm_id: Mapped[str] = mapped_column(Id, ForeignKey("sperm.id"), primary_key=True)
    frame: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    x_px: Mapped[float]
    y_px: Mapped[float]
    is_exact: Mapped[bool]


class EditRow(Table):
    """A step of a video's history: what differs, as JSON, before and after it."""

    __tablename__ = "edit"
    __table_args__ = (Unique("video_id", "number"),)
    id: Mapped[str] = _id()
    video_id: Mapped[str] = mapped_column(Id, ForeignKey("video.id"))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(AnyText)
    merge: Mapped[int]
    before: Mapped[str] = mapped_column(AnyText)
    after: Mapped[str] = mapped_column(AnyText)


class TrackRow(Table):
    """A track; ``inputs_sha256`` tells what it was made from, ``record`` is compressed JSON."""

    __tablename__ = "track"
    __table_args__ = (Unique("sperm_id", "inputs_sha256"),)
    id: Mapped[str] = _id()
    sperm_id: Mapped[str] = mapped_column(Id, ForeignKey("sperm.id"))
    inputs_sha256: Mapped[str] = mapped_column(Sha256)
    fps: Mapped[float | None]
    record: Mapped[bytes] = mapped_column(LargeBinary)


class AssessmentRow(Table):
    """An assessment; ``inputs_sha256`` tells what it was made from.

    ``record`` is compressed JSON, as in ``assessment.json`` but with sentences that can be
    translated; ``images`` are those of the clip.
    """

    __tablename__ = "assessment"
    __table_args__ = (Unique("sperm_id", "inputs_sha256"),)
    id: Mapped[str] = _id()
    sperm_id: Mapped[str] = mapped_column(Id, ForeignKey("sperm.id"))
    inputs_sha256: Mapped[str] = mapped_column(Sha256)
    fps: Mapped[float | None]
    um_per_px: Mapped[float | None]
    model_sha256: Mapped[str] = mapped_column(Sha256, index=True)
    model_name: Mapped[str] = mapped_column(AnyText)
    p_a_or_b: Mapped[float]
    expected_grade: Mapped[float]
    created_utc: Mapped[str] = mapped_column(Time)
    record: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    images: Mapped[bytes] = deferred(mapped_column(LargeBinary))


class RejectionRow(Table):
    """Why a sperm could not be graded; ``record`` is JSON of what was tried and the reason."""

    __tablename__ = "rejection"
    __table_args__ = (Unique("sperm_id", "inputs_sha256"),)
    id: Mapped[str] = _id()
    sperm_id: Mapped[str] = mapped_column(Id, ForeignKey("sperm.id"))
    inputs_sha256: Mapped[str] = mapped_column(Sha256)
    record: Mapped[str] = mapped_column(AnyText)


class ReportRow(Table):
    """A version of a sample's report; ``files`` is a ZIP of what it consists of.

    ``amends`` is the version that it replaces; ``changed`` the number in the audit trail up to
    which it shows its videos; ``signed_by`` is "" for a draft.
    """

    __tablename__ = "report"
    __table_args__ = (Unique("sample_id", "version"),)
    id: Mapped[str] = _id()
    sample_id: Mapped[str] = mapped_column(Id, ForeignKey("sample.id"))
    version: Mapped[int]
    amends: Mapped[int | None]
    reason: Mapped[str] = mapped_column(AnyText, default="")
    folder: Mapped[str] = mapped_column(AnyText, default="")
    content_sha256: Mapped[str] = mapped_column(Sha256)
    audit_hash: Mapped[str] = mapped_column(Sha256, default="")
    changed: Mapped[int]
    signed_by: Mapped[str] = mapped_column(AnyText, default="")
    signed_utc: Mapped[str] = mapped_column(Time, default="")
    signed_offset_minutes: Mapped[int] = mapped_column(default=0)
    meaning: Mapped[str] = mapped_column(AnyText, default="")
    created_utc: Mapped[str] = mapped_column(Time)
    files: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))


class ReportVideoRow(Table):
    """Which videos a report is about."""

    __tablename__ = "report_video"
    report_id: Mapped[str] = mapped_column(Id, ForeignKey("report.id"), primary_key=True)
    video_id: Mapped[str] = mapped_column(Id, ForeignKey("video.id"), primary_key=True, index=True)


class OperatorRow(Table):
    """Who may use the store, and with which rights."""

    __tablename__ = "operator"
    id: Mapped[str] = _id()
    name: Mapped[str] = mapped_column(AnyText)
    login: Mapped[str] = mapped_column(AnyText, unique=True)
    passphrase_hash: Mapped[str] = mapped_column(AnyText)
    role: Mapped[str] = mapped_column(String(16))
    is_active: Mapped[bool] = mapped_column(default=True)
    failed_attempts: Mapped[int] = mapped_column(default=0)
    locked_until_utc: Mapped[str] = mapped_column(Time, default="")
    created_utc: Mapped[str] = mapped_column(Time)


class AuditRow(Table):
    """An entry of the audit trail, which is only ever added to, each hashed with the one before."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "subject_kind", "subject_id"),)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    utc: Mapped[str] = mapped_column(Time)
    local_offset_minutes: Mapped[int]
    operator: Mapped[str] = mapped_column(AnyText)
    action: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    before: Mapped[str] = mapped_column(AnyText)
    after: Mapped[str] = mapped_column(AnyText)
    reason: Mapped[str] = mapped_column(AnyText)
    previous_hash: Mapped[str] = mapped_column(Sha256)
    hash: Mapped[str] = mapped_column(Sha256)


class ReviewRow(Table):
    """A second person's grade of a sperm, given without seeing the model's.

    ``assessment_id`` is the assessment whose clip was shown. It is None once that clip was made
    anew: the review does not count then.
    """

    __tablename__ = "review"
    id: Mapped[str] = _id()
    sperm_id: Mapped[str] = _reference("sperm.id")
    assessment_id: Mapped[str | None] = mapped_column(Id, ForeignKey("assessment.id"), index=True)
    operator_id: Mapped[str] = _reference("operator.id")
    grade: Mapped[str] = mapped_column(String(1))
    created_utc: Mapped[str] = mapped_column(Time)


class PanelRow(Table):
    """A round of votes; ``grades`` are the letters that may be given."""

    __tablename__ = "panel"
    id: Mapped[str] = _id()
    name: Mapped[str] = mapped_column(AnyText)
    grades: Mapped[str] = mapped_column(String(8))
    created_utc: Mapped[str] = mapped_column(Time)


class PanelItemRow(Table):
    """A sperm to vote on, at its place; ``is_repeat`` where it is asked a second time.

    ``assessment_id`` is the assessment whose clip is shown, which a vote belongs to. It is None
    once that clip was made anew: the item is withdrawn, and its votes do not count.
    """

    __tablename__ = "panel_item"
    __table_args__ = (Unique("panel_id", "place"),)
    id: Mapped[str] = _id()
    panel_id: Mapped[str] = mapped_column(Id, ForeignKey("panel.id"))
    sperm_id: Mapped[str] = _reference("sperm.id")
    assessment_id: Mapped[str | None] = mapped_column(Id, ForeignKey("assessment.id"), index=True)
    place: Mapped[int]
    is_repeat: Mapped[bool]


class VoteRow(Table):
    """One operator's vote, and the seconds that it took."""

    __tablename__ = "vote"
    __table_args__ = (Unique("panel_item_id", "operator_id"),)
    id: Mapped[str] = _id()
    panel_item_id: Mapped[str] = mapped_column(Id, ForeignKey("panel_item.id"))
    operator_id: Mapped[str] = _reference("operator.id")
    grade: Mapped[str] = mapped_column(String(1))
    seconds: Mapped[float]
    created_utc: Mapped[str] = mapped_column(Time)


class MetaRow(Table):
    """What is known of the store itself."""

    __tablename__ = "meta"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(AnyText)
