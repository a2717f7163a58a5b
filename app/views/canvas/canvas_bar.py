"""The bar over the video: what a click does, zoom, and brightness and contrast of the view."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QWidget

from app.state.records import Display
from app.state.session import Session
from app.views.panel import muted


class CanvasBar(QWidget):
    """Tools at the left, the view's sliders at the right.

    Signals:
        display_edited(object): the Display the user wants.
    """

    display_edited = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(1)
        self.zoom_buttons = QHBoxLayout()
        self.zoom_buttons.setSpacing(1)
        self.brightness = _slider(self.tr("Brightness of the view"))
        self.contrast = _slider(self.tr("Contrast of the view"))
        self._reset = reset = QToolButton()
        reset.setText(self.tr("reset"))
        reset.setToolTip(self.tr("Show the picture as it is"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(self.buttons)
        layout.addStretch(1)
        layout.addLayout(self.zoom_buttons)
        layout.addWidget(muted(self.tr("brightness"), wraps=False))
        layout.addWidget(self.brightness)
        layout.addWidget(muted(self.tr("contrast"), wraps=False))
        layout.addWidget(self.contrast)
        layout.addWidget(reset)
        self.brightness.valueChanged.connect(
            lambda v: self.display_edited.emit(replace(session.display, brightness=v / 100))
        )
        self.contrast.valueChanged.connect(
            lambda v: self.display_edited.emit(replace(session.display, contrast=v / 100))
        )
        reset.clicked.connect(lambda: self.display_edited.emit(Display()))
        session.display_changed.connect(self._show)
        session.video_changed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        display = self._session.display
        for widget in (self.brightness, self.contrast, self._reset):
            widget.setEnabled(self._session.video is not None)
        for slider, value in (
            (self.brightness, display.brightness),
            (self.contrast, display.contrast),
        ):
            slider.blockSignals(True)
            slider.setValue(round(100 * value))
            slider.blockSignals(False)


def _slider(name: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(-100, 100)
    slider.setFixedWidth(80)
    slider.setAccessibleName(name)
    slider.setToolTip(name)
    return slider
