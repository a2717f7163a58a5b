"""The provenance of a comparison's runs: when, how long, and with which state of the source."""

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rostfine_core.files import append_json_line, read_json_lines
from rostfine_core.training.run.folder import RunFolder, read_json


@dataclass(frozen=True, kw_only=True)
class ComparisonProvenance:
    """How the runs were made; times are UTC, or None if they were not recorded.

    ``seconds`` is the total of all runs, including interrupted ones, from reading clips to the
    model file; ``training_seconds`` is that of their training steps.
    """

    began: str | None
    ended: str | None
    seconds: float
    training_seconds: float | None
    runs: int
    commits: tuple[str, ...]
    processors: tuple[str, ...]
    torch_versions: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The line below the title."""
        return (
            f"{self.runs} runs, {self._when}; {self._how_long}; commit {', '.join(self.commits)}; "
            f"torch {', '.join(self.torch_versions)}; {', '.join(self.processors)}."
        )

    @property
    def _when(self) -> str:
        if self.began is None or self.ended is None:
            return "made at an unknown time"
        began, ended = (datetime.fromisoformat(time) for time in (self.began, self.ended))
        minutes = (ended - began).total_seconds() / 60
        return (
            f"started {began:%Y-%m-%d %H:%M:%S} UTC, finished {ended:%Y-%m-%d %H:%M:%S} UTC "
            f"({minutes:.0f} minutes of wall time)"
        )

    @property
    def _how_long(self) -> str:
        total = f"{self.seconds / 60:.0f} minutes in all runs together"
        if self.training_seconds is None:
            return total
        return f"{total}, {self.training_seconds / 60:.0f} of them in training steps"


@contextmanager
def log_duration(journal: Path, run: str) -> Generator[None]:
    """Record in ``journal`` how long a run took, even if it is stopped."""
    started = time.monotonic()
    try:
        yield
    finally:
        seconds = round(time.monotonic() - started, 1)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        append_json_line(journal, {"run": run, "seconds": seconds, "ended": now})


def provenance_of_runs(folders: Sequence[RunFolder], *, journal: Path) -> ComparisonProvenance:
    """The provenance of finished runs, from their folders and the journal of their times.

    Raises:
        ConfigError: a file of a run is missing.
    """
    # The journal may hold others, of an earlier version of the comparison.
    runs = {str(folder.path) for folder in folders}
    notes = [note for note in read_json_lines(journal) if note.get("run") in runs]
    ends = [datetime.fromisoformat(note["ended"]) for note in notes]
    begins = [
        end - timedelta(seconds=note["seconds"]) for end, note in zip(ends, notes, strict=True)
    ]
    environments = [e for folder in folders for e in folder.environments()]
    return ComparisonProvenance(
        began=min(begins).isoformat(timespec="seconds") if begins else None,
        ended=max(ends).isoformat(timespec="seconds") if ends else None,
        seconds=sum(note["seconds"] for note in notes),
        training_seconds=_training_seconds(folders),
        runs=len(folders),
        commits=_distinct([_commit(e) for e in environments]),
        processors=_distinct([str(e["processor"]) for e in environments]),
        torch_versions=_distinct([str(e["packages"]["torch"]) for e in environments]),
    )


def _training_seconds(folders: Sequence[RunFolder]) -> float | None:
    """The sum over runs and epochs; None if the log of a run is missing."""
    total = 0.0
    for folder in folders:
        log, clips = folder.read_log(), read_json(folder.result)["clips_train"]
        if not log:
            return None
        total += sum(clips / epoch["clips_per_s"] for epoch in log)
    return total


def _commit(environment: Mapping[str, object]) -> str:
    commit = environment.get("git_commit")
    changed = " with changes" if environment.get("git_changed_files") else ""
    return f"{commit[:12]}{changed}" if isinstance(commit, str) else "unknown"


def _distinct(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
