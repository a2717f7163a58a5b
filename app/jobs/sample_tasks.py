"""What the store's own thread does about samples; none is a generator, as each is a few queries.

Raises everywhere: ``StoreError`` where the store cannot be read or written.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.state.records import SampleSheet
from rostfine_core.domain import Patient, SampleRecord

if TYPE_CHECKING:
    from rostfine_core.store import Store

MOST_SAMPLES = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptVideo:
    """A video with all its edits in the store: what a report of its sample is made from.

    ``videos`` are the checksums of all videos of the sample.
    """

    store: "Store"
    sample_id: str
    videos: frozenset[str]


def kept_video(store: "Store", video_id: str) -> KeptVideo:
    """The sample of a video."""
    sample_id = store.video(video_id).sample_id
    videos = (store.video(case.video_id).sha256 for case in store.videos_of(sample_id))
    return KeptVideo(store=store, sample_id=sample_id, videos=frozenset(videos))


def sample_sheet(store: "Store", video_id: str) -> SampleSheet:
    """The sample of a video, with the patients and the samples used last to choose from."""
    sample = store.sample(store.video(video_id).sample_id)
    videos = store.videos_of(sample.id)
    others = {
        case.sample_id: " · ".join(filter(None, (case.patient, case.sample)))
        for case in store.case_list(limit=MOST_SAMPLES)
        if case.sample_id != sample.id and (case.sample or case.patient)
    }
    return SampleSheet(
        sample=sample,
        patient=videos[0].patient,
        patients=tuple(patient.pseudonym for patient in store.patients()),
        videos=tuple(case.name for case in videos),
        others=tuple(others.items()),
    )


def write_sample(store: "Store", sample: SampleRecord, patient: str) -> None:
    """Keep what was entered; label and operator stay, as they are edited with the video."""
    now = store.sample(sample.id)
    known = {p.pseudonym: p.id for p in store.patients(patient)} if patient else {}
    patient_id = known.get(patient) or (
        store.set_patient(Patient(pseudonym=patient)) if patient else None
    )
    changed = replace(sample, label=now.label, operator=now.operator, patient_id=patient_id)
    if changed != now:
        store.set_sample(changed)


def carry_sample(store: "Store", video_id: str, sample_id: str) -> None:
    """Put a video into a sample, unless it has a named one already."""
    now = store.video(video_id).sample_id
    if now != sample_id and not store.sample(now).label:
        store.set_sample_of(video_id, sample_id)
