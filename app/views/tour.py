"""The tour: a small panel that goes from control to control, and the frame around each."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.presentation.geometry import place_beside
from app.views.panel import muted, title
from rostfine_core.marking import QT_TRANSLATE_NOOP

WIDTH_PX = 330
FRAME_PX = 3


@dataclass(frozen=True, kw_only=True)
class TourStep:
    """One stop; ``{action}`` in the text is the key of an action, ``target`` a control's name."""

    target: str
    title: str
    text: str


STEPS = (
    TourStep(
        target="canvas",
        title=QT_TRANSLATE_NOOP("Tour", "The video"),
        text=QT_TRANSLATE_NOOP(
            "Tour",
            "This is the demonstration: a simulated video with three sperm that are already "
            "chosen. Your own videos are opened with {open}, or dropped here. The wheel zooms.",
        ),
    ),
    TourStep(
        target="canvas",
        title=QT_TRANSLATE_NOOP("Tour", "Choosing a sperm"),
        text=QT_TRANSLATE_NOOP(
            "Tour",
            "Click the head of another sperm. The program measures where the head is, follows it "
            "through the video and grades it. Try it now; {undo} takes it back.",
        ),
    ),
    TourStep(
        target="sperm_list",
        title=QT_TRANSLATE_NOOP("Tour", "The list"),
        text=QT_TRANSLATE_NOOP(
            "Tour",
            "Every sperm that you chose, with its votes as a bar and what is to be said about it. "
            "Click one to select it: the other panels show the selected one.",
        ),
    ),
    TourStep(
        target="timeline",
        title=QT_TRANSLATE_NOOP("Tour", "Is the track right?"),
        text=QT_TRANSLATE_NOOP(
            "Tour",
            "{play} plays the video: watch whether the ring stays on the head. The time line marks "
            "where the track is uncertain or lost; {next_doubt} goes to the next such place. "
            "{tool_correct} and a click on the head mend it.",
        ),
    ),
    TourStep(
        target="grade_panel",
        title=QT_TRANSLATE_NOOP("Tour", "The grade"),
        text=QT_TRANSLATE_NOOP(
            "Tour",
            "The bars are the shares of a panel that would vote A, B, C, D and E: all of them are "
            "the result, not the tallest. Read the reasons for caution above them first. Below "
            "stands how the sperm swims.",
        ),
    ),
    TourStep(
        target="film_strip",
        title=QT_TRANSLATE_NOOP("Tour", "Where the network looked"),
        text=QT_TRANSLATE_NOOP(
            "Tour",
            "The frames of the clip; the network saw the bright ones. {overlay_rollout} lays its "
            "attention over them, {overlay_none} takes it away; {attention_strip} opens and folds "
            "this strip. Attention is not the cause of the grade: the model card says how little "
            "it explained when it was measured.",
        ),
    ),
    TourStep(
        target="sample_bar",
        title=QT_TRANSLATE_NOOP("Tour", "Microscope and sample"),
        text=QT_TRANSLATE_NOOP(
            "Tour",
            "Name your microscope and type its µm/px once: without it, speeds are in pixels. Give "
            "each sample a pseudonym before you export its report.",
        ),
    ),
    TourStep(
        target="tool_bar",
        title=QT_TRANSLATE_NOOP("Tour", "Comparing and reporting"),
        text=QT_TRANSLATE_NOOP(
            "Tour",
            "{page_compare} shows all sperm side by side, {page_report} the report as it will be; "
            "{export} writes it. {manual} opens the manual, which explains every step, and the "
            "menu Help starts this tour again.",
        ),
    ),
)


class Spotlight(QWidget):
    """A frame around a control, through which the mouse reaches it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), FRAME_PX))
        inset = FRAME_PX / 2
        area = self.rect().toRectF().adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(area, 6, 6)


class Tour(QFrame):
    """Stands beside the control that it speaks of; everything else stays usable.

    Signals:
        step_shown(int): a step is shown, from 0 on.
        ended(): the user has seen or skipped it.
    """

    step_shown = Signal(int)
    ended = Signal()

    def __init__(
        self, window: QWidget, targets: Mapping[str, QWidget], keys: Mapping[str, str]
    ) -> None:
        """Args: ``targets`` are controls by name, ``keys`` the shortcuts of actions by id."""
        super().__init__(window)
        self.setObjectName("tour")
        self.setFixedWidth(WIDTH_PX)
        self.setAccessibleName(self.tr("Tour"))
        self._window, self._targets, self._keys = window, targets, keys
        self._step = 0
        self._spotlight = Spotlight(window)
        self._title, self._text = title(), QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._counter = muted(wraps=False)
        self.skip = QPushButton(self.tr("Skip"))
        self.back = QPushButton(self.tr("Back"))
        self.next = QPushButton()
        self._lay_out()
        self.skip.clicked.connect(self.end)
        self.back.clicked.connect(lambda: self.show_step(self._step - 1))
        self.next.clicked.connect(self._go_on)
        for widget in (window, *targets.values()):
            widget.installEventFilter(self)
        self.show_step(0)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.skip)
        row.addStretch(1)
        row.addWidget(self.back)
        row.addWidget(self.next)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._counter)
        self._layout = layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(self._text)
        layout.addLayout(row)

    @property
    def step(self) -> int:
        """The step on screen, from 0 on."""
        return self._step

    def show_step(self, number: int) -> None:
        """Go to a step."""
        self._step = number
        step, is_last = STEPS[number], number == len(STEPS) - 1
        self._title.setText(_text(step.title))
        self._text.setText(_text(step.text).format(**self._keys))
        self._counter.setText(f"{number + 1} / {len(STEPS)}")
        self.back.setEnabled(number > 0)
        self.skip.setVisible(not is_last)
        self.next.setText(self.tr("Done") if is_last else self.tr("Next"))
        self.step_shown.emit(number)
        self.setFixedHeight(self._layout.totalHeightForWidth(WIDTH_PX))
        self._place()
        for part in (self._spotlight, self):
            part.show()
            part.raise_()

    @Slot()
    def end(self) -> None:
        """Put the panel and the frame away."""
        for widget in (self._window, *self._targets.values()):
            widget.removeEventFilter(self)
        for part in (self._spotlight, self):
            part.hide()
            part.deleteLater()
        self.ended.emit()

    @Slot()
    def _go_on(self) -> None:
        if self._step + 1 < len(STEPS):
            self.show_step(self._step + 1)
        else:
            self.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the control when the window or a splitter moves it."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show):
            self._place()
        return False

    def _place(self) -> None:
        target = self._targets[STEPS[self._step].target]
        corner = target.mapTo(self._window, QPoint(0, 0))
        area = QRect(corner, target.size())
        self._spotlight.setGeometry(area.adjusted(-FRAME_PX, -FRAME_PX, FRAME_PX, FRAME_PX))
        self.move(place_beside(area, self.size(), self._window.rect()))


def _text(text: str) -> str:
    return QCoreApplication.translate("Tour", text)
