"""A clip that plays, and the five grades that can be given to it, by button or by key."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.presentation.images import rgb_image
from app.presentation.wording import say_word
from app.views.panel import muted
from rostfine_core.domain import Grade

FRAME_MS = 100
SIDE_PX = 420


class ClipVote(QWidget):
    """Shows one clip at a time, over and over, and says nothing about it.

    Signals:
        graded(Grade): what was given; nothing more can be given until the next clip is shown.
    """

    graded = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: list[QPixmap] = []
        self._place = 0
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._step)
        self.picture = QLabel()
        self.picture.setFixedSize(SIDE_PX, SIDE_PX)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setAccessibleName(self.tr("The clip"))
        self.buttons: dict[Grade, QPushButton] = {}
        row = QHBoxLayout()
        for grade in Grade:
            button = QPushButton(f"{grade.name}\n{say_word(grade.meaning)}")
            button.setAccessibleName(f"{grade.name}, {say_word(grade.meaning)}")
            button.setMinimumHeight(54)
            button.setAutoDefault(False)
            button.clicked.connect(partial(self._give, grade))
            shortcut = QShortcut(QKeySequence(grade.name), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(button.click)
            self.buttons[grade] = button
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.picture, 1, Qt.AlignmentFlag.AlignCenter)
        layout.addLayout(row)
        layout.addWidget(muted(self.tr("The keys A to E give the grade, too.")))
        self.clear()

    def show_clip(self, images: NDArray[np.uint8]) -> None:
        """Play another clip (T, S, S, 3) and let it be graded."""
        size = self.picture.size()
        self._pictures = [
            QPixmap.fromImage(rgb_image(image)).scaled(
                size,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            for image in images
        ]
        self._place = 0
        self._step()
        self._timer.start()
        self._enable(True)
        self.setFocus()

    def clear(self) -> None:
        """Show nothing."""
        self._timer.stop()
        self._pictures = []
        self.picture.clear()
        self._enable(False)

    def _enable(self, is_on: bool) -> None:
        for button in self.buttons.values():
            button.setEnabled(is_on)

    @Slot()
    def _step(self) -> None:
        if self._pictures:
            self.picture.setPixmap(self._pictures[self._place % len(self._pictures)])
            self._place += 1

    def _give(self, grade: Grade) -> None:
        self._enable(False)
        self.graded.emit(grade)
