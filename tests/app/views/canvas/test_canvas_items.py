"""What is drawn over the video stays whole at its borders."""

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsScene, QGraphicsView
from pytestqt.qtbot import QtBot

from app.views.canvas.canvas_items import MarkerItem, label_rect

SEEN = QRectF(0, 0, 400, 300)


@pytest.mark.parametrize("width_px", [19, 35, 110])
@pytest.mark.parametrize("x", [15, 200, 398])
@pytest.mark.parametrize("y", [2, 150, 298])
def test_the_name_is_whole_wherever_the_marker_is(width_px: int, x: float, y: float) -> None:
    label = label_rect(width_px, at=QPointF(x, y), seen=SEEN).translated(x, y)
    assert SEEN.contains(label)
    assert not label.contains(QPointF(x, y))


@pytest.mark.parametrize("name", ["12", "the one at the left"])
@pytest.mark.parametrize(("x", "y"), [(200, 150), (200, 3), (398, 150), (398, 3)])
def test_the_marker_paints_its_name_inside_its_bounds(
    qtbot: QtBot, name: str, x: float, y: float
) -> None:
    scene = QGraphicsScene(SEEN)
    marker = MarkerItem(name, QColor("#ff00ff"), is_selected=True)
    marker.setPos(x, y)
    scene.addItem(marker)
    view = QGraphicsView(scene)
    qtbot.addWidget(view)
    view.setFixedSize(402, 302)
    view.show()
    image = view.viewport().grab().toImage()
    expected = label_rect(marker.label_px, at=QPointF(x, y), seen=SEEN).translated(x, y)
    inside = expected.toAlignedRect().intersected(image.rect())
    filled = [
        image.pixelColor(column, row) == QColor("#ff00ff")
        for row in range(inside.top(), inside.bottom())
        for column in range(inside.left(), inside.right())
    ]
    assert sum(filled) > len(filled) / 3
    assert marker.boundingRect().translated(x, y).contains(expected)


def test_without_a_view_the_name_stands_at_the_upper_right(qtbot: QtBot) -> None:
    label = label_rect(19, at=QPointF(0, 0), seen=QRectF())
    assert label.right() > 0 > label.top()
