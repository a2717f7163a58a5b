"""What is typed of a sample is kept when its field is left, in the words it was typed in."""

from dataclasses import replace
from functools import partial
from typing import cast

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.state.records import SampleSheet
from app.views.dialogs.sample_dialog import SampleDialog
from rostfine_core.domain import SampleRecord, WhoValues

SHEET = SampleSheet(
    sample=SampleRecord(id="s1", label="S-7", note="old", who=WhoValues(volume_ml=2.5)),
    patient="P-1",
    patients=("P-1", "P-2"),
    videos=("a.avi", "b.avi"),
    others=(("s2", "P-2 · S-8"),),
)


def test_each_field_is_kept_when_it_is_left(qtbot: QtBot) -> None:
    dialog = SampleDialog(SHEET)
    qtbot.addWidget(dialog)
    kept: list[tuple[SampleRecord, str]] = []
    dialog.edited.connect(lambda sample, patient: kept.append((sample, patient)))

    def enter(field: QLineEdit, text: str) -> None:
        field.clear()
        QTest.keyClicks(field, text)
        field.editingFinished.emit()

    enter(dialog.temperature, "36.5")
    enter(dialog.medium, "<b>HTF</b>")
    enter(dialog.who["motile_percent"], "41")
    enter(dialog.who["volume_ml"], "")
    dialog.note.setPlainText("new")
    line = dialog.patient.lineEdit()
    assert line is not None
    enter(line, "P-3")
    assert kept[-1] == (
        replace(
            SHEET.sample,
            temperature_c=36.5,
            medium="<b>HTF</b>",
            who=WhoValues(motile_percent=41),
            note="new",
        ),
        "P-3",
    )
    count = len(kept)
    line.editingFinished.emit()  # nothing new
    assert len(kept) == count


@pytest.mark.parametrize("language", ["en_GB", "de_DE"])
def test_a_comma_or_a_point_stands_before_decimals_and_no_share_exceeds_100(
    qtbot: QtBot, request: pytest.FixtureRequest, language: str
) -> None:
    """A comma was dropped, so that 2,5 ml became 25 ml, and a cleared field kept its number."""
    request.addfinalizer(partial(QLocale.setDefault, QLocale()))
    QLocale.setDefault(QLocale(language))
    kept: list[SampleRecord] = []
    dialog = SampleDialog(SHEET)
    qtbot.addWidget(dialog)
    dialog.edited.connect(lambda sample, _patient: kept.append(sample))

    def enter(name: str, text: str) -> float | None:
        field = dialog.who[name]
        field.clear()
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert field.text() == "" or getattr(kept[-1].who, name) is not None
        again = SampleDialog(replace(SHEET, sample=kept[-1]))
        qtbot.addWidget(again)
        again.who[name].editingFinished.emit()
        assert again._sample == kept[-1]
        return cast(float | None, getattr(kept[-1].who, name))

    for name, text, number in (
        ("volume_ml", "3,5", 3.5),
        ("volume_ml", "3.25", 3.25),
        ("total_m", "12345", 12345.0),
        ("motile_percent", "100", 100.0),
        ("motile_percent", "140", None),
        ("volume_ml", "", None),
    ):
        assert enter(name, text) == number, text


def test_a_video_is_put_into_another_sample_or_one_of_its_own(qtbot: QtBot) -> None:
    for row, target in ((1, ""), (2, "s2")):
        dialog = SampleDialog(SHEET)
        qtbot.addWidget(dialog)
        dialog.samples.setCurrentIndex(row)
        with qtbot.waitSignal(dialog.moved, check_params_cb=lambda to, t=target: to == t):
            dialog.samples.activated.emit(row)
