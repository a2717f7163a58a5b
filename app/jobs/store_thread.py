"""The case store's own thread: what it is asked is done in order, and no edit is dropped."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from app.presentation.wording import say
from app.state.records import Saving
from rostfine_core.errors import RostfineError
from rostfine_core.messages import Message

if TYPE_CHECKING:
    from rostfine_core.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Request:
    work: Callable[["Store"], Any]
    on_success: Callable[[Any], None]
    on_failure: Callable[[str], None] | None  # None: it must not be lost
    is_urgent: bool = False


class StoreThread(QObject):
    """Opens a store when it is first needed and serves requests one after the other.

    A request to keep something that fails stays first in line, so that what depends on it waits
    too, until ``retry`` or the next request.

    Signals:
        saved_changed(): ``saving`` has changed.
    """

    saved_changed = Signal()
    _answered = Signal(object)

    def __init__(self, open_store: Callable[[], "Store"], parent: QObject | None = None) -> None:
        """Args: ``open_store`` is called in the thread; it raises a ``RostfineError`` or opens."""
        super().__init__(parent)
        self._open_store = open_store
        self._store: Store | None = None
        self._requests: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._is_ending = False
        self._problem = ""
        self._thread: threading.Thread | None = None
        self._answered.connect(self._on_answered)  # runs in the thread of this object

    @property
    def saving(self) -> Saving:
        """What is not written yet, and why the first of it could not be."""
        with self._changed:
            kept = sum(r.on_failure is None for r in self._requests)
            return Saving(unsaved=kept, problem=self._problem)

    def keep(
        self,
        work: Callable[["Store"], Any],
        on_success: Callable[[Any], None] = lambda _: None,
    ) -> None:
        """Write something; it is tried until it is written."""
        self._put(_Request(work, on_success, None))
        self.saved_changed.emit()

    def ask(
        self,
        work: Callable[["Store"], Any],
        on_success: Callable[[Any], None],
        on_failure: Callable[[str], None],
    ) -> None:
        """Read something, after all that was to be kept before."""
        self._put(_Request(work, on_success, on_failure))

    def ask_first(
        self,
        work: Callable[["Store"], Any],
        on_success: Callable[[Any], None],
        on_failure: Callable[[str], None],
    ) -> None:
        """Do something before all that waits, such as a sign-in that what failed waits for."""
        self._put(_Request(work, on_success, on_failure, is_urgent=True))

    @Slot()
    def retry(self) -> None:
        """Try again what failed."""
        with self._changed:
            self._problem = ""
            self._changed.notify()

    def discard(self) -> None:
        """Drop everything that could not be written."""
        with self._changed:
            if self._problem:
                self._requests.clear()
                self._problem = ""
        self.saved_changed.emit()

    def flush(self) -> Saving:
        """Try once more, wait until all is written or something fails, and say what is left."""
        self.retry()
        with self._changed:
            self._changed.wait_for(lambda: self._problem or not self._requests)
        return self.saving

    def shut_down(self) -> None:
        """Finish what can be finished, and close the store."""
        self.flush()
        with self._changed:
            self._is_ending = True
            self._requests.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _put(self, request: _Request) -> None:
        with self._changed:
            if request.is_urgent:
                self._requests.appendleft(request)
            else:
                self._requests.append(request)
                self._problem = ""
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="store")
            self._thread.start()

    # In the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        while (request := self._next()) is not None:
            sentence, result = self._served(request)
            with self._changed:
                if sentence and request.on_failure is None:
                    self._problem = sentence
                elif request in self._requests:
                    self._requests.remove(request)
                self._changed.notify_all()
            self._answered.emit((request, sentence, result))
        if self._store is not None:
            self._store.close()
            self._store = None

    def _next(self) -> _Request | None:
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._is_ending
                    or (self._requests and (self._requests[0].is_urgent or not self._problem))
                )
            )
            return None if self._is_ending else self._requests[0]

    def _served(self, request: _Request) -> tuple[str, Any]:
        try:
            if self._store is None:
                self._store = self._open_store()
            return "", request.work(self._store)
        except RostfineError as error:
            return say(error.message), None
        except Exception as error:  # the boundary of the thread: logged and told
            log.exception("The case store failed")
            return say(
                Message(
                    "Something went wrong inside the program ({error}): what is not saved is kept "
                    "in memory; the log holds the details.",
                    error=type(error).__name__,
                )
            ), None

    @Slot(object)
    def _on_answered(self, answer: tuple[_Request, str, Any]) -> None:
        request, sentence, result = answer
        if not sentence:
            request.on_success(result)
        elif request.on_failure is not None:
            request.on_failure(sentence)
        if request.on_failure is None:
            self.saved_changed.emit()
