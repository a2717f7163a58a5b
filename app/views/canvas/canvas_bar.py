"""The bar beside the video: what a click does, zoom, and brightness and contrast of the view."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFormLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from app.presentation.theme import Theme, icon
from app.state.records import Display
from app.state.session import Session

BUTTON_PX = (32, 28)


class CanvasBar(QWidget):
    """Tools at the top, the view at the bottom.

    Signals:
        display_edited(object): the Display the user wants.
    """

    display_edited = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.buttons, self.zoom_buttons = QVBoxLayout(), QVBoxLayout()
        self.brightness = _slider(self.tr("Brightness of the view"))
        self.contrast = _slider(self.tr("Contrast of the view"))
        self._reset = QPushButton(self.tr("Show the picture as it is"))
        self._display = self._display_button()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        for buttons in (self.buttons, self.zoom_buttons):
            buttons.setSpacing(1)
        layout.addLayout(self.buttons)
        layout.addStretch(1)
        layout.addWidget(self._display)
        layout.addLayout(self.zoom_buttons)
        self.brightness.valueChanged.connect(
            lambda v: self.display_edited.emit(replace(session.display, brightness=v / 100))
        )
        self.contrast.valueChanged.connect(
            lambda v: self.display_edited.emit(replace(session.display, contrast=v / 100))
        )
        self._reset.clicked.connect(lambda: self.display_edited.emit(Display()))
        session.display_changed.connect(self._show)
        session.video_changed.connect(self._show)
        self._show()

    def _display_button(self) -> QToolButton:
        """The button that opens the sliders."""
        name = self.tr("Brightness and contrast of the view")
        sliders = QWidget()
        form = QFormLayout(sliders)
        form.addRow(QLabel(self.tr("brightness")), self.brightness)
        form.addRow(QLabel(self.tr("contrast")), self.contrast)
        form.addRow(self._reset)
        button = QToolButton()
        menu = QMenu(button)
        holder = QWidgetAction(menu)
        holder.setDefaultWidget(sliders)
        menu.addAction(holder)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setObjectName("small")
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setFixedSize(*BUTTON_PX)
        return button

    def recolour(self, theme: Theme) -> None:
        """Draw the icon in a theme's colours."""
        self._display.setIcon(icon("display", theme.colours["text"], theme.colours["disabled"]))

    @Slot()
    def _show(self) -> None:
        display = self._session.display
        self._display.setEnabled(self._session.video is not None)
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
    slider.setFixedWidth(160)
    slider.setAccessibleName(name)
    slider.setToolTip(name)
    return slider
