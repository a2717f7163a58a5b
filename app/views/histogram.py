"""The grade distribution A-E as bars, with what each of the three heads says as marks."""

import pyqtgraph as pg
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.theme import GRADE_COLOURS
from app.views.panel import muted
from app.wording import translated
from rostfine_core.domain import Grade, Prediction

HEAD_OFFSETS = (-0.24, 0.0, 0.24)
HEAD_SYMBOLS = ("o", "s", "t1")


class Histogram(QWidget):
    """Bars for the mean of the heads, marks for each head, the shares in figures."""

    def __init__(self, parent: QWidget | None = None, *, height_px: int = 178) -> None:
        super().__init__(parent)
        self._plot = pg.PlotWidget(background=None)
        self._plot.setFixedHeight(height_px)
        self._plot.setMinimumWidth(0)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.getViewBox().setXRange(0.5, 5.5, padding=0)
        self._plot.getAxis("left").setWidth(34)
        self._plot.setAccessibleName(self.tr("Grade distribution"))
        self._legend = muted(
            self.tr("bars: mean · heads: ●\u00a0global ■\u00a0spatial ▲\u00a0temporal")
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._plot)
        layout.addWidget(self._legend)

    def show_prediction(self, prediction: Prediction) -> None:
        """Draw one sperm's distribution."""
        plot, palette = self._plot, self.palette()
        plot.clear()
        text = palette.color(QPalette.ColorRole.WindowText)
        heads = (prediction.grade_global, prediction.grade_spatial, prediction.grade_temporal)
        shares = prediction.grade.probabilities
        top = max(max(shares), *(max(h.probabilities) for h in heads))
        plot.getViewBox().setYRange(0, max(0.2, 1.18 * top), padding=0)
        grades = list(Grade)
        plot.getAxis("bottom").setTicks(
            [[(g.value, f"{g.name}\n{translated(g.meaning)}") for g in grades]]
        )
        plot.getAxis("bottom").setHeight(36)
        plot.getAxis("left").setTicks([[(t / 10, f"{10 * t}%") for t in range(0, 11, 2)]])
        for name in ("left", "bottom"):
            plot.getAxis(name).setPen(palette.color(QPalette.ColorRole.Mid))
            plot.getAxis(name).setTextPen(text)
        plot.addItem(
            pg.BarGraphItem(
                x=[g.value for g in grades],
                height=shares,
                width=0.78,
                brushes=[QColor(c) for c in GRADE_COLOURS],
                pen=pg.mkPen(None),
            )
        )
        for head, offset, symbol in zip(heads, HEAD_OFFSETS, HEAD_SYMBOLS, strict=True):
            plot.addItem(
                pg.ScatterPlotItem(
                    x=[g.value + offset for g in grades],
                    y=head.probabilities,
                    symbol=symbol,
                    size=7,
                    brush=text,
                    pen=pg.mkPen(palette.color(QPalette.ColorRole.Window), width=1),
                )
            )
        for grade, share in zip(grades, shares, strict=True):
            label = pg.TextItem(f"{share:.0%}", color=text, anchor=(0.5, 1.0))
            above = max(share, *(h.probabilities[grade.value - 1] for h in heads))
            label.setPos(grade.value, above + 0.02 * top)
            plot.addItem(label)
        self._plot.setAccessibleDescription(
            ", ".join(f"{g.name} {p:.0%}" for g, p in zip(grades, shares, strict=True))
        )
