"""The sentences above every page: what the grade is not, and the model's notice."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.presentation import wording
from app.state.session import Session


class NoticeBar(QWidget):
    """One line under the tool bar that cannot be closed."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = _line("model_notice", "")
        self.grade = _line("notices", wording.ai_grade_notice())
        self.grade.setWordWrap(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.model)
        layout.addWidget(self.grade, 1)
        session.model_changed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        self.model.setText(wording.model_notice(self._session.model))


def _line(name: str, text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label
