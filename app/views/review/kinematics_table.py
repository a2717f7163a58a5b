"""How one sperm swims: the velocities with unit, rate and window, and what is withheld and why."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from app.presentation.wording import say, say_word
from app.views.panel import muted
from rostfine_core.domain import Kinematics, with_micro_sign


class KinematicsTable(QWidget):
    """Two columns of terms and values, and a line that says how they were measured."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        layout.addLayout(grid)
        self._measured = muted()
        self._withheld = muted()
        layout.addWidget(self._measured)
        layout.addWidget(self._withheld)
        self._terms = self._all_terms()
        self.values: dict[str, QLabel] = {}
        for place, (name, term, tip) in enumerate(self._terms):
            row, column = divmod(place, 2)
            note, value = muted(term, wraps=False), QLabel()
            for widget in (note, value):
                widget.setToolTip(tip)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(note, row, 2 * column)
            grid.addWidget(value, row, 2 * column + 1)
            self.values[name] = value

    def _all_terms(self) -> tuple[tuple[str, str, str], ...]:
        """Field, term and tip of each value, in reading order."""
        return (
            ("vcl", "VCL", self.tr("Curvilinear velocity: along the path from point to point.")),
            ("lin", "LIN", self.tr("Linearity: VSL / VCL.")),
            ("vsl", "VSL", self.tr("Straight-line velocity: from the first to the last point.")),
            ("str_", "STR", self.tr("Straightness: VSL / VAP.")),
            ("vap", "VAP", self.tr("Average-path velocity: along the smoothed path.")),
            ("wob", "WOB", self.tr("Wobble: VAP / VCL.")),
            ("alh_mean", "ALH", self.tr("Mean offset of the head from the average path.")),
            ("mad_deg", "MAD", self.tr("Mean angular displacement.")),
            ("bcf_hz", "BCF", self.tr("Crossings of the average path a second.")),
            (
                "progress",
                self.tr("Progress"),
                self.tr(
                    "Median distance from start to end in one second: it decides the WHO class."
                ),
            ),
        )

    def show_kinematics(self, kinematics: Kinematics) -> None:
        """Show one sperm's motion."""
        speed = with_micro_sign(kinematics.unit)
        length = speed.removesuffix("/s")
        for name, term, _tip in self._terms:
            value = getattr(kinematics, name)
            text = "–" if value is None else _text(name, value, speed, length)
            self.values[name].setText(text)
            self.values[name].setAccessibleName(f"{term}: {text}")
        text = self.tr(
            "{fps:.4g} different frames per second, {points} measured points over {span:.2f} s, "
            "window {window:.0f} ms"
        ).format(
            fps=kinematics.fps,
            points=kinematics.measured_points,
            span=kinematics.span_s,
            window=1000 * kinematics.window_s,
        )
        if kinematics.motility_class:
            text += "\n" + self.tr("WHO 6 motility: {name}").format(
                name=say_word(kinematics.motility_class)
            )
        self._measured.setText(text)
        terms = {"motility_class": "WHO", **{name: term for name, term, _tip in self._terms}}
        reasons: dict[str, list[str]] = {}
        for name, reason in kinematics.withheld:
            reasons.setdefault(with_micro_sign(say(reason)), []).append(terms.get(name, name))
        self._withheld.setText(
            "\n".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
        )
        self._withheld.setVisible(bool(reasons))


def _text(name: str, value: float, speed: str, length: str) -> str:
    if name in ("vcl", "vsl", "vap", "progress"):
        return f"{value:.1f} {speed}"
    if name in ("lin", "str_", "wob"):
        return f"{value:.0%}"
    if name == "alh_mean":
        return f"{value:.1f} {length}"
    return f"{value:.1f} Hz" if name == "bcf_hz" else f"{value:.1f}°"
