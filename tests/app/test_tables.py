"""The tables of settings and icons are complete and consistent."""

from pathlib import Path

import pytest

from app.actions import ACTIONS
from app.state.setting_table import SETTINGS, Setting
from rostfine_core.bundled import bundled_path


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


def test_every_icon_file_is_used_or_named() -> None:
    folder: Path = bundled_path("resources/icons")
    drawn = {p.stem for p in folder.glob("*.svg")}
    assert drawn == {i for a in ACTIONS for i in (a.icon, a.checked_icon) if i} | {
        "warning",
        "notice",
        "display",
        "app",
    }
