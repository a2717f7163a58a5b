"""All rows of a sample's case, to be taken from one store into another.

Blind grades and votes stay, as they belong to operators of the store. So do the audit trail and
folder names, which can identify patients.
"""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, and_, insert, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from rostfine_core.domain import Action, Selection, Verdict
from rostfine_core.errors import StoreError, parsing
from rostfine_core.messages import Message
from rostfine_core.store.any_text import search_text
from rostfine_core.store.audit import IMPORT_CASE, AuditEvent
from rostfine_core.store.changes import from_text
from rostfine_core.store.coding import LEVEL, unpacked
from rostfine_core.store.drafts import draft_of
from rostfine_core.store.history import history_of
from rostfine_core.store.migration import REVISIONS
from rostfine_core.store.results import assessments_of, rejections_of, tracks_of
from rostfine_core.store.rows import as_json, row_of
from rostfine_core.store.samples import reports_of, sample_by_id
from rostfine_core.store.schema import (
    AssessmentRow,
    ClickRow,
    EditRow,
    PatientRow,
    RejectionRow,
    ReportRow,
    ReportVideoRow,
    SampleRow,
    SpermRow,
    Table,
    TrackRow,
    VideoRow,
)
from rostfine_core.store.store import Store, stored_video

TABLES: tuple[type[Table], ...] = (
    PatientRow,
    SampleRow,
    VideoRow,
    SpermRow,
    ClickRow,
    EditRow,
    TrackRow,
    AssessmentRow,
    RejectionRow,
    ReportRow,
    ReportVideoRow,
)
"""In the order in which they refer to each other."""
JSON = {
    ("video", "info"): True,
    ("track", "record"): True,
    ("assessment", "record"): True,
    ("rejection", "record"): False,
}
"""Columns of JSON, and whether it is compressed; it is passed on as text."""
_MADE_HERE = {"search", ("video", "path"), ("report", "folder")}
_LARGEST = 2**31

Value = str | int | float | bool | bytes | None
Row = dict[str, Value]


@dataclass(frozen=True, kw_only=True)
class CaseRows:
    """The rows by table; ``form`` is the form of the store, as ``migration`` counts it.

    ``changed`` (numbers in an audit trail) are replaced by their ranks.
    """

    form: str
    tables: Mapping[str, Sequence[Row]]

    @property
    def sample(self) -> Row:
        """The row of the sample."""
        return self.tables["sample"][0]


class OtherPatientError(StoreError):
    """The store has a patient of a case's ``pseudonym``, who need not be the same person."""

    def __init__(self, pseudonym: str) -> None:
        super().__init__(
            Message(
                "There is a patient {pseudonym} in this store already, who may be another "
                "person: say that it is the same (--same-patient), or rename one of them.",
                pseudonym=pseudonym,
            )
        )
        self.pseudonym = pseudonym


def rows_of_case(store: Store, sample_id: str) -> CaseRows:
    """Everything that is stored of a sample, as it is at one moment.

    Raises:
        StoreError: it is not in the store, which cannot be read, or the operator may not export.
    """
    with store.reading(Action.EXPORT) as session:
        sample = row_of(session, SampleRow, sample_id)
        tables: dict[str, list[Row]] = {}
        for table in TABLES:
            where = _belongs(table, sample, tables)
            tables[table.__tablename__] = _read(session, table, where)
    ranks = _ranks(tables)
    for row in (*tables["video"], *tables["report"]):
        row["changed"] = ranks[row["changed"]]
    return CaseRows(form=REVISIONS[-1], tables=tables)


def _belongs(
    table: type[Table], sample: SampleRow, tables: Mapping[str, Sequence[Row]]
) -> ColumnElement[bool]:
    """Which rows of a table are the case's, given those of the tables before."""
    columns = table.__table__.columns
    if table is PatientRow:
        return columns["id"] == sample.patient_id
    if table is SampleRow:
        return columns["id"] == sample.id
    parents = [name for name in ("sample", "video", "sperm", "report") if f"{name}_id" in columns]
    return and_(*(columns[f"{p}_id"].in_([row["id"] for row in tables[p]]) for p in parents))


def _read(session: Session, table: type[Table], where: ColumnElement[bool]) -> list[Row]:
    columns = _columns(table)
    found = select(*columns).where(where).order_by(*table.__table__.primary_key)
    rows: list[Row] = [dict(row) for row in session.execute(found).mappings()]
    for row in rows:
        for name, is_packed in _json_columns(table).items():
            if row[name] is not None:
                record = unpacked(row[name]) if is_packed else json.loads(row[name])  # type: ignore[arg-type]
                row[name] = as_json(_without_folders(record))
    return rows


def _without_folders(record: Any) -> Any:  # noqa: ANN401  # JSON
    """The record with the names of files alone, wherever there is a path."""
    if isinstance(record, list):
        return [_without_folders(one) for one in record] if _holds_records(record) else record
    if not isinstance(record, dict):
        return record
    return {
        key: _name_of(value)
        if key == "path" and isinstance(value, str)
        else _without_folders(value)
        for key, value in record.items()
    }


def _holds_records(values: Sequence[object]) -> bool:
    """Whether a list may hold paths; most are thousands of numbers."""
    return any(isinstance(value, dict | list) for value in values[:1])


def _name_of(path: str) -> str:
    """The file's name, whichever system the path is of."""
    name = PureWindowsPath(path).name
    return name if name.strip(".") else "video"


def _columns(table: type[Table]) -> list[Column[Any]]:
    """The columns that are passed on."""
    name = table.__tablename__
    kept = (cast("Column[Any]", column) for column in table.__table__.columns)
    return [c for c in kept if c.name not in _MADE_HERE and (name, c.name) not in _MADE_HERE]


def _json_columns(table: type[Table]) -> dict[str, bool]:
    """The columns of JSON that may name files, and whether it is compressed."""
    return {
        column: is_packed
        for (name, column), is_packed in JSON.items()
        if name == table.__tablename__
    }


def _ranks(tables: Mapping[str, Sequence[Row]]) -> dict[Value, int]:
    numbers = {row["changed"] for name in ("video", "report") for row in tables[name]}
    return {number: rank for rank, number in enumerate(sorted(numbers, key=lambda n: n or 0))}


def add_case(
    store: Store,
    case: CaseRows,
    *,
    source: str,
    paths: Mapping[str, str] | None = None,
    same_patient: bool = False,
) -> str:
    """Add a case of another store and give its sample's id; all of it or nothing.

    Args:
        store: the store that takes it.
        case: its rows, from a file that may hold anything.
        source: what the audit trail says of that file, such as its checksum.
        paths: where videos lie now, by their ids; else they are looked for under their names.
        same_patient: a patient of the same pseudonym in this store is the same person.

    Raises:
        StoreError: the rows are no case of this version, something of it is in the store already,
            the store cannot be written, or the operator may not edit cases.
    """
    with parsing(_no_case):
        _check(case)
    with store.writing(Action.EDIT_CASES) as session, parsing(_no_case):
        tables = {name: [dict(row) for row in rows] for name, rows in case.tables.items()}
        _settle_patient(session, tables, same_patient=same_patient)
        _refuse_known(session, tables)
        reports = {row["id"]: row["audit_hash"] for row in tables["report"]}
        after = {"label": case.sample["label"], "source": source, "reports": reports}
        event = AuditEvent(
            action=IMPORT_CASE,
            subject_kind="sample",
            subject_id=str(case.sample["id"]),
            after=as_json(after),
        )
        number, ranks = store.enter(session, event).number, _ranks(tables)
        for row in (*tables["video"], *tables["report"]):
            row["changed"] = number - len(ranks) + ranks[row["changed"]]
        for table in TABLES:
            rows = [_own(table, row, paths or {}) for row in tables[table.__tablename__]]
            if rows:
                session.execute(insert(table), rows)
        _read_all(session, str(case.sample["id"]))
        return str(case.sample["id"])


def _no_case(error: Exception) -> StoreError:
    """What is wrong with the case; what is wrong with the store is raised again."""
    if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError):
        raise error
    return StoreError(
        Message(
            "This is not a case of a store, or it is damaged ({reason}): export it again.",
            reason=f"{type(error).__name__}: {error!s:.200}",
        )
    )


def _check(case: CaseRows) -> None:
    """Refuse rows that a store could not have given.

    Raises:
        StoreError: another version made them.
        ValueError: they are none.
    """
    if case.form not in REVISIONS:
        raise StoreError(
            Message("This case was made by a newer version of the program: update RoSTFine Assist.")
        )
    if set(case.tables) != {table.__tablename__ for table in TABLES}:
        raise ValueError("other tables")
    if len(case.tables["sample"]) != 1 or len(case.tables["patient"]) > 1:
        raise ValueError("not one sample")
    ids = {name: {row.get("id") for row in rows} for name, rows in case.tables.items()}
    for table in TABLES:
        columns = {c.name: c for c in _columns(table)}
        for row in case.tables[table.__tablename__]:
            if set(row) != set(columns):
                raise ValueError(f"other columns in {table.__tablename__}")
            for name, value in row.items():
                _check_value(columns[name], value, ids)


def _check_value(column: Column[Any], value: Value, ids: Mapping[str, Iterable[Value]]) -> None:
    """Refuse a value of another kind or size than its column's, or one that leads elsewhere."""
    where = f"{column.table.name}.{column.name}"
    if value is None:
        if not column.nullable:
            raise ValueError(f"{where} is missing")
        return
    stored = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    is_json = (column.table.name, column.name) in JSON
    kind = str if is_json else cast("type[Any]", stored.python_type)
    if not _is_kind(value, kind):
        raise ValueError(f"{where} is {value!r:.40}")
    if isinstance(value, int | float) and not abs(value) < _LARGEST:
        raise ValueError(f"{where} is {value!r:.40}")
    length = getattr(column.type, "length", None)
    if length is not None and len(str(value)) > length:
        raise ValueError(f"{where} is too long")
    for key in column.foreign_keys:
        if value not in ids[key.column.table.name]:
            raise ValueError(f"{where} leads out of the case")


def _is_kind(value: Value, kind: type[Any]) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if isinstance(value, int):
        return kind in (int, float)
    return isinstance(value, kind)


def _settle_patient(session: Session, tables: dict[str, list[Row]], *, same_patient: bool) -> None:
    """Take the store's patient for the case's, where they are the same.

    Raises:
        OtherPatientError: there is another of the same pseudonym.
    """
    for row in list(tables["patient"]):
        known = session.scalars(
            select(PatientRow).where(
                (PatientRow.id == row["id"]) | (PatientRow.pseudonym == row["pseudonym"])
            )
        ).first()
        if known is None:
            continue
        if known.id != row["id"] and not same_patient:
            raise OtherPatientError(str(row["pseudonym"]))
        tables["patient"].remove(row)
        tables["sample"][0]["patient_id"] = known.id


def _refuse_known(session: Session, tables: Mapping[str, Sequence[Row]]) -> None:
    """Refuse what is in the store already.

    Raises:
        StoreError: the sample is, or one of its videos.
    """
    for row in tables["sample"]:
        if session.get(SampleRow, row["id"]) is not None:
            raise StoreError(
                Message(
                    "Sample {name} is in this store already: nothing was changed.",
                    name=str(row["label"]),
                )
            )
    for row in tables["video"]:
        same = select(VideoRow).filter_by(sha256=row["sha256"], choice=row["choice"])
        if session.scalars(same).first() is not None:
            raise StoreError(
                Message(
                    "The video {name} is in another sample of this store already: nothing was "
                    "changed.",
                    name=str(row["name"]),
                )
            )
    for table in TABLES:
        ids = [row["id"] for row in tables[table.__tablename__] if "id" in row]
        column = table.__table__.columns.get("id")
        if column is not None and session.execute(select(column).where(column.in_(ids))).first():
            raise ValueError(f"an id of {table.__tablename__} is taken")


def _own(table: type[Table], row: Row, paths: Mapping[str, str]) -> Row:
    """A row as this store keeps it."""
    made = dict(row)
    for name, is_packed in _json_columns(table).items():
        if is_packed and made[name] is not None:
            made[name] = zlib.compress(str(made[name]).encode(), LEVEL)
    if table is VideoRow:
        name = _name_of(str(made["name"]))
        made |= {"path": paths.get(str(made["id"]), name), "search": search_text(name)}
    if table is ReportRow:
        made["folder"] = ""
    if table is PatientRow:
        made["search"] = search_text(str(made["pseudonym"]))
    if table is SampleRow:
        made["search"] = search_text(str(made["label"]), str(made["operator"]))
    return made


def _read_all(session: Session, sample_id: str) -> None:
    """Read back everything that was added, so that nothing unreadable stays."""
    session.flush()
    sample_by_id(session, sample_id)
    reports_of(session, sample_id)
    for video in session.scalars(select(VideoRow).where(VideoRow.sample_id == sample_id)):
        stored = stored_video(video)
        if not (isinstance(stored.channel, str | None) and isinstance(stored.plane, int | None)):
            raise ValueError("video.choice")
        history_of(session, video, draft_of(session, video))
        for edit in session.scalars(select(EditRow).where(EditRow.video_id == video.id)):
            from_text(edit.before)  # read only when it is undone
        for sperm in session.scalars(select(SpermRow).where(SpermRow.video_id == video.id)):
            _ = Verdict(sperm.verdict), Selection(sperm.selection)  # of removed ones too
        tracks_of(session, video)
        assessments_of(session, video)
        rejections_of(session, video)
