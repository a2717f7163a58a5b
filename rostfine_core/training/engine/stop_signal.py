"""A stop at a safe moment: Ctrl-C or SIGTERM asks, the running step is finished first."""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

ECHO_S = 1.0
# SIGTERM is what a service manager, a cluster's scheduler or a shutdown sends before it kills.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """While entered, the first Ctrl-C or SIGTERM only sets ``requested``.

    A second one interrupts at once. One within ``ECHO_S`` is the same key once more: ``torchrun``
    passes it on to processes that the terminal has told already. Outside the main thread, where
    Python delivers no signals, it never gets requested.
    """

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self.requested = False
        self._now_s, self._requested_at_s = now_s, 0.0
        self._previous: dict[signal.Signals, signal.Handlers | int | object | None] = {}

    def __enter__(self) -> Self:
        """Take over the signals."""
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
        """Give the signals back."""
        for number, previous in self._previous.items():
            signal.signal(number, previous)  # type: ignore[arg-type]  # what signal() returned is what it takes

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self.requested:
            self.requested, self._requested_at_s = True, self._now_s()
        elif self._now_s() - self._requested_at_s > ECHO_S:
            raise KeyboardInterrupt
