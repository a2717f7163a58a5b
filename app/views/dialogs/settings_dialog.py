"""The settings dialog, made from the table of settings; every change takes effect at once."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.state.setting_table import SETTINGS, Setting
from app.state.settings import Settings, reports_folder
from app.views.panel import muted

FOOT_PX, FRAME_PX = 56, 60
"""What the buttons, and the frame of a window, take of the screen's height."""


class SettingsDialog(QDialog):
    """One editor per setting, grouped as in the table, and the list of microscopes."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Settings"))
        self.setMinimumWidth(560)
        self.editors: dict[str, QWidget] = {}
        inside = QWidget()
        layout = QVBoxLayout(inside)
        groups: dict[str, QFormLayout] = {}
        labels: list[QLabel] = []
        for setting in SETTINGS:
            if setting.group not in groups:
                box = QGroupBox(_text(setting.group))
                groups[setting.group] = QFormLayout(box)
                layout.addWidget(box)
            editor = self._editor(setting)
            editor.setToolTip(_text(setting.tip))
            editor.setAccessibleName(_text(setting.label))
            self.editors[setting.id] = editor
            label = QLabel(_text(setting.label))
            label.setToolTip(_text(setting.tip))
            labels.append(label)
            groups[setting.group].addRow(label, editor)
            if setting.needs_restart:
                groups[setting.group].addRow("", muted(_text(setting.tip)))
        widest = max(label.sizeHint().width() for label in labels)
        for label in labels:  # aligns the fields of all groups
            label.setMinimumWidth(widest)
        layout.addWidget(self._microscopes())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self._scroll(inside, buttons)

    def _scroll(self, inside: QWidget, buttons: QWidget) -> None:
        """Let the settings scroll where the screen is too low for them."""
        scroll = QScrollArea()
        scroll.setObjectName("plain")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.addWidget(scroll, 1)
        buttons.setContentsMargins(0, 0, 10, 0)
        layout.addWidget(buttons)
        self.ensurePolished()
        bar_px = scroll.verticalScrollBar().sizeHint().width()
        wanted = inside.sizeHint()
        width_px = max(self.minimumWidth(), wanted.width() + bar_px)
        height_px = max(wanted.height(), inside.heightForWidth(width_px)) + FOOT_PX
        self.resize(width_px, min(height_px, self.screen().availableSize().height() - FRAME_PX))

    def _editor(self, setting: Setting) -> QWidget:
        if setting.choices:
            return self._choice(setting)
        if isinstance(setting.default, bool):
            switch = QCheckBox()
            switch.setChecked(self._settings.is_on(setting.id))
            switch.toggled.connect(lambda on: self._settings.set_value(setting.id, on))
            return switch
        if isinstance(setting.default, int):
            number = QSpinBox()
            number.setRange(int(setting.minimum), int(setting.maximum))
            number.lineEdit().setTextMargins(5, 0, 5, 0)
            number.setValue(self._settings.number(setting.id))
            number.valueChanged.connect(lambda v: self._settings.set_value(setting.id, v))
            return number
        return self._path(setting)

    def _choice(self, setting: Setting) -> QWidget:
        choice = QComboBox()
        for value, label in zip(setting.choices, setting.choice_labels, strict=True):
            choice.addItem(_text(label), value)
        choice.setCurrentIndex(choice.findData(self._settings.value(setting.id)))
        choice.activated.connect(
            lambda row: self._settings.set_value(setting.id, choice.itemData(row))
        )
        return choice

    def _path(self, setting: Setting) -> QWidget:
        field = QLineEdit(self._settings.text(setting.id))
        field.setAccessibleName(_text(setting.label))
        usual = {
            "model_path": self.tr("the demonstration model"),
            "report_folder": str(reports_folder()),
            "store": self.tr("in the user's data folder"),
            "certificate": self.tr("none"),
        }
        field.setPlaceholderText(usual[setting.id])
        field.editingFinished.connect(
            lambda: self._settings.set_value(setting.id, field.text().strip())
        )
        browse = self._browse(setting, field)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(field)
        row.addWidget(browse)
        both.setFocusProxy(field)
        return both

    def _browse(self, setting: Setting, field: QLineEdit) -> QToolButton:
        """The button that chooses a folder, a certificate's file or, for a model, either."""
        browse = QToolButton()
        browse.setText("…")
        browse.setObjectName("browse")
        browse.setAccessibleName(self.tr("Choose"))

        def keep(name: str) -> None:
            if name:
                field.setText(name)
                self._settings.set_value(setting.id, name)

        def choose_file(endings: str) -> None:
            name, _ = QFileDialog.getOpenFileName(
                self, _text(setting.label), field.text() or str(Path.home()), endings
            )
            keep(name)

        def choose_folder() -> None:
            start = field.text() or str(Path.home())
            keep(QFileDialog.getExistingDirectory(self, _text(setting.label), start))

        if setting.id == "certificate":
            browse.clicked.connect(lambda: choose_file("*.p12 *.pfx"))
            return browse
        if setting.id != "model_path":
            browse.clicked.connect(choose_folder)
            return browse
        menu = QMenu(browse)
        menu.addAction(self.tr("A model file …"), lambda: choose_file("*.safetensors"))
        menu.addAction(self.tr("A folder of models (ensemble) …"), choose_folder)
        browse.setMenu(menu)
        browse.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return browse

    def _microscopes(self) -> QWidget:
        box = QGroupBox(self.tr("Microscopes"))
        column = QVBoxLayout(box)
        self.profiles = QListWidget()
        self.profiles.setAccessibleName(self.tr("Microscopes"))
        self.profiles.setMaximumHeight(90)
        remove = QPushButton(self.tr("Remove the selected one"))
        remove.setAutoDefault(False)
        remove.setEnabled(False)
        self.profiles.currentRowChanged.connect(lambda row: remove.setEnabled(row >= 0))
        remove.clicked.connect(self._forget)
        column.addWidget(self.profiles)
        column.addWidget(remove, 0, Qt.AlignmentFlag.AlignLeft)
        self._show_profiles()
        return box

    def _show_profiles(self) -> None:
        self.profiles.clear()
        for profile in self._settings.profiles:
            fps = self.tr("fps from file") if profile.fps is None else f"{profile.fps:g} fps"
            scale = (
                self.tr("no µm/px") if profile.um_per_px is None else f"{profile.um_per_px:g} µm/px"
            )
            self.profiles.addItem(f"{profile.profile}: {fps}, {scale}")

    @Slot()
    def _forget(self) -> None:
        row = self.profiles.currentRow()
        if row >= 0:
            self._settings.remove_profile(self._settings.profiles[row].profile)
            self._show_profiles()


def _text(text: str) -> str:
    return QCoreApplication.translate("Settings", text)
