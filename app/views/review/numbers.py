"""The numbers under the histogram, each with what it means."""

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.presentation.wording import say_word
from app.views.panel import muted
from rostfine_core.domain import (
    DISAGREEMENT,
    EXPECTED_GRADE,
    MODEL_SPREAD,
    VOTES_A_OR_B,
    Prediction,
)


class Numbers(QWidget):
    """Expected grade, votes A or B, disagreement, and the spread of an ensemble."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 2)
        self._grid.setColumnStretch(1, 1)
        self.values: dict[str, QLabel] = {}
        self._labels: dict[str, str] = {}
        for row, (name, label, tip) in enumerate(self._rows()):
            value = QLabel()
            value.setObjectName("number")
            note = muted(label)
            for widget in (value, note):
                widget.setToolTip(tip)
            self._grid.addWidget(note, row, 0)
            self._grid.addWidget(value, row, 1)
            self.values[name] = value
            self._labels[name] = label

    def _rows(self) -> tuple[tuple[str, str, str], ...]:
        """Name, label and tip of each number."""
        return (
            (
                "expected",
                self.tr("{name} (1 … 5)").format(name=say_word(EXPECTED_GRADE)),
                self.tr("The panel's mean vote with A = 1 to E = 5: lower is better."),
            ),
            (
                "a_or_b",
                say_word(VOTES_A_OR_B),
                self.tr("The share of the panel that would vote A or B."),
            ),
            (
                "disagreement",
                self.tr("{name} (0 … 2.32 bits)").format(name=say_word(DISAGREEMENT)),
                self.tr("How much the experts disagree: 0 when all agree, 2.32 bits at most."),
            ),
            (
                "spread",
                say_word(MODEL_SPREAD),
                self.tr(
                    "How much the models of an ensemble differ in the expected grade: the "
                    "model's own uncertainty, apart from the experts' disagreement."
                ),
            ),
        )

    def show_prediction(self, prediction: Prediction) -> None:
        """Show one sperm's numbers."""
        grade, spread = prediction.grade, prediction.ensemble_spread
        self.values["expected"].setText(f"{grade.expected_grade:.2f}")
        self.values["a_or_b"].setText(f"{grade.p_a_or_b:.0%}")
        self.values["disagreement"].setText(f"{grade.entropy_bits:.2f}")
        self.values["spread"].setText(
            self.tr("– one model")
            if spread is None
            else self.tr("± {value:.2f} ({count} models)").format(
                value=spread, count=len(prediction.ensemble)
            )
        )
        for name, value in self.values.items():
            value.setAccessibleName(f"{self._labels[name]}: {value.text()}")
