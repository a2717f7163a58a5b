"""What is put into a store comes back from it, also after it was closed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostfine_core.domain import (
    Assessment,
    AssessmentKey,
    Calibration,
    CaseState,
    Draft,
    FieldMotion,
    Patient,
    SampleInfo,
    SampleRecord,
    Seed,
    Selection,
    Sperm,
    Verdict,
    VideoInfo,
    WhoValues,
)
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store import Store, trail

SHA256 = "cd" * 32


def sperm(key: int, *frames: int, name: str = "", verdict: Verdict = Verdict.OPEN) -> Sperm:
    made = Sperm(key=key, name=name or str(key), seeds=(), verdict=verdict)
    for frame in frames:
        made = made.corrected(frame=frame, x_px=10.25 + key, y_px=1 / 3, is_exact=frame > 0)
    return made


FIRST = Draft(sample=SampleInfo(sample="S-1", operator="Mori"), calibration=Calibration(fps=1 / 3))
STEPS = (
    replace(FIRST, sperms=(sperm(1, 0),)),
    replace(FIRST, sperms=(sperm(1, 0), sperm(2, 3, 5))),
    replace(FIRST, sperms=(sperm(2, 3, 5, name="b", verdict=Verdict.ACCEPTED), sperm(1, 0, 7))),
    replace(FIRST, sperms=(sperm(1, 0, 7),), sample=SampleInfo(sample="S-2", operator="Mori")),
)


def filled(store: Store, info: VideoInfo) -> str:
    """A video with the edits of ``STEPS``."""
    video = store.add_video(info, sha256=SHA256, draft=FIRST)
    for before, after in zip((FIRST, *STEPS), STEPS, strict=False):
        store.record_edit(video, "Edit", before=before, after=after)
    return video


@pytest.mark.requirement("R-68")
def test_edits_and_their_history_are_there_after_closing(place: str, info: VideoInfo) -> None:
    with Store.open(place) as store:
        video = filled(store, info)
        store.set_place(video, frame=5, selected=1)
    with Store.open(place) as store:
        case = store.load_case(video)
        assert store.find_video(SHA256) == video
        assert store.find_video(SHA256, plane=2) is None
    assert case.draft == STEPS[-1]
    assert [edit.before for edit in case.history] == [FIRST, *STEPS[:-1]]
    assert [edit.after for edit in case.history] == list(STEPS)
    assert case.position == len(STEPS)
    assert (case.video.frame, case.video.selected) == (5, 1)
    assert case.video.info == info


@pytest.mark.requirement("R-68")
@pytest.mark.parametrize("position", range(len(STEPS) + 1))
def test_undo_and_redo_reach_every_step(store: Store, info: VideoInfo, position: int) -> None:
    video = filled(store, info)
    store.move_in_history(video, position)
    case = store.load_case(video)
    assert case.draft == (FIRST, *STEPS)[position]
    assert [edit.after for edit in case.history] == list(STEPS)
    store.move_in_history(video, len(STEPS))
    assert store.load_case(video).draft == STEPS[-1]


def test_an_edit_after_undo_forgets_what_was_undone(store: Store, info: VideoInfo) -> None:
    video = filled(store, info)
    store.move_in_history(video, 1)
    new = replace(STEPS[0], calibration=Calibration(profile="20x", um_per_px=0.1))
    store.record_edit(video, "Calibrate", before=STEPS[0], after=new)
    case = store.load_case(video)
    assert [edit.after for edit in case.history] == [STEPS[0], new]
    with pytest.raises(StoreError, match="open it again"):
        store.move_in_history(video, 3)
    assert store.load_case(video).draft == new


def test_typing_is_one_step(store: Store, info: VideoInfo) -> None:
    video = store.add_video(info, sha256=SHA256, draft=FIRST)
    before = FIRST
    for typed in ("A", "AB", "ABC"):
        after = replace(before, sample=SampleInfo(sample=typed, operator="Mori"))
        store.record_edit(video, "Name sample", before=before, after=after, merge=1)
        before = after
    (edit,) = store.load_case(video).history
    assert (edit.before, edit.after) == (FIRST, before)
    store.move_in_history(video, 0)
    assert store.load_case(video).draft == FIRST


def test_an_edit_of_what_somebody_else_changed_is_refused(store: Store, info: VideoInfo) -> None:
    video = filled(store, info)
    with pytest.raises(StoreError, match="changed by another"):
        store.record_edit(video, "Choose sperm", before=STEPS[0], after=STEPS[1])
    assert store.load_case(video).draft == STEPS[-1]


@pytest.mark.requirement("R-68")
def test_results_are_found_by_what_they_were_made_from(
    place: str, info: VideoInfo, assessment: Assessment
) -> None:
    step = STEPS[1]
    seeds = step.sperms[1].seeds
    field = FieldMotion(
        first_frame=0, x_px=(0.0, 0.5), y_px=(0.0, -1.0), error_px=0.03, measured_frames=2
    )
    track = replace(assessment.track, target="2", field=field)
    made = replace(
        assessment, target="2", seeds=seeds, track=track, video=info, verdict=Verdict.ACCEPTED
    )
    key = AssessmentKey(target="2", seeds=seeds, fps=1 / 3, um_per_px=None, model_sha256="ab" * 32)
    other = replace(key, model_sha256="ef" * 32)
    why = Message("No head stands out in {path}: {why}.", path=Path("a"), why=Message("{n}", n=1.5))
    with Store.open(place) as store:
        video = filled(store, info)
        store.keep_tracks(video, {("2", seeds, 1 / 3): track})
        store.keep_assessments(video, {key: made})
        store.keep_assessments(video, {key: made})  # graded again, nothing changed
        store.keep_rejections(video, {other: why})
        with pytest.raises(StoreError, match="Sperm 9 is not in the store"):
            store.keep_tracks(video, {("9", seeds, None): track})
    with Store.open(place) as store:
        case = store.load_case(video)
        newest = trail.entries(store)[0]
    assert (newest.action, newest.subject_id) == ("keep results", video)
    assert json.loads(newest.after) == {"2": "No head stands out in a: 1.5."}
    assert set(case.tracks) == {("2", seeds, 1 / 3)}
    (kept_track,) = case.tracks.values()
    assert repr(kept_track) == repr(track)  # lost points are NaN, which equals nothing
    assert case.rejected == {other: why}
    assert case.rejected[other].values == why.values
    kept = case.assessments[key]
    for name in ("target", "seeds", "sample", "video", "prediction", "kinematics", "flags",
                 "provenance", "verdict"):  # fmt: skip
        assert getattr(kept, name) == getattr(made, name), name
    assert kept.clip.boxes == made.clip.boxes
    np.testing.assert_array_equal(kept.clip.images, made.clip.images)
    for name in ("encoder_rollout", "branch_attention", "branch_forward", "selected_patches"):
        got, given_ = getattr(kept.explanation, name), getattr(made.explanation, name)
        np.testing.assert_array_equal(got, given_)
        assert got.dtype == given_.dtype


def test_a_sample_holds_several_videos_and_the_list_says_how_far_they_are(
    store: Store, info: VideoInfo, assessment: Assessment
) -> None:
    patient = store.set_patient(Patient(pseudonym="P-7"))
    record = SampleRecord(label="Ä-1", patient_id=patient, who=WhoValues(volume_ml=1.5))
    sample = store.set_sample(record)
    first = store.add_video(info, sha256="1" * 64, sample_id=sample)
    second = store.add_video(replace(info, path="/x/zwei.avi"), sha256="2" * 64, sample_id=sample)
    assert store.add_video(info, sha256="1" * 64) == first
    assert [row.number for row in store.videos_of(sample)] == [1, 2]
    assert store.sample(sample) == replace(record, id=sample)
    assert {row.state for row in store.case_list()} == {CaseState.NEW}
    draft = Draft(sample=SampleInfo(sample="Ä-1"), sperms=(sperm(1, 0),))
    before = replace(draft, sperms=())
    store.record_edit(second, "Choose sperm", before=before, after=draft)
    key = AssessmentKey(
        target="1", seeds=draft.sperms[0].seeds, fps=None, um_per_px=None, model_sha256="m"
    )
    store.keep_assessments(second, {key: replace(assessment, target="1")})
    (graded,) = store.case_list("ä-1 ZWEI p-7")
    assert (graded.video_id, graded.state) == (second, CaseState.GRADED)
    assert (graded.sperm_count, graded.graded_count, graded.patient) == (1, 1, "P-7")
    identity = store.next_report(sample)
    report = store.add_report(
        sample, identity, video_ids=(first, second), content_sha256="3" * 64, files=b"zip"
    )
    assert {row.state for row in store.case_list()} == {CaseState.REPORTED}
    with pytest.raises(StoreError, match="written meanwhile"):
        store.add_report(sample, identity, video_ids=(first,), content_sha256="4" * 64)
    store.record_edit(
        second,
        "Note",
        before=draft,
        after=replace(draft, sperms=(replace(draft.sperms[0], note="x"),)),
    )
    assert [r.video_id for r in store.case_list(state=CaseState.GRADED)] == [second]
    (kept,) = store.reports(sample)
    assert (kept.id, kept.identity, set(kept.video_ids)) == (report, identity, {first, second})
    assert store.report_files(report) == b"zip"
    assert store.next_report(sample).version == 2


def test_a_report_is_out_of_date_once_its_sample_or_patient_is_another(
    store: Store, info: VideoInfo
) -> None:
    patient = store.set_patient(Patient(pseudonym="P-7"))
    sample = store.set_sample(SampleRecord(label="S-1", patient_id=patient))
    videos = [store.add_video(info, sha256=n * 64, sample_id=sample) for n in "12"]

    def states_after(change: Callable[[], object]) -> set[CaseState]:
        store.add_report(
            sample, store.next_report(sample), video_ids=videos, content_sha256="3" * 64
        )
        change()
        return {case.state for case in store.case_list()}

    kept = store.sample(sample)
    label = Draft(sample=SampleInfo(sample="S-1"))
    other = Draft(sample=SampleInfo(sample="S-2"))
    changes: list[Callable[[], object]] = [
        lambda: store.set_sample(replace(kept, medium="HTF")),
        lambda: store.set_patient(Patient(id=patient, pseudonym="P-8")),
        lambda: store.record_edit(videos[0], "Name sample", before=label, after=other),
        lambda: store.move_in_history(videos[0], 0),
    ]
    assert states_after(lambda: store.set_sample(kept)) == {CaseState.REPORTED}
    for change in changes:
        assert states_after(change) == {CaseState.NEW}


def test_undo_does_not_rename_the_sample_that_a_video_was_moved_to(
    store: Store, info: VideoInfo
) -> None:
    video = store.add_video(info, sha256=SHA256)
    typed = Draft(sample=SampleInfo(sample="S-1"))
    store.record_edit(video, "Name sample", before=Draft(), after=typed)
    sample = store.set_sample(SampleRecord(label="S-2", operator="Mori"))
    store.set_sample_of(video, sample)
    store.move_in_history(video, 0)
    assert store.sample(sample).label == "S-2"
    (edit,) = store.load_case(video).history
    assert edit.before.sample == edit.after.sample == SampleInfo(sample="S-2", operator="Mori")


def test_a_pseudonym_belongs_to_one_patient(store: Store) -> None:
    known = store.set_patient(Patient(pseudonym="P-1"))
    with pytest.raises(StoreError, match="P-1 already"):
        store.set_patient(Patient(pseudonym=" P-1 "))
    with pytest.raises(StoreError, match="needs a pseudonym"):
        store.set_patient(Patient(pseudonym=" "))
    store.set_patient(Patient(id=known, pseudonym="P-1", note="new"))
    assert store.patients("p-1") == (Patient(id=known, pseudonym="P-1", note="new"),)


texts = st.text(st.characters(exclude_categories=()), max_size=20)
numbers = st.none() | st.floats(0, 1e9)


@given(label=texts, operator=texts, note=texts, name=texts, days=numbers, volume=numbers)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_and_number_comes_back(
    store: Store,
    label: str,
    operator: str,
    note: str,
    name: str,
    days: float | None,
    volume: float | None,
) -> None:
    info = VideoInfo(
        path=f"/videos/{name}", width_px=1, height_px=1, frame_count=1, fps=1.0, duration_s=1.0,
        codec=name, is_colour=False, bit_depth=8, timestamps_s=(0.0,), notes=(Message(note),),
    )  # fmt: skip
    record = SampleRecord(label=label, operator=operator, medium=note, note=name,
                          abstinence_days=days, who=WhoValues(volume_ml=volume))  # fmt: skip
    sample = store.set_sample(record)
    video = store.add_video(info, sha256=sample * 2, sample_id=sample)
    start = store.load_case(video).draft
    assert start.sample == SampleInfo(sample=label, operator=operator)
    made = replace(sperm(1, 0), name=name, note=note, selection=Selection.CHOSEN)
    store.record_edit(video, note, before=start, after=replace(start, sperms=(made,)))
    case = store.load_case(video)
    assert case.draft.sperms == (made,)
    assert case.history[0].text == note
    assert case.video.info == info
    assert store.sample(sample) == replace(record, id=sample)
    assert sample in {row.sample_id for row in store.case_list(label, limit=10**6)}


def test_seeds_are_compared_whatever_their_order(store: Store, info: VideoInfo) -> None:
    video = store.add_video(info, sha256=SHA256)
    seeds = tuple(Seed(target="1", frame=f, x_px=1.0, y_px=2.0) for f in (5, 0))
    unsorted = Draft(sperms=(Sperm(key=1, name="1", seeds=seeds),))
    store.record_edit(video, "Choose sperm", before=Draft(), after=unsorted)
    store.record_edit(video, "Remove", before=unsorted, after=Draft())
    assert store.load_case(video).draft == Draft()
