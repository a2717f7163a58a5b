"""Where the program's own files are, however it was installed."""

import importlib.util
import os
import runpy
import sys
from pathlib import Path

import pytest

from rostfine_core.bundled import (
    DEMO_VIDEO,
    bundled_path,
    free_children,
    is_demo_video,
    is_frozen,
)
from rostfine_core.errors import StoreError, how_to_add


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of an installed program's data."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    return tmp_path


def test_the_installed_program_looks_in_its_own_folder_alone(frozen: Path) -> None:
    assert is_frozen()
    with pytest.raises(StoreError, match="lacks LICENSE"):
        bundled_path("LICENSE")
    (frozen / "LICENSE").write_text("text")
    assert bundled_path("LICENSE") == frozen / "LICENSE"


def test_only_the_demonstration_is_the_demonstration(tmp_path: Path) -> None:
    assert is_demo_video(bundled_path(DEMO_VIDEO))
    assert not is_demo_video(tmp_path / "demo.mp4")


def test_programs_started_from_the_installed_one_get_the_systems_libraries(
    frozen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(frozen))
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/usr/lib/lab")
    monkeypatch.setenv("PYINSTALLER_RESET_ENVIRONMENT", "")
    free_children()
    assert os.environ["LD_LIBRARY_PATH"] == "/usr/lib/lab"
    free_children()
    assert "LD_LIBRARY_PATH" not in os.environ
    # Its own programs set it anew, instead of taking it for set by the one that started them.
    assert os.environ["PYINSTALLER_RESET_ENVIRONMENT"] == "1"


def test_from_source_the_library_path_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/lib/lab")
    free_children()
    assert os.environ["LD_LIBRARY_PATH"] == "/usr/lib/lab"


def test_how_to_add_an_extra_is_true_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    assert '-e ".[training]"` in the program' in how_to_add("training")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    told = how_to_add("training")
    assert "from its source" in told
    assert "pip" not in told


@pytest.mark.parametrize("module", ["rostfine_core.cli.__main__", "app.__main__"])
def test_a_worker_process_is_told_apart_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    if module.startswith("app"):
        pytest.importorskip("PySide6")
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None

    class IsWorkerError(Exception):
        pass

    def leave() -> None:
        raise IsWorkerError

    monkeypatch.setattr("multiprocessing.freeze_support", leave)
    monkeypatch.setattr(sys, "argv", ["program", "--no-such-option"])
    with pytest.raises(IsWorkerError):
        runpy.run_path(spec.origin, run_name="__main__")
