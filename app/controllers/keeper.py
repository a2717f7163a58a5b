"""Keeps the open video's case in the store as it is edited, and brings back what was kept."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.controllers.editor import Editor
from app.controllers.player import Player
from app.controllers.staff import Staff
from app.jobs.sample_tasks import KeptVideo, carry_sample, kept_video, sample_sheet, write_sample
from app.jobs.store_thread import StoreThread
from app.presentation.images import as_jpeg, picture_from
from app.state.records import OpenedVideo
from app.state.session import Session
from rostfine_core.domain import (
    Action,
    Assessment,
    AssessmentKey,
    CaseState,
    CaseSummary,
    Draft,
    Edit,
    SampleInfo,
    SampleRecord,
    StoredCase,
    Track,
    TrackKey,
)
from rostfine_core.messages import Message

if TYPE_CHECKING:
    from rostfine_core.store import Store

MOST_CASES = 500
PLACE_MS = 1000
Change = Callable[["Store", str], object]
"""Something to keep of the video with an id."""
Pictures = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""A picture in colours (H, W, 3) and in grey (H, W)."""


class Keeper(QObject):
    """Every edit and result of the open video goes to the store at once, in order.

    A video is known by its checksum; what happens before that is known waits for it.

    Signals:
        failed(str): the store cannot be read or written; the sentence is for the user.
        cases_found(tuple): the answer to ``search``, ``CaseSummary`` records.
        sample_found(SampleSheet): the answer to ``ask_sample``.
        to_be_read(StoredCase, Pictures): the answer to ``read``.
    """

    failed = Signal(str)
    cases_found = Signal(tuple)
    sample_found = Signal(object)
    to_be_read = Signal(object, object)

    def __init__(
        self,
        session: Session,
        thread: StoreThread,
        *,
        editor: Editor,
        player: Player,
        staff: Staff,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._thread = session, thread
        self._editor, self._player, self._staff = editor, player, staff
        self._video_id = ""
        self._first = Draft()
        self._place: tuple[int, int | None] = (0, None)
        self._overview: NDArray[np.uint8] | None = None
        self._early: list[Change] = []
        self._place_timer = QTimer(self, interval=PLACE_MS, singleShot=True)
        self._place_timer.timeout.connect(self._keep_place)
        self._is_after_crash = False
        self._sample_id = self._carried = ""
        self._is_carrying = False
        self.siblings: frozenset[str] = frozenset()
        """The checksums of the sample's videos, as far as they are kept."""
        self.is_restoring = False
        """Whether what changes in the session was entered in an earlier run."""

    @property
    def video_id(self) -> str:
        """The open video's id in the store, "" while it has none."""
        return self._video_id

    @property
    def is_known(self) -> bool:
        """Whether the store knows the open video, so that edits reach it at once."""
        return bool(self._video_id)

    # The video that is open ----------------------------------------------------------------

    @Slot()
    def begin(self) -> None:
        """Another video is on screen, with nothing but what was typed before."""
        self._keep_place_now()
        self._carried = self._sample_id if self._is_carrying else ""
        self._sample_id, self._is_carrying = "", False
        self._video_id, self._early, self._overview = "", [], None
        self.siblings = frozenset()
        self._first = self._session.draft

    @Slot()
    def note_frame(self) -> None:
        """Another frame is on screen; the first one shown stands for the video in lists."""
        if self._overview is None:
            self._overview = self._session.image
        self.note_place()

    @Slot()
    def note_place(self) -> None:
        """The frame or the selection has changed; it is kept when it has come to rest."""
        if self._video_id and not self._session.is_playing:
            self._place = (self._session.frame, self._session.selected)
            self._place_timer.start()

    @Slot()
    def identify(self) -> None:
        """The video's checksum is known: add it to the store, or find it there."""
        video = self._session.video
        if video is None or self._video_id:
            return
        first, overview, carried = self._first, self._overview, self._carried

        def open_case(store: "Store") -> StoredCase | None:
            if store.operator is not None and not store.operator.may(Action.EDIT_CASES):
                known = store.find_video(video.sha256)
                return None if known is None else store.load_case(known)
            video_id = store.add_video(
                video.info,
                sha256=video.sha256,
                draft=_by_who_is_in(store, first),
                thumbnail=None if overview is None else as_jpeg(overview),
            )
            if carried:
                carry_sample(store, video_id, carried)
            return store.load_case(video_id)

        self._thread.keep(open_case, lambda case: self._on_known(video, case))

    def _on_known(self, video: OpenedVideo, case: StoredCase | None) -> None:
        is_open = self._session.video is not None and self._session.video.info is video.info
        if case is None or not is_open:  # None: who may only look sees a video that nobody keeps
            return
        self._video_id = case.video.id
        self.when_kept(lambda _: None)  # for its siblings
        early, self._early = self._early, []
        if case.video.path != video.path:
            self._keep(lambda store, video_id: store.set_path(video_id, video.path))
        carried, self._carried = self._carried, ""
        self._sample_id = case.video.sample_id
        is_new = not case.history and case.draft == replace(
            self._first,
            sample=replace(self._first.sample, operator=case.draft.sample.operator),
        )
        if is_new:
            self._name_operator(case.draft.sample.operator)
            for change in early:
                self._keep(change)
        else:
            clicked = self._session.sperms if early else ()
            self._restore(case)
            self._editor.add_missing(tuple(seed for sperm in clicked for seed in sperm.seeds))
        if carried == case.video.sample_id and case.draft.sample.sample:
            self._tell_carried(case)
        else:
            self._tell_restored(case)
            if early and not is_new:
                self._tell_early(case)

    def _name_operator(self, name: str) -> None:
        """Show who signed in after the video was on screen."""
        draft = self._session.draft
        if not draft.sample.operator:
            self._session.set_draft(replace(draft, sample=replace(draft.sample, operator=name)))

    def _tell_early(self, case: StoredCase) -> None:
        self._session.set_message(
            self.tr(
                "{video} was opened before: it is as it was left, with what was clicked meanwhile. "
                "Enter again what else you entered in the first moment."
            ).format(video=case.video.name)
        )

    def _tell_carried(self, case: StoredCase) -> None:
        self._session.set_message(
            self.tr("Sample {sample}, as the video before: change it if this is another.").format(
                sample=case.draft.sample.sample
            )
        )

    def _restore(self, case: StoredCase) -> None:
        self.is_restoring = True
        self._session.restore_results(case.tracks, case.assessments, case.rejected)
        self._editor.restore(case.draft, case.history, case.position)
        self.is_restoring = False
        if case.video.frame:
            self._player.seek(case.video.frame)
        if self._session.sperm(case.video.selected) is not None:
            self._session.select(case.video.selected)

    def _tell_restored(self, case: StoredCase) -> None:
        was_crash, self._is_after_crash = self._is_after_crash, False
        if was_crash:
            self._session.set_message(
                self.tr(
                    "The program ended before its window was closed: {video} is open again, with "
                    "all that was kept ({count} sperm)."
                ).format(video=case.video.name, count=len(case.draft.sperms))
            )
        elif case.history:
            self._session.set_message(
                self.tr("{video} was opened before: it is as it was left.").format(
                    video=case.video.name
                )
            )

    def when_kept(self, answer: Callable[[KeptVideo | None], None]) -> None:
        """Call ``answer`` once all edits so far are kept; with None where the store has no video.

        A video that is just being added is waited for, but not a store that fails.
        """
        video_id = self._video_id
        if not video_id:
            if self._session.video is None or self._thread.saving.problem:
                answer(None)
                return
            self._thread.ask(
                lambda _: None,
                lambda _: self.when_kept(answer) if self._video_id else answer(None),
                self.failed.emit,
            )
            return

        def note(kept: KeptVideo) -> None:
            self.siblings = kept.videos
            answer(kept)

        self._thread.ask(lambda store: kept_video(store, video_id), note, self.failed.emit)

    def carry_sample(self) -> None:
        """The next video that is opened is of the same sample, unless it has one already."""
        self._is_carrying = bool(self._sample_id)

    def expect_restored(self) -> None:
        """The next video is opened because a crash cut its window off."""
        self._is_after_crash = True

    # Cases ---------------------------------------------------------------------------------

    @Slot(str, object)
    def search(self, query: str, state: CaseState | None) -> None:
        """Find cases; ``cases_found`` answers."""
        self._thread.ask(
            lambda store: store.case_list(query, limit=MOST_CASES, state=state),
            self.cases_found.emit,
            self.failed.emit,
        )

    def read(self, case: CaseSummary) -> None:
        """Show what is kept of a video whose file is missing."""

        def load(store: "Store") -> tuple[StoredCase, Pictures]:
            kept = store.load_case(case.video_id)
            picture = store.thumbnails([case.video_id]).get(case.video_id)
            info = kept.video.info
            return kept, picture_from(picture, width_px=info.width_px, height_px=info.height_px)

        self._thread.ask(load, lambda found: self.to_be_read.emit(*found), self.failed.emit)

    def show_read(self, case: StoredCase, pictures: Pictures) -> None:
        """Put a case on screen that can only be read, with its picture in colours and grey."""
        video = case.video
        shown = OpenedVideo(path=video.path, info=video.info, sha256=video.sha256, is_missing=True)
        self._session.set_video(shown, case.draft)
        self._session.set_frame(0, *pictures)
        self._restore(case)
        self._session.set_message(
            self.tr("{path} is not there: what is kept of it can be read, but not changed.").format(
                path=video.path
            )
        )

    # The sample ----------------------------------------------------------------------------

    def ask_sample(self) -> None:
        """Tell what is kept of the open video's sample; ``sample_found`` answers."""
        video_id = self._video_id
        if video_id:
            self._thread.ask(
                lambda store: sample_sheet(store, video_id),
                self.sample_found.emit,
                self.failed.emit,
            )

    @Slot(object, str)
    def keep_sample(self, sample: SampleRecord, patient: str) -> None:
        """Keep what was entered of a sample, but for its name, which is an edit of the video."""
        self._keep(lambda store, _: write_sample(store, sample, patient))

    @Slot(str)
    def move_to_sample(self, sample_id: str) -> None:
        """Put the open video into another sample, "" for one of its own."""
        video, video_id = self._session.video, self._video_id

        def move(store: "Store") -> SampleInfo:
            target = sample_id or store.set_sample(SampleRecord())
            store.set_sample_of(video_id, target)
            sample = store.sample(target)
            return SampleInfo(sample=sample.label, operator=sample.operator)

        def show(sample: SampleInfo) -> None:
            if self._session.video is video:
                self._editor.move_to_sample(sample)
                self.when_kept(self._note_sample)  # its siblings are others now

        if video_id and not self._session.is_read_only:
            self._thread.keep(move, show)

    def _note_sample(self, kept: KeptVideo | None) -> None:
        if kept is not None:
            self._sample_id = kept.sample_id

    # The store -----------------------------------------------------------------------------

    @Slot()
    def tell_saving(self) -> None:
        """Tell the session what is not kept yet, but not that somebody has to sign in first."""
        if self._staff.is_asking:
            return
        before, saving = self._session.saving, self._thread.saving
        self._session.set_saving(saving)
        if saving.problem and not before.problem:
            self.failed.emit(saving.problem)

    def shut_down(self) -> None:
        """Keep what is left, and close the store."""
        self._keep_place_now()
        self._thread.shut_down()

    # What happens to it --------------------------------------------------------------------

    @Slot(object)
    def note_edit(self, edit: Edit) -> None:
        """Keep an edit."""
        self._keep(
            lambda store, video_id: store.record_edit(
                video_id, edit.text, before=edit.before, after=edit.after, merge=edit.merge
            )
        )

    @Slot(int)
    def note_move(self, position: int) -> None:
        """Keep how far the history is applied."""
        self._keep(lambda store, video_id: store.move_in_history(video_id, position))

    @Slot(object)
    def note_tracks(self, tracks: Mapping[TrackKey, Track]) -> None:
        """Keep finished tracks."""
        self._keep(lambda store, video_id: store.keep_tracks(video_id, tracks))

    @Slot(object, object)
    def note_grades(
        self,
        assessments: Mapping[AssessmentKey, Assessment],
        rejected: Mapping[AssessmentKey, Message],
    ) -> None:
        """Keep finished assessments and the reasons of those that failed."""
        if assessments:
            self._keep(lambda store, video_id: store.keep_assessments(video_id, assessments))
        if rejected:
            self._keep(lambda store, video_id: store.keep_rejections(video_id, rejected))

    def _keep(self, change: Change) -> None:
        video_id = self._video_id
        if self._session.is_read_only:
            return
        if video_id:
            self._thread.keep(lambda store: change(store, video_id))
        elif self._session.video is not None:
            self._early.append(change)

    def _keep_place_now(self) -> None:
        if self._place_timer.isActive():
            self._place_timer.stop()
            self._keep_place()

    @Slot()
    def _keep_place(self) -> None:
        frame, selected = self._place
        self._keep(
            lambda store, video_id: store.set_place(video_id, frame=frame, selected=selected)
        )


def _by_who_is_in(store: "Store", draft: Draft) -> Draft:
    """A draft whose operator is who signed in, unless another is named."""
    if draft.sample.operator or store.operator is None:
        return draft
    return replace(draft, sample=replace(draft.sample, operator=store.operator.name))
