"""The list of cases: one row a video, newest first, with how far each has come."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import ColumnElement, Select, case, exists, func, select
from sqlalchemy.orm import Session

from rostfine_core.domain import CaseState, CaseSummary
from rostfine_core.store.any_text import search_text
from rostfine_core.store.schema import (
    AssessmentRow,
    PatientRow,
    ReportRow,
    ReportVideoRow,
    SampleRow,
    SpermRow,
    VideoRow,
)


def rows_of_cases(
    session: Session, query: str = "", *, limit: int, state: CaseState | None = None
) -> tuple[CaseSummary, ...]:
    """The newest ``limit`` videos whose names hold every word of ``query``."""
    found = _rows().where(*(_holds(word) for word in search_text(query).split()))
    if state is not None:
        found = found.where(_state() == state.value)
    return _summaries(session, found.order_by(VideoRow.opened_utc.desc(), VideoRow.id).limit(limit))


def rows_of_sample(session: Session, sample_id: str) -> tuple[CaseSummary, ...]:
    """The videos of a sample in their order."""
    found = _rows().where(VideoRow.sample_id == sample_id)
    return _summaries(session, found.order_by(VideoRow.number))


def rows_of_videos(session: Session, video_ids: Sequence[str]) -> tuple[CaseSummary, ...]:
    """Some videos, in no particular order."""
    return _summaries(session, _rows().where(VideoRow.id.in_(video_ids)))


def _rows() -> Select[tuple[object, ...]]:
    in_list = (SpermRow.video_id == VideoRow.id, SpermRow.place.is_not(None))
    sperm = select(func.count()).select_from(SpermRow).where(*in_list).scalar_subquery()
    graded = (
        select(func.count(AssessmentRow.sperm_id.distinct()))
        .join(SpermRow, SpermRow.id == AssessmentRow.sperm_id)
        .where(*in_list)
        .scalar_subquery()
    )
    return (
        select(
            VideoRow.id.label("video_id"),
            VideoRow.sample_id,
            func.coalesce(PatientRow.pseudonym, "").label("patient"),
            SampleRow.label.label("sample"),
            SampleRow.operator,
            VideoRow.number,
            VideoRow.name,
            VideoRow.path,
            _state().label("state"),
            sperm.label("sperm_count"),
            graded.label("graded_count"),
            VideoRow.created_utc,
            VideoRow.opened_utc,
        )
        .join(SampleRow, SampleRow.id == VideoRow.sample_id)
        .outerjoin(PatientRow, PatientRow.id == SampleRow.patient_id)
    )


def _state() -> ColumnElement[str]:
    """How far a video has come; a report is out of date once what it shows was changed."""
    graded = exists().where(
        SpermRow.video_id == VideoRow.id,
        SpermRow.place.is_not(None),
        AssessmentRow.sperm_id == SpermRow.id,
    )
    reported = exists().where(
        ReportVideoRow.video_id == VideoRow.id,
        ReportRow.id == ReportVideoRow.report_id,
        ReportRow.changed >= VideoRow.changed,
    )
    return case(
        (reported.where(ReportRow.signed_by != ""), CaseState.SIGNED.value),
        (reported, CaseState.REPORTED.value),
        (graded, CaseState.GRADED.value),
        else_=CaseState.NEW.value,
    )


def _holds(word: str) -> ColumnElement[bool]:
    columns = (PatientRow.search, SampleRow.search, VideoRow.search)
    first, *others = (c.contains(word, autoescape=True) for c in columns)
    for other in others:
        first = first | other
    return first


def _summaries(session: Session, found: Select[tuple[object, ...]]) -> tuple[CaseSummary, ...]:
    rows = (dict(row) for row in session.execute(found).mappings())
    return tuple(
        CaseSummary(**{**row, "path": Path(row["path"]), "state": CaseState(row["state"])})
        for row in rows
    )
