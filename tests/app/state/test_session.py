"""The session keeps results by what they depend on and emits what changed."""

from collections.abc import Callable
from dataclasses import replace
from operator import is_

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import SignalInstance
from pytestqt.qtbot import QtBot

from app.state import drafts
from app.state.records import Film, ModelState, ModelStatus
from app.state.session import Session
from rostfine_core.domain import (
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    NOT_GRADED,
    TRACK_REJECTED,
    AnswerMode,
    ModelInfo,
    SampleInfo,
    Track,
    Verdict,
)
from rostfine_core.quality.same_head import SAME_HEAD


def test_results_are_found_again_when_an_edit_is_taken_back(graded: Session) -> None:
    before = graded.draft
    graded.set_draft(drafts.corrected(before, 1, frame=3, x_px=60.0, y_px=81.0))
    assert graded.track(graded.sperms[0]) is None
    assert graded.assessment(graded.sperms[0]) is None
    graded.set_draft(before)
    assert graded.track(graded.sperms[0]) is not None
    assert graded.assessment(graded.sperms[0]) is not None


def test_an_assessment_tells_the_samples_present_name(graded: Session) -> None:
    sample = SampleInfo(sample="S-1", operator="me")
    graded.set_draft(replace(graded.draft, sample=sample))
    assert [a.sample for a in graded.reportable] == [sample, sample]


RENAMINGS = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(["1", "2", "3", "best", " b7"])), max_size=10
)


@given(RENAMINGS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_renaming_touches_what_was_found(
    graded: Session, renamings: list[tuple[int, str]]
) -> None:
    begin = graded.draft
    results, shown = graded.results, graded.reportable
    tracks = [graded.track(s) for s in graded.sperms]
    for key, name in renamings:
        graded.set_draft(drafts.renamed(graded.draft, key, name) or graded.draft)
        assert graded.results is results
        assert all(map(is_, graded.reportable, shown))
        assert all(map(is_, map(graded.track, graded.sperms), tracks))
    named = {s.target: s.name for s in graded.sperms}
    assert graded.names == named
    graded.set_draft(begin)
    assert graded.names == {"1": "1", "2": "2"}


def test_a_new_sperm_at_the_place_of_a_removed_one_takes_over_none_of_its_results(
    graded: Session,
) -> None:
    removed = drafts.removed(graded.draft, 1)
    graded.set_draft(drafts.added(removed, key=3, frame=0, x_px=50.0, y_px=80.0))
    assert graded.sperms[-1].places == ((0, 50.0, 80.0),)
    assert graded.track(graded.sperms[-1]) is None
    assert graded.assessment(graded.sperms[-1]) is None


def test_a_grade_is_out_of_date_when_scale_rate_or_model_change(
    graded: Session, lab_model: ModelInfo
) -> None:
    sperm, draft = graded.sperms[0], graded.draft
    for change in ({"um_per_px": 0.5}, {"fps": 15.0}):
        graded.set_draft(replace(draft, calibration=replace(draft.calibration, **change)))  # type: ignore[arg-type]  # a mixed dict
        assert graded.assessment(sperm) is None, change
    graded.set_draft(draft)
    assert graded.assessment(sperm) is not None
    for mode in AnswerMode:
        graded.set_model(replace(graded.model, mode=mode))
        assert (graded.assessment(sperm) is not None) is (mode is AnswerMode.FULL)
    other = replace(lab_model, sha256="b" * 64)
    graded.set_model(ModelState(status=ModelStatus.READY, info=other))
    assert graded.assessment(sperm) is None


@pytest.mark.parametrize(("kept", "selected"), [(0, 1), (1, 2)])
def test_a_sperm_that_comes_back_is_selected(graded: Session, kept: int, selected: int) -> None:
    before = graded.draft
    graded.set_draft(replace(before, sperms=before.sperms[:kept]))
    assert graded.selected == (1 if kept else None)
    graded.set_draft(before)
    assert graded.selected == selected


def test_a_report_knows_the_operators_word_and_what_it_leaves_out(graded: Session) -> None:
    assert not graded.left_out
    graded.set_draft(drafts.judged(graded.draft, 1, Verdict.ACCEPTED))
    graded.set_draft(drafts.judged(graded.draft, 2, Verdict.REJECTED))
    graded.set_draft(drafts.added(graded.draft, key=3, frame=0, x_px=1.0, y_px=1.0))
    assert [a.verdict for a in graded.reportable] == [Verdict.ACCEPTED]
    assert graded.left_out == (("2", TRACK_REJECTED), ("3", NOT_GRADED))


@pytest.mark.requirement("R-45")
def test_a_rejected_track_is_not_reported(graded: Session) -> None:
    assert [a.target for a in graded.reportable] == ["1", "2"]
    graded.set_draft(drafts.judged(graded.draft, 1, Verdict.REJECTED))
    assert [a.target for a in graded.reportable] == ["2"]


def test_a_sperm_that_was_clicked_twice_is_told_as_long_as_it_is(
    graded: Session, make_track: Callable[..., Track]
) -> None:
    """Each click is tracked and graded by itself, so only the session knows both."""
    one, two = graded.sperms
    assert reasons(graded) == {"1": [], "2": []}
    graded.add_tracks({graded.track_key(s): make_track(s.target) for s in (one, two)})
    renamed = drafts.renamed(graded.draft, 2, "best")
    assert renamed is not None
    graded.set_draft(renamed)
    expected = {
        "1": ["Sperm 1 and best are the same one: count it once."],
        "best": ["Sperm 1 and best are the same one: count it once."],
    }
    assert reasons(graded) == expected
    assert graded.assessment(graded.sperms[0]) is graded.assessment(graded.sperms[0])
    graded.set_draft(drafts.judged(renamed, 2, Verdict.REJECTED))
    assert reasons(graded) == {"1": []}
    graded.set_draft(renamed)
    assert reasons(graded) == expected
    graded.set_draft(drafts.removed(renamed, 2))
    assert reasons(graded) == {"1": []}


def reasons(session: Session) -> dict[str, list[str]]:
    """What is said of each sperm that is the same as another."""
    return {
        session.names[a.target]: [str(f.reason) for f in a.flags if f.code == SAME_HEAD]
        for a in session.reportable
    }


def test_removing_the_selected_sperm_selects_another_and_leaves_no_ghost(graded: Session) -> None:
    graded.set_compared((1, 2))
    graded.set_draft(drafts.removed(graded.draft, 1))
    assert graded.selected == 2
    assert graded.compared == (2,)
    graded.set_draft(drafts.removed(graded.draft, 2))
    assert graded.selected is None


def test_the_corrected_rate_gives_the_times(graded: Session) -> None:
    assert graded.time_s(10) == 0.5
    calibration = replace(graded.calibration, fps=10.0)
    graded.set_draft(replace(graded.draft, calibration=calibration))
    assert (graded.fps, graded.time_s(10)) == (10.0, 1.0)


def test_only_what_changed_is_told(qtbot: QtBot, graded: Session) -> None:
    heard: list[str] = []
    signals: dict[str, SignalInstance] = {
        "sperms": graded.sperms_changed,
        "sample": graded.sample_changed,
        "calibration": graded.calibration_changed,
    }
    for name, signal in signals.items():
        signal.connect(lambda name=name: heard.append(name))
    graded.set_draft(replace(graded.draft, sample=SampleInfo(sample="S-2")))
    assert heard == ["sample"]


def test_the_notice_stands_until_a_lab_model_is_known(lab_model: ModelInfo) -> None:
    assert ModelState().notice == DISCLAIMER_DEMONSTRATION
    assert ModelState(info=lab_model).notice == DISCLAIMER_VALIDATION


def test_films_of_another_crop_are_cut_again(graded: Session) -> None:
    sperm = graded.sperms[0]
    graded.add_film(graded.track_key(sperm), Film(frames=(), images=()))
    graded.set_model(replace(graded.model, device_label="GPU"))
    assert graded.film(sperm) is not None
    graded.set_model(replace(graded.model, crop_px=200))
    assert graded.film(sperm) is None
    graded.add_film(graded.track_key(sperm), Film(frames=(), images=()))
    assert graded.model.info is not None
    trained = replace(graded.model.info, trained_um_per_px=0.2)
    graded.set_model(replace(graded.model, info=trained))
    assert graded.film(sperm) is not None
    calibration = replace(graded.calibration, um_per_px=0.3)
    graded.set_draft(replace(graded.draft, calibration=calibration))
    assert graded.film(sperm) is None
