"""All sperm of the sample as a table that sorts by any column."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.presentation.theme import sperm_colour
from app.presentation.wording import say_word, shows_no_sperm, warning_count
from app.state.session import Session
from app.views.histogram import paint_bar
from rostfine_core.domain import (
    DISAGREEMENT,
    EXPECTED_GRADE,
    MODEL_SPREAD,
    VIEW_SPREAD,
    VOTES_A_OR_B,
    Assessment,
    Sperm,
    Verdict,
    with_micro_sign,
)
from rostfine_core.marking import QT_TRANSLATE_NOOP

_Role = Qt.ItemDataRole
_Index = QModelIndex | QPersistentModelIndex
MOST_COMPARED = 4
ROW_PX, WIDEST_NAME_PX = 26, 200
FIGURES = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its heading, its text and its sort key (None where nothing is known)."""

    heading: str
    tip: str
    text: Callable[[Assessment], str]
    order: Callable[[Assessment], float | None]


def _number(value: float | None, text: str) -> str:
    return "–" if value is None else text.format(value)


def _reversed(value: float | None) -> float | None:
    """A sort key for columns whose largest value comes first."""
    return None if value is None else -value


COLUMNS: tuple[Column, ...] = (
    Column(
        heading=QT_TRANSLATE_NOOP("CompareTable", "A-E"),
        tip=QT_TRANSLATE_NOOP("CompareTable", "Grade distribution; sorts by the expected grade"),
        text=lambda a: "",
        order=lambda a: a.prediction.grade.expected_grade,
    ),
    Column(
        heading=EXPECTED_GRADE,
        tip=QT_TRANSLATE_NOOP("CompareTable", "Mean vote, A = 1 to E = 5: lower is better"),
        text=lambda a: f"{a.prediction.grade.expected_grade:.2f}",
        order=lambda a: a.prediction.grade.expected_grade,
    ),
    Column(
        heading=VOTES_A_OR_B,
        tip=QT_TRANSLATE_NOOP("CompareTable", "Share of the panel that would vote A or B"),
        text=lambda a: f"{a.prediction.grade.p_a_or_b:.0%}",
        order=lambda a: -a.prediction.grade.p_a_or_b,
    ),
    Column(
        heading=DISAGREEMENT,
        tip=QT_TRANSLATE_NOOP(
            "CompareTable", "In bits: 0 if all experts agree, 2.32 if votes are even"
        ),
        text=lambda a: f"{a.prediction.grade.entropy_bits:.2f}",
        order=lambda a: a.prediction.grade.entropy_bits,
    ),
    Column(
        heading=MODEL_SPREAD,
        tip=QT_TRANSLATE_NOOP("CompareTable", "Spread of the expected grade over an ensemble"),
        text=lambda a: _number(a.prediction.ensemble_spread, "± {:.2f}"),
        order=lambda a: a.prediction.ensemble_spread,
    ),
    Column(
        heading=VIEW_SPREAD,
        tip=QT_TRANSLATE_NOOP(
            "CompareTable",
            "Spread of the expected grade over views of the clip, turned and mirrored",
        ),
        text=lambda a: _number(a.prediction.view_spread, "± {:.2f}"),
        order=lambda a: a.prediction.view_spread,
    ),
    Column(
        heading=QT_TRANSLATE_NOOP("CompareTable", "VCL"),
        tip=QT_TRANSLATE_NOOP("CompareTable", "Curvilinear velocity"),
        text=lambda a: _number(a.kinematics.vcl, "{:.1f} " + with_micro_sign(a.kinematics.unit)),
        order=lambda a: _reversed(a.kinematics.vcl),
    ),
    Column(
        heading=QT_TRANSLATE_NOOP("CompareTable", "LIN"),
        tip=QT_TRANSLATE_NOOP("CompareTable", "Linearity"),
        text=lambda a: _number(a.kinematics.lin, "{:.0%}"),
        order=lambda a: _reversed(a.kinematics.lin),
    ),
    Column(
        heading=QT_TRANSLATE_NOOP("CompareTable", "Warnings"),
        tip=QT_TRANSLATE_NOOP("CompareTable", "How many warnings there are"),
        text=lambda a: str(warning_count(a) or "–"),
        order=lambda a: float(warning_count(a)),
    ),
)


class CompareModel(QAbstractTableModel):
    """One row per sperm, the name first; sperm without a grade, or without a head, sort last."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: tuple[tuple[Sperm, Assessment | None], ...] = ()

    def refresh(self) -> None:
        """Show the session's present state."""
        rows = tuple((s, self._session.assessment(s)) for s in self._session.sperms)
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()

    def key(self, row: int) -> int:
        """The sperm of a row."""
        return self._rows[row][0].key

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """One row per sperm."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """The name and the table of columns."""
        return 0 if parent.isValid() else 1 + len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> object:
        """The headings; rows are numbered by Qt."""
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == _Role.DisplayRole:
            return self.tr("Sperm") if section == 0 else self._translated(section, "heading")
        if role == _Role.ToolTipRole and section > 0:
            return self._translated(section, "tip")
        if role == _Role.TextAlignmentRole:
            return int(FIGURES if section > 1 else Qt.AlignmentFlag.AlignVCenter)
        return None

    def _translated(self, section: int, part: str) -> str:
        from PySide6.QtCore import QCoreApplication

        text = getattr(COLUMNS[section - 1], part)
        translated = QCoreApplication.translate("CompareTable", text)
        return say_word(text) if translated == text else translated

    def _name(self, sperm: Sperm, assessment: Assessment | None) -> str:
        if sperm.verdict is Verdict.REJECTED:
            return self.tr("{name}: track rejected").format(name=sperm.name)
        if assessment is not None and shows_no_sperm(assessment):
            return self.tr("{name}: no sperm?").format(name=sperm.name)
        return sperm.name

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> object:
        """What a cell shows, sorts by and draws."""
        sperm, assessment = self._rows[index.row()]
        place = index.column() - 1
        if place < 0:
            if role in (_Role.DisplayRole, _Role.ToolTipRole):  # a long name is cut on screen
                return self._name(sperm, assessment)
            if role == _Role.DecorationRole:
                return _swatch(sperm_colour(sperm.key))
            if role == _Role.InitialSortOrderRole:
                return self._session.number(sperm.key)
            return None
        if role == _Role.DisplayRole:
            return COLUMNS[place].text(assessment) if assessment else "–"
        if role == _Role.InitialSortOrderRole:
            if assessment is None or shows_no_sperm(assessment):
                return None
            return COLUMNS[place].order(assessment)
        if role == _Role.UserRole and place == 0 and assessment is not None:
            return assessment
        if role == _Role.TextAlignmentRole and place > 0:
            return int(FIGURES)
        if role == _Role.ForegroundRole and assessment is not None and assessment.has_warnings:
            return QGuiApplication.palette().brush(QPalette.ColorRole.PlaceholderText)
        return None


class UnknownLast(QSortFilterProxyModel):
    """Sorts by number in either direction; rows without a number come last."""

    def lessThan(self, left: _Index, right: _Index) -> bool:
        """Compare two cells."""
        a, b = left.data(_Role.InitialSortOrderRole), right.data(_Role.InitialSortOrderRole)
        if a is None or b is None:
            is_descending = self.sortOrder() is Qt.SortOrder.DescendingOrder
            return a is not b and (a is None) is is_descending
        return bool(a < b)


class BarDelegate(QStyledItemDelegate):
    """Paints the A-E bar."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw the bar in the middle of the cell."""
        super().paint(painter, option, index)
        assessment = index.data(_Role.UserRole)
        if isinstance(assessment, Assessment):
            painter.save()
            area = option.rect.adjusted(8, 0, -8, 0)
            area.setTop(area.center().y() - 6)
            area.setHeight(13)
            grade = assessment.prediction.grade
            paint_bar(painter, area.toRectF(), grade, is_doubtful=assessment.has_warnings)
            painter.setPen(QColor(0, 0, 0, 60))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area)
            painter.restore()


class CompareTable(QTableView):
    """The table; up to four rows can be chosen.

    Signals:
        chosen(tuple): the keys of the chosen rows, in the order of the table.
    """

    chosen = Signal(tuple)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._model = CompareModel(session, self)
        self._proxy = UnknownLast(self)
        self._proxy.setSourceModel(self._model)
        self._proxy.setSortRole(_Role.InitialSortOrderRole)
        self.setModel(self._proxy)
        self.setItemDelegateForColumn(1, BarDelegate(self))
        self.setAccessibleName(self.tr("All sperm of the sample"))
        self.setSortingEnabled(True)
        self.sortByColumn(2, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(header.sizeHint().height() + MOST_COMPARED * ROW_PX + 4)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        for signal in (session.results_changed, session.sperms_changed):
            signal.connect(self.refresh)
        session.compared_changed.connect(self._show_chosen)

    @Slot()
    def refresh(self) -> None:
        """Show the session's present state."""
        self.selectionModel().blockSignals(True)
        self._model.refresh()
        self.selectionModel().blockSignals(False)
        names_px = min(self.sizeHintForColumn(0), WIDEST_NAME_PX)
        self.setColumnWidth(0, max(names_px, self.horizontalHeader().sectionSizeHint(0)))
        self._show_chosen()

    @Slot()
    def _show_chosen(self) -> None:
        selection = self.selectionModel()
        selection.blockSignals(True)
        selection.clearSelection()
        for row in range(self._proxy.rowCount()):
            index = self._proxy.index(row, 0)
            if self._model.key(self._proxy.mapToSource(index).row()) in self._session.compared:
                selection.select(
                    index, selection.SelectionFlag.Select | selection.SelectionFlag.Rows
                )
        selection.blockSignals(False)
        self.viewport().update()

    @Slot()
    def _on_selection_changed(self) -> None:
        rows = self.selectionModel().selectedRows()
        keys = [self._model.key(self._proxy.mapToSource(r).row()) for r in rows]
        kept = [k for k in self._session.compared if k in keys]
        kept += [k for k in keys if k not in kept]
        self.chosen.emit(tuple(kept[-MOST_COMPARED:]))
        self._show_chosen()


def _swatch(colour: QColor) -> QIcon:
    """The sperm's colour, not tinted even in a selected row."""
    picture = QPixmap(14, 14)
    picture.fill(colour)
    swatch = QIcon(picture)
    swatch.addPixmap(picture, QIcon.Mode.Selected)
    return swatch
