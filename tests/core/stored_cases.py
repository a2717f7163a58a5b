"""A case with something in each table of the store, for tests of what leaves it and comes back."""

from dataclasses import replace
from itertools import pairwise

from rostfine_core.domain import (
    Assessment,
    AssessmentKey,
    Calibration,
    Draft,
    Patient,
    SampleInfo,
    SampleRecord,
    Seed,
    Selection,
    Sperm,
    VideoInfo,
    WhoValues,
)
from rostfine_core.messages import Message
from rostfine_core.store import Store
from rostfine_core.store.schema import new_id
from tests.core.any_text import filled


def lay_out(
    store: Store, info: VideoInfo, assessment: Assessment, *, text: str | None = None
) -> str:
    """Store a sample of two videos with edits (one undone), results and a report; its id.

    With ``text`` that stands wherever there may be any.
    """

    def words(usual: str) -> str:
        return usual if text is None else text

    pseudonym = "P-7" if text is None else f"{new_id()}{text}"  # texts repeat, pseudonyms do not
    patient = store.set_patient(Patient(pseudonym=pseudonym, note=words("tall")))
    label, operator = words("S-1"), words("Mori")
    sample_id = store.set_sample(
        SampleRecord(
            label=label,
            operator=operator,
            patient_id=patient,
            collected_utc="2026-11-22",
            medium=words("HTF"),
            temperature_c=37.0,
            who=WhoValues(volume_ml=1.5),
            note=words("late"),
        )
    )
    calibration = Calibration(profile=words("20x"), fps=15.0, um_per_px=0.1)
    empty = Draft(sample=SampleInfo(sample=label, operator=operator), calibration=calibration)
    one, two = (
        Sperm(
            key=key,
            name=words(f"n{key}"),
            seeds=(Seed(target=str(key), frame=0, x_px=10.25 * key, y_px=1 / 3),),
            note=words("best"),
            selection=Selection.CHOSEN,
        )
        for key in (1, 2)
    )
    whole = info if text is None else filled(info, text)
    first = store.add_video(
        replace(whole, path=f"/patients/Tanaka/{words('one.mp4')}"),
        sha256=sample_id * 2, draft=empty, sample_id=sample_id, thumbnail=b"picture",
    )  # fmt: skip
    store.add_video(
        info, sha256=2 * sample_id[::-1], channel=words("GFP"), plane=2, sample_id=sample_id
    )
    steps = [empty, replace(empty, sperms=(one,)), replace(empty, sperms=(one, two))]
    for before, after in pairwise(steps):
        store.record_edit(first, words("Choose sperm"), before=before, after=after)
    store.move_in_history(first, 1)
    key = AssessmentKey(
        target="1", seeds=one.seeds, fps=15.0, um_per_px=0.1, model_sha256="ab" * 32
    )
    made = assessment if text is None else filled(assessment, text)
    created = replace(made.provenance, created_utc=assessment.provenance.created_utc)
    made = replace(made, target="1", seeds=one.seeds, video=whole, provenance=created)
    store.keep_tracks(first, {("1", one.seeds, 15.0): made.track})
    store.keep_assessments(first, {key: made})
    why = Message(words("No head."))
    store.keep_rejections(first, {replace(key, model_sha256="cd" * 32): why})
    store.add_report(
        sample_id,
        store.next_report(sample_id),
        video_ids=[first],
        content_sha256="3" * 64,
        files=b"a ZIP",
    )
    return sample_id
