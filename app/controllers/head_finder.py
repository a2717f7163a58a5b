"""Measures the head under the pointer for the loupe, and finds all heads of the frame on screen."""

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.jobs import sperm_tasks
from app.jobs.runner import Jobs
from app.state.session import Session
from rostfine_core.domain import HeadMeasure

HEADS, HEAD = "heads", "head"
REST_MS = 40
"""How long the pointer rests before a head is measured, which takes up to 20 ms."""


class HeadFinder(QObject):
    """Keeps the session's head the one under the pointer.

    Signals:
        found(int, object): the frame that was searched, and its heads, a tuple of HeadMeasure.
        failed(str): the search failed; the sentence is for the user.
    """

    found = Signal(int, object)
    failed = Signal(str)

    def __init__(self, session: Session, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._jobs = session, jobs
        self._place: tuple[float, float] | None = None
        self._timer = QTimer(self, interval=REST_MS, singleShot=True)
        self._timer.timeout.connect(self._measure)
        session.frame_changed.connect(self._measure_soon)

    def find_all(self) -> None:
        """Search the frame on screen for heads."""
        grey, frame, video = self._session.grey, self._session.frame, self._session.video
        if grey is None or self._jobs.is_running(HEADS):
            return

        def tell(heads: tuple[HeadMeasure, ...]) -> None:
            if self._session.video is video:
                self.found.emit(frame, heads)

        self._jobs.start(
            HEADS,
            lambda: sperm_tasks.find_all_heads(grey),
            on_success=tell,
            on_failure=self.failed.emit,
        )

    @Slot(float, float)
    def look_at(self, x_px: float, y_px: float) -> None:
        """Measure the head here, unless the pointer moves on."""
        self._place = (x_px, y_px)
        self._measure_soon()

    @Slot()
    def look_away(self) -> None:
        """Show no head."""
        self._place = None
        self._timer.stop()
        self._jobs.drop((HEAD,))
        self._session.set_head(None)

    @Slot()
    def _measure_soon(self) -> None:
        self._jobs.drop((HEAD,))
        self._session.set_head(None)
        if self._place is not None:
            self._timer.start()

    @Slot()
    def _measure(self) -> None:
        grey = self._session.grey
        if grey is None or self._place is None:
            return
        x_px, y_px = self._place
        self._jobs.start(
            HEAD,
            lambda: sperm_tasks.measure_head(grey, x_px=x_px, y_px=y_px),
            on_success=self._session.set_head,
            on_failure=self.failed.emit,
        )
