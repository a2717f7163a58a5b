"""Backups of the case store: daily, by hand, and restored; and whether the store is whole."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from app.jobs import backup_tasks
from app.jobs.runner import Jobs
from app.jobs.store_thread import StoreThread
from app.presentation.wording import say
from rostfine_core.domain import LongJob
from rostfine_core.messages import Message, joined

if TYPE_CHECKING:
    from rostfine_core.store import Store

DAILY, BACK_UP, CHECK = "daily backup", "back up", "check store"


class Backups(QObject):
    """Starts what takes long beside the store's thread, so that edits are kept meanwhile.

    Signals:
        failed(str): the daily backup could not be made; the sentence is for the user.
        found(tuple): the files of all backups, after ``find`` and each new one.
        told(str, bool): how something that was asked for ended, and whether well.
        restored(): the store holds what a backup held; who is signed in and what is open are of
            the time before.
    """

    failed = Signal(str)
    found = Signal(tuple)
    told = Signal(str, bool)
    restored = Signal()

    def __init__(self, thread: StoreThread, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread, self._jobs = thread, jobs

    @Slot()
    def begin(self) -> None:
        """Make the daily backup if it is due; called when somebody may act."""
        self._run(
            DAILY, backup_tasks.back_up_daily, on_success=lambda _: None, refuse=self.failed.emit
        )

    @Slot()
    def find(self) -> None:
        """Ask for the list of backups."""

        def listed(store: "Store") -> tuple[Path, ...]:
            from rostfine_core.store.backups import backups_of

            return backups_of(store.engine)

        self._thread.ask(listed, self.found.emit, self._refuse)

    @Slot()
    def back_up(self) -> None:
        """Back up now."""

        def tell(path: Path) -> None:
            self.told.emit(self.tr("The backup is {path}.").format(path=path), True)
            self.find()

        self._run(BACK_UP, backup_tasks.back_up_now, on_success=tell, refuse=self._refuse)

    @Slot()
    def check(self) -> None:
        """Read through the store."""

        def tell(found: tuple[Message, ...]) -> None:
            whole = self.tr("The store and its audit trail are whole.")
            self.told.emit(say(joined(found, " ")) if found else whole, not found)

        self._run(CHECK, backup_tasks.check_store, on_success=tell, refuse=self._refuse)

    @Slot(Path)
    def restore(self, path: Path) -> None:
        """Put a backup in the place of the store."""

        def put(store: "Store") -> Path:
            before = store.restore(path)
            store.operator = None  # who was signed in may not be known to the restored store
            return before

        def tell(before: Path) -> None:
            sentence = self.tr("The store is as in the backup; what it was before is in {path}.")
            self.told.emit(sentence.format(path=before), True)
            self.find()
            self.restored.emit()

        self._thread.ask(put, tell, self._refuse)

    def _run(
        self,
        kind: str,
        work: Callable[["Store"], LongJob[Any]],
        *,
        on_success: Callable[[Any], None],
        refuse: Callable[[str], None],
    ) -> None:
        """Start a job on the store, which its own thread opens first if need be."""

        def start(store: "Store") -> None:
            if self._jobs.is_running(kind):
                self._refuse(self.tr("This is being done already: wait until it is finished."))
                return
            self._jobs.start(kind, lambda: work(store), on_success=on_success, on_failure=refuse)

        self._thread.ask(lambda store: store, start, refuse)

    def _refuse(self, sentence: str) -> None:
        self.told.emit(sentence, False)
