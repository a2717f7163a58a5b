"""The grade distribution A-E as bars, with a mark for each of the three heads."""

import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPalette, qGray
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.presentation.theme import GRADE_COLOURS, text_scale
from app.presentation.wording import say_word
from app.views.panel import muted
from rostfine_core.domain import Grade, GradeDistribution, Prediction

LABEL_PX, AXIS_PX = 26, 50
HEAD_OFFSETS = (-0.24, 0.0, 0.24)
DOUBTFUL_EDGE = "#8a8a8a"
HEAD_SYMBOLS = ("o", "s", "t1")


class Histogram(QWidget):
    """Bars for the mean of the heads, marks for each head, the shares in figures."""

    def __init__(self, parent: QWidget | None = None, *, height_px: int = 178) -> None:
        super().__init__(parent)
        self.plot = pg.PlotWidget(background=None)
        self.plot.setFixedHeight(round(height_px * text_scale()))
        self.plot.setMinimumWidth(0)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getViewBox().setXRange(0.5, 5.5, padding=0)
        self.plot.getAxis("left").setWidth(round(34 * text_scale()))
        self.plot.getAxis("left").setTicks([[(t / 10, f"{10 * t}%") for t in range(0, 11, 2)]])
        self.plot.getAxis("bottom").setTicks(
            [[(g.value, f"{g.name}\n{say_word(g.meaning)}") for g in Grade]]
        )
        self.plot.getAxis("bottom").setHeight(round(36 * text_scale()))
        self.plot.setAccessibleName(self.tr("Grade distribution"))
        self._bars = pg.BarGraphItem(
            x=[g.value for g in Grade],
            height=[0.0] * len(Grade),
            width=0.78,
            brushes=grade_brushes(is_doubtful=False),
            pen=pg.mkPen(None),
        )
        self._heads = [pg.ScatterPlotItem(symbol=s, size=7) for s in HEAD_SYMBOLS]
        self._labels = [pg.TextItem("", anchor=(0.5, 1.0)) for _ in Grade]
        for item in (self._bars, *self._heads, *self._labels):
            self.plot.getPlotItem().addItem(item, ignoreBounds=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)

    def show_prediction(
        self, prediction: Prediction, *, highest: float = 0.0, is_doubtful: bool = False
    ) -> None:
        """Draw one sperm's distribution.

        Args:
            prediction: mean and heads.
            highest: the largest share among the compared sperm, so that all have one scale.
            is_doubtful: whether the grade has warnings, so that it is grey and hatched.
        """
        palette = self.palette()
        text = palette.color(QPalette.ColorRole.WindowText)
        heads = _heads(prediction)
        shares = prediction.grade.probabilities
        tops = [max(s, *(h.probabilities[i] for h in heads)) for i, s in enumerate(shares)]
        top = max(0.2, *tops, highest) * (
            1 + LABEL_PX / (self.plot.height() / text_scale() - AXIS_PX)
        )
        self.plot.getViewBox().setYRange(0, top, padding=0)
        # A tick at the very top would be cut off.
        ticks = [(t / 10, f"{10 * t}%") for t in range(0, 11, 2) if t / 10 < 0.94 * top]
        self.plot.getAxis("left").setTicks([ticks])
        for name in ("left", "bottom"):
            self.plot.getAxis(name).setPen(palette.color(QPalette.ColorRole.Mid))
            self.plot.getAxis(name).setTextPen(text)
        self._bars.setOpts(height=shares, brushes=grade_brushes(is_doubtful=is_doubtful))
        edge = pg.mkPen(palette.color(QPalette.ColorRole.Window), width=1)
        for item, head, offset in zip(self._heads, heads, HEAD_OFFSETS, strict=True):
            places = [g.value + offset for g in Grade]
            item.setData(places, head.probabilities, brush=text, pen=edge)
        for grade, share, top, label in zip(Grade, shares, tops, self._labels, strict=True):
            label.setText(f"{share:.0%}", color=text)
            label.setPos(grade.value, top + 0.02 * max(tops))
        self.plot.setAccessibleDescription(
            ", ".join(f"{g.name} {p:.0%}" for g, p in zip(Grade, shares, strict=True))
        )

    @property
    def top(self) -> float:
        """The share at the upper edge."""
        return float(self.plot.getViewBox().viewRange()[1][1])


def legend() -> QLabel:
    """What bars and marks mean."""
    return muted(
        QCoreApplication.translate(
            "Histogram", "bars: mean of ●\u00a0global ■\u00a0spatial ▲\u00a0temporal"
        )
    )


def highest_share(prediction: Prediction) -> float:
    """The largest share that the mean or a head gives to a grade."""
    return max(max(g.probabilities) for g in (prediction.grade, *_heads(prediction)))


def _heads(prediction: Prediction) -> tuple[GradeDistribution, ...]:
    return prediction.grade_global, prediction.grade_spatial, prediction.grade_temporal


def grade_brushes(*, is_doubtful: bool) -> list[QBrush]:
    """How A to E are filled: a grade that should not be trusted is grey and hatched."""
    colours = map(QColor, GRADE_COLOURS)
    if not is_doubtful:
        return [QBrush(colour) for colour in colours]
    return [QBrush(_as_grey(colour), Qt.BrushStyle.BDiagPattern) for colour in colours]


def _as_grey(colour: QColor) -> QColor:
    """A grey as bright as a colour, so that A to E are still told apart."""
    return QColor(*[qGray(colour.rgb())] * 3)


def paint_bar(
    painter: QPainter, area: QRectF, grade: GradeDistribution, *, is_doubtful: bool
) -> None:
    """Draw the shares of A to E side by side, each as wide as it is large."""
    left = area.left()
    painter.setPen(QColor(DOUBTFUL_EDGE) if is_doubtful else Qt.PenStyle.NoPen)
    brushes = grade_brushes(is_doubtful=is_doubtful)
    for share, brush in zip(grade.probabilities, brushes, strict=True):
        width = area.width() * share
        painter.setBrush(brush)
        if width > 0:
            painter.drawRect(QRectF(left, area.top(), width, area.height()))
        left += width
