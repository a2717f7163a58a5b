"""The scale follows from what is typed, and only a possible one is accepted."""

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QLabel
from pytestqt.qtbot import QtBot

from app.views.dialogs.scale_dialog import ScaleDialog


@pytest.mark.parametrize(
    ("typed", "scale"),
    [("100", "0.1900 µm/px"), ("0,53", "0.0010 µm/px"), ("", "–"), ("0.001", "–")],
)
def test_the_scale_is_shown_while_the_length_is_typed(qtbot: QtBot, typed: str, scale: str) -> None:
    dialog = ScaleDialog(526.32)
    qtbot.addWidget(dialog)
    dialog.length.selectAll()
    qtbot.keyClicks(dialog.length, typed)
    assert scale in [label.text() for label in dialog.findChildren(QLabel)]
    box = dialog.findChild(QDialogButtonBox)
    assert isinstance(box, QDialogButtonBox)
    assert box.button(QDialogButtonBox.StandardButton.Ok).isEnabled() is (scale != "–")
