"""Votes and blind reviews: what the dialogs ask of the store, and the time that a vote takes."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QObject, Signal, Slot

from app.jobs import sharing_tasks
from app.jobs.runner import Jobs
from app.jobs.store_thread import StoreThread
from rostfine_core.blind_review import BlindClip, BlindReview, ReviewTask, TrendPoint
from rostfine_core.domain import Grade
from rostfine_core.panel import Ballot, PanelAgreement, PanelSummary, VotedClip

if TYPE_CHECKING:
    from rostfine_core.store import Store

VOTES = "votes"


class Panels(QObject):
    """Asks the store in its own thread; ``refused`` carries what it says instead.

    Signals:
        panels_found(tuple): all ``PanelSummary``.
        ballot_found(Ballot): what to vote on next; None when there is nothing left.
        agreement_found(PanelAgreement): how far a panel agrees.
        exported(str): a sentence about the data set that was written.
        tasks_found(tuple): the ``ReviewTask`` of who is signed in.
        clip_found(BlindClip): what to review next; None when there is nothing left.
        reviewed(BlindReview): what was given beside the model's.
        trend_found(tuple): agreement over time, ``TrendPoint``.
        refused(str): something was not done; the sentence is for the user.
    """

    panels_found = Signal(tuple)
    ballot_found = Signal(object)
    agreement_found = Signal(object)
    exported = Signal(str)
    tasks_found = Signal(tuple)
    clip_found = Signal(object)
    reviewed = Signal(object)
    trend_found = Signal(tuple)
    refused = Signal(str)

    def __init__(self, thread: StoreThread, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread, self._jobs = thread, jobs
        self._panel_id = ""
        self._seen = QElapsedTimer()

    # Panels --------------------------------------------------------------------------------

    @Slot()
    def find_panels(self) -> None:
        """Ask for all panels."""

        def find(store: "Store") -> tuple[PanelSummary, ...]:
            from rostfine_core.store import voting

            return voting.panels(store)

        self._thread.ask(find, self.panels_found.emit, self.refused.emit)

    @Slot(str, int)
    def add_panel(self, name: str, count: int) -> None:
        """Begin a panel on so many sperm."""

        def add(store: "Store") -> tuple[PanelSummary, ...]:
            from rostfine_core.store import voting

            voting.add_panel(store, name=name, count=count)
            return voting.panels(store)

        self._thread.ask(add, self.panels_found.emit, self.refused.emit)

    @Slot(str)
    def find_ballot(self, panel_id: str) -> None:
        """Ask what to vote on next."""
        self._panel_id = panel_id

        def find(store: "Store") -> Ballot | None:
            from rostfine_core.store import voting

            return voting.next_ballot(store, panel_id)

        self._thread.ask(find, self._on_ballot, self.refused.emit)

    def _on_ballot(self, ballot: Ballot | None) -> None:
        self._seen.start()
        self.ballot_found.emit(ballot)
        if ballot is None:
            self.find_panels()

    @Slot(str, object)
    def vote(self, item_id: str, grade: Grade) -> None:
        """Keep a vote, and ask for the next ballot."""
        panel_id, seconds = self._panel_id, self._seen.elapsed() / 1000

        def cast(store: "Store") -> Ballot | None:
            from rostfine_core.store import voting

            voting.cast_vote(store, item_id, grade, seconds=seconds)
            return voting.next_ballot(store, panel_id)

        self._thread.ask(cast, self._on_ballot, self.refused.emit)

    @Slot(str)
    def find_agreement(self, panel_id: str) -> None:
        """Ask how far a panel agrees."""

        def find(store: "Store") -> PanelAgreement:
            from rostfine_core.store import voting

            return voting.agreement_so_far(store, panel_id)

        self._thread.ask(find, self.agreement_found.emit, self.refused.emit)

    @Slot(str, str, str)
    def export(self, panel_id: str, name: str, folder: str) -> None:
        """Write a panel's clips and votes as a data set."""
        out = Path(folder)

        def read(store: "Store") -> tuple[VotedClip, ...]:
            from rostfine_core.store import voting

            store.note_export(out.name)
            return voting.voted_clips(store, panel_id)

        def write(clips: tuple[VotedClip, ...]) -> None:
            if not self._jobs.is_running(VOTES):
                self._jobs.start(
                    VOTES,
                    lambda: sharing_tasks.write_votes(clips, out, name),
                    on_success=self._on_exported,
                    on_failure=self.refused.emit,
                )

        self._thread.ask(read, write, self.refused.emit)

    def _on_exported(self, written: tuple[Path, int]) -> None:
        folder, count = written
        text = self.tr("{count} clips with their votes are in {folder}.")
        self.exported.emit(text.format(count=count, folder=folder))

    # Blind review --------------------------------------------------------------------------

    @Slot()
    def find_tasks(self) -> None:
        """Ask for the videos to review, and how reviewers and the model agreed so far."""

        def find(store: "Store") -> tuple[tuple[ReviewTask, ...], tuple[TrendPoint, ...]]:
            from rostfine_core.store import reviewing

            return reviewing.to_review(store), reviewing.review_trend(store)

        self._thread.ask(find, self._on_tasks, self.refused.emit)

    def _on_tasks(self, found: tuple[tuple[ReviewTask, ...], tuple[TrendPoint, ...]]) -> None:
        videos, points = found
        self.tasks_found.emit(videos)
        self.trend_found.emit(points)

    @Slot(str)
    def find_clip(self, video_id: str) -> None:
        """Ask for the next clip of a video."""

        def find(store: "Store") -> BlindClip | None:
            from rostfine_core.store import reviewing

            return reviewing.next_review(store, video_id)

        self._thread.ask(find, self._on_clip, self.refused.emit)

    def _on_clip(self, clip: BlindClip | None) -> None:
        self.clip_found.emit(clip)
        if clip is None:
            self.find_tasks()

    @Slot(object, object)
    def review(self, clip: BlindClip, grade: Grade) -> None:
        """Keep a grade that was given blind."""

        def cast(store: "Store") -> BlindReview:
            from rostfine_core.store import reviewing

            return reviewing.cast_review(store, clip, grade)

        self._thread.ask(cast, self.reviewed.emit, self.refused.emit)
