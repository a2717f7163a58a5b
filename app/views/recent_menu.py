"""The menu of recent videos."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QMenu, QWidget

from app.presentation.wording import plain


class RecentMenu(QMenu):
    """One entry per video.

    Signals:
        chosen(Path): the user wants to open a video.
    """

    chosen = Signal(Path)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Recent videos"))

    @Slot(tuple)
    def show_videos(self, paths: Sequence[Path]) -> None:
        """Show these videos in this order."""
        self.clear()
        for path in paths:
            action = self.addAction(path.name.replace("&", "&&"))  # one alone marks a key
            action.setToolTip(plain(str(path)))
            action.triggered.connect(lambda _, p=path: self.chosen.emit(p))
        self.setEnabled(bool(paths))
