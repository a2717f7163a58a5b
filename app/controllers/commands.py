"""The undo stack's one command: exchange what the user edits for what it was before."""

from PySide6.QtGui import QUndoCommand

from app.state.records import Draft
from app.state.session import Session

NO_MERGE = -1


class EditCommand(QUndoCommand):
    """One edit; edits with the same ``merge_id`` in a row (typing) become one."""

    def __init__(
        self, session: Session, after: Draft, text: str, *, merge_id: int = NO_MERGE
    ) -> None:
        super().__init__(text)
        self._session = session
        self._before, self.after = session.draft, after
        self._merge_id = merge_id

    def redo(self) -> None:
        """Apply the edit."""
        self._session.set_draft(self.after)

    def undo(self) -> None:
        """Take the edit back."""
        self._session.set_draft(self._before)

    def id(self) -> int:
        """Which edits may become one with this."""
        return self._merge_id

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take over a later edit of the same kind."""
        if not isinstance(other, EditCommand):
            return False
        self.after = other.after
        return True
