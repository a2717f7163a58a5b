"""The frames that the network saw, with attention over them, and how attention is shown."""

from dataclasses import replace

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from app.presentation import wording
from app.presentation.images import rgb_image
from app.presentation.overlays import nearest_slot, painted_crop, shown_maps
from app.presentation.theme import sperm_colour, text_scale
from app.state.records import Overlay, OverlayKind
from app.state.session import Session
from app.state.setting_table import SETTINGS
from app.views.panel import heading, muted
from rostfine_core.attention import AttentionKind
from rostfine_core.domain import NEARLY_EVEN, Assessment, attention_range

CAPTION_PX = 16
UNSEEN_OPACITY = 0.35
WIDE_PX = 95
COLOUR_MAPS = next(s.choices for s in SETTINGS if s.id == "colour_map")


class FilmFrames(QWidget):
    """The small pictures in a row.

    Signals:
        seek_requested(int): a picture was clicked; the video's frame number.
    """

    seek_requested = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._assessment: Assessment | None = None
        self._overlay = Overlay()
        self._images: tuple[QImage, ...] = ()
        self.setMinimumHeight(84)
        self.setAccessibleName(self.tr("The clip's frames; the network saw the bright ones"))

    def sizeHint(self) -> QSize:
        """The usual size: wide and low."""
        return QSize(800, 132)

    def refresh(self) -> None:
        """Show the selected sperm's clip."""
        sperm = self._session.selected_sperm
        assessment = self._session.assessment(sperm) if sperm else None
        if assessment is not self._assessment or self._session.overlay != self._overlay:
            self._assessment, self._overlay = assessment, self._session.overlay
            self._images = self._painted(assessment) if assessment else ()
        self.update()

    def _painted(self, assessment: Assessment) -> tuple[QImage, ...]:
        """The clip's pictures, with attention over those that the network saw."""
        pictures = list(assessment.clip.images)
        for slot, place in enumerate(assessment.explanation.clip_frames):
            pictures[place] = painted_crop(assessment, self._overlay, slot)
        return tuple(map(rgb_image, pictures))

    def _areas(self) -> tuple[QRectF, ...]:
        count = max(1, len(self._images))
        side = min(
            self.height() - CAPTION_PX * text_scale(), (self.width() - 6 * (count - 1)) / count
        )
        step = min(side + 10, (self.width() - side) / max(1, count - 1))
        return tuple(QRectF(i * step, 0, side, side) for i in range(count))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw pictures, attention and frame numbers; frames the network did not see are pale."""
        if self._assessment is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        seen = self._assessment.explanation.clip_frames
        boxes = self._assessment.clip.boxes
        current = seen[nearest_slot(self._assessment, self._session.frame)]
        sperm = self._session.selected_sperm
        colour = sperm_colour(sperm.key, self.palette()) if sperm else QColor("white")
        quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
        for place, (area, image) in enumerate(zip(self._areas(), self._images, strict=True)):
            painter.setOpacity(1.0 if place in seen else UNSEEN_OPACITY)
            painter.drawImage(area, image)
            is_current = place == current
            painter.setPen(QPen(colour if is_current else quiet, 2 if is_current else 1))
            painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))
            painter.setOpacity(1.0)
            label = QRectF(
                area.left() - 4, area.bottom(), area.width() + 8, CAPTION_PX * text_scale()
            )
            text = str(boxes[place].frame)
            if area.width() > WIDE_PX:
                text += f" · {boxes[place].time_s:.2f} s"
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the frame."""
        if self._assessment is None:
            return
        for box, area in zip(self._assessment.clip.boxes, self._areas(), strict=True):
            if area.contains(event.position()):
                self.seek_requested.emit(box.frame)


class FilmStrip(QWidget):
    """The row of frames with its controls.

    Signals:
        overlay_changed_by_user(object): the Overlay the user wants.
        seek_requested(int): a frame was clicked.
    """

    overlay_changed_by_user = Signal(object)
    seek_requested = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.frames = FilmFrames(session)
        self.frames.seek_requested.connect(self.seek_requested)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(1)
        self._opacity = self._opacity_slider()
        self._colours = QComboBox()
        self._colours.addItems(COLOUR_MAPS)
        self._colours.setAccessibleName(self.tr("Attention colours"))
        self._caption = muted()  # never cut: it says what attention is not
        self._empty = muted(
            self.tr("The clip's frames appear here with the grade; the network sees some of them.")
        )
        self._lay_out()
        self._opacity.valueChanged.connect(
            lambda value: self._ask(replace(self._session.overlay, opacity=value / 100))
        )
        self._colours.textActivated.connect(
            lambda name: self._ask(replace(self._session.overlay, colour_map=name))
        )
        for signal in (
            session.results_changed,
            session.selection_changed,
            session.overlay_changed,
            session.frame_changed,
        ):
            signal.connect(self._show)
        self._show()

    def _opacity_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(5, 100)
        slider.setFixedWidth(90)
        slider.setAccessibleName(self.tr("Opacity"))
        slider.setToolTip(self.tr("How strongly attention covers the picture"))
        return slider

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(6)
        bar.addWidget(heading(self.tr("Attention")))
        bar.addLayout(self.buttons)
        bar.addWidget(QLabel(self.tr("Opacity")))
        bar.addWidget(self._opacity)
        bar.addWidget(self._colours)
        bar.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(bar)
        layout.addWidget(self._caption)
        layout.addWidget(self._empty)
        layout.addWidget(self.frames, 1)

    def _range_text(self, assessment: Assessment | None) -> str:
        """The range of the colours, which are as bright where attention is nearly even."""
        kind = self._session.overlay.kind
        maps = shown_maps(assessment, kind) if assessment else None
        if maps is None:
            is_missing = assessment is not None and kind is not OverlayKind.NONE
            return self.tr("Grade again to see this attention. ") if is_missing else ""
        if AttentionKind(kind.value).is_crisp:
            return self.tr("Colours from 0 to the most attended patch. ")
        ends = attention_range(maps)
        if ends is None:
            return self.tr("Attention is even over the clip. ")
        words = (
            self.tr("Nearly even: {low}–{high} × mean. ")
            if ends[1] - ends[0] < NEARLY_EVEN
            else self.tr("{low}–{high} × mean. ")
        )
        return words.format(low=f"{ends[0]:.2f}", high=f"{ends[1]:.2f}")

    def _ask(self, overlay: object) -> None:
        self.overlay_changed_by_user.emit(overlay)

    @Slot()
    def _show(self) -> None:
        sperm = self._session.selected_sperm
        assessment = self._session.assessment(sperm) if sperm else None
        self._empty.setVisible(assessment is None)
        self.frames.setVisible(assessment is not None)
        model = assessment.provenance.model if assessment else None
        self._caption.setText(self._range_text(assessment) + wording.attention_notice(model))
        overlay = self._session.overlay
        self._opacity.blockSignals(True)
        self._opacity.setValue(round(100 * overlay.opacity))
        self._opacity.blockSignals(False)
        self._colours.setCurrentText(overlay.colour_map)
        self._colours.setEnabled(overlay.kind is not OverlayKind.NONE)
        self._opacity.setEnabled(overlay.kind is not OverlayKind.NONE)
        self.frames.refresh()
