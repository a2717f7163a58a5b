"""The comparing page: the table of all sperm, and two to four of them side by side."""

from itertools import combinations

from PySide6.QtCore import QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QHideEvent, QImage, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from app.presentation import wording
from app.presentation.images import rgb_image
from app.presentation.theme import sperm_colour
from app.state.session import Session
from app.views.compare.compare_table import CompareTable
from app.views.crop_view import CropView
from app.views.histogram import Histogram, highest_share, legend_text
from app.views.panel import framed, heading, muted, title
from rostfine_core.domain import EXPECTED_GRADE, Assessment, Sperm
from rostfine_core.preference import Preference, VoteComparison, compare_votes

FILM_FPS = 6.0
ROWS_OF_VERDICTS = 3  # further rows go into a second column, as the table above needs the room
FILM_PX = 32
FRAME_PX = 28  # of the frame and its margins, left and right


class Candidate(QWidget):
    """One of the compared sperm: its film, histogram and main numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._images: tuple[QImage, ...] = ()
        self._colour = QColor()
        self._title, self._numbers, self._cautions = title(), muted(), muted()
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._title.setSizePolicy(policy)  # a long name must not take the others' room
        self._view = CropView()
        self._view.setMinimumSize(FILM_PX, FILM_PX)  # in a small window the chart matters more
        self.histogram = Histogram(height_px=128)
        frame, inside = framed()
        inside.addWidget(self._title)
        inside.addWidget(self._view, 1)
        inside.addWidget(self.histogram)
        inside.addWidget(self._numbers)
        inside.addWidget(self._cautions)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(frame)

    def show_sperm(self, sperm: Sperm, assessment: Assessment, *, highest: float) -> None:
        """Args: ``highest`` is the largest share of all compared sperm."""
        grade = assessment.prediction.grade
        self._images = tuple(map(rgb_image, assessment.clip.images))
        self._colour = sperm_colour(sperm.key)
        self._title.setToolTip(wording.plain(self.tr("Sperm {name}").format(name=sperm.name)))
        self._fit_title()
        self._view.setAccessibleName(self.tr("Film of {name}").format(name=sperm.name))
        self.histogram.show_prediction(
            assessment.prediction, highest=highest, is_doubtful=assessment.has_warnings
        )
        self._numbers.setText(
            self.tr("{headline} · {expected}: {grade:.2f} (1 best, 5 worst)").format(
                headline=wording.headline(assessment),
                expected=wording.say_word(EXPECTED_GRADE),
                grade=grade.expected_grade,
            )
        )
        cautions = wording.warnings_in_brief(assessment)
        self._cautions.setText(self.tr("Warnings: {reasons}").format(reasons=cautions))
        self._cautions.setVisible(bool(cautions))
        self.show_place(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as much of the name as fits."""
        super().resizeEvent(event)
        self._fit_title()

    def _fit_title(self) -> None:
        text, metrics = self._title.toolTip(), self._title.fontMetrics()
        elide = Qt.TextElideMode.ElideMiddle  # names of one sample often begin alike
        self._title.setText(metrics.elidedText(text, elide, self.width() - FRAME_PX))

    def show_place(self, place: int) -> None:
        """Show one picture of the film."""
        if self._images:
            image = self._images[place % len(self._images)]
            self._view.show_part(image, QRectF(image.rect()), self._colour)


class ComparePage(QWidget):
    """Compares sperm; their films run in step, as each shows the same place of its clip.

    Signals:
        compared(tuple): the keys of the sperm to compare.
    """

    compared = Signal(tuple)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.table = CompareTable(session)
        self.table.chosen.connect(self.compared)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setObjectName("compare")
        splitter.addWidget(self._upper())
        splitter.addWidget(self._lower())
        splitter.setSizes([210, 450])
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addWidget(splitter)
        self._candidates: list[Candidate] = []
        self._chosen: list[tuple[Sperm, Assessment]] = []
        self._is_drawn = False
        self._filled = self._place = 0
        self._filling = QTimer(self, interval=0, singleShot=True)
        self._filling.timeout.connect(self._fill)
        self._timer = QTimer(self, interval=int(1000 / FILM_FPS))
        self._timer.timeout.connect(self._on_tick)
        for signal in (
            session.compared_changed,
            session.results_changed,
            session.sperms_changed,
        ):
            signal.connect(self._show)
        self._show()

    def _upper(self) -> QWidget:
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(heading(self.tr("All sperm of the sample")))
        line.addWidget(
            muted(
                self.tr(
                    "Choose two to four rows to see them side by side; click a heading to sort."
                )
            ),
            1,
        )
        column.addLayout(line)
        column.addWidget(self.table, 1)
        return upper

    def _lower(self) -> QWidget:
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 0, 0, 0)
        self._row = QHBoxLayout()
        self.verdicts = (muted(), muted())
        self._legend = muted()
        column.addLayout(self._row, 1)
        column.addWidget(self._legend)
        line = QHBoxLayout()
        for label in self.verdicts:
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            line.addWidget(label, 1, Qt.AlignmentFlag.AlignTop)
        column.addLayout(line)
        self._empty, inside = framed()
        self._empty.setFrameShape(QFrame.Shape.NoFrame)
        self._why_empty = muted()
        inside.addWidget(self._why_empty)
        self._row.addWidget(self._empty)
        return lower

    def showEvent(self, event: QShowEvent) -> None:
        """Run the films."""
        super().showEvent(event)
        self._timer.start()
        self._show()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop the films."""
        super().hideEvent(event)
        self._timer.stop()
        self._filling.stop()
        self._is_drawn = False

    @Slot()
    def _on_tick(self) -> None:
        self._place += 1
        for candidate in self._candidates:
            candidate.show_place(self._place)

    def recolour(self) -> None:
        """Redraw in the colours of another theme."""
        self._is_drawn = False
        self._show()

    @Slot()
    def _show(self) -> None:
        if not self.isVisible():
            return
        chosen: list[tuple[Sperm, Assessment]] = []
        for key in self._session.compared:
            sperm = self._session.sperm(key)
            assessment = self._session.assessment(sperm) if sperm else None
            if sperm is not None and assessment is not None:
                chosen.append((sperm, assessment))
        self._why_empty.setText(
            self.tr("None of the chosen sperm has a grade.")
            if self._session.compared
            else self.tr("No sperm is chosen: choose rows of the table above.")
        )
        if chosen == self._chosen and self._is_drawn:
            return
        self._chosen, self._is_drawn, self._filled = chosen, True, 0
        for spare in self._candidates[len(chosen) :]:
            spare.hide()
        # Grades of one model are drawn alike; of several, each kind of mark is explained.
        marks = dict.fromkeys(legend_text(assessment.prediction) for _, assessment in chosen)
        self._legend.setText(" · ".join(marks))
        self._legend.setVisible(bool(chosen))
        self._empty.setVisible(not chosen)
        self._filling.start()
        sentences = self._sentences(chosen)
        for place, label in enumerate(self.verdicts):
            start = place * ROWS_OF_VERDICTS
            label.setText("\n".join(sentences[start : start + ROWS_OF_VERDICTS]))
            label.setVisible(bool(label.text()))

    @Slot()
    def _fill(self) -> None:
        """Fill the next candidate; filling all of them at once would take a tenth of a second."""
        if self._filled == len(self._chosen):
            return
        if self._filled == len(self._candidates):
            self._candidates.append(Candidate())
            self._row.addWidget(self._candidates[-1])
        highest = max(highest_share(a.prediction) for _, a in self._chosen)
        sperm, assessment = self._chosen[self._filled]
        self._candidates[self._filled].show_sperm(sperm, assessment, highest=highest)
        self._candidates[self._filled].show()
        self._filled += 1
        self._filling.start()

    def _sentences(self, chosen: list[tuple[Sperm, Assessment]]) -> list[str]:
        full = [sperm.name for sperm, _ in chosen]
        short = [self._short(name) for name in full]
        names = short if len(set(short)) == len(short) else full
        predictions = [assessment.prediction for _, assessment in chosen]
        return [
            self._sentence(a, b, compare_votes(x, y))
            for (a, x), (b, y) in combinations(zip(names, predictions, strict=True), 2)
        ]

    def _short(self, name: str) -> str:
        """A name shortened in the middle, since names of one sample often begin alike."""
        metrics, longest_px = self.fontMetrics(), 12 * self.fontMetrics().averageCharWidth()
        return metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, longest_px)

    def _sentence(self, first: str, second: str, found: VoteComparison) -> str:
        shares = self.tr(
            "If each got one vote, the first would be better in {better:.0%} of cases, equal in "
            "{equal:.0%} and worse in {worse:.0%}."
        ).format(better=found.p_better, equal=found.p_equal, worse=found.p_worse)
        if found.preference is Preference.UNCLEAR:
            return self.tr("{first} and {second}: no clear difference. {shares}").format(
                first=first, second=second, shares=shares
            )
        winner = first if found.preference is Preference.FIRST else second
        return self.tr("{first} and {second}: {winner} is graded clearly better. {shares}").format(
            first=first, second=second, winner=winner, shares=shares
        )
