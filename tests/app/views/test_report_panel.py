"""The report page: what it says, and when its preview is drawn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from app.state.records import ModelState, ModelStatus, ReportTarget, RunningJob
from app.state.session import Session
from app.views.report_panel import ReportPage
from rostfine_core.domain import (
    Progress,
)

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def test_a_previews_pages_go_with_their_video(qtbot: QtBot, graded: Session) -> None:
    page = ReportPage(graded)
    qtbot.addWidget(page)
    page.show_pages((np.zeros((30, 20, 3), np.uint8),))
    assert page._pages.count() == 1
    assert graded.video is not None
    graded.set_video(graded.video, graded.draft)
    assert page._pages.count() == 0


def test_a_preview_is_drawn_again_in_other_colours_and_not_for_the_screens_opacity(
    qtbot: QtBot, graded: Session
) -> None:
    page = ReportPage(graded)
    qtbot.addWidget(page)
    asked = QSignalSpy(page.preview_requested)
    page.show()
    graded.set_overlay(replace(graded.overlay, opacity=0.3))
    assert asked.count() == 1
    graded.set_overlay(replace(graded.overlay, colour_map="magma"))
    assert asked.count() == 2


def test_the_report_page_asks_for_a_preview_only_when_it_is_out_of_date(
    qtbot: QtBot, graded: Session
) -> None:
    page = ReportPage(graded)
    qtbot.addWidget(page)
    asked = QSignalSpy(page.preview_requested)
    page.show()
    page.hide()
    page.show()
    assert asked.count() == 1
    assert page._empty.text() == "The report is being drawn."
    page.show_pages((np.zeros((40, 60, 3), dtype=np.uint8),))
    graded.results_changed.emit()
    assert asked.count() == 2
    page.follow_setting("report_folder")
    assert asked.count() == 2
    page.follow_setting("report_language")
    assert asked.count() == 3
    page.show_target(ReportTarget(folder=Path("/reports/S-1")))
    assert not page.folder.isEnabled()


def test_the_report_page_says_why_there_is_nothing(qtbot: QtBot, graded: Session) -> None:
    page = ReportPage(graded)
    qtbot.addWidget(page)
    graded.set_draft(replace(graded.draft, sperms=()))
    page.show_pages(())
    assert page._empty.text() == "Nothing is graded yet."
    progress = Progress(stage="grading", done=0, total=1)
    graded.set_running_jobs((RunningJob(kind="grade", progress=progress),))
    page.show_pages(())
    assert page._empty.text() == "Being graded."
    graded.set_model(ModelState(status=ModelStatus.FAILED, problem="The model is damaged."))
    page.show_pages(())
    assert page._empty.text() == "The model is damaged."
