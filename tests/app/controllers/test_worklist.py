"""The day's list: what is put on it, one after the other."""

from pathlib import Path

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.controllers.worklist import Worklist
from app.jobs.runner import Jobs
from app.jobs.store_door import StoreDoor
from app.jobs.store_thread import StoreThread
from app.state.session import Session
from app.state.settings import Settings


def test_what_is_dropped_while_others_are_looked_for_comes_next(
    qtbot: QtBot, place: Path, settings: Settings, tmp_path: Path
) -> None:
    session, parent = Session(), QObject()
    jobs, thread = Jobs(parent), StoreThread(StoreDoor(lambda: str(place)).open, parent)
    worklist = Worklist(session, settings, jobs, thread, parent)
    jobs.ended.connect(worklist.continue_after)
    for name in ("a.avi", "b.avi", "c.avi"):
        (tmp_path / name).write_bytes(b"no video at all" * 50)
        worklist.add([tmp_path / name])
    try:
        qtbot.waitUntil(
            lambda: (
                [item.path.name for item in session.worklist if item.problem]
                == ["a.avi", "b.avi", "c.avi"]
            )
        )
    finally:
        jobs.shut_down()
        thread.shut_down()
