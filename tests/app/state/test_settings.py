"""Stored settings are read back, and those that do not fit count as not stored."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tune
from hypothesis import strategies as st
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app.state.setting_table import SETTINGS
from app.state.settings import MAX_RECENT, Settings, log_file, reports_folder, settings_file
from rostfine_core import store_place
from rostfine_core.domain import Calibration


def test_values_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "settings.ini"
    first = Settings(file)
    first.set_value("theme", "light")
    first.set_value("cache_mib", 2048)
    first.set_value("auto_grade", False)
    first.sync()
    again = Settings(file)
    assert (again.text("theme"), again.number("cache_mib"), again.is_on("auto_grade")) == (
        "light",
        2048,
        False,
    )


def test_the_command_line_uses_the_windows_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.state.settings.settings_file", lambda: tmp_path / "settings.ini")
    monkeypatch.setattr(store_place, "data_folder", lambda: tmp_path / "data")
    monkeypatch.delenv(store_place.PLACE_VARIABLE, raising=False)
    settings = Settings()
    assert settings.store_place == store_place.usual_place() == str(tmp_path / "data" / "cases")
    for place in ("postgresql://lab:secret@server/cases", str(tmp_path / "精子"), ""):
        settings.set_value("store", place)
        settings.share_store_place()
        assert settings.store_place == store_place.usual_place()
        assert (place or str(tmp_path / "data" / "cases")) == settings.store_place
    chosen = tmp_path / "data" / "store.txt"
    assert sys.platform == "win32" or chosen.stat().st_mode & 0o077 == 0
    own = Settings(tmp_path / "own" / "settings.ini")
    own.set_value("store", "elsewhere")
    own.share_store_place()
    assert store_place.chosen_place() == ""
    settings.sync()
    own.sync()


@tune(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=60,
    deadline=None,  # it writes a file, and disks may be busy
)
@given(id=st.sampled_from([s.id for s in SETTINGS]), text=st.text(max_size=12))
def test_whatever_stands_in_the_file_a_value_fits_its_table(
    tmp_path: Path, id: str, text: str
) -> None:
    file = tmp_path / "damaged.ini"
    store = QSettings(str(file), QSettings.Format.IniFormat)
    store.setValue(f"settings/{id}", text)
    store.setValue("profiles", text)
    store.sync()
    settings = Settings(file)
    setting = next(s for s in SETTINGS if s.id == id)
    value = settings.value(id)
    assert type(value) is type(setting.default)
    if setting.choices:
        assert value in setting.choices
    elif isinstance(value, int) and not isinstance(value, bool):
        assert setting.minimum <= value <= setting.maximum
    assert settings.profiles == ()


def test_only_a_change_is_told(qtbot: QtBot, settings: Settings) -> None:
    heard: list[str] = []
    settings.changed.connect(heard.append)
    settings.set_value("theme", "dark")
    settings.set_value("theme", "light")
    settings.set_value("theme", "light")
    assert heard == ["theme"]


def test_a_microscope_is_remembered_by_name(settings: Settings) -> None:
    settings.save_profile(Calibration(profile="Nikon 40x", fps=60.0, um_per_px=0.25))
    settings.save_profile(Calibration(profile="Nikon 40x", fps=50.0, um_per_px=0.25))
    settings.save_profile(Calibration(profile="a=1;b", um_per_px=None))
    settings.set_last_profile("Nikon 40x")
    assert [p.profile for p in settings.profiles] == ["a=1;b", "Nikon 40x"]
    assert settings.last_profile.fps == 50.0
    settings.remove_profile("Nikon 40x")
    assert settings.last_profile == Calibration()


@pytest.mark.parametrize("count", [1, 3, MAX_RECENT + 3])
def test_recent_videos_are_newest_first_and_few(settings: Settings, count: int) -> None:
    for k in range(count):
        settings.add_recent(Path(f"/v/{k}.mp4"))
    settings.add_recent(Path("/v/0.mp4"))
    assert settings.recent[0] == Path("/v/0.mp4")
    assert len(settings.recent) == len(set(settings.recent)) == min(count, MAX_RECENT)
    settings.remove_recent(Path("/v/0.mp4"))
    assert Path("/v/0.mp4") not in settings.recent


def test_places_are_the_users_own(qtbot: QtBot) -> None:
    for path in (settings_file(), log_file(), reports_folder()):
        assert path.is_absolute()
        assert Path.home() in path.parents or path.parts[1] == "tmp"
