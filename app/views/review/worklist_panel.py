"""The worklist above the sperm: a picture, the name and the state of each video."""

from PySide6.QtCore import QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QVBoxLayout, QWidget

from app.presentation.wording import plain, say_word
from app.state.records import WorklistItem
from app.state.session import Session
from app.views.panel import heading

PICTURE = QSize(50, 36)
MARGIN_PX = 12
_PATH = Qt.ItemDataRole.UserRole


class WorklistPanel(QWidget):
    """Shown while there is a list; a video is opened by a double click or Enter.

    Signals:
        wanted(Path): a video is to be opened.
        removed(Path): a video is to be taken off the list.
    """

    wanted = Signal(object)
    removed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._pictures: dict[str, QIcon] = {}
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Worklist"))
        self.list.setIconSize(PICTURE)
        self.list.setUniformItemSizes(True)
        self.list.setWordWrap(True)  # else only the first line is shown
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemActivated.connect(lambda item: self.wanted.emit(item.data(_PATH)))
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(heading(self.tr("Worklist")))
        layout.addWidget(self.list, 1)
        session.worklist_changed.connect(self._show)
        session.video_changed.connect(self._mark)
        self._show()

    @Slot()
    def _show(self) -> None:
        items = self._session.worklist
        self.setVisible(bool(items))
        self.list.clear()
        for item in items:
            self.list.addItem(self._row(item))
        self._mark()

    def _row(self, item: WorklistItem) -> QListWidgetItem:
        state = self.tr("cannot be read") if item.problem else say_word(item.state.wording)
        if not (item.video_id or item.problem):
            state = self.tr("is read …")
        row = QListWidgetItem(f"{item.path.name}\n{state}")
        row.setData(_PATH, item.path)
        row.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.path.name}: {state}")
        parts = (str(item.path), item.sample, item.problem)
        row.setToolTip(plain("\n".join(filter(None, parts))))
        row.setIcon(self._picture(item))
        row.setSizeHint(QSize(0, PICTURE.height() + MARGIN_PX))
        return row

    def _picture(self, item: WorklistItem) -> QIcon:
        if item.thumbnail is None:
            return QIcon()
        if item.video_id not in self._pictures:
            image = QImage.fromData(item.thumbnail)
            small = image.scaled(
                PICTURE,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            self._pictures[item.video_id] = QIcon(QPixmap.fromImage(small))
        return self._pictures[item.video_id]

    @Slot()
    def _mark(self) -> None:
        """Select the video that is open."""
        video = self._session.video
        for number in range(self.list.count()):
            row = self.list.item(number)
            if video is not None and row.data(_PATH) == video.path:
                self.list.setCurrentItem(row)
                return
        self.list.clearSelection()

    @Slot(QPoint)
    def _open_menu(self, place: QPoint) -> None:
        row = self.list.itemAt(place)
        if row is None:
            return
        path = row.data(_PATH)
        menu = QMenu(self.list)
        menu.addAction(self.tr("Open"), lambda: self.wanted.emit(path))
        menu.addAction(self.tr("Take off the list"), lambda: self.removed.emit(path))
        menu.exec(self.list.viewport().mapToGlobal(place))
