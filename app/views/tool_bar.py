"""The tool bar: icons with words where there is room, and the sample's fields always in sight."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolBar, QToolButton, QWidget

_Style = Qt.ToolButtonStyle


class ToolBar(QToolBar):
    """Leaves out the words where the window is narrow or its texts are large."""

    def __init__(self, title: str, fields: QWidget) -> None:
        """Args: ``fields`` stand at its right end."""
        super().__init__(title)
        self.setObjectName("tool_bar")
        self.setMovable(False)
        self.setIconSize(QSize(20, 20))
        self.setToolButtonStyle(_Style.ToolButtonTextBesideIcon)
        self._fields = fields

    def finish(self) -> None:
        """Add the fields after all actions."""
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        self.addWidget(self._fields)
        # Those that never have words are left as they are.
        buttons = self.findChildren(QToolButton, options=Qt.FindChildOption.FindDirectChildrenOnly)
        style = _Style.ToolButtonTextBesideIcon
        self._worded = [b for b in buttons if b.defaultAction() and b.toolButtonStyle() is style]
        fields_px = self._fields.sizeHint().width() - self._fields.minimumSizeHint().width()
        self._needed_px = self.sizeHint().width() - fields_px

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the words or not."""
        super().resizeEvent(event)
        has_room = self.width() >= self._needed_px
        style = _Style.ToolButtonTextBesideIcon if has_room else _Style.ToolButtonIconOnly
        for button in self._worded:
            if button.toolButtonStyle() is not style:
                button.setToolButtonStyle(style)
