"""The settings dialog has an editor for every setting."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QScrollArea, QToolButton
from pytestqt.qtbot import QtBot

from app.state.setting_table import SETTINGS
from app.state.settings import Settings
from app.views.dialogs.settings_dialog import SettingsDialog
from rostfine_core.domain import Calibration

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def test_the_settings_dialog_has_an_editor_for_every_setting(
    qtbot: QtBot, settings: Settings
) -> None:
    settings.save_profile(Calibration(profile="Nikon", um_per_px=0.25))
    dialog = SettingsDialog(settings)
    qtbot.addWidget(dialog)
    assert set(dialog.editors) == {s.id for s in SETTINGS}
    switch, theme = dialog.editors["auto_track"], dialog.editors["theme"]
    assert isinstance(switch, QCheckBox)
    assert isinstance(theme, QComboBox)
    switch.setChecked(False)
    theme.setCurrentIndex(1)
    theme.activated.emit(1)
    assert (settings.is_on("auto_track"), settings.text("theme")) == (False, "light")
    assert dialog.profiles.item(0).text() == "Nikon: fps from file, 0.25 µm/px"
    dialog.profiles.setCurrentRow(0)
    dialog._forget()
    assert settings.profiles == ()


def test_a_model_is_chosen_as_a_file_or_as_a_folder(
    qtbot: QtBot, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = tmp_path / "lab.safetensors"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(model), "*.safetensors"))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    dialog = SettingsDialog(settings)
    qtbot.addWidget(dialog)
    button = dialog.editors["model_path"].findChild(QToolButton, "browse")
    assert button is not None
    chosen = []
    for action in button.menu().actions():
        action.trigger()
        chosen.append(settings.text("model_path"))
    assert chosen == [str(model), str(tmp_path)]


def test_the_dialog_fits_a_low_screen_and_scrolls_to_every_setting(
    qtbot: QtBot, settings: Settings
) -> None:
    dialog = SettingsDialog(settings)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.height() <= dialog.screen().availableSize().height()
    scroll = dialog.findChild(QScrollArea)
    assert isinstance(scroll, QScrollArea)
    scroll.ensureWidgetVisible(dialog.profiles)
    place = dialog.profiles.mapTo(scroll.viewport(), dialog.profiles.rect().center())
    assert scroll.viewport().rect().contains(place)
