"""Long work is run to its end."""

from rostfine_core.domain import LongJob, Progress, finish


def test_finish_returns_the_result_and_reports_every_step() -> None:
    steps = [Progress(stage="counting", done=n, total=2) for n in (1, 2)]

    def count() -> LongJob[str]:
        yield from steps
        return "done"

    told: list[Progress] = []
    assert finish(count(), on_progress=told.append) == "done"
    assert told == steps
    assert finish(count()) == "done"
