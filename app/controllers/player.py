"""Which frame is on screen: seeking, stepping and playing at true or slow speed."""

from bisect import bisect_right

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal, Slot

from app.presentation.geometry import unsure_spans
from app.state.records import SPEEDS
from app.state.session import Session
from rostfine_core.video.frame_cache import FrameCache

TICK_MS = 10


class Player(QObject):
    """Moves the session's frame; a frame that is not decoded yet is shown when it has arrived.

    Signals:
        starved(): a frame is wanted that nobody decodes.
        _arrived(int): a frame was decoded; sent by the decoding thread.
    """

    starved = Signal()
    _arrived = Signal(int)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._cache: FrameCache | None = None
        self._wanted = 0
        self._clock = QElapsedTimer()
        self._clock_start_s = 0.0
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        self._arrived.connect(self._on_arrived)

    def use(self, cache: FrameCache | None) -> None:
        """Switch to the frames of another video, starting with its first."""
        self.pause()
        self._cache, self._wanted = cache, 0

    def note_arrival(self, index: int) -> None:
        """Note that a frame was decoded; called in the decoding thread."""
        self._arrived.emit(index)

    @Slot(int)
    def seek(self, index: int) -> None:
        """Show a frame, now or as soon as it is decoded."""
        if self._cache is None or self._session.info is None:
            return
        self._wanted = min(max(0, index), self._session.info.frame_count - 1)
        self._cache.want(self._wanted)
        self._show_wanted()
        if self._session.is_playing:
            self._restart_clock()

    def step(self, count: int) -> None:
        """Go some frames forward or back, and stop playing."""
        self.pause()
        self.seek(self._wanted + count)

    def seek_doubt(self, *, forward: bool) -> None:
        """Go to the start of the next stretch of the selected track that should be checked."""
        sperm = self._session.selected_sperm
        track = self._session.track(sperm) if sperm is not None else None
        if track is None:
            return
        starts = [first for first, _ in unsure_spans(track)]
        ahead = [f for f in starts if (f > self._wanted if forward else f < self._wanted)]
        if ahead:
            self.pause()
            self.seek(min(ahead) if forward else max(ahead))

    def toggle(self) -> None:
        """Play or pause; at the end, play from the beginning."""
        if self._session.is_playing:
            self.pause()
        elif self._cache is not None and self._session.info is not None:
            if self._session.frame >= self._session.info.frame_count - 1:
                self.seek(0)
            self._session.set_playing(True, self._session.speed)
            self._restart_clock()
            self._timer.start()

    def pause(self) -> None:
        """Stop playing."""
        self._timer.stop()
        self._session.set_playing(False, self._session.speed)

    def change_speed(self, steps: int) -> None:
        """Change the speed by some steps of ``SPEEDS``."""
        place = SPEEDS.index(self._session.speed) + steps
        self.set_speed(SPEEDS[min(max(0, place), len(SPEEDS) - 1)])

    def set_speed(self, speed: float) -> None:
        """Play at one of ``SPEEDS``."""
        self._session.set_playing(self._session.is_playing, speed)
        self._restart_clock()

    def _restart_clock(self) -> None:
        self._clock.start()
        self._clock_start_s = self._session.time_s(self._session.frame)

    @Slot()
    def _on_tick(self) -> None:
        info = self._session.info
        if info is None:
            return
        due_s = self._clock_start_s + self._clock.elapsed() / 1000 * self._session.speed
        if self._session.calibration.fps:
            index = int(due_s * self._session.calibration.fps + 1e-9)
        else:
            index = bisect_right(info.timestamps_s, due_s + 1e-9) - 1
        if index >= info.frame_count:
            index = info.frame_count - 1
        if due_s > self._session.time_s(info.frame_count - 1) + 1 / self._session.fps:
            index = 0
        if index == self._session.frame:
            return
        self._wanted = index
        if self._cache is not None:
            self._cache.want(index)
        if self._show_wanted():
            if index == 0:
                self._restart_clock()
        else:
            self._restart_clock()

    @Slot(int)
    def _on_arrived(self, index: int) -> None:
        if index == self._wanted:
            self._show_wanted()

    def _show_wanted(self) -> bool:
        if self._cache is None:
            return False
        image = self._cache.rgb(self._wanted, exact=False)
        grey = self._cache.grey(self._wanted)
        if image is None or grey is None:
            if self._cache.is_filler_gone:
                self.starved.emit()
            return False
        self._session.set_frame(self._wanted, image, grey)
        return True
