"""The model is loaded beside the window's work, replaced, and let go."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.main_window import MainWindow
from app.records import ModelStatus

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand, Hold

# The offscreen platform says this of every dialog; it has no window manager to tell.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def test_a_model_chosen_while_another_loads_takes_its_place(
    hand: "Hand", drive: "Drive", model_file: Path, hold: "Hold"
) -> None:
    held = hold("load_model")

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        held.wait()
        assert session.model.status is ModelStatus.LOADING
        held.let_go()
        window.controller.analysis.load_model()
        hand.until(lambda: session.model.status is ModelStatus.READY)
        assert held.closed == 1
        assert session.model.info is not None
        assert session.model.info.file_name == model_file.name

    drive(script)


def test_closing_while_the_model_loads_ends_the_load(
    hand: "Hand", drive: "Drive", hold: "Hold"
) -> None:
    held = hold("load_model")

    def script(window: MainWindow, answers: "Answers") -> None:
        held.wait()
        held.let_go()
        assert window.close()
        assert held.closed == 1
        assert window.session.model.status is ModelStatus.LOADING
        assert hand.boxes(window) == []

    drive(script)


def test_a_model_that_is_none_is_told_and_can_be_replaced(
    hand: "Hand", drive: "Drive", small_video: Path, tmp_path: Path, model_file: Path
) -> None:
    foreign = tmp_path / "foreign.safetensors"
    foreign.write_bytes(b"not a model")

    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        window.settings.set_value("model_path", str(foreign))
        hand.until(lambda: hand.boxes(window))
        for box in hand.boxes(window):
            assert "foreign.safetensors" in box.text()
            box.close()
        hand.click(window, 100, 90)
        window.settings.set_value("model_path", str(model_file))
        hand.until(lambda: window.session.model.status is ModelStatus.READY)
        hand.grade(window, 1)

    drive(script, str(small_video))
