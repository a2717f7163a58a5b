"""The day's videos: added by the folder, read in the background, worked through by key."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.jobs import worklist_tasks
from app.jobs.runner import Jobs
from app.jobs.store_thread import StoreThread
from app.state.records import WorklistItem
from app.state.session import Session
from app.state.settings import Settings
from rostfine_core.domain import CaseState, Draft, SampleInfo

if TYPE_CHECKING:
    from rostfine_core.domain import CaseSummary
    from rostfine_core.store import Store

RECORDINGS, TAKE_IN, LOOK = "recordings", "take_in", "look"
WATCH_MS = 3000


class Worklist(QObject):
    """Owns the list; opening one of its videos is asked of the main controller.

    Signals:
        failed(str): a folder cannot be read; the sentence is for the user.
        wanted(Path): a video is to be opened.
        watching_changed(): ``watched`` has changed.
    """

    failed = Signal(str)
    wanted = Signal(object)
    watching_changed = Signal()

    def __init__(
        self,
        session: Session,
        settings: Settings,
        jobs: Jobs,
        thread: StoreThread,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._settings, self._jobs = session, settings, jobs
        self._thread = thread
        self._places: tuple[Path, ...] = ()  # where to look for videos next
        self.watched: Path | None = None
        self._looks: Generator[tuple[Path, ...], None, None] | None = None
        self._timer = QTimer(self, interval=WATCH_MS)
        self._timer.timeout.connect(self._look)

    # What is on it -------------------------------------------------------------------------

    @Slot()
    def begin(self) -> None:
        """Go on with the list of the last start."""
        items = tuple(
            WorklistItem(path=path, video_id=video_id) for path, video_id in self._settings.worklist
        )
        if items and not self._session.worklist:
            self._session.set_worklist(items)
            self.read_again()

    @Slot()
    def read_again(self) -> None:
        """Ask the store for pictures and states, which it tells only who has signed in."""
        self._show_thumbnails()
        self.refresh()
        self.go_on()

    def add(self, places: Sequence[Path]) -> None:
        """Put videos, and those in folders, on the list."""
        self._places += tuple(places)
        self._find()

    def _find(self) -> None:
        if self._places and not self._jobs.is_running(RECORDINGS):
            places, self._places = self._places, ()
            self._jobs.start(
                RECORDINGS,
                lambda: worklist_tasks.find_videos(places),
                on_success=self._append,
                on_failure=self.failed.emit,
            )

    def _append(self, paths: Sequence[Path]) -> None:
        known = {item.path for item in self._session.worklist}
        new = tuple(WorklistItem(path=path) for path in paths if path not in known)
        self._set((*self._session.worklist, *new))
        if self._session.video is None and new:
            self.wanted.emit(new[0].path)
        elif not new:
            self._session.set_message(self.tr("No further video was found."))
        self.go_on()

    def clear(self) -> None:
        """Take all videos off the list; they stay in the store."""
        self.watch(None)
        self._jobs.drop((TAKE_IN,))
        self._set(())

    @Slot(object)
    def remove(self, path: Path) -> None:
        """Take a video off the list; it stays in the store."""
        self._set(tuple(item for item in self._session.worklist if item.path != path))

    def _set(self, items: tuple[WorklistItem, ...]) -> None:
        self._session.set_worklist(items)
        self._settings.set_worklist([(item.path, item.video_id) for item in items])

    def _change(self, path: Path, **values: object) -> None:
        self._set(
            tuple(
                replace(item, **values) if item.path == path else item  # type: ignore[arg-type]
                for item in self._session.worklist
            )
        )

    # Going through it ----------------------------------------------------------------------

    def step(self, by: int) -> None:
        """Open the next or an earlier video of the list."""
        paths = [item.path for item in self._session.worklist]
        video = self._session.video
        if video is not None and video.path in paths:
            place = paths.index(video.path) + by
        else:
            place = 0 if by > 0 else len(paths) - 1
        if 0 <= place < len(paths):
            self.wanted.emit(paths[place])
        else:
            self._session.set_message(self.tr("There is no further video in the list."))

    def is_new_to(self, path: Path) -> bool:
        """Whether a video of the list has no sample of its own yet."""
        found = next((item for item in self._session.worklist if item.path == path), None)
        return found is not None and found.state is CaseState.NEW and not found.sample

    # Reading and states --------------------------------------------------------------------

    @Slot()
    def go_on(self) -> None:
        """Read the next video that the store does not know yet."""
        waiting = (i for i in self._session.worklist if not i.video_id and not i.problem)
        item = next(waiting, None)
        if item is not None and not self._jobs.is_running(TAKE_IN):
            self._thread.ask(
                lambda store: store,
                lambda store: self._take_in(store, item.path),
                self.failed.emit,
            )

    def _take_in(self, store: "Store", path: Path) -> None:
        if self._jobs.is_running(TAKE_IN):
            return
        draft = Draft(sample=SampleInfo(operator=self._session.sample.operator))

        def note(taken: worklist_tasks.TakenIn) -> None:
            self._change(path, video_id=taken.video_id, thumbnail=taken.thumbnail)
            self.refresh()

        self._jobs.start(
            TAKE_IN,
            lambda: worklist_tasks.take_in(store, path, draft),
            on_success=note,
            on_failure=lambda sentence: self._change(path, problem=sentence),
        )

    @Slot(str)
    def continue_after(self, kind: str) -> None:
        """Read the next video after one, and look for what was added meanwhile."""
        if kind == TAKE_IN:
            self.go_on()
        elif kind == RECORDINGS:
            self._find()

    @Slot()
    def refresh(self) -> None:
        """Ask how far the videos are."""
        ids = [item.video_id for item in self._session.worklist if item.video_id]
        if ids:
            self._thread.ask(lambda store: store.cases(ids), self._show_states, lambda _: None)

    def _show_states(self, cases: "dict[str, CaseSummary]") -> None:
        self._session.set_worklist(
            tuple(
                replace(item, state=case.state, sample=case.sample)
                if (case := cases.get(item.video_id)) is not None
                else item
                for item in self._session.worklist
            )
        )

    def _show_thumbnails(self) -> None:
        ids = [item.video_id for item in self._session.worklist if item.video_id]

        def show(pictures: dict[str, bytes]) -> None:
            self._session.set_worklist(
                tuple(
                    replace(item, thumbnail=pictures.get(item.video_id, item.thumbnail))
                    for item in self._session.worklist
                )
            )

        if ids:
            self._thread.ask(lambda store: store.thumbnails(ids), show, lambda _: None)

    # Watching ------------------------------------------------------------------------------

    def watch(self, folder: Path | None) -> None:
        """Put new recordings of a folder on the list once they are written; None to stop."""
        self.watched = folder
        self._looks = None
        self._jobs.drop((LOOK,))
        if folder is None:
            self._timer.stop()
        else:
            from rostfine_core.recordings import new_recordings

            self._looks = new_recordings(folder)
            self._timer.start()
            self._look()
        self.watching_changed.emit()

    @Slot()
    def _look(self) -> None:
        if self._looks is None or self._jobs.is_running(LOOK):
            return
        looks = self._looks
        self._jobs.start(
            LOOK,
            lambda: worklist_tasks.look(looks),
            on_success=lambda found: self._append(found) if found else None,
            on_failure=self._on_lost,
        )

    def _on_lost(self, sentence: str) -> None:
        self.watch(None)
        self.failed.emit(sentence)
