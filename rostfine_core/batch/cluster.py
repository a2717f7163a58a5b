"""Grades a batch's videos on a Dask cluster; the store stays with the program that asks."""

from collections.abc import Generator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from rostfine_core import __version__
from rostfine_core.batch.work import BatchTask, ModelChoice, model_sha256
from rostfine_core.batch.workers import WAIT_S, Answer, Tasks, attempt_at_once
from rostfine_core.errors import ConfigError, how_to_add
from rostfine_core.messages import Message

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_S = 10


class WorkOnCluster:
    """Grades as many videos at once as the workers have threads; they must see the same files."""

    def __init__(self, address: str) -> None:
        """Connect to the cluster's scheduler.

        Raises:
            ConfigError: it cannot be reached, has no workers, or they have no or another RoSTFine.
        """
        self._client = _connect(address)
        try:
            versions = self._client.run(_version)
        except Exception as error:  # of whatever kind the workers' own errors are
            self.close()
            raise _unlike(address, str(error)) from error
        if not versions:
            self.close()
            raise ConfigError(
                Message("The cluster {address} has no workers: start some.", address=address)
            )
        other = next((v for v in versions.values() if v != __version__), None)
        if other is not None:
            self.close()
            raise _unlike(address, other)

    def close(self) -> None:
        """Leave the cluster; what was not begun there is dropped."""
        self._client.close()

    def model_sha256(self, model: ModelChoice) -> str:
        """See ``Workers``."""
        sha256: str = self._client.submit(model_sha256, model, pure=False).result()
        return sha256

    def results(self, tasks: Tasks) -> Generator[tuple[BatchTask, Answer] | None]:
        """See ``Workers``."""
        working: dict[Future[Answer], BatchTask] = {}
        done: SimpleQueue[Future[Answer]] = SimpleQueue()
        is_over = False
        try:
            while not is_over or working:
                while not is_over and len(working) < max(1, sum(self._client.nthreads().values())):
                    task = next(tasks, False)
                    is_over = task is False
                    if not isinstance(task, BatchTask):
                        break
                    future = self._client.submit(attempt_at_once, task, pure=False, retries=0)
                    working[future] = task
                    future.add_done_callback(done.put)
                yield None
                with suppress(Empty):
                    future = done.get(timeout=WAIT_S if working else 0)
                    yield working.pop(future), _answer(future)
        finally:
            self._client.cancel(list(working))
            self.close()


def _connect(address: str) -> "Client":
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError(
            Message(
                "--scheduler needs the package distributed: {advice}.", advice=how_to_add("cluster")
            )
        ) from error
    try:
        return Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ConfigError(
            Message(
                "There is no Dask scheduler at {address} ({reason}): give the address that it "
                "prints when it starts, such as tcp://10.0.0.5:8786.",
                address=address,
                reason=str(error) or type(error).__name__,
            )
        ) from error


def _answer(future: "Future[Answer]") -> Answer:
    try:
        answer: Answer = future.result()
    except Exception as error:  # noqa: BLE001 - of whatever kind a lost worker's is
        return Message(
            "The cluster could not grade it ({error}): look at the worker's log.",
            error=f"{type(error).__name__}: {error}",
        )
    return answer


def _version() -> str:
    return __version__


def _unlike(address: str, what: Any) -> ConfigError:  # noqa: ANN401 - a version or an error
    return ConfigError(
        Message(
            "The workers of {address} cannot run this version ({what}): install RoSTFine Assist "
            "{version} there.",
            address=address,
            what=str(what),
            version=__version__,
        )
    )
