"""The model is loaded in the background, replaced and released."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QTextBrowser

from app.jobs import program_tasks
from app.main_window import MainWindow
from app.state.records import ModelStatus
from app.views.dialogs.about import AboutDialog
from rostfine_core.domain import AnswerMode

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand, Hold

# The offscreen platform logs this for every dialog, as it has no window manager.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


LINKING, IMPORTING, LOADING, WARMING_UP, LOADED = 2, 3, 4, 5, None
"""How many steps of loading are done before each of them; all once it is loaded."""


@pytest.mark.parametrize("steps", [LINKING, IMPORTING, LOADING, WARMING_UP, LOADED])
def test_a_model_chosen_while_another_loads_takes_its_place(
    hand: "Hand", drive: "Drive", model_file: Path, tmp_path: Path, hold: "Hold", steps: int | None
) -> None:
    chosen = tmp_path / "chosen.safetensors"
    chosen.write_bytes(model_file.read_bytes())
    held = hold(program_tasks, "load_model", steps=steps)
    shown: list[str] = []

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session

        def note() -> None:
            shown.extend([session.model.info.file_name] if session.model.info else [])

        session.model_changed.connect(note)
        held.wait()
        assert session.model.status is ModelStatus.LOADING
        window.settings.set_value("model_path", str(chosen))
        held.let_go()
        hand.until(lambda: session.model.status is ModelStatus.READY)
        assert held.closed == 1
        assert gc.isenabled()

    drive(script)
    assert shown == [chosen.name]


def test_export_with_a_model_that_failed_does_not_say_that_it_grades(
    hand: "Hand", drive: "Drive", small_video: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"no model")

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.wait_until_open(window)
        window.settings.set_value("model_path", str(damaged))
        hand.until(lambda: session.model.status is ModelStatus.FAILED)
        hand.click(window, 100, 90)
        with hand.waiting_for(window.controller.failed) as failed:
            window.actions_by_id["export"].trigger()
        assert failed.args == [session.model.problem]
        assert "being graded" not in session.message

    drive(script, str(small_video))


@pytest.mark.parametrize("steps", [LINKING, IMPORTING, LOADING, WARMING_UP, LOADED])
def test_closing_while_the_model_loads_ends_loading(
    hand: "Hand", drive: "Drive", hold: "Hold", steps: int | None
) -> None:
    held = hold(program_tasks, "load_model", steps=steps)

    def script(window: MainWindow, answers: "Answers") -> None:
        held.wait()
        held.let_go()
        assert window.close()
        assert held.closed == 1
        assert window.session.model.status is ModelStatus.LOADING
        assert hand.boxes(window) == []
        assert gc.isenabled()

    drive(script)


def test_the_window_closes_before_the_running_step_ends(
    drive: "Drive", hold: "Hold", monkeypatch: pytest.MonkeyPatch
) -> None:
    held = hold(program_tasks, "load_model")
    seen: list[bool] = []

    def script(window: MainWindow, answers: "Answers") -> None:
        wait = window.controller.jobs.shut_down

        def noting() -> None:
            seen.append(window.isVisible())
            held.let_go()
            wait()

        monkeypatch.setattr(window.controller.jobs, "shut_down", noting)
        held.wait()
        assert window.close()

    drive(script)
    assert seen == [False]


def test_the_old_model_does_not_grade_while_another_loads(
    hand: "Hand",
    drive: "Drive",
    hold: "Hold",
    small_video: Path,
    model_file: Path,
    tmp_path: Path,
) -> None:
    """Its answers would be taken for those of the model being loaded."""
    chosen = tmp_path / "chosen.safetensors"
    chosen.write_bytes(model_file.read_bytes())

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.wait_until_open(window)
        hand.until(lambda: session.model.status is ModelStatus.READY)
        held = hold(program_tasks, "load_model", steps=LOADED)
        window.settings.set_value("model_path", str(chosen))
        held.wait()
        hand.click(window, 100, 90)
        window.actions_by_id["grade"].trigger()
        hand.until(lambda: session.track(session.sperms[0]))
        hand.until(lambda: not window.controller.jobs.is_running("track"))
        assert not window.controller.jobs.is_running("grade")
        held.let_go()
        hand.until(lambda: session.reportable)
        assert session.reportable[0].provenance.model.file_name == chosen.name
        assert len(session.results.assessments) == 1
        window.settings.set_value("answer_mode", AnswerMode.SINGLE_VIEW.value)
        hand.until(lambda: session.model.mode is AnswerMode.SINGLE_VIEW)
        window.actions_by_id["grade"].trigger()
        hand.until(lambda: len(session.results.assessments) == 2)  # the other is kept

    drive(script, str(small_video))


def test_the_bundled_models_card_is_not_shown_for_another_model(
    hand: "Hand", drive: "Drive"
) -> None:
    def script(window: MainWindow, answers: "Answers") -> None:
        def pages() -> str:
            window.actions_by_id["about"].trigger()
            dialog = window.findChildren(AboutDialog)[-1]
            texts = [page.toPlainText() for page in dialog.findChildren(QTextBrowser)]
            dialog.close()
            return "\n".join(texts)

        hand.until(lambda: window.session.model.status is ModelStatus.READY)
        assert "random.safetensors" in pages()
        assert "demo.safetensors" not in pages()
        window.settings.set_value("model_path", "")
        hand.until(lambda: window.session.model.status is ModelStatus.READY)
        assert "Model card: demo.safetensors" in pages()

    drive(script)


def test_a_file_that_is_no_model_is_reported_and_can_be_replaced(
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
