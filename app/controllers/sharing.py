"""What leaves the store as a file and comes back from one, and results that are made again."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.controllers.keeper import Keeper
from app.jobs import sharing_tasks
from app.jobs.runner import Jobs
from app.jobs.store_thread import StoreThread
from app.presentation.wording import say
from app.state.session import Session
from app.state.settings import Settings
from rostfine_core.domain import LongJob
from rostfine_core.messages import joined

if TYPE_CHECKING:
    from rostfine_core.case_archive import ImportedCase
    from rostfine_core.reproduction import Reproduction
    from rostfine_core.store import Store

SHARE = "share"
WINDOW_CROPS = 2
"""How many crops wide the part of the field is that an overlay video may show."""


class Sharing(QObject):
    """Runs one job at a time, on the store as it is after all that was to be kept.

    Signals:
        failed(str): something failed; the sentence is for the user.
        differed(str): results were made again, and some are not as they were: the whole story.
    """

    failed = Signal(str)
    differed = Signal(str)

    def __init__(
        self,
        session: Session,
        settings: Settings,
        jobs: Jobs,
        *,
        store: StoreThread,
        keeper: Keeper,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._settings, self._jobs = session, settings, jobs
        self._store, self._keeper = store, keeper

    def export_case(self, path: Path, *, with_videos: bool) -> None:
        """Write the open video's sample, with all its videos' results, to one file."""
        video_id = self._known_video()
        if video_id:
            self._run(
                lambda store: sharing_tasks.export_case(
                    path, store, video_id, with_videos=with_videos
                ),
                self._tell_written,
            )

    def export_table(self, path: Path) -> None:
        """Write all cases into one table."""
        self._run(
            lambda store: sharing_tasks.export_table(store, path),
            lambda count: self._session.set_message(
                self.tr("{count} sperm are in {file}.").format(count=count, file=path)
            ),
        )

    def import_case(
        self,
        path: Path,
        *,
        ask_folder: Callable[[int], Path | None],
        is_same: Callable[[str], bool],
        same_patient: bool = False,
    ) -> None:
        """Take a case from a file into the store.

        Args:
            path: the file.
            ask_folder: where so many videos that came along are put; None leaves them.
            is_same: whether a patient of this pseudonym in the store is the same person.
            same_patient: that was asked already.
        """

        def go_on(count: int) -> None:
            folder = ask_folder(count) if count else None
            take_in(folder, same_patient)

        def take_in(folder: Path | None, same: bool) -> None:
            self._run(
                lambda store: sharing_tasks.import_case(
                    path, store, folder=folder, same_patient=same
                ),
                lambda found: done(found, folder),
            )

        def done(found: "ImportedCase | str", folder: Path | None) -> None:
            if not isinstance(found, str):
                self._session.set_message(
                    self.tr("Sample {name} is in the store now: open it from the cases.").format(
                        name=found.label
                    )
                )
            elif is_same(found):
                take_in(folder, True)

        self._run(lambda _: sharing_tasks.count_videos(path), go_on)

    def write_overlay(self, path: Path, *, is_window: bool) -> None:
        """Write a video of the selected sperm with its ring and path."""
        sperm = self._session.selected_sperm
        assessment = self._session.assessment(sperm) if sperm else None
        video = self._session.video
        if sperm is None or assessment is None or video is None:
            return
        named = replace(assessment, target=sperm.name)
        size_px = assessment.clip.boxes[0].size_px
        window_px = round(WINDOW_CROPS * size_px) if is_window else None
        language = self._settings.text("report_language")
        self._run(
            lambda store: sharing_tasks.write_overlay(
                path, named, store=store, video=video.path, window_px=window_px, language=language
            ),
            self._tell_written,
        )

    def reproduce(self) -> None:
        """Make the open video's results again, and say whether they are equal."""
        video, video_id = self._session.video, self._known_video()
        if video is None or not video_id:
            return
        chosen = self._settings.text("model_path")
        model = Path(chosen) if chosen else None
        self._run(
            lambda store: sharing_tasks.reproduce(store, video_id, video=video.path, model=model),
            self._tell_reproduced,
        )

    def _tell_reproduced(self, made: Sequence["Reproduction"]) -> None:
        if all(one.is_equal for one in made):
            self._session.set_message(
                self.tr("All {count} results came out again as they are kept.").format(
                    count=len(made)
                )
            )
            return
        conditions = dict.fromkeys(c for one in made for c in one.conditions)
        lines = [*conditions, *(line for one in made for line in (one.summary, *one.differences))]
        self.differed.emit(say(joined(lines, "\n")))

    def _tell_written(self, path: Path) -> None:
        self._session.set_message(self.tr("Written to {file}.").format(file=path))

    def _known_video(self) -> str:
        """The open video's id in the store; "" with a sentence where it has none yet."""
        if not self._keeper.video_id:
            self.failed.emit(
                self.tr("The video is not in the store yet: wait until its checksum is known.")
            )
        return self._keeper.video_id

    def _run(
        self, make: Callable[["Store"], LongJob[Any]], on_success: Callable[[Any], None]
    ) -> None:
        """Start a job with the store, after everything before is kept."""
        self._store.ask(
            lambda store: store,
            lambda store: self._start(lambda: make(store), on_success),
            self.failed.emit,
        )

    def _start(self, make: Callable[[], LongJob[Any]], on_success: Callable[[Any], None]) -> None:
        if self._jobs.is_running(SHARE):
            self.failed.emit(self.tr("Another file is being written: wait until it is done."))
            return
        self._jobs.start(SHARE, make, on_success=on_success, on_failure=self.failed.emit)
