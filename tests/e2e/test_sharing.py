"""What the store holds leaves the window as files, and its results are made again."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QFileDialog

from app.main_window import MainWindow
from rostfine_core.case_archive import videos_in
from rostfine_core.domain import Action
from rostfine_core.store import Store, trail
from rostfine_core.video import probe

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

# The offscreen platform logs this for every dialog, as it has no window manager.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
FPS = 20.0


def test_cases_go_to_files_and_results_are_made_again(
    hand: "Hand",
    drive: "Drive",
    small_video: Path,
    settings_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def write(window: MainWindow, action: str, name: str, kind: int) -> Path:
        """Choose a file without its ending and one of the kinds, and wait for the file."""
        path = tmp_path / name

        def choose(_: object, title: str, name: str, kinds: str) -> tuple[str, str]:
            return str(path.with_suffix("")), kinds.split(";;")[kind]

        monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
        window.actions_by_id[action].trigger()
        hand.until(lambda: path.name in window.session.message)
        return path

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        field = probe(write(window, "overlay_video", "field.mp4", 0))
        around = probe(write(window, "overlay_video", "around.mp4", 1))
        assert field.frame_count == around.frame_count == 40
        assert around.height_px > field.height_px  # a square
        table = write(window, "export_table", "cases.csv", 1)
        assert table.read_text(encoding="utf-8-sig").count(small_video.name) >= 1
        assert videos_in(write(window, "export_case", "alone.zip", 0)) == ()
        whole = write(window, "export_case", "whole.zip", 1)
        assert videos_in(whole) == (small_video.name,)

        hand.click(window, 90, 160)
        hand.grade(window, 2)  # tracked and graded later than the first
        session.set_message("")
        window.actions_by_id["reproduce"].trigger()
        hand.until(lambda: session.message)
        assert session.message == "All 2 results came out again as they are kept."

        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(whole), ""))
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
        window.actions_by_id["import_case"].trigger()
        hand.read_message(window, "is in this store already: nothing was changed")

        with Store.open(settings_file.parent / "cases") as store:
            left = {entry.after for entry in trail.entries(store) if entry.action == Action.EXPORT}
            assert left == {"field.mp4", "around.mp4", "cases.csv", "alone.zip", "whole.zip"}
            video_id = window.controller.keeper.video_id
            (key, made), *_ = store.load_case(video_id).assessments.items()
            motion = replace(made.kinematics, vcl=1.0)
            store.keep_assessments(video_id, {key: replace(made, kinematics=motion)})
        window.actions_by_id["reproduce"].trigger()
        hand.until(lambda: hand.boxes(window))
        assert "vcl, was 1.0" in hand.boxes(window)[0].informativeText()
        hand.read_message(window, "Some results came out differently.")

    drive(script, str(small_video))
