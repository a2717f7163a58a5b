"""The report page: sample and operator, what the report will hold, export and its folder."""

import re

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette, QShowEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.presentation import wording
from app.presentation.images import rgb_image
from app.state.records import ReportTarget
from app.state.session import Session
from app.views.panel import framed, heading, muted, title


class PagePicture(QWidget):
    """One page of the report, centred and never larger than it was drawn."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        super().__init__()
        self._picture = picture
        self._image: QImage | None = None  # made when first shown: few of many pages are
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        """It keeps its shape."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height at a width, at most its own."""
        own = self.sizeHint()
        return round(min(width, own.width()) * own.height() / own.width())

    def sizeHint(self) -> QSize:
        """Its own size."""
        return QSize(self._picture.shape[1], self._picture.shape[0])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the page, smoothly scaled."""
        if self._image is None:
            self._image = rgb_image(self._picture)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        width = min(self.width(), self._image.width())
        left = (self.width() - width) // 2
        target = QRect(left, 0, width, self.heightForWidth(width))
        painter.drawImage(target, self._image)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRect(QRectF(target).adjusted(0.5, 0.5, -0.5, -0.5))


class ReportPage(QWidget):
    """Everything about the report.

    Signals:
        sample_edited(str, str): sample and operator.
        export_requested(), folder_requested(), preview_requested().
    """

    sample_edited = Signal(str, str)
    export_requested = Signal()
    folder_requested = Signal()
    preview_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._is_stale = True
        self.sample, self.operator = QLineEdit(), QLineEdit()
        for field, name in (
            (self.sample, self.tr("Sample")),
            (self.operator, self.tr("Operator")),
        ):
            field.setAccessibleName(name)
            field.setMaxLength(80)
            field.textEdited.connect(
                lambda _: self.sample_edited.emit(self.sample.text(), self.operator.text())
            )
        self.export = QPushButton(self.tr("Export PDF and CSV"))
        self.export.setDefault(True)
        self.folder = QPushButton(self.tr("Open the folder"))
        self._target = muted()
        self._contents = muted()
        self._notices = QLabel()
        self._notices.setObjectName("warning")
        self._notices.setWordWrap(True)
        self.export.clicked.connect(self.export_requested)
        self.folder.clicked.connect(self.folder_requested)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(10)
        layout.addWidget(self._form())
        layout.addLayout(self._preview(), 1)
        for signal in (
            session.results_changed,
            session.sperms_changed,
            session.sample_changed,
            session.model_changed,
        ):
            signal.connect(self._on_contents_changed)
        session.overlay_changed.connect(self._on_overlay_changed)
        session.video_changed.connect(lambda: self.show_pages(()))  # they belong to another video
        self._on_contents_changed()

    def _form(self) -> QWidget:
        frame, inside = framed()
        frame.setFixedWidth(330)
        inside.addWidget(title(self.tr("Report of the sample")))
        fields = QFormLayout()
        fields.addRow(self.tr("Sample"), self.sample)
        fields.addRow(self.tr("Operator"), self.operator)
        inside.addLayout(fields)
        inside.addWidget(heading(self.tr("Contents")))
        inside.addWidget(self._contents)
        inside.addWidget(heading(self.tr("Every page says")))
        inside.addWidget(self._notices)
        inside.addStretch(1)
        inside.addWidget(self._target)
        inside.addWidget(self.export)
        inside.addWidget(self.folder)
        return frame

    def _preview(self) -> QVBoxLayout:
        self._pages = QVBoxLayout()
        self._pages.setSpacing(14)
        self._empty = muted()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(10, 10, 10, 10)
        column.addWidget(self._empty)
        column.addLayout(self._pages)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        scroll.setAccessibleName(self.tr("The report as it will be exported"))
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout()
        layout.addWidget(heading(self.tr("The report as it will be exported")))
        layout.addWidget(scroll, 1)
        return layout

    def showEvent(self, event: QShowEvent) -> None:
        """Draw the preview when it is out of date."""
        super().showEvent(event)
        self._ask_preview()

    @Slot(object)
    def show_target(self, target: ReportTarget) -> None:
        """Say where the report will be saved or, if it is complete, where it is."""
        text = (
            self.tr("Saved in {folder}")
            if target.is_written
            else self.tr("Will be saved in {folder}")
        )
        name = str(target.folder)
        breakable = re.sub(r"([-_.])", "\\1\u200b", name)  # a name may be wider than the panel
        self._target.setText(text.format(folder=breakable))
        self.folder.setEnabled(target.can_open)

    @Slot(object)
    def show_pages(self, pictures: tuple[NDArray[np.uint8], ...]) -> None:
        """Show the preview, (H, W, 3) uint8 per page."""
        while (item := self._pages.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if self._session.reportable:
            self._empty.setText(self.tr("The report could not be drawn."))
        else:
            problem = self._session.model.problem
            is_grading = self._session.running_job("grade") is not None
            state = self.tr("Being graded.") if is_grading else self.tr("Nothing is graded yet.")
            self._empty.setText(problem or state)
        self._empty.setVisible(not pictures)
        for picture in pictures:
            self._pages.addWidget(PagePicture(picture))

    @Slot(str)
    def follow_setting(self, id: str) -> None:
        """Draw again when the report is to be in another language."""
        if id == "report_language":
            self._on_contents_changed()

    @Slot()
    def _on_overlay_changed(self) -> None:
        """Draw again when the pictures' colours are different; opacity is the screen's alone."""
        if self._session.overlay.colour_map != self._colour_map:
            self._on_contents_changed()

    @Slot()
    def _on_contents_changed(self) -> None:
        self._colour_map = self._session.overlay.colour_map
        self._is_stale = True
        for field, text in (
            (self.sample, self._session.sample.sample),
            (self.operator, self._session.sample.operator),
        ):
            if field.text() != text:
                field.setText(text)
        graded = self._session.reportable
        left_out = len(self._session.sperms) - len(graded)
        lines = [self.tr("{count} graded sperm").format(count=len(graded))]
        if left_out:
            lines.append(
                self.tr("{count} sperm left out: rejected or without a grade").format(
                    count=left_out
                )
            )
        self._contents.setText("\n".join(lines))
        self.export.setEnabled(bool(self._session.sperms))
        notices = (wording.model_notice(self._session.model), wording.ai_grade_notice())
        self._notices.setText("\n\n".join(notices))
        if self.isVisible():
            self._ask_preview()

    def _ask_preview(self) -> None:
        if self._is_stale:
            self._is_stale = False
            self._empty.setText(self.tr("The report is being drawn."))
            self.preview_requested.emit()
