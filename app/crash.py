"""The crash log: whatever escapes is written down and told to the user in one sentence."""

import faulthandler
import logging
import sys
import threading
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

    ``tell`` may be called from any thread.
    """
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

    def on_uncaught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.critical("Uncaught, version %s", __version__, exc_info=(kind, error, trace))
        tell(f"{kind.__name__}: {error}")

    before, before_thread = sys.excepthook, threading.excepthook
    sys.excepthook = on_uncaught
    threading.excepthook = lambda args: on_uncaught(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = before, before_thread
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
        if fault_file is not None:
            faulthandler.disable()
            fault_file.close()
