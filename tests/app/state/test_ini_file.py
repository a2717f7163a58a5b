"""Settings are written by a thread and survive a disk that fails."""

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings

from app.state.ini_file import IniFile


def test_what_was_set_is_read_again(tmp_path: Path) -> None:
    values = IniFile(tmp_path / "settings.ini")
    for key, value in (("operator", "Satō"), ("layout/window", QByteArray(b"\0\1")), ("n", 3)):
        values.set_value(key, value)
        assert values.value(key) == value
    values.set_value("recent", ["/a b.mp4", "/c.mp4"])
    values.sync()
    again = IniFile(tmp_path / "settings.ini")
    assert again.value("operator") == "Satō"
    assert again.value("layout/window") == QByteArray(b"\0\1")
    assert str(again.value("n")) == "3"
    assert again.value("recent") == ["/a b.mp4", "/c.mp4"]
    assert again.value("unknown", "default") == "default"


def test_setting_a_value_never_waits_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = threading.Event()
    written_by: list[int] = []

    real = QSettings.sync

    def slow_sync(store: QSettings) -> None:
        assert disk.wait(30)
        written_by.append(threading.get_ident())
        real(store)

    values = IniFile(tmp_path / "settings.ini")
    monkeypatch.setattr(QSettings, "sync", slow_sync)
    for letter in ("S", "Sa", "Sat", "Sato"):
        values.set_value("operator", letter)
    assert values.value("operator") == "Sato"
    disk.set()
    values.sync()
    assert threading.get_ident() not in written_by
    assert len(written_by) <= 2  # what came while the first was written went together
    monkeypatch.undo()
    assert IniFile(tmp_path / "settings.ini").value("operator") == "Sato"


def test_the_writers_thread_ends(tmp_path: Path) -> None:
    threads = threading.active_count()
    values = IniFile(tmp_path / "settings.ini")
    values.set_value("theme", "light")
    values.sync()
    values.sync()
    assert threading.active_count() == threads


def test_two_programs_keep_each_others_values(tmp_path: Path) -> None:
    first, second = (IniFile(tmp_path / "settings.ini") for _ in range(2))
    first.set_value("theme", "light")
    first.sync()
    second.set_value("operator", "Sato")
    second.sync()
    again = IniFile(tmp_path / "settings.ini")
    assert (again.value("theme"), again.value("operator")) == ("light", "Sato")


def test_a_place_that_cannot_be_written_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    values = IniFile(tmp_path / "file" / "settings.ini")
    values.set_value("theme", "light")
    values.sync()
    assert values.value("theme") == "light"
    assert "cannot be written" in caplog.text
    (tmp_path / "file").unlink()
    values.sync()  # as when the program ends: nothing else is set any more
    again = IniFile(tmp_path / "file" / "settings.ini")
    assert again.value("theme") == "light"
    values.set_value("operator", "Sato")
    values.sync()
    again = IniFile(tmp_path / "file" / "settings.ini")
    assert (again.value("theme"), again.value("operator")) == ("light", "Sato")
