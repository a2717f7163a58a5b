"""Tracks, assessments and reasons for having none, kept by what they were made from."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, undefer

from rostfine_core.domain import (
    Assessment,
    AssessmentKey,
    Clip,
    CropBox,
    Explanation,
    Kinematics,
    Prediction,
    Provenance,
    QualityFlag,
    SampleInfo,
    Seed,
    Selection,
    Track,
    TrackKey,
    Verdict,
    VideoInfo,
)
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.result_files import AssessmentRecord
from rostfine_core.store.coding import (
    assessment_key,
    coder,
    inputs_sha256,
    key_row,
    message_of,
    message_row,
    packed,
    packed_images,
    track_key,
    unpacked,
    unpacked_images,
)
from rostfine_core.store.drafts import sperm_ids
from rostfine_core.store.schema import (
    AssessmentRow,
    PanelItemRow,
    RejectionRow,
    ReviewRow,
    SpermRow,
    TrackRow,
    VideoRow,
    new_id,
)

Result = TypeVar("Result", TrackRow, AssessmentRow, RejectionRow)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kept:
    """An assessment without images; ``video`` is None for the record of the stored video."""

    target: str
    seeds: tuple[Seed, ...]
    sample: SampleInfo
    video: VideoInfo | None
    track: Track
    clip: tuple[CropBox, ...]
    prediction: Prediction
    explanation: Explanation
    kinematics: Kinematics
    flags: tuple[QualityFlag, ...]
    provenance: Provenance
    verdict: Verdict
    selection: Selection = Selection.UNDECIDED
    note: str = ""


def add_tracks(session: Session, video: VideoRow, tracks: Mapping[TrackKey, Track]) -> None:
    """Keep tracks; one made from the same is replaced."""
    rows = _rows(session, TrackRow, video, tracks)
    for (key, track), row in zip(tracks.items(), rows, strict=True):
        row.fps = key[2]
        row.record = packed({"key": key_row(key), "track": track})
        session.add(row)


def add_assessments(
    session: Session, video: VideoRow, assessments: Mapping[AssessmentKey, Assessment]
) -> dict[str, list[float]]:
    """Keep assessments with the images of their clips; one made from the same is replaced.

    Returns the shares of A to E by target.
    """
    info = info_of(video)
    rows = _rows(session, AssessmentRow, video, assessments)
    for (key, assessment), row in zip(assessments.items(), rows, strict=True):
        grade = assessment.prediction.grade
        row.fps, row.um_per_px, row.model_sha256 = key.fps, key.um_per_px, key.model_sha256
        row.model_name = assessment.provenance.model.file_name
        row.p_a_or_b, row.expected_grade = grade.p_a_or_b, grade.expected_grade
        row.created_utc = assessment.provenance.created_utc
        row.record = packed({"key": key_row(key), "assessment": _kept(assessment, info)})
        _withdraw_answers(session, row, assessment.clip)
        row.images = packed_images(assessment.clip.images)
        session.add(row)
    return {
        key.target: [float(p) for p in a.prediction.grade.probabilities]
        for key, a in assessments.items()
    }


def _withdraw_answers(session: Session, row: AssessmentRow, clip: Clip) -> None:
    """Take votes and reviews from an assessment whose clip becomes another than they saw."""
    tables = (PanelItemRow, ReviewRow)
    shown = [select(table.id).where(table.assessment_id == row.id).limit(1) for table in tables]
    if any(session.scalars(found).first() is not None for found in shown) and not np.array_equal(
        unpacked_images(row.images), clip.images
    ):
        for table in tables:
            of_row = update(table).where(table.assessment_id == row.id)
            session.execute(of_row.values(assessment_id=None))


def add_rejections(
    session: Session, video: VideoRow, rejected: Mapping[AssessmentKey, Message]
) -> None:
    """Keep why sperm could not be graded."""
    rows = _rows(session, RejectionRow, video, rejected)
    for (key, reason), row in zip(rejected.items(), rows, strict=True):
        row.record = json.dumps({"key": key_row(key), "reason": message_row(reason)})
        session.add(row)


def tracks_of(session: Session, video: VideoRow) -> dict[TrackKey, Track]:
    """All tracks that were kept of a video's sperm."""
    found = _of(video, TrackRow)
    rows = (unpacked(row.record) for row in session.scalars(found))
    structure = coder().structure
    return {track_key(row["key"]): structure(row["track"], Track) for row in rows}


def assessments_of(session: Session, video: VideoRow) -> dict[AssessmentKey, Assessment]:
    """All assessments that were kept of a video's sperm."""
    info = info_of(video)
    found = _of(video, AssessmentRow).options(
        undefer(AssessmentRow.record), undefer(AssessmentRow.images)
    )
    assessments = {}
    for row in session.scalars(found):
        content = unpacked(row.record)
        kept = coder().structure(content["assessment"], _Kept)
        assessments[assessment_key(content["key"])] = _assessment(kept, row.images, info)
    return assessments


def records_of(session: Session, video: VideoRow) -> dict[AssessmentKey, AssessmentRecord]:
    """The same without the images of clips."""
    info = info_of(video)
    found = _of(video, AssessmentRow).options(undefer(AssessmentRow.record))
    records = {}
    for row in session.scalars(found):
        content = unpacked(row.record)
        kept = coder().structure(content["assessment"], _Kept)
        values = {f.name: getattr(kept, f.name) for f in fields(AssessmentRecord)}
        values["video"] = replace(kept.video or info, path=kept.provenance.video_name)
        records[assessment_key(content["key"])] = AssessmentRecord(**values)
    return records


def rejections_of(session: Session, video: VideoRow) -> dict[AssessmentKey, Message]:
    """Why sperm of a video could not be graded."""
    rows = (json.loads(row.record) for row in session.scalars(_of(video, RejectionRow)))
    return {assessment_key(row["key"]): message_of(row["reason"]) for row in rows}


def info_of(video: VideoRow) -> VideoInfo:
    """What the video holds, under its present path."""
    info: VideoInfo = coder().structure(unpacked(video.info), VideoInfo)
    return replace(info, path=video.path)


def clip_of(row: AssessmentRow) -> Clip:
    """The clip of an assessment whose record and images were loaded."""
    kept = coder().structure(unpacked(row.record)["assessment"], _Kept)
    return Clip(target=kept.target, images=unpacked_images(row.images), boxes=kept.clip)


def _kept(assessment: Assessment, info: VideoInfo) -> _Kept:
    values = {f.name: getattr(assessment, f.name) for f in fields(_Kept)}
    is_stored = replace(assessment.video, path=info.path) == info
    values["video"] = None if is_stored else assessment.video
    values["clip"] = assessment.clip.boxes
    return _Kept(**values)


def _assessment(kept: _Kept, images: bytes, info: VideoInfo) -> Assessment:
    values = {f.name: getattr(kept, f.name) for f in fields(_Kept)}
    values["video"] = kept.video or info
    values["clip"] = Clip(target=kept.target, images=unpacked_images(images), boxes=kept.clip)
    return Assessment(**values)


def _of(video: VideoRow, table: type[Result]) -> Select[Result]:
    return (
        select(table)
        .join(SpermRow, SpermRow.id == table.sperm_id)
        .where(SpermRow.video_id == video.id)
        .order_by(SpermRow.key, table.id)
    )


def _rows(
    session: Session,
    table: type[Result],
    video: VideoRow,
    keys: Iterable[TrackKey | AssessmentKey],
) -> list[Result]:
    """The row of each key, new where nothing was made from the same before."""
    ids = sperm_ids(session, video)
    rows = []
    for key in keys:
        target = key.target if isinstance(key, AssessmentKey) else key[0]
        if target not in ids:
            raise StoreError(
                Message("Sperm {target} is not in the store: open its video again.", target=target)
            )
        inputs = {"sperm_id": ids[target], "inputs_sha256": inputs_sha256(key)}
        row = session.scalars(select(table).filter_by(**inputs)).one_or_none()
        rows.append(row or table(id=new_id(), **inputs))
    return rows
