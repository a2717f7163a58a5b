"""Long work as a generator."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A long job's progress: ``done`` of ``total`` steps of ``stage`` (a word for the user)."""

    stage: str
    done: int
    total: int


LongJob = Generator[Progress, None, Result]
"""Long work as a generator: yields progress, returns its result, and ``close()`` cancels it."""


def finish(
    job: LongJob[Result], *, on_progress: Callable[[Progress], object] = lambda _: None
) -> Result:
    """Run a long job to its end and return its result; ``on_progress`` gets every step."""
    while True:
        try:
            on_progress(next(job))
        except StopIteration as stop:
            result: Result = stop.value
            return result
