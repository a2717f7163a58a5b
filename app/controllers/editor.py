"""The user's edits, each one step of the undo stack."""

import math
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.state import drafts
from app.state.session import Session
from rostfine_core.domain import (
    NO_MERGE,
    Calibration,
    Draft,
    Edit,
    HeadMeasure,
    SampleInfo,
    Seed,
    Selection,
    Sperm,
    Verdict,
    is_in_picture,
)
from rostfine_core.tracking.head_measure import find_head

MERGE_SAMPLE, MERGE_OPERATOR, MERGE_CALIBRATION = 1, 2, 3
FIRST_NOTE = 1000
"""Added to a sperm's key: what is typed on one sperm does not join what is typed on another."""


class EditCommand(QUndoCommand):
    """One edit; successive edits with the same ``merge_id`` (typing) become one."""

    def __init__(
        self, session: Session, after: Draft, text: str, *, merge_id: int = NO_MERGE
    ) -> None:
        super().__init__(text)
        self._session = session
        self._before, self.after = session.draft, after
        self._merge_id = merge_id
        self._is_past = False

    @classmethod
    def of_the_past(cls, session: Session, edit: Edit) -> "EditCommand":
        """An edit that was applied in an earlier run, for the stack alone."""
        command = cls(session, edit.after, edit.text, merge_id=edit.merge)
        command._before, command._is_past = edit.before, True
        return command

    def redo(self) -> None:
        """Apply the edit; the stack asks for it when the edit is new."""
        if not self._is_past:
            self._session.set_draft(self.after)
        self._is_past = False

    def undo(self) -> None:
        """Undo the edit."""
        self._session.set_draft(self._before)

    def move_to_sample(self, sample: SampleInfo) -> None:
        """Leave the sample's name alone, as the video is in another sample now."""
        self._before = replace(self._before, sample=sample)
        self.after = replace(self.after, sample=sample)

    def id(self) -> int:
        """The id of edits that may be merged with this one."""
        return self._merge_id

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Merge a later edit of the same kind."""
        if not isinstance(other, EditCommand):
            return False
        self.after = other.after
        return True


class Editor(QObject):
    """Pushes edits of the session's draft.

    Signals:
        edited(Edit): a new step of the history, after it was applied.
        moved(int): so many steps of the history are applied now, after undo or redo.
        refused(): an edit was asked for though the video can only be read.
    """

    edited = Signal(object)
    moved = Signal(int)
    refused = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.undo_stack = QUndoStack(self)
        self._last_key = 0

    def reset(self) -> None:
        """Start with another video: nothing can be undone."""
        self.undo_stack.clear()
        self._last_key = 0

    def restore(self, draft: Draft, history: Sequence[Edit], position: int) -> None:
        """Go on where an earlier run ended: ``draft`` after the first ``position`` edits."""
        self.undo_stack.clear()
        self.undo_stack.blockSignals(True)
        for edit in history:
            self.undo_stack.push(EditCommand.of_the_past(self._session, edit))
        self.undo_stack.blockSignals(False)
        self._session.set_draft(history[-1].after if history else draft)
        self.undo_stack.setIndex(position)
        self._session.set_draft(draft)
        drafts_made = (draft, *(d for edit in history for d in (edit.before, edit.after)))
        self._last_key = max((s.key for d in drafts_made for s in d.sperms), default=0)

    def undo(self) -> None:
        """Undo the last edit."""
        self._go_to(self.undo_stack.index() - 1)

    def redo(self) -> None:
        """Redo the edit that was undone."""
        self._go_to(self.undo_stack.index() + 1)

    def _go_to(self, position: int) -> None:
        if self._session.is_read_only:
            self.refused.emit()
        elif 0 <= position <= self.undo_stack.count():
            self.undo_stack.setIndex(position)
            self.moved.emit(position)

    # Sperm ---------------------------------------------------------------------------------

    @Slot(float, float)
    def add_sperm(self, x_px: float, y_px: float) -> None:
        """Choose the sperm at a place in the frame on screen, whose head is measured."""
        grey = self._session.grey
        head = None if grey is None else find_head(grey, x_px=x_px, y_px=y_px)
        chosen = None if head is None else self._sperm_at(head, self._session.frame)
        if chosen is not None:
            self._session.select(chosen.key)
            self._session.set_message(
                self.tr("This is sperm {name}, which is chosen already.").format(name=chosen.name)
            )
            return
        if grey is not None and head is None:
            self._session.set_message(
                self.tr(
                    "No head stands out here, so nothing was chosen. Click a head, or hold Shift "
                    "to choose this place anyway."
                )
            )
            return
        self._session.set_message("")
        self._add(x_px, y_px, is_exact=False)

    @Slot(float, float)
    def place_sperm(self, x_px: float, y_px: float) -> None:
        """Choose a sperm whose head's centre is exactly here, whatever is measured."""
        self._add(x_px, y_px, is_exact=True)
        self._session.set_message(self.tr("Placed by hand: this place on the head is followed."))

    def not_chosen(self, frame: int, heads: tuple[HeadMeasure, ...]) -> tuple[HeadMeasure, ...]:
        """Those of a frame's heads on which there is no chosen sperm yet."""
        return tuple(head for head in heads if self._sperm_at(head, frame) is None)

    def add_heads(self, frame: int, heads: tuple[HeadMeasure, ...]) -> None:
        """Choose all sperm whose heads were found in a frame; one undo takes them back."""
        self.add_seeds(
            tuple(
                Seed(target="", frame=frame, x_px=round(head.x_px, 2), y_px=round(head.y_px, 2))
                for head in heads
            )
        )

    def add_missing(self, seeds: tuple[Seed, ...]) -> None:
        """Choose again what was clicked before the stored list was known, but nothing twice."""
        known = {(s.frame, s.x_px, s.y_px) for sperm in self._session.sperms for s in sperm.seeds}
        self.add_seeds(tuple(s for s in seeds if (s.frame, s.x_px, s.y_px) not in known))

    def _sperm_at(self, head: HeadMeasure, frame: int) -> Sperm | None:
        """The chosen sperm that is on this head in a frame."""
        for sperm in self._session.sperms:
            track = self._session.track(sperm)
            point = track.at(frame) if track else None
            if point is not None:
                x_px, y_px = point.x_px, point.y_px
            else:
                clicked = next((s for s in sperm.seeds if s.frame == frame), None)
                if clicked is None:
                    continue
                x_px, y_px = clicked.x_px, clicked.y_px
            if math.hypot(x_px - head.x_px, y_px - head.y_px) < head.length_px / 2:
                return sperm
        return None

    def _add(self, x_px: float, y_px: float, *, is_exact: bool) -> None:
        """Choose a sperm; clicks outside the frame are ignored."""
        info = self._session.info
        x_px, y_px = round(x_px, 2), round(y_px, 2)
        if info is None or not is_in_picture(
            x_px, y_px, width_px=info.width_px, height_px=info.height_px
        ):
            return
        frame = self._session.frame
        seed = Seed(target="", frame=frame, x_px=x_px, y_px=y_px, is_exact=is_exact)
        self.add_seeds((seed,))

    def add_seeds(self, seeds: tuple[Seed, ...]) -> None:
        """Choose sperm that were clicked before, under new numbers; the first is selected."""
        draft = self._session.draft
        for seed in seeds:
            self._last_key += 1
            draft = drafts.added(
                draft,
                key=self._last_key,
                frame=seed.frame,
                x_px=seed.x_px,
                y_px=seed.y_px,
                is_exact=seed.is_exact,
            )
        if seeds:
            self._push(draft, self.tr("Choose sperm"))

    @Slot(int, float, float, bool)
    def correct_sperm(self, key: int, x_px: float, y_px: float, is_exact: bool = False) -> None:
        """Set where a sperm is in the frame on screen; it is tracked again from there.

        The head there is measured, unless this very place is meant or no head stands out.
        """
        info, grey = self._session.info, self._session.grey
        if info is None or self._session.sperm(key) is None:
            return
        x_px = round(min(max(0.0, x_px), info.width_px - 1.0), 2)
        y_px = round(min(max(0.0, y_px), info.height_px - 1.0), 2)
        is_bare = grey is not None and find_head(grey, x_px=x_px, y_px=y_px) is None
        draft = drafts.corrected(
            self._session.draft,
            key,
            frame=self._session.frame,
            x_px=x_px,
            y_px=y_px,
            is_exact=is_exact or is_bare,
        )
        self._push(draft, self.tr("Correct track"))
        if is_bare and not is_exact:
            self._session.set_message(
                self.tr("No head stands out here: this place is followed, as placed by hand.")
            )

    @Slot(float, float, bool)
    def correct_selected(self, x_px: float, y_px: float, is_exact: bool = False) -> None:
        """Correct the selected sperm."""
        if self._session.selected is None:
            self._session.set_message(self.tr("Select the sperm whose track is to be corrected."))
        else:
            self.correct_sperm(self._session.selected, x_px, y_px, is_exact)

    @Slot(int, str)
    def rename_sperm(self, key: int, name: str) -> None:
        """Give a sperm another, unique name."""
        sperm = self._session.sperm(key)
        if sperm is None or sperm.name == name.strip():
            return
        draft = drafts.renamed(self._session.draft, key, name)
        if draft is None:
            self._session.set_message(
                self.tr("A sperm's name must not be empty or used twice: choose another.")
            )
            return
        self._push(draft, self.tr("Rename sperm"))

    @Slot(int, int)
    def move_sperm(self, key: int, to: int) -> None:
        """Move a sperm to another place in the list."""
        self._push(drafts.moved(self._session.draft, key, to=to), self.tr("Reorder sperm"))

    def remove_selected(self) -> None:
        """Remove the selected sperm from the list."""
        if self._session.selected is not None:
            draft = drafts.removed(self._session.draft, self._session.selected)
            self._push(draft, self.tr("Remove sperm"))

    def move_up(self) -> None:
        """Move the selected sperm one place up."""
        self._move(-1)

    def move_down(self) -> None:
        """Move the selected sperm one place down."""
        self._move(1)

    def accept(self) -> None:
        """Accept the selected track; if it is accepted already, leave it open."""
        self._judge(Verdict.ACCEPTED, self.tr("Accept track"))

    def reject(self) -> None:
        """Reject the selected track; if it is rejected already, leave it open."""
        self._judge(Verdict.REJECTED, self.tr("Reject track"))

    def decide(self, selection: Selection) -> None:
        """Say whether the selected sperm was chosen for injection."""
        if self._session.selected is not None:
            draft = drafts.decided(self._session.draft, self._session.selected, selection)
            self._push(draft, self.tr("Decide on sperm"))

    @Slot(int, str)
    def set_note(self, key: int, note: str) -> None:
        """Write a note on a sperm; typing is one edit."""
        draft = drafts.noted(self._session.draft, key, note)
        self._push(draft, self.tr("Write note"), merge=FIRST_NOTE + key)

    # Sample and microscope -----------------------------------------------------------------

    @Slot(str, str)
    def set_sample(self, sample: str, operator: str) -> None:
        """Name the sample and the operator; typing in one field is one edit."""
        info = SampleInfo(sample=sample, operator=operator)
        is_same_sample = sample == self._session.sample.sample
        self._push(
            replace(self._session.draft, sample=info),
            self.tr("Name operator") if is_same_sample else self.tr("Name sample"),
            merge=MERGE_OPERATOR if is_same_sample else MERGE_SAMPLE,
        )

    def move_to_sample(self, sample: SampleInfo) -> None:
        """The video was put into another sample, which no undo renames."""
        for place in range(self.undo_stack.count()):
            command = self.undo_stack.command(place)
            assert isinstance(command, EditCommand)
            command.move_to_sample(sample)
        self._session.set_draft(replace(self._session.draft, sample=sample))

    @Slot(object)
    def set_calibration(self, calibration: Calibration) -> None:
        """Describe the microscope."""
        is_same = calibration.profile == self._session.calibration.profile
        self._push(
            replace(self._session.draft, calibration=calibration),
            self.tr("Change calibration"),
            merge=MERGE_CALIBRATION if is_same else NO_MERGE,
        )

    # Selecting -----------------------------------------------------------------------------

    @Slot(int)
    def select(self, key: int) -> None:
        """Select the sperm that the panels show."""
        if self._session.sperm(key) is not None:
            self._session.select(key)

    @Slot(int)
    def click_sperm(self, key: int) -> None:
        """Select a sperm that was clicked; what was said of the click before it no longer holds."""
        self._session.set_message("")
        self.select(key)

    def select_next(self) -> None:
        """Select the next sperm in the list."""
        self._select_by(1)

    def select_previous(self) -> None:
        """Select the previous sperm in the list."""
        self._select_by(-1)

    def _select_by(self, by: int) -> None:
        keys = [s.key for s in self._session.sperms]
        if self._session.selected in keys:
            self._session.select(keys[(keys.index(self._session.selected) + by) % len(keys)])
        elif keys:
            self._session.select(keys[0])

    def _move(self, by: int) -> None:
        if self._session.selected is not None:
            place = self._session.number(self._session.selected) - 1
            self.move_sperm(self._session.selected, place + by)

    def _judge(self, verdict: Verdict, text: str) -> None:
        sperm = self._session.selected_sperm
        if sperm is not None:
            new = Verdict.OPEN if sperm.verdict is verdict else verdict
            self._push(drafts.judged(self._session.draft, sperm.key, new), text)

    def _push(self, draft: Draft, text: str, *, merge: int = NO_MERGE) -> None:
        before = self._session.draft
        if draft == before:
            return
        if self._session.is_read_only:
            self.refused.emit()
            return
        self.undo_stack.push(EditCommand(self._session, draft, text, merge_id=merge))
        self.edited.emit(Edit(text=text, before=before, after=draft, merge=merge))
