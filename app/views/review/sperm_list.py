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
from PySide6.QtGui import QColor, QFont, QPainter
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
from app.presentation.theme import sperm_colour
from app.state.session import Session
from app.views.histogram import paint_bar
from app.views.panel import heading
from rostfine_core.domain import Sperm, Verdict

ROW_HEIGHT_PX, BAR_WIDTH_PX = 54, 100
SHORT_NAME, LONGEST_NAME = 2, 40
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
            return f"{sperm.name}: {self.state_text(sperm)}"
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
        warnings = 0 if assessment is None else wording.warning_count(assessment)
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
        return QSize(120, ROW_HEIGHT_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw the sperm's colour, name, bar and state."""
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
        self._paint_swatch(painter, area, sperm)
        text = area.adjusted(40, (area.height() - 38) / 2, -6, 0)
        painter.setPen(palette.text().color())
        font = QFont(option.font)
        font.setBold(True)
        painter.setFont(font)
        assessment = self._session.assessment(sperm)
        bar = QRectF(area.right() - 6 - BAR_WIDTH_PX, text.top() + 3, BAR_WIDTH_PX, 12)
        room = text.width() if assessment is None else bar.left() - 6 - text.left()
        name = painter.fontMetrics().elidedText(sperm.name, Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(text, Qt.AlignmentFlag.AlignTop, name)
        painter.setFont(option.font)
        if assessment is not None:
            grade = assessment.prediction.grade
            paint_bar(painter, bar, grade, is_doubtful=assessment.has_warnings)
        state = self._model.state_text(sperm)
        is_doubtful = assessment is not None and wording.warning_count(assessment) > 0
        is_bad = bool(self._session.rejection(sperm)) or "!" in state or is_doubtful
        painter.setPen(
            palette.brightText().color() if is_bad else palette.placeholderText().color()
        )
        shown = painter.fontMetrics().elidedText(
            state, Qt.TextElideMode.ElideRight, int(text.width())
        )
        painter.drawText(text.adjusted(0, 21, 0, 0), Qt.AlignmentFlag.AlignTop, shown)
        painter.restore()

    def _paint_swatch(self, painter: QPainter, area: QRectF, sperm: Sperm) -> None:
        circle = QRectF(area.left() + 7, area.center().y() - 13, 26, 26)
        colour = sperm_colour(sperm.key)
        if sperm.verdict is Verdict.REJECTED:
            colour.setAlpha(90)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(circle)
        if len(sperm.name) <= SHORT_NAME:  # as in the marker over the video
            painter.setPen(QColor("#101010"))
            painter.drawText(circle, Qt.AlignmentFlag.AlignCenter, sperm.name)


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
