"""The sentences above every page: what the grade is not, the model's notice, and the video's.

The video's have the room of two lines, with or without text: a grade brings some while the user
clicks sperm, and must not move the picture under the pointer. More than two lines scroll.
"""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.presentation import wording
from app.state.session import Session
from rostfine_core.domain import Severity, shared_flags

LINES, FRAME_PX = 2, 2


class NoticeBar(QWidget):
    """The lines under the tool bar, which cannot be closed."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = _line("model_notice", "")
        self.grade = _line("notices", wording.ai_grade_notice())
        self.grade.setWordWrap(True)
        self.video = _line("cautions", "")
        self.video.setWordWrap(True)
        line = QHBoxLayout()
        line.setSpacing(0)
        line.addWidget(self.model)
        line.addWidget(self.grade, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self._room())
        session.model_changed.connect(self._show)
        for signal in (session.video_changed, session.results_changed):
            signal.connect(self._show_video)
        self._show()
        self._show_video()

    def _room(self) -> QScrollArea:
        """Where the video's sentences stand."""
        room = QScrollArea()
        room.setObjectName("plain")
        room.setFrameShape(QFrame.Shape.NoFrame)
        room.setWidgetResizable(True)
        room.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        room.setWidget(self.video)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        policy.setHeightForWidth(True)  # else it asks for the height that it has where narrow
        self.video.setSizePolicy(policy)
        self.video.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.video.setIndent(0)  # else it asks for more room above and below
        full = _line("cautions", "\n".join([wording.ai_grade_notice()] * LINES))
        room.setFixedHeight(full.sizeHint().height() + FRAME_PX)
        return room

    @Slot()
    def _show(self) -> None:
        self.model.setText(wording.model_notice(self._session.model))

    @Slot()
    def _show_video(self) -> None:
        """What holds for every sperm of the video, once."""
        flags = shared_flags(self._session.reportable)
        sentences = [wording.flag_text(flag) for flag in flags]
        info = self._session.info
        if info is not None and not flags:
            sentences = list(map(wording.say, info.notes))
        has_warning = any(flag.severity is Severity.WARNING for flag in flags)
        self.video.setText(" ".join(sentences))
        self.video.setToolTip(wording.plain("\n".join(sentences)))
        self.video.setVisible(bool(sentences))
        if self.video.property("warns") != has_warning:
            self.video.setProperty("warns", has_warning)
            self.video.style().polish(self.video)


def _line(name: str, text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label
