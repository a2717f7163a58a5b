"""The tables of actions and settings are complete and consistent."""

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS, MENUS, TOOLBAR, ActionSpec
from app.actions.enabling import (
    NEED_GRADE,
    NEED_SELECTION,
    NEED_SIGHT,
    NEED_SPERM,
    NEED_TRACK,
    NEED_VIDEO,
)
from app.controllers.analysis import Analysis
from app.controllers.controller import Controller
from app.controllers.editor import Editor
from app.controllers.player import Player
from app.main_window import MainWindow
from app.presentation import wording
from app.state.settings import SETTINGS, Setting
from app.views.canvas.video_canvas import VideoCanvas
from rostfine_core.bundled import bundled_path
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    Grade,
)

OWNERS = {
    "window": MainWindow,
    "controller": Controller,
    "editor": Editor,
    "player": Player,
    "analysis": Analysis,
    "canvas": VideoCanvas,
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.id)
def test_every_action_has_a_handler_an_icon_a_tip_and_a_shortcut(
    action: ActionSpec, qtbot: QtBot
) -> None:
    owner, method = action.handler.split(".")
    assert callable(getattr(OWNERS[owner], method))
    assert bundled_path(f"resources/icons/{action.icon}.svg").is_file()
    assert action.menu in MENUS
    assert len(action.tip) > 8
    assert not QKeySequence(action.shortcut).isEmpty()


def test_no_two_actions_share_an_id_or_a_shortcut() -> None:
    for part in ("id", "shortcut"):
        counts = Counter(getattr(a, part) for a in ACTIONS)
        assert [x for x, n in counts.items() if n > 1] == []


def test_what_is_named_elsewhere_is_in_the_table() -> None:
    ids = {a.id for a in ACTIONS}
    named = {
        *TOOLBAR,
        *NEED_VIDEO,
        *NEED_SPERM,
        *NEED_SELECTION,
        *NEED_SIGHT,
        *NEED_TRACK,
        *NEED_GRADE,
    } - {""}
    assert named <= ids


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.id)
def test_every_setting_has_a_default_that_fits_itself(setting: Setting) -> None:
    assert setting.label
    assert setting.tip
    assert setting.group
    if setting.choices:
        assert setting.default in setting.choices
        assert len(setting.choices) == len(setting.choice_labels)
    elif isinstance(setting.default, int) and not isinstance(setting.default, bool):
        assert setting.minimum <= setting.default <= setting.maximum


def test_the_marked_sentences_are_the_cores_own() -> None:
    words = {g.meaning for g in Grade}
    sentences = {
        DISCLAIMER_AI_GRADE,
        DISCLAIMER_ATTENTION,
        DISCLAIMER_DEMONSTRATION,
        DISCLAIMER_VALIDATION,
    }
    assert words | sentences <= set(wording.MARKED)


def test_every_icon_file_is_used_or_named() -> None:
    folder: Path = bundled_path("resources/icons")
    drawn = {p.stem for p in folder.glob("*.svg")}
    assert drawn == {a.icon for a in ACTIONS} | {"pause", "warning", "notice", "app"}
