"""A click says which sperm: its head is shown, chosen once, and empty ground is named."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from app.controllers.editor import Editor
from app.controllers.head_finder import HEAD as HEAD_JOB
from app.controllers.head_finder import HeadFinder
from app.jobs.runner import Jobs
from app.state.records import OpenedVideo
from app.state.session import Session
from rostfine_core.domain import Draft, VideoInfo
from rostfine_core.simulation import SceneSettings, simulate_scene
from rostfine_core.tracking.head_measure import find_head

SCENE = simulate_scene(
    SceneSettings(width_px=240, height_px=200, frame_count=1, sperm_count=1, speck_count=0, seed=4)
)
HEAD = tuple(SCENE.truth.targets[0].xy_px[0].tolist())


@pytest.fixture
def session(qtbot: QtBot, info: VideoInfo) -> Session:
    session = Session()
    session.set_video(OpenedVideo(path=Path("small.mp4"), info=info), Draft())
    return session


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    return cv2.cvtColor(next(iter(SCENE.frames())), cv2.COLOR_RGB2GRAY).astype(np.uint8)


def test_the_head_under_a_resting_pointer_is_measured(
    qtbot: QtBot, session: Session, picture: NDArray[np.uint8]
) -> None:
    session.grey = picture
    jobs = Jobs()
    finder = HeadFinder(session, jobs)
    with qtbot.waitSignal(session.head_changed):
        finder.look_at(HEAD[0] + 3, HEAD[1] - 2)
    assert session.head is not None
    assert (session.head.x_px, session.head.y_px) == pytest.approx(HEAD, abs=4)
    finder.look_away()
    jobs.shut_down()
    assert session.head is None


def test_a_head_that_the_pointer_has_left_meanwhile_is_not_shown(
    qtbot: QtBot, session: Session, picture: NDArray[np.uint8]
) -> None:
    session.grey = picture
    jobs = Jobs()
    finder = HeadFinder(session, jobs)
    finder.look_at(*HEAD)
    qtbot.waitUntil(lambda: jobs.is_running(HEAD_JOB))
    finder.look_away()
    assert not jobs.is_running(HEAD_JOB)
    jobs.shut_down()
    assert session.head is None


def test_empty_ground_and_a_head_are_told_apart(picture: NDArray[np.uint8]) -> None:
    assert find_head(picture, x_px=HEAD[0], y_px=HEAD[1]) is not None
    height, width = picture.shape
    empty = [
        find_head(picture, x_px=x, y_px=y) is None
        for x in (10, width - 10)
        for y in (10, height - 10)
    ]
    assert any(empty)


def test_a_head_is_chosen_once(session: Session, picture: NDArray[np.uint8]) -> None:
    session.grey = picture
    editor = Editor(session)
    editor.add_sperm(*HEAD)
    editor.add_sperm(HEAD[0] + 4, HEAD[1] + 2)
    assert len(session.sperms) == 1
    assert "already" in session.message
    editor.place_sperm(HEAD[0] + 4, HEAD[1] + 2)  # meant so
    assert [s.is_exact for sperm in session.sperms for s in sperm.seeds] == [False, True]


def test_nothing_is_chosen_on_empty_ground_but_with_shift(
    session: Session, picture: NDArray[np.uint8]
) -> None:
    session.grey = np.full_like(picture, 120)
    editor = Editor(session)
    editor.add_sperm(*HEAD)
    assert session.draft == Draft()
    assert "No head stands out here" in session.message
    assert not editor.undo_stack.canUndo()
    editor.place_sperm(*HEAD)
    assert [s.is_exact for sperm in session.sperms for s in sperm.seeds] == [True]


def test_a_correction_is_measured_or_said_to_be_placed_by_hand(
    session: Session, picture: NDArray[np.uint8]
) -> None:
    session.grey = picture
    editor = Editor(session)
    editor.add_sperm(*HEAD)
    by_hand = []
    for is_exact in (False, True):
        editor.correct_selected(HEAD[0] + 3, HEAD[1], is_exact)
        by_hand.append(session.sperms[0].seeds[0].is_exact)
    session.grey = np.full_like(picture, 120)
    editor.correct_selected(*HEAD)
    by_hand.append(session.sperms[0].seeds[0].is_exact)
    assert by_hand == [False, True, True]
    assert "as placed by hand" in session.message


def test_a_click_on_a_head_takes_back_that_the_one_before_missed(
    session: Session, picture: NDArray[np.uint8]
) -> None:
    session.grey = np.full_like(picture, 120)
    editor = Editor(session)
    editor.add_sperm(*HEAD)
    assert session.message
    session.grey = picture
    editor.add_sperm(*HEAD)
    assert len(session.sperms) == 1
    assert session.message == ""


def test_all_heads_of_the_frame_are_found_and_those_of_the_list_left_out(
    qtbot: QtBot, session: Session, picture: NDArray[np.uint8]
) -> None:
    session.grey = picture
    editor, jobs = Editor(session), Jobs()
    finder = HeadFinder(session, jobs)
    with qtbot.waitSignal(finder.found, timeout=60_000) as told:
        finder.find_all()
    assert told.args is not None
    frame, heads = told.args
    assert frame == session.frame
    assert any(math.hypot(h.x_px - HEAD[0], h.y_px - HEAD[1]) < 4 for h in heads)
    editor.add_sperm(*HEAD)
    new = editor.not_chosen(frame, heads)
    assert len(new) == len(heads) - 1
    editor.add_heads(frame, new)
    assert editor.not_chosen(frame, heads) == ()
    editor.undo()
    assert len(session.sperms) == 1
    jobs.shut_down()
