"""Processes that end between two tasks are replaced, and no video is blamed for it."""

from pathlib import Path
from typing import Any

from rostfine_core.batch.work import BatchTask, ModelChoice
from rostfine_core.batch.workers import WorkInProcesses
from rostfine_core.domain import SampleInfo
from rostfine_core.messages import Message
from rostfine_core.video import PlaneChoice


def test_a_pool_that_broke_while_nothing_was_in_work_is_made_anew(tmp_path: Path) -> None:
    task = BatchTask(
        number=0,
        video=tmp_path / "missing.avi",
        sha256="0" * 64,
        sperms=(),
        choice=PlaneChoice(),
        sample=SampleInfo(),
        um_per_px=None,
        fps=None,
        model=ModelChoice(),
    )
    workers = WorkInProcesses(1)
    workers.model_sha256(ModelChoice())
    broken: Any = workers._pool
    (process,) = broken._processes.values()
    process.kill()
    broken._executor_manager_thread.join()  # it ends with the pool
    answers = [found for found in workers.results(iter([task])) if found is not None]
    assert [done.video for done, _ in answers] == [task.video]
    assert isinstance(answers[0][1], Message)
    assert "missing.avi" in str(answers[0][1])
    assert "was ended" not in str(answers[0][1])
