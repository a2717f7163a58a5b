"""The crash log: every uncaught exception is logged, and told to the user once."""

import faulthandler
import logging
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from rostfine_core import __version__

MAX_LOG_BYTES = 1_000_000
log = logging.getLogger(__name__)


@contextmanager
def crash_log(file: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Log to ``file`` and call ``tell`` with a sentence for every exception nobody caught.

    An exception raised again along the same call path, for example by a timer, is counted in the
    log and not told again. ``tell`` may be called from any thread.
    """
    bugs = _Bugs()

    def on_uncaught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        if bugs.is_new(kind, error, trace):
            log.critical("Uncaught, version %s", __version__, exc_info=(kind, error, trace))
            tell(f"{kind.__name__}: {error}")

    before, before_thread = sys.excepthook, threading.excepthook
    sys.excepthook = on_uncaught
    threading.excepthook = lambda args: on_uncaught(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )
    try:
        with _logging_to(file):
            try:
                yield
            finally:
                bugs.log_counts()
    finally:
        sys.excepthook, threading.excepthook = before, before_thread


@contextmanager
def _logging_to(file: Path) -> Iterator[None]:
    """Log to ``file`` and native crashes beside it; to stderr if it cannot be written."""
    handlers: list[logging.Handler] = []
    fault_file = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(RotatingFileHandler(file, maxBytes=MAX_LOG_BYTES, backupCount=1))
        fault_file = file.with_suffix(".fault").open("a")
        faulthandler.enable(fault_file)
    except OSError:
        handlers.append(logging.StreamHandler())
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
        if fault_file is not None:
            faulthandler.disable()
            fault_file.close()


class _Bugs:
    """Counts exceptions by call path, as one line of a library may fail for many callers."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._lock = threading.Lock()

    def is_new(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> bool:
        """Count an exception; the 10th, 100th, 1000th and so on are logged."""
        bug = (kind.__name__, *(_call_path(trace) or [str(error)]))
        with self._lock:
            self._counts[bug] += 1
            count = self._counts[bug]
        if count > 1 and str(count).rstrip("0") == "1":
            log.critical("Uncaught for the %dth time: %s", count, _in_words(bug))
        return count == 1

    def log_counts(self) -> None:
        """Log what came more than once."""
        for bug, count in self._counts.items():
            if count > 1:
                log.critical("Uncaught %d times in all: %s", count, _in_words(bug))


def _call_path(trace: TracebackType | None) -> list[str]:
    """The file and line of every call on the path; empty if unknown."""
    return [f"in {f.f_code.co_filename}, line {line}" for f, line in traceback.walk_tb(trace)]


def _in_words(bug: tuple[str, ...]) -> str:
    """The exception's type and where it was raised."""
    return f"{bug[0]} {bug[-1]}"
