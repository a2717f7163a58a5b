"""What is known of a video's sperm at present: results of their present clicks, rate and scale."""

from collections.abc import Mapping
from dataclasses import dataclass

from rostfine_core.domain import (
    Action,
    AssessmentKey,
    Draft,
    Patient,
    SampleRecord,
    StoredVideo,
)
from rostfine_core.messages import Message
from rostfine_core.result_files import AssessmentRecord
from rostfine_core.store.changes import ordered
from rostfine_core.store.drafts import draft_of
from rostfine_core.store.results import records_of, rejections_of
from rostfine_core.store.rows import row_of
from rostfine_core.store.samples import patient_by_id, sample_by_id
from rostfine_core.store.schema import VideoRow
from rostfine_core.store.store import Store, stored_video


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseResults:
    """A video and its sperm, with the newest result of each that is not out of date.

    ``records`` and ``rejected`` (why there is none) are by target. ``patient`` is None for a sample
    without one.
    """

    video: StoredVideo
    sample: SampleRecord
    patient: Patient | None
    draft: Draft
    records: Mapping[str, AssessmentRecord]
    rejected: Mapping[str, Message]


def case_results(store: Store, video_id: str, *, action: Action = Action.EXPORT) -> CaseResults:
    """The present results of a video, for tables and files, or for another ``action``.

    Raises:
        StoreError: it is not in the store, which cannot be read, or the operator may not do that.
    """
    with store.reading(action) as session:
        row = row_of(session, VideoRow, video_id)
        draft = ordered(draft_of(session, row))
        sample = sample_by_id(session, row.sample_id)
        patient = patient_by_id(session, sample.patient_id) if sample.patient_id else None
        made, rejected = records_of(session, row), rejections_of(session, row)
        video = stored_video(row)
    newest_last = sorted(made.items(), key=lambda one: one[1].provenance.created_utc)
    records = {key.target: record for key, record in newest_last if is_present(key, draft)}
    return CaseResults(
        video=video,
        sample=sample,
        patient=patient,
        draft=draft,
        records=records,
        rejected={
            key.target: reason
            for key, reason in rejected.items()
            if is_present(key, draft) and key.target not in records
        },
    )


def is_present(key: AssessmentKey, draft: Draft) -> bool:
    """Whether a result was made from what is set now."""
    calibration = draft.calibration
    sperm = {s.target: s for s in draft.sperms}.get(key.target)
    return (
        sperm is not None
        and sperm.seeds == tuple(sorted(key.seeds, key=lambda s: s.frame))
        and (calibration.fps, calibration.um_per_px) == (key.fps, key.um_per_px)
    )
