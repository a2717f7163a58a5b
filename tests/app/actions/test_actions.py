"""The table of actions is complete: texts, keys, icons, places, and rules that go both ways."""

from collections import Counter
from dataclasses import fields, replace

import pytest
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS, MENUS, ActionSpec
from app.actions.action_set import specs_of
from app.actions.facts import Facts
from app.actions.spec import Bar, always
from app.state.records import OverlayKind, Page, Tool
from rostfine_core.bundled import bundled_path
from rostfine_core.domain import Selection

NOTHING = Facts()
BOOLEANS = {f.name: True for f in fields(Facts) if f.type is bool}
EVERYTHING = Facts(**BOOLEANS)  # type: ignore[arg-type]  # the other fields keep their defaults
ELSEWHERE = [replace(EVERYTHING, page=page) for page in (Page.COMPARE, Page.REPORT)]
UNCHANGING = {
    *(
        "open",
        "cases",
        "add_videos",
        "add_folder",
        "watch_folder",
        "import_case",
        "export_table",
        "screenshot",
        "settings",
        "quit",
        "manual",
        "tour",
        "shortcuts",
        "about",
        "open_log",
    ),
    *("page_review", "page_compare", "page_report", "toggle_theme", "full_screen"),
}
"""The actions that need nothing."""


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.id)
def test_every_action_has_texts_keys_icons_and_a_menu(action: ActionSpec, qtbot: QtBot) -> None:
    for icon in (action.icon, action.checked_icon or action.icon):
        assert bundled_path(f"resources/icons/{icon}.svg").is_file()
    assert action.menu in MENUS
    assert action.text
    assert len(action.tip) > 8
    assert not QKeySequence(action.shortcut).isEmpty()


def test_no_two_actions_share_an_id_or_a_shortcut() -> None:
    for part in ("id", "shortcut"):
        counts = Counter(getattr(a, part) for a in ACTIONS)
        assert [x for x, n in counts.items() if n > 1] == []


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.id)
def test_an_action_is_disabled_without_what_it_needs_and_enabled_with_it(
    action: ActionSpec,
) -> None:
    assert action.enabled(EVERYTHING)
    assert action.enabled(NOTHING) == (action.id in UNCHANGING)
    assert (action.enabled is always) == (action.id in UNCHANGING)


@pytest.mark.parametrize("facts", ELSEWHERE, ids=lambda f: f.page.name)
def test_what_changes_a_sperm_needs_the_page_that_shows_it(facts: Facts) -> None:
    off = {a.id for a in ACTIONS if not a.enabled(facts)}
    assert off == {
        "next_doubt",
        "previous_doubt",
        "remove",
        "move_up",
        "move_down",
        "accept",
        "reject",
        "chosen",
        "not_chosen",
        "undecided",
        "note",
    }


@pytest.mark.parametrize(
    ("action", "fact", "needs"),
    [
        ("play", "has_video", True),
        ("export", "has_sperm", True),
        ("rename", "has_selection", True),
        ("accept", "has_track", True),
        ("overlay_rollout", "has_grade", True),
        ("open_folder", "has_report", True),
        ("undo", "can_undo", True),
        ("redo", "can_redo", True),
        ("cancel", "is_busy", True),
        ("undo", "can_redo", False),
        ("grade", "has_grade", False),
    ],
)
def test_one_fact_decides(action: str, fact: str, needs: bool) -> None:
    (spec,) = (a for a in ACTIONS if a.id == action)
    without = Facts(**BOOLEANS | {fact: False})  # type: ignore[arg-type]  # as above
    assert spec.enabled(without) is not needs


def test_a_group_always_shows_exactly_one_choice() -> None:
    every = [
        replace(NOTHING, page=page, tool=tool, overlay=overlay, selection=selection)
        for page in Page
        for tool in Tool
        for overlay in OverlayKind
        for selection in Selection
    ]
    for group in {a.group for a in ACTIONS if a.group}:
        rules = [a.checked for a in ACTIONS if a.group == group]
        assert all(sum(rule(facts) for rule in rules if rule) == 1 for facts in every)


@pytest.mark.parametrize("bar", Bar)
def test_the_buttons_of_a_row_stand_side_by_side(bar: Bar) -> None:
    positions = [a.button.position for a in specs_of(bar) if a.button]
    assert positions == list(range(len(positions)))
    assert positions
