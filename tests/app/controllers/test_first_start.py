"""The first start: what is accepted, kept and asked again, and the look at the machine."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.controllers import first_start
from app.controllers.first_start import FirstStart
from app.jobs import program_tasks
from app.jobs.runner import Jobs
from app.state.records import ModelState, ModelStatus
from app.state.session import Session
from app.state.settings import Settings, reports_folder
from rostfine_core import __version__
from rostfine_core.domain import LongJob, Progress, finish
from rostfine_core.finding import Finding
from rostfine_core.intended_use import statement_id

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    running = Jobs()
    yield running
    running.shut_down()


@pytest.fixture
def first(settings: Settings, jobs: Jobs) -> FirstStart:
    session = Session()
    return FirstStart(session, settings, jobs, session, now=lambda: NOON)


@pytest.mark.requirement("R-03")
def test_what_was_accepted_is_kept_with_version_and_date(
    first: FirstStart, settings: Settings, tmp_path: Path
) -> None:
    assert (first.is_needed, first.is_renewal) == (True, False)
    first.accept()
    assert not first.is_needed
    settings.sync()
    kept = Settings(tmp_path / "settings.ini").accepted_use
    assert (kept.statement, kept.version) == (statement_id(), __version__)
    assert kept.date_utc == "2026-11-29T12:00:00+00:00"


@pytest.mark.requirement("R-03")
def test_another_statement_is_asked_again(
    first: FirstStart, monkeypatch: pytest.MonkeyPatch
) -> None:
    first.accept()
    monkeypatch.setattr(first_start, "statement_id", lambda: "another")
    assert (first.is_needed, first.is_renewal) == (True, True)
    first.accept()
    assert not first.is_needed


def test_the_usual_folder_is_not_written_down(
    first: FirstStart, settings: Settings, tmp_path: Path
) -> None:
    assert first.folder == reports_folder()
    for name, stored in ((str(tmp_path), str(tmp_path)), (str(reports_folder()), ""), (" ", "")):
        first.set_folder(name)
        assert settings.text("report_folder") == stored


def test_the_machine_is_examined_once_the_model_is_loaded(
    qtbot: QtBot, first: FirstStart, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (Finding(subject="GPU", works=True, detail="there"),)

    def examine(folder: Path) -> LongJob[tuple[Finding, ...]]:
        yield Progress(stage="examining", done=1, total=0)
        return found

    monkeypatch.setattr(program_tasks, "examine_machine", examine)
    session = first._session
    session.model_changed.connect(first.go_on)
    first.examine()
    assert not jobs.is_running(first_start.EXAMINE)
    with qtbot.waitSignal(first.examined) as told:
        session.set_model(ModelState(status=ModelStatus.FAILED, problem="no model"))
    assert told.args == [found]
    session.set_model(ModelState(status=ModelStatus.FAILED, problem="still none"))
    assert not jobs.is_running(first_start.EXAMINE)


def test_the_doctor_looks_at_a_folder_that_is_not_made_yet(tmp_path: Path) -> None:
    findings = finish(program_tasks.examine_machine(tmp_path / "new" / "reports"))
    subjects = [f.subject for f in findings]
    assert "Window" not in subjects  # it is open
    assert findings[-1].subject == "Write access"
    assert findings[-1].works
    assert not (tmp_path / "new").exists()
