"""Blind review: a second person grades clips, and sees the model's answer only then."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.views.clip_vote import ClipVote
from app.views.panel import heading, muted
from rostfine_core.blind_review import BlindClip, BlindReview, ReviewTask, TrendPoint
from rostfine_core.domain import Grade

SIZE = (720, 680)
LIST, GRADE = 0, 1


class BlindReviewDialog(QDialog):
    """The videos that may be reviewed; their clips take the list's place one by one.

    Signals:
        clip_wanted(str): the next clip of the video with an id.
        reviewed(BlindClip, Grade): the clip that was shown, and its grade.
    """

    clip_wanted = Signal(str)
    reviewed = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Blind review"))
        self.resize(*SIZE)
        self._tasks: tuple[ReviewTask, ...] = ()
        self._video_id = ""
        self._shown: BlindClip | None = None
        self.pages = QStackedWidget()
        self.pages.addWidget(self._list_page())
        self.pages.addWidget(self._grade_page())
        self.refusal = muted()
        self.refusal.setObjectName("warning")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(buttons)

    def _list_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        self.videos = QListWidget()
        self.videos.setAccessibleName(self.tr("Videos to review"))
        self.start = QPushButton(self.tr("Review"))
        self.start.setEnabled(False)
        self.videos.currentRowChanged.connect(self._show_start)
        self.start.clicked.connect(self._on_start)
        self.trend = QLabel()
        self.trend.setTextFormat(Qt.TextFormat.PlainText)
        self.trend.setWordWrap(True)
        layout.addWidget(
            muted(
                self.tr(
                    "You grade each sperm before you see what the model expects. Videos that you "
                    "graded yourself are left out. The window behind is hidden meanwhile."
                )
            )
        )
        layout.addWidget(self.videos, 1)
        layout.addWidget(self.start, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.trend)
        return page

    def _grade_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        self.progress = heading("")
        self.clip = ClipVote()
        self.clip.graded.connect(self._on_graded)
        self.answer = QLabel()
        self.answer.setTextFormat(Qt.TextFormat.PlainText)
        self.answer.setWordWrap(True)
        self.next, self.back = QPushButton(self.tr("Next")), QPushButton(self.tr("Back"))
        self.next.clicked.connect(lambda: self.clip_wanted.emit(self._video_id))
        self.back.clicked.connect(self._leave)
        row = QHBoxLayout()
        for button in (self.next, self.back):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch(1)
        layout.addWidget(self.progress)
        layout.addWidget(self.clip, 1)
        layout.addWidget(self.answer)
        layout.addLayout(row)
        return page

    @Slot(tuple)
    def show_tasks(self, tasks: Sequence[ReviewTask]) -> None:
        """Show the videos that are left."""
        self._tasks = tuple(tasks)
        self.videos.clear()
        for task in self._tasks:
            text = self.tr("{sample}, {video}: {left} sperm")
            self.videos.addItem(
                text.format(sample=task.sample or "–", video=task.name, left=task.left)
            )
        if self._tasks:
            self.videos.setCurrentRow(0)

    @Slot(object)
    def show_clip(self, clip: BlindClip | None) -> None:
        """Show the next clip, or that the video has no more."""
        self.refusal.setText("")
        self.answer.setText("")
        self.next.setEnabled(False)
        self.pages.setCurrentIndex(GRADE)
        self._shown = clip
        if clip is None:
            self.clip.clear()
            self.progress.setText(self.tr("All sperm of this video are reviewed."))
            return
        self.progress.setText(self.tr("{left} sperm left").format(left=clip.left))
        self.clip.show_clip(clip.images)

    @Slot(object)
    def show_answer(self, review: BlindReview) -> None:
        """Show what was given beside what the model expects of a panel."""
        text = self.tr(
            "You gave {grade} ({value}); the model expects {expected:.1f} of a panel, from 1 for A "
            "to 5 for E."
        )
        self.answer.setText(
            text.format(
                grade=review.grade.name, value=review.grade.value, expected=review.expected_grade
            )
        )
        self.next.setEnabled(True)
        self.next.setFocus()

    @Slot(tuple)
    def show_trend(self, points: Sequence[TrendPoint]) -> None:
        """Show how reviewers and the model agree, now and before."""
        shown = []
        if points:
            newest = points[-1]
            shown.append((self.tr("The newest reviews"), newest))
            if len(points) > newest.count:
                shown.append((self.tr("Those before"), points[-1 - newest.count]))
        self.trend.setText("\n".join(self._in_words(when, point) for when, point in shown))

    def _in_words(self, when: str, point: TrendPoint) -> str:
        text = self.tr(
            "{when} ({count}): {distance:.1f} grades apart in the mean, {within:.0%} by less than "
            "one."
        )
        return text.format(
            when=when, count=point.count, distance=point.distance, within=point.within_one
        )

    @Slot(str)
    def show_refusal(self, sentence: str) -> None:
        """Say why something was not done."""
        self.refusal.setText(sentence)

    @Slot(int)
    def _show_start(self, row: int) -> None:
        self.start.setEnabled(row >= 0)

    @Slot()
    def _on_start(self) -> None:
        self._video_id = self._tasks[self.videos.currentRow()].video_id
        self.clip_wanted.emit(self._video_id)

    @Slot(object)
    def _on_graded(self, grade: Grade) -> None:
        if self._shown is not None:
            self.reviewed.emit(self._shown, grade)

    @Slot()
    def _leave(self) -> None:
        self.clip.clear()
        self.pages.setCurrentIndex(LIST)
