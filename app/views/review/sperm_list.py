"""The list of chosen sperm: colour, name, A-E bar, and what is wrong or still to be done."""

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.presentation import wording
from app.presentation.geometry import spans
from app.presentation.theme import icon, sperm_colour
from app.state.session import Session
from app.views.histogram import paint_bar
from app.views.panel import heading
from app.views.review.thumbnails import Thumbnails
from rostfine_core.domain import Selection, Severity, Sperm, Verdict, own_flags, shared_flags
from rostfine_core.marking import QT_TRANSLATE_NOOP

LINES, MARGIN_PX, BAR_WIDTH_PX, ICON_PX = 3, 6, 84, 16
THUMBNAIL_PX, LONGEST_NAME = 46, 40
SELECTIONS = {
    Selection.CHOSEN: QT_TRANSLATE_NOOP("SpermModel", "chosen"),
    Selection.NOT_CHOSEN: QT_TRANSLATE_NOOP("SpermModel", "not chosen"),
}
_Role = Qt.ItemDataRole
_Index = QModelIndex | QPersistentModelIndex


class SpermModel(QAbstractListModel):
    """The session's sperm as rows; dragging a row emits a request and moves nothing itself.

    Signals:
        rename_requested(int, str), move_requested(int, int): key and new name or place.
    """

    rename_requested = Signal(int, str)
    move_requested = Signal(int, int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._sperms = session.sperms  # the sperm that the view knows about
        self._shared = shared_flags(session.reportable)
        session.results_changed.connect(self._find_shared)
        session.sample_changed.connect(self._find_shared)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """One row per sperm."""
        return 0 if parent.isValid() else len(self._sperms)

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> object:
        """The name; the whole sperm for the delegate; a sentence for screen readers."""
        if not 0 <= index.row() < len(self._sperms):
            return None
        sperm = self._sperms[index.row()]
        if role in (_Role.DisplayRole, _Role.EditRole):
            return sperm.name
        if role in (_Role.AccessibleTextRole, _Role.ToolTipRole):
            assessment = self._session.assessment(sperm)
            parts = [] if assessment is None else [wording.headline(assessment)]
            decided = SELECTIONS.get(sperm.selection)
            parts += [self.tr(decided)] if decided else []
            return f"{sperm.name}: {', '.join([*parts, self.state_text(sperm)])}"
        if role == _Role.UserRole:
            return sperm
        return None

    def setData(self, index: _Index, value: object, role: int = _Role.EditRole) -> bool:
        """Ask for another name; a typed name may arrive after its sperm was removed."""
        sperm = self._sperms[index.row()]
        self.rename_requested.emit(sperm.key, str(value))
        return False

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Rows can be renamed and dragged."""
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        flag = Qt.ItemFlag
        return (
            flag.ItemIsEnabled
            | flag.ItemIsSelectable
            | flag.ItemIsEditable
            | flag.ItemIsDragEnabled
        )

    def supportedDropActions(self) -> Qt.DropAction:
        """Rows can only be moved."""
        return Qt.DropAction.MoveAction

    def dropMimeData(
        self, data: object, action: Qt.DropAction, row: int, column: int, parent: _Index
    ) -> bool:
        """Ask for another order."""
        if self._session.selected is not None and row >= 0:
            place = self._session.number(self._session.selected) - 1
            self.move_requested.emit(self._session.selected, row - 1 if row > place else row)
        return False

    def refresh(self) -> None:
        """Show the session's present state."""
        self.beginResetModel()
        self._sperms = self._session.sperms
        self.endResetModel()

    @Slot()
    def _find_shared(self) -> None:
        """Find what concerns all sperm, which a row does not count again."""
        self._shared = shared_flags(self._session.reportable)

    def state_text(self, sperm: Sperm) -> str:
        """The state of a sperm in a few words."""
        session = self._session
        track, assessment = session.track(sperm), session.assessment(sperm)
        if sperm.verdict is Verdict.REJECTED:
            return self.tr("track rejected")
        if track is None:
            is_running = session.running_job("track") is not None
            return self.tr("tracking …") if is_running else self.tr("not tracked")
        if session.rejection(sperm):
            return self.tr("cannot be graded")
        problems = []
        if assessment is not None and wording.shows_no_sperm(assessment):
            problems.append(self.tr("no sperm?"))
        if assessment is None:
            is_running = session.running_job("grade") is not None
            problems.append(self.tr("grading …") if is_running else self.tr("not graded"))
        if spans(track, lost=True):
            problems.append(self.tr("lost!"))
        elif spans(track, lost=False):
            problems.append(self.tr("uncertain"))
        own = () if assessment is None else own_flags(assessment, self._shared)
        warnings = sum(flag.severity is Severity.WARNING for flag in own)
        if warnings:
            problems.append(
                self.tr("1 warning")
                if warnings == 1
                else self.tr("{count} warnings").format(count=warnings)
            )
        if sperm.verdict is Verdict.ACCEPTED:
            problems.append(self.tr("accepted"))
        by_hand = [self.tr("by hand")] * any(seed.is_exact for seed in sperm.seeds)
        return " · ".join([*(problems or [self.tr("graded")]), *by_hand])


class SpermDelegate(QStyledItemDelegate):
    """Paints a row and holds the field for typing its name."""

    def __init__(self, session: Session, model: SpermModel) -> None:
        super().__init__(model)
        self._session, self._model = session, model
        self._editor: QWidget | None = None
        self._thumbnails = Thumbnails(session, side_px=THUMBNAIL_PX)

    @property
    def is_editing(self) -> bool:
        """Whether a name is being typed."""
        return self._editor is not None

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        """Create the field."""
        self._editor = super().createEditor(parent, option, index)
        if isinstance(self._editor, QLineEdit):
            self._editor.setMaxLength(LONGEST_NAME)
        return self._editor

    def destroyEditor(self, editor: QWidget, index: _Index) -> None:
        """Note that the name was accepted or discarded."""
        self._editor = None
        super().destroyEditor(editor, index)

    def let_go(self) -> None:
        """Stop typing and discard the name."""
        if self._editor is not None:
            self.closeEditor.emit(self._editor, self.EndEditHint.NoHint)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """All rows have the same size."""
        return QSize(120, LINES * option.fontMetrics.height() + 2 * MARGIN_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw the sperm's picture, name, headline, bar, verdict and state."""
        sperm = index.data(_Role.UserRole)
        if not isinstance(sperm, Sperm) or self._session.sperm(sperm.key) is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(option.rect).adjusted(3, 2, -3, -2)
        palette = option.palette
        if option.state & QStyle.StateFlag.State_Selected:
            fill = QColor(palette.highlight().color())
            fill.setAlpha(60)
            painter.setPen(palette.highlight().color())
            painter.setBrush(fill)
            painter.drawRoundedRect(area, 5, 5)
        self._paint_picture(painter, area, sperm)
        text = area.adjusted(THUMBNAIL_PX + 18, MARGIN_PX - 2, -8, 2 - MARGIN_PX)
        self._paint_words(painter, text, option, sperm)
        painter.restore()

    def _paint_words(
        self, painter: QPainter, area: QRectF, option: QStyleOptionViewItem, sperm: Sperm
    ) -> None:
        """Three lines: name and bar, headline and verdict, state."""
        palette, line_px = option.palette, option.fontMetrics.height()
        first = QRectF(area.left(), area.top(), area.width(), line_px)
        lines = [first.translated(0, k * line_px) for k in range(LINES)]
        assessment = self._session.assessment(sperm)
        font = QFont(option.font)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(palette.text().color())
        if assessment is None:
            _draw_line(painter, lines[0], sperm.name, Qt.TextElideMode.ElideMiddle)
        else:
            bar = QRectF(area.right() - BAR_WIDTH_PX, lines[0].top() + 2, BAR_WIDTH_PX, line_px - 5)
            grade = assessment.prediction.grade
            paint_bar(painter, bar, grade, is_doubtful=assessment.has_warnings)
            painter.setPen(palette.text().color())
            name = lines[0].adjusted(0, 0, -BAR_WIDTH_PX - 8, 0)
            _draw_line(painter, name, sperm.name, Qt.TextElideMode.ElideMiddle)
            painter.setFont(option.font)
            if assessment.has_warnings:
                painter.setPen(palette.placeholderText().color())
            headline = lines[1].adjusted(0, 0, -ICON_PX - 4, 0)
            _draw_line(painter, headline, wording.headline(assessment))
        self._paint_verdict(painter, lines[1], palette.text().color(), sperm)
        painter.setFont(option.font)
        state = self._model.state_text(sperm)
        is_doubtful = assessment is not None and assessment.has_warnings
        is_bad = bool(self._session.rejection(sperm)) or "!" in state or is_doubtful
        quiet = palette.placeholderText().color()
        painter.setPen(palette.brightText().color() if is_bad else quiet)
        _draw_line(painter, lines[2 if assessment else 1], state)

    def _paint_verdict(self, painter: QPainter, line: QRectF, colour: QColor, sperm: Sperm) -> None:
        """A mark for a sperm that was chosen or not chosen."""
        name = {Selection.CHOSEN: "chosen", Selection.NOT_CHOSEN: "not_chosen"}.get(sperm.selection)
        if name is not None:
            place = QRectF(line.right() - ICON_PX, line.top(), ICON_PX, ICON_PX).toRect()
            icon(name, colour.name(), colour.name()).paint(painter, place)

    def _paint_picture(self, painter: QPainter, area: QRectF, sperm: Sperm) -> None:
        """The sperm in a frame of its colour; a disc until there is a picture."""
        frame = QRectF(area.left() + 7, area.center().y() - THUMBNAIL_PX / 2, *[THUMBNAIL_PX] * 2)
        colour = sperm_colour(sperm.key)
        if sperm.verdict is Verdict.REJECTED:
            colour.setAlpha(90)
        picture = self._thumbnails.picture(sperm)
        if picture is not None:
            painter.setOpacity(0.5 if sperm.verdict is Verdict.REJECTED else 1.0)
            painter.drawPixmap(frame.topLeft(), picture)
            painter.setOpacity(1.0)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour, 2.5))
            painter.drawRect(frame)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(frame.adjusted(8, 8, -8, -8))


def _draw_line(
    painter: QPainter,
    area: QRectF,
    text: str,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    shown = painter.fontMetrics().elidedText(text, elide, int(area.width()))
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)


class SpermList(QWidget):
    """The list with its heading.

    Signals:
        selected(int): a row was chosen.
        rename_requested(int, str), move_requested(int, int): see the model.
    """

    selected = Signal(int)
    rename_requested = Signal(int, str)
    move_requested = Signal(int, int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._model = SpermModel(session, self)
        self.view = QListView()
        self.view.setModel(self._model)
        self._delegate = SpermDelegate(session, self._model)
        self.view.setItemDelegate(self._delegate)
        self.view.setAccessibleName(self.tr("Chosen sperm"))
        self.view.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.view.setUniformItemSizes(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(190)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(heading(self.tr("Sperm")))
        layout.addWidget(self.view)
        self._model.rename_requested.connect(
            self.rename_requested, Qt.ConnectionType.QueuedConnection
        )
        self._model.move_requested.connect(self.move_requested, Qt.ConnectionType.QueuedConnection)
        self.view.selectionModel().currentChanged.connect(self._on_current_changed)
        session.sperms_changed.connect(self._refresh)
        session.results_changed.connect(self.view.viewport().update)
        session.running_changed.connect(self.view.viewport().update)
        session.selection_changed.connect(self._show_selection)

    def edit_name(self) -> None:
        """Start typing another name for the selected sperm."""
        if self.view.currentIndex().isValid() and not self._delegate.is_editing:
            self.view.setFocus()
            self.view.edit(self.view.currentIndex())

    @Slot()
    def _refresh(self) -> None:
        self._delegate.let_go()  # its row may now hold another sperm
        self.view.selectionModel().blockSignals(True)
        self._model.refresh()
        self.view.selectionModel().blockSignals(False)
        self._show_selection()

    @Slot()
    def _show_selection(self) -> None:
        if self._session.selected_sperm is None:
            self.view.clearSelection()
            return
        row = self._session.number(self._session.selected_sperm.key) - 1
        if self.view.currentIndex().row() != row:
            self.view.setCurrentIndex(self._model.index(row))

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, _before: QModelIndex) -> None:
        sperm = current.data(_Role.UserRole)
        if isinstance(sperm, Sperm):
            self.selected.emit(sperm.key)
