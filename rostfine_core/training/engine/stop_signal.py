"""Stopping at a safe moment: on Ctrl-C or SIGTERM the running step is finished first."""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

ECHO_S = 1.0
# Service managers, cluster schedulers and shutdowns send SIGTERM before they kill.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """While entered, the first Ctrl-C or SIGTERM only sets ``requested``.

    A second one interrupts at once, unless it comes within ``ECHO_S``: ``torchrun`` passes a signal
    on to processes that already got it from the terminal. Outside the main thread, where Python
    delivers no signals, ``requested`` stays False.
    """

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self.requested = False
        self._now_s, self._requested_at_s = now_s, 0.0
        self._previous: dict[signal.Signals, signal.Handlers | int | object | None] = {}

    def __enter__(self) -> Self:
        """Take over the signal handlers."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Restore the signal handlers."""
        for number, previous in self._previous.items():
            signal.signal(number, previous)  # type: ignore[arg-type]  # what signal() returned is what it takes

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self.requested:
            self.requested, self._requested_at_s = True, self._now_s()
        elif self._now_s() - self._requested_at_s > ECHO_S:
            raise KeyboardInterrupt
