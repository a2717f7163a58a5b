"""A program that is killed at any moment of editing loses nothing that was confirmed."""

import os
from pathlib import Path

import pytest

from tests.benchmarks.kill_store import kill_again_and_again

TIMES = int(os.environ.get("ROSTFINE_KILLS", "12"))
"""``python -m tests.benchmarks.kill_store`` does it a thousand times."""


@pytest.mark.requirement("R-67")
def test_what_was_confirmed_is_there_after_a_kill(tmp_path: Path) -> None:
    *_, tally = kill_again_and_again(tmp_path, TIMES, seed=1)
    assert tally.rounds == TIMES
    assert tally.confirmed > TIMES
