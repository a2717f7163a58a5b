"""The menu of recent videos."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QMenu, QWidget

from app.presentation.wording import plain

LONGEST_PX = 420


class RecentMenu(QMenu):
    """One entry per video.

    Signals:
        chosen(Path): the user wants to open a video.
    """

    chosen = Signal(Path)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Recent videos"))
        self.setToolTipsVisible(True)

    @Slot(tuple)
    def show_videos(self, paths: Sequence[Path]) -> None:
        """Show these videos in this order."""
        self.clear()
        for path in paths:
            name = self.fontMetrics().elidedText(
                path.name, Qt.TextElideMode.ElideMiddle, LONGEST_PX
            )
            action = self.addAction(name.replace("&", "&&"))  # one alone marks a key
            action.setToolTip(plain(str(path)))
            action.triggered.connect(lambda _, p=path: self.chosen.emit(p))
        self.setEnabled(bool(paths))
