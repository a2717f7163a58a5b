"""The grade distribution A-E as bars, with marks that say how sure it is.

Where the model gives ranges or single views, these are drawn: a line for each range, a faint dot
for each view. Otherwise a mark for each of the three heads.
"""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPalette, qGray
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.presentation.theme import GRADE_COLOURS, text_scale
from app.presentation.wording import say, say_word
from rostfine_core.certainty import marks_in_words
from rostfine_core.domain import Grade, GradeDistribution, Prediction

LABEL_PX, AXIS_PX = 26, 50
HEAD_OFFSETS = (-0.24, 0.0, 0.24)
DOUBTFUL_EDGE = "#8a8a8a"
HEAD_SYMBOLS = ("o", "s", "t1")
NOWHERE = ((0.0, 0.0),) * len(Grade)
VIEW_OFFSET, VIEW_ALPHA, BEAM = -0.24, 130, 0.16


class Histogram(QWidget):
    """Bars for the shares, marks for how sure they are, the shares in figures."""

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
        self._views = pg.ScatterPlotItem(symbol="o", size=5)
        self._ranges = pg.ErrorBarItem(x=np.zeros(0), y=np.zeros(0), height=np.zeros(0), beam=BEAM)
        self._labels = [pg.TextItem("", anchor=(0.5, 1.0)) for _ in Grade]
        for item in (self._bars, *self._heads, self._views, self._ranges, *self._labels):
            self.plot.getPlotItem().addItem(item, ignoreBounds=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)

    def show_prediction(
        self, prediction: Prediction, *, highest: float = 0.0, is_doubtful: bool = False
    ) -> None:
        """Draw one sperm's distribution.

        Args:
            prediction: the shares, and what says how sure they are.
            highest: the largest share among the compared sperm, so that all have one scale.
            is_doubtful: whether the grade has warnings, so that it is grey and hatched.
        """
        palette = self.palette()
        text = palette.color(QPalette.ColorRole.WindowText)
        heads = _heads(prediction)
        shares, tops = prediction.grade.probabilities, _tops(prediction)
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
        for item in self._heads:
            item.clear()
        for item, head, offset in zip(self._heads, heads, HEAD_OFFSETS, strict=False):
            places = [g.value + offset for g in Grade]
            item.setData(places, head.probabilities, brush=text, pen=edge)
        self._draw_certainty(prediction, text)
        for grade, share, top, label in zip(Grade, shares, tops, self._labels, strict=True):
            label.setText(f"{share:.0%}", color=text)
            label.setPos(grade.value, top + 0.02 * max(tops))
        self.plot.setAccessibleDescription(
            ", ".join(f"{g.name} {p:.0%}" for g, p in zip(Grade, shares, strict=True))
        )

    def _draw_certainty(self, prediction: Prediction, text: QColor) -> None:
        """A line for each range, a faint dot for each view."""
        faint = QColor(text)
        faint.setAlpha(VIEW_ALPHA)
        dots = [
            (g.value + VIEW_OFFSET, v.probabilities[g.value - 1])
            for v in prediction.views
            for g in Grade
        ]
        self._views.setData(pos=np.array(dots).reshape(-1, 2), brush=faint, pen=pg.mkPen(None))
        ends = np.array(prediction.ranges).reshape(-1, 2)
        low, high = ends[:, 0], ends[:, 1]
        self._ranges.setData(
            x=np.arange(1, len(ends) + 1),
            y=(low + high) / 2,
            height=high - low,
            beam=BEAM,
            pen=pg.mkPen(text, width=1.6),
        )

    @property
    def top(self) -> float:
        """The share at the upper edge."""
        return float(self.plot.getViewBox().viewRange()[1][1])


def legend_text(prediction: Prediction) -> str:
    """What bars and marks mean."""
    marks = marks_in_words(prediction)
    if marks is not None and not _heads(prediction):
        return say(marks)
    return QCoreApplication.translate(
        "Histogram", "bars: mean of ●\u00a0global ■\u00a0spatial ▲\u00a0temporal"
    )


def highest_share(prediction: Prediction) -> float:
    """The largest share that a bar or a mark reaches."""
    return max(_tops(prediction))


def _tops(prediction: Prediction) -> list[float]:
    """The largest share of each grade that a bar or a mark reaches."""
    drawn = (prediction.grade, *prediction.views, *_heads(prediction))
    tops = [max(d.probabilities[i] for d in drawn) for i in range(len(Grade))]
    return [
        max(top, high) for top, (_, high) in zip(tops, prediction.ranges or NOWHERE, strict=True)
    ]


def _heads(prediction: Prediction) -> tuple[GradeDistribution, ...]:
    """The heads to mark: none where the model says better how sure it is."""
    if prediction.views or prediction.ranges:
        return ()
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
