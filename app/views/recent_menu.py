"""The menu of the videos that were opened last."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QMenu, QWidget


class RecentMenu(QMenu):
    """One action a video.

    Signals:
        chosen(Path): a video is to be opened.
    """

    chosen = Signal(Path)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Recent videos"))

    @Slot(tuple)
    def show_videos(self, paths: Sequence[Path]) -> None:
        """Offer these videos, the last one first."""
        self.clear()
        for path in paths:
            action = self.addAction(path.name)
            action.setToolTip(str(path))
            action.triggered.connect(lambda _, p=path: self.chosen.emit(p))
        self.setEnabled(bool(paths))
