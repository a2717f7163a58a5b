"""Nothing that was done is lost: closed, crashed, moved, or with a store that fails for a while."""

import json
import os
import random
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from pypdf import PdfReader

from app.main_window import MainWindow
from app.state.open_markers import OpenMarkers
from app.state.settings import Settings
from app.views.dialogs.backups import BackupsDialog
from app.views.dialogs.cases import CasesDialog
from app.views.dialogs.sample_dialog import SampleDialog
from rostfine_core.domain import CaseState
from rostfine_core.files import sha256_of
from rostfine_core.spreadsheet import read_table
from rostfine_core.store import Store, trail

if TYPE_CHECKING:
    from tests.e2e.conftest import Answers, Drive, Hand

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
ROOT = Path(__file__).parents[2]
KILLS = 2
EDITING_WINDOW = """
import random, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import app.__main__ as program
from app.main_window import MainWindow

def begin():
    window = next(w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))
    session, editor, keeper = window.session, window.controller.editor, window.controller.keeper
    chance = random.Random(int(sys.argv[2]))
    def names():
        return ",".join(s.name for s in session.sperms)

    def edit():
        if not keeper.is_known or session.saving.unsaved > chance.randrange(4):
            return
        kind = chance.randrange(4)
        if kind == 0 or not session.sperms:
            editor.place_sperm(chance.uniform(60, 180), chance.uniform(60, 140))
        elif kind == 1:
            editor.rename_sperm(chance.choice(session.sperms).key, f"n{chance.randrange(10**6)}")
        elif kind == 2:
            editor.undo()
        else:
            editor.redo()
        print("made", names(), flush=True)

    def acknowledge():
        if keeper.is_known and session.saving.unsaved == 0:
            print("kept", names(), flush=True)

    window.timers = [QTimer(window, interval=5), QTimer(window, interval=7)]
    for timer, act in zip(window.timers, (edit, acknowledge)):
        timer.timeout.connect(act)
        timer.start()

QTimer.singleShot(0, begin)
program.main(["--settings", sys.argv[1], sys.argv[3]])
"""


def test_a_closed_case_opens_again_as_it_was_left(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    left: dict[str, Any] = {}

    def work(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.click(window, 90, 160)
        window.controller.editor.rename_sperm(1, "first")
        window.actions_by_id["undo"].trigger()
        hand.grade(window, 2)
        window.controller.player.seek(7)
        left["draft"] = window.session.draft
        left["grades"] = [a.prediction for a in window.session.reportable]
        window.close()
        assert answers.asked == []  # nothing can be lost

    def go_on(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        session = window.session
        assert session.draft == left["draft"]
        hand.until(lambda: session.frame == 7)
        assert [a.prediction for a in session.reportable] == left["grades"]
        assert "opened before" in session.message
        window.actions_by_id["redo"].trigger()
        assert session.sperms[0].name == "first"
        for _ in range(3):
            window.actions_by_id["undo"].trigger()
        assert session.sperms == ()

    drive(work, str(small_video))
    drive(go_on, str(small_video))


def test_what_is_clicked_before_the_stored_list_is_there_joins_it(
    hand: "Hand", drive: "Drive", small_video: Path
) -> None:
    def first(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)

    def second(window: MainWindow, answers: "Answers") -> None:
        hand.until(lambda: window.session.image is not None)
        assert not window.controller.keeper.is_known
        hand.click(window, 90, 160)
        hand.wait_until_open(window)
        assert [s.name for s in window.session.sperms] == ["1", "2"]
        assert "what was clicked meanwhile" in window.session.message
        assert [s.seeds[0].y_px for s in window.session.sperms] == pytest.approx([90, 160], abs=1)

    drive(first, str(small_video))
    drive(second, str(small_video))


def test_a_case_without_its_video_is_read_with_its_grades_but_not_changed(
    hand: "Hand", drive: "Drive", other_video: Path
) -> None:
    def work(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.grade(window, 1)

    def read(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.until(lambda: session.model.info is not None)
        window.actions_by_id["cases"].trigger()
        (dialog,) = [d for d in window.findChildren(CasesDialog) if d.isVisible()]
        hand.until(lambda: dialog.rows.cases)
        dialog.search.setText("other.mp4")
        hand.until(lambda: len(dialog.rows.cases) == 1)
        assert dialog.rows.cases[0].state is CaseState.GRADED
        dialog.table.doubleClicked.emit(dialog.rows.index(0, 0))
        hand.until(lambda: session.reportable)
        assert answers.asked == ["moved case"]
        assert session.image is not None
        assert session.image.max() > 0  # the picture that was kept
        before = session.draft
        window.controller.editor.place_sperm(50, 50)
        window.controller.editor.rename_sperm(1, "other")
        window.actions_by_id["undo"].trigger()
        assert session.draft == before
        assert "only be read" in session.message
        signer = window.controller.signer
        with hand.waiting_for(signer.refused) as refused:
            signer.find()
        assert refused.args is not None
        assert "file is missing" in refused.args[0]

    drive(work, str(other_video))
    other_video.unlink()
    drive(read)


def test_a_store_that_fails_for_a_while_loses_nothing(
    hand: "Hand", drive: "Drive", small_video: Path, settings_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "share"
    folder.write_text("in the way of the folder")
    settings = Settings(settings_file)
    settings.set_value("store", str(folder))
    settings.sync()

    def script(window: MainWindow, answers: "Answers") -> None:
        session = window.session
        hand.until(lambda: session.saving.problem)
        hand.until(lambda: hand.boxes(window))
        hand.boxes(window)[0].close()
        hand.click(window, 100, 90)
        hand.until(lambda: session.saving.problem)
        assert window.status.unsaved.isVisible()
        answers.yes = False
        window.close()
        assert window.isVisible()
        assert answers.asked == [f"discard {session.saving.unsaved}"]
        window.controller.editor.set_sample("S-7", "")
        hand.grade(window, 1)
        reporter = window.controller.reporter
        with hand.waiting_for(reporter.failed) as refused:
            window.actions_by_id["export"].trigger()
        assert refused.args is not None
        assert "does not hold this video" in refused.args[0]
        assert not reporter.report_folder.exists()
        folder.unlink()
        window.status.unsaved.click()
        hand.until(lambda: window.controller.keeper.is_known)
        hand.until(lambda: session.saving.unsaved == 0)
        assert not window.status.unsaved.isVisible()

    drive(script, str(small_video))
    with Store.open(folder) as store:
        (case,) = store.case_list()
        assert case.sperm_count == 1
        assert "export" not in {entry.action for entry in trail.entries(store)}


def test_a_restored_backup_is_shown_at_once(
    hand: "Hand",
    drive: "Drive",
    small_video: Path,
    settings_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BackupsDialog, "is_sure", lambda self, backup: True)

    def work(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 100, 90)
        hand.until(lambda: window.session.saving.unsaved == 0)
        window.actions_by_id["backups"].trigger()
        (dialog,) = window.findChildren(BackupsDialog)
        dialog.back_up.click()
        hand.until(lambda: dialog.list.count() == 1)
        hand.click(window, 90, 160)
        hand.until(lambda: window.session.saving.unsaved == 0)
        assert len(window.session.sperms) == 2
        dialog.list.setCurrentRow(0)
        dialog.restore.click()
        hand.until(lambda: len(window.session.sperms) == 1)
        hand.until(lambda: window.controller.keeper.is_known)
        hand.click(window, 90, 160)
        hand.until(lambda: window.session.saving.unsaved == 0)
        assert not window.session.saving.problem
        dialog.close()

    drive(work, str(small_video))
    with Store.open(settings_file.parent / "cases") as store:
        assert [case.sperm_count for case in store.case_list()] == [2]
        assert store.check() == ()


@pytest.mark.requirement("R-46")
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_window_loses_no_acknowledged_edit_and_opens_where_it_was(
    hand: "Hand", drive: "Drive", small_video: Path, settings_file: Path, tmp_path: Path
) -> None:
    chance = random.Random(5)
    for kill in range(KILLS):
        told = _killed_while_editing(settings_file, small_video, seed=kill, chance=chance)
        last_kept = max(i for i, (kind, _) in enumerate(told) if kind == "kept")
        with Store.open(settings_file.parent / "cases") as store:
            case = store.load_case(store.find_video(sha256_of(small_video)) or "")
        names = ",".join(s.name for s in case.draft.sperms)
        # An edit after the last one that was acknowledged may be there or not.
        assert names in [names for _, names in told[last_kept:]]

    def script(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        assert "ended before its window was closed" in window.session.message
        assert ",".join(s.name for s in window.session.sperms) == names

    drive(script)


def _killed_while_editing(
    settings: Path, video: Path, *, seed: int, chance: random.Random
) -> list[tuple[str, str]]:
    """What a window told of its edits until it was killed: made and kept, with all names."""
    command = [sys.executable, "-c", EDITING_WINDOW, str(settings), str(seed), str(video)]
    told: list[tuple[str, str]] = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as window:
        assert window.stdout is not None
        wanted = chance.randrange(5, 20)
        for line in window.stdout:
            kind, _, names = line.rstrip("\n").partition(" ")
            told.append((kind, names))
            if sum(kind == "kept" for kind, _ in told) >= wanted:
                break
        window.send_signal(signal.SIGKILL)
        for line in window.stdout:
            if line.endswith("\n"):
                kind, _, names = line.rstrip("\n").partition(" ")
                told.append((kind, names))
    return told


def test_each_crash_is_told_once_and_a_running_window_is_none(tmp_path: Path) -> None:
    running, video = OpenMarkers(tmp_path), tmp_path / "a.avi"
    running.set_video(video)
    assert OpenMarkers(tmp_path).left_behind() is None
    running.clear()
    assert OpenMarkers(tmp_path).left_behind() is None
    (tmp_path / "crashed.json").write_text(json.dumps({"video": str(video)}))
    (tmp_path / "cut off.json").write_text('{"vid')
    assert OpenMarkers(tmp_path).left_behind() == video
    assert OpenMarkers(tmp_path).left_behind() is None


def test_a_sample_of_two_videos_gets_one_report_in_versions(
    hand: "Hand", drive: "Drive", small_video: Path, other_video: Path, settings_file: Path
) -> None:
    place = settings_file.parent / "cases"
    reports: list[Path] = []

    def export(window: MainWindow) -> None:
        with hand.waiting_for(window.controller.reporter.exported) as exported:
            window.actions_by_id["export"].trigger()
        assert exported.args is not None
        reports.append(Path(exported.args[0]))

    def first(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        window.controller.editor.set_sample("S-7", "")
        hand.click(window, 100, 90)
        hand.grade(window, 1)
        export(window)

    def second(window: MainWindow, answers: "Answers") -> None:
        hand.wait_until_open(window)
        hand.click(window, 90, 160)
        hand.grade(window, 1)
        with hand.waiting_for(window.controller.keeper.sample_found):
            window.actions_by_id["sample"].trigger()
        (dialog,) = window.findChildren(SampleDialog)
        assert dialog.samples.itemText(1) == "S-7"
        dialog.samples.setCurrentIndex(1)
        dialog.samples.activated.emit(1)
        hand.until(lambda: window.session.sample.sample == "S-7")
        with hand.waiting_for(window.controller.keeper.sample_found):
            window.actions_by_id["sample"].trigger()
        dialog = window.findChildren(SampleDialog)[-1]
        dialog.medium.setText("HTF")
        dialog.medium.editingFinished.emit()
        dialog.patient.setCurrentText("P-3")
        dialog.patient.activated.emit(0)
        dialog.close()
        export(window)

    drive(first, str(small_video))
    with Store.open(place) as store:
        (one,) = store.case_list()
        assert one.state is CaseState.REPORTED
    drive(second, str(other_video))
    with Store.open(place) as store:
        versions = store.reports(one.sample_id)
        assert [r.identity.version for r in versions] == [1, 2]
        assert [len(r.video_ids) for r in versions] == [1, 2]
        assert {c.state for c in store.case_list()} == {CaseState.REPORTED}
        files = store.report_files(versions[0].id)
    assert files is not None
    assert "report.pdf" in ZipFile(BytesIO(files)).namelist()  # the first version is kept
    assert reports[0] == reports[1]  # of the same sample
    _, rows = read_table(reports[1] / "report.csv", columns=())
    assert [row["target"] for _, row in rows] == ["1-1", "2-1"]
    text = "".join(page.extract_text() for page in PdfReader(reports[1] / "report.pdf").pages)
    assert "P-3" in text
    assert "HTF" in text
