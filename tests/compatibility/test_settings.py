"""The window's settings as 0.0 stored them are still the user's."""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("PySide6")

from app.state.settings import Settings
from rostfine_core.domain import Calibration

MADE = Path(__file__).parent / "made_by_0_0" / "settings.ini"
VALUES = {
    "theme": "light",
    "language": "ja",
    "colour_map": "magma",
    "auto_track": False,
    "auto_grade": False,
    "report_folder": "/data/reports",
    "model_path": "/data/models/lab.safetensors",
    "device": "cpu",
    "cache_mib": 512,
}


@pytest.mark.requirement("R-66")
def test_every_setting_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    shutil.copy(MADE, path)
    settings = Settings(path)
    assert {id: settings.value(id) for id in VALUES} == VALUES
    assert settings.operator == "佐藤 A."
    assert settings.profiles == (
        Calibration(profile="Microscope A", fps=15.0, um_per_px=0.19),
        Calibration(profile="Ölimmersion ×60", fps=None, um_per_px=0.085),
    )
    assert settings.last_profile.profile == "Microscope A"
    assert settings.recent == (
        Path("/data/videos/second, part 2.mp4"),
        Path("/data/videos/first.avi"),
    )
    assert bytes(settings.layout("window").data()).endswith(b"geometry")
