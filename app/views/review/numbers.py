"""The numbers under the histogram, each with what it means.

What the panel disagrees about and what the model is unsure of are told apart.
"""

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.presentation.wording import plain, say, say_word
from app.views.panel import muted
from rostfine_core.certainty import coverage_text, ranges_in_words
from rostfine_core.domain import (
    DISAGREEMENT,
    EXPECTED_GRADE,
    MODEL_SPREAD,
    VIEW_SPREAD,
    VOTES_A_OR_B,
    Prediction,
)


class Numbers(QWidget):
    """Expected grade, votes A or B, the panel's disagreement, and how sure the model is."""

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
                self.tr(
                    "What the panel disagrees about: 0 when all agree, 2.32 bits at most. It is no "
                    "doubt of the model's."
                ),
            ),
            (
                "spread",
                say_word(MODEL_SPREAD),
                self.tr(
                    "What the model is unsure of: how much the models of an ensemble differ in the "
                    "expected grade, apart from the experts' disagreement."
                ),
            ),
            (
                "views",
                say_word(VIEW_SPREAD),
                self.tr(
                    "What the model is unsure of: how much the expected grade differs over views "
                    "of the same clip, turned, mirrored and of other frames."
                ),
            ),
            (
                "ranges",
                self.tr("Ranges hold"),
                self.tr(
                    "How often a panel's share lies within its line, each grade by itself, in "
                    "clips like those that it was measured on."
                ),
            ),
            (
                "calibration",
                self.tr("Calibrated"),
                self.tr(
                    "Whether the shares were adjusted to the votes on patients held back from "
                    "training."
                ),
            ),
        )

    def show_prediction(self, prediction: Prediction, *, is_doubtful: bool = False) -> None:
        """Show one sperm's numbers, pale if the grade has warnings."""
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
        self._show_certainty(prediction)
        for name, value in self.values.items():
            value.setEnabled(not is_doubtful)
            value.setAccessibleName(f"{self._labels[name]}: {value.text()}")

    def _show_certainty(self, prediction: Prediction) -> None:
        spread = prediction.view_spread
        self.values["views"].setText(
            self.tr("– one view")
            if spread is None
            else self.tr("± {value:.2f} ({count} views)").format(
                value=spread, count=len(prediction.views)
            )
        )
        has_ranges, ranges = bool(prediction.ranges), self.values["ranges"]
        ranges.setText(
            self.tr("{coverage} of cases").format(coverage=coverage_text(prediction))
            if has_ranges
            else self.tr("– none given")
        )
        ranges.setToolTip(plain(say(ranges_in_words(prediction))))
        is_calibrated = prediction.uncalibrated is not None
        self.values["calibration"].setText(self.tr("yes") if is_calibrated else self.tr("no"))
