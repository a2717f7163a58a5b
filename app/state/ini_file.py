"""The values of one INI file: kept in memory, written by a thread.

QSettings writes in the thread that sets a value and waits for the disk: on a busy one up to a
fifth of a second for every letter typed into a remembered field.
"""

import logging
import threading
from pathlib import Path

from PySide6.QtCore import QSettings, QThreadPool

log = logging.getLogger(__name__)


class IniFile:
    """The file's values and those set since; only the latter are written."""

    def __init__(self, file: Path) -> None:
        self._file = file
        store = self._opened()
        self._values: dict[str, object] = {key: store.value(key) for key in store.allKeys()}
        self._unwritten: dict[str, object] = {}
        self._lock = threading.Lock()
        self._pool = QThreadPool(maxThreadCount=1)  # starting a Python thread waits until it runs
        self._is_writing = False

    def value(self, key: str, default: object = None) -> object:
        """The value of a key, as set or as read from the file (texts, lists, bytes)."""
        return self._values.get(key, default)

    def set_value(self, key: str, value: object) -> None:
        """Set a value; it is written soon."""
        if key in self._values and self._values[key] == value:
            return
        self._values[key] = value
        with self._lock:
            self._unwritten[key] = value
            self._start_writing()

    def sync(self) -> None:
        """Wait until everything is written; failed writes are tried once more."""
        self._pool.waitForDone()
        with self._lock:
            if self._unwritten:
                self._start_writing()
        self._pool.waitForDone()

    def _start_writing(self) -> None:
        if not self._is_writing:
            self._is_writing = True
            self._pool.start(self._write)

    def _write(self) -> None:
        while True:
            with self._lock:
                taken, self._unwritten = self._unwritten, {}
                if not taken:
                    self._is_writing = False
                    return
            store = self._opened()
            for key, value in taken.items():
                store.setValue(key, value)
            store.sync()
            if store.status() is not QSettings.Status.NoError:
                log.warning("Settings cannot be written to %s", self._file)
                with self._lock:  # they are written with the next value
                    self._unwritten, self._is_writing = taken | self._unwritten, False
                return

    def _opened(self) -> QSettings:
        return QSettings(str(self._file), QSettings.Format.IniFormat)
