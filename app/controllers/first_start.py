"""The first start: the intended use that must be accepted, and a look at the machine."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from app.jobs import program_tasks
from app.jobs.runner import Jobs
from app.state.records import ModelStatus
from app.state.session import Session
from app.state.settings import Settings, reports_folder
from rostfine_core.intended_use import statement_id

EXAMINE = "examine"


class FirstStart(QObject):
    """Remembers what was accepted and runs the doctor's checks.

    Signals:
        examined(tuple): the findings of the machine's examination.
        failed(str): it could not be examined; the sentence is for the user.
    """

    examined = Signal(tuple)
    failed = Signal(str)

    def __init__(
        self,
        session: Session,
        settings: Settings,
        jobs: Jobs,
        parent: QObject | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(parent)
        self._session, self._settings, self._jobs, self._now = session, settings, jobs, now
        self._is_waiting = False

    @property
    def is_needed(self) -> bool:
        """Whether the present statement of intended use was not accepted yet."""
        return self._settings.accepted_use.statement != statement_id()

    @property
    def is_renewal(self) -> bool:
        """Whether a former statement was accepted, so that only the new one is to be read."""
        return self.is_needed and bool(self._settings.accepted_use.statement)

    @property
    def folder(self) -> Path:
        """Where reports go now."""
        return Path(self._settings.text("report_folder") or reports_folder())

    @Slot()
    def accept(self) -> None:
        """Remember that the statement was accepted, by which version of the program and when."""
        self._settings.accept_use(statement_id(), self._now())

    @Slot(str)
    def set_folder(self, name: str) -> None:
        """Choose where reports go; the usual place is not written down."""
        is_usual = not name.strip() or Path(name) == reports_folder()
        self._settings.set_value("report_folder", "" if is_usual else name)

    @Slot()
    def examine(self) -> None:
        """Look at the machine, once the model is loaded: both import the same large library."""
        self._is_waiting = True
        self.go_on()

    @Slot()
    def go_on(self) -> None:
        """Start the examination that waits for the model."""
        is_loading = self._session.model.status is ModelStatus.LOADING
        if not self._is_waiting or is_loading or self._jobs.is_running(EXAMINE):
            return
        self._is_waiting = False
        folder = self.folder
        self._jobs.start(
            EXAMINE,
            lambda: program_tasks.examine_machine(folder),
            on_success=self.examined.emit,
            on_failure=self.failed.emit,
        )
