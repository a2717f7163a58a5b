"""Every edit is one step of undo, and typing in one field is one edit."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.controllers.editor import Editor
from app.state.records import OpenedVideo
from app.state.session import Session
from rostfine_core.domain import Calibration, Draft, SampleInfo, Selection, Verdict, VideoInfo


@pytest.fixture
def session(qtbot: QtBot, info: VideoInfo) -> Session:
    session = Session()
    session.set_video(OpenedVideo(path=Path("small.mp4"), info=info), Draft())
    return session


@pytest.mark.requirement("R-46")
def test_every_edit_is_undone_and_redone(session: Session) -> None:
    editor = Editor(session)
    steps: list[Draft] = [session.draft]

    edits: tuple[Callable[[], None], ...] = (
        lambda: editor.add_sperm(10, 20),
        lambda: editor.add_sperm(30, 40),
        lambda: editor.correct_sperm(1, 11, 22),
        lambda: editor.rename_sperm(2, "best"),
        editor.move_up,
        editor.accept,
        lambda: editor.set_note(1, "straight"),
        lambda: editor.set_note(2, "straighter"),
        lambda: editor.decide(Selection.CHOSEN),
        lambda: editor.set_sample("S-1", "me"),
        lambda: editor.set_calibration(Calibration(profile="Nikon", um_per_px=0.25)),
        editor.remove_selected,
    )
    for edit in edits:
        edit()
        steps.append(session.draft)
    assert all(a != b for a, b in pairwise(steps))
    for draft in reversed(steps[:-1]):
        editor.undo()
        assert session.draft == draft
    for draft in steps[1:]:
        editor.redo()
        assert session.draft == draft


def test_typing_is_one_edit(session: Session) -> None:
    editor = Editor(session)
    for end in range(1, 6):
        editor.set_sample("S-123"[:end], "")
    assert session.sample.sample == "S-123"
    editor.undo()
    assert session.sample.sample == ""


def test_sample_and_operator_are_taken_back_apart(session: Session) -> None:
    editor = Editor(session)
    for sample, operator in (("S", ""), ("S-1", ""), ("S-1", "Sa"), ("S-1", "Sato")):
        editor.set_sample(sample, operator)
    editor.undo()
    assert (session.sample.sample, session.sample.operator) == ("S-1", "")
    editor.undo()
    assert session.sample.sample == ""


def test_undo_does_not_rename_the_sample_that_a_video_was_moved_to(session: Session) -> None:
    editor = Editor(session)
    editor.set_sample("S-1", "me")
    editor.add_sperm(10, 20)
    editor.move_to_sample(SampleInfo(sample="S-2", operator="you"))
    for step in (editor.undo, editor.undo, editor.redo):
        step()
        assert session.sample == SampleInfo(sample="S-2", operator="you")
    editor.redo()
    assert len(session.sperms) == 1


def test_a_place_outside_the_picture_is_no_sperm(session: Session) -> None:
    """Whole coordinates are pixel centres, so the outermost pixels reach half a pixel further."""
    editor = Editor(session)
    for x, y in ((-0.6, 5), (5, -0.6), (239.5, 5), (5, 199.5), (239.499, 5)):
        editor.add_sperm(x, y)
    assert session.sperms == ()


def test_a_place_in_the_outer_half_of_a_border_pixel_is_in_the_picture(session: Session) -> None:
    editor = Editor(session)
    for x, y in ((-0.5, 5), (5, -0.5), (239.49, 5), (5, 199.49)):
        editor.add_sperm(x, y)
    places = [sperm.places[0][1:] for sperm in session.sperms]
    assert places == [(-0.5, 5), (5, -0.5), (239.49, 5), (5, 199.49)]


def test_a_correction_is_held_inside_the_picture(session: Session) -> None:
    editor = Editor(session)
    editor.add_sperm(239.4, 199.4)
    editor.correct_sperm(1, 9999, -9999)
    assert session.sperms[0].places == ((0, 239.0, 0.0),)


def test_a_bad_name_is_refused_with_a_sentence(session: Session) -> None:
    editor = Editor(session)
    editor.add_sperm(10, 20)
    editor.add_sperm(30, 40)
    before = session.draft
    editor.rename_sperm(2, "1")
    assert session.draft == before
    assert "used twice" in session.message


def test_judging_twice_takes_the_verdict_back(session: Session) -> None:
    editor = Editor(session)
    editor.add_sperm(10, 20)
    verdicts = []
    for _ in range(2):
        editor.reject()
        verdicts.append(session.sperms[0].verdict)
    assert verdicts == [Verdict.REJECTED, Verdict.OPEN]


def test_selecting_goes_around_the_list(session: Session) -> None:
    editor = Editor(session)
    for place in (10, 20, 30):
        editor.add_sperm(place, place)
    assert session.selected == 3
    editor.select_next()
    assert session.selected == 1
    editor.select_previous()
    assert session.selected == 3
    editor.select(99)
    assert session.selected == 3
