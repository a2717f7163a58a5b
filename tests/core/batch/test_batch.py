"""A batch grades what is not in the store yet, whatever happens to some of its videos."""

import csv
import multiprocessing
import os
import signal
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from rostfine_core.batch.cluster import WorkOnCluster
from rostfine_core.batch.plan import BatchItem
from rostfine_core.batch.run import Batch
from rostfine_core.batch.work import BatchTask
from rostfine_core.batch.workers import Answer, Tasks, WorkHere, WorkInProcesses
from rostfine_core.errors import ConfigError
from rostfine_core.result_files import read_seeds, write_seeds
from rostfine_core.store import Store
from rostfine_core.store.schema import SampleRow, VideoRow
from tests.core.batch.conftest import Runner, small_model

if TYPE_CHECKING:
    from tests.conftest import VideoReads


def done(batch: Batch) -> tuple[int, int, int]:
    return batch.graded, batch.graded_before, len(batch.failures)


def shares(store: Store) -> dict[tuple[str, str], tuple[float, ...]]:
    """The votes of every sperm by video and name."""
    found: dict[tuple[str, str], tuple[float, ...]] = {}
    for row in store.case_list():
        case = store.load_case(row.video_id)
        names = {s.target: s.name for s in case.draft.sperms}
        for key, assessment in case.assessments.items():
            found[row.name, names[key.target]] = assessment.prediction.grade.probabilities
    return found


def test_what_is_done_is_not_done_again(
    runner: Runner, items: tuple[BatchItem, ...], video_reads: "VideoReads"
) -> None:
    assert done(runner.run(*items)) == (4, 0, 0)
    assert video_reads.opened == {"a.mp4": 1, "b.mp4": 1}
    assert done(runner.run(*items)) == (0, 4, 0)
    assert video_reads.opened == {"a.mp4": 1, "b.mp4": 1}
    cases = runner.store.case_list()
    assert [(c.sperm_count, c.graded_count, c.state) for c in cases] == [(2, 2, "graded")] * 2
    assert set(runner.store.thumbnails([c.video_id for c in cases])) == {c.video_id for c in cases}


def test_what_changed_is_done_again_and_nothing_else(
    runner: Runner, items: tuple[BatchItem, ...], tmp_path: Path
) -> None:
    item, _ = items
    assert item.seeds_file is not None
    first, second = read_seeds(item.seeds_file)
    runner.run(item)
    clicks = tmp_path / "clicks.csv"
    write_seeds(
        clicks, [first, replace(second, x_px=second.x_px + 1), replace(first, target="new")]
    )
    assert done(runner.run(replace(item, clicks=clicks))) == (2, 1, 0)
    (row,) = runner.store.case_list()
    case = runner.store.load_case(row.video_id)
    assert [(s.key, s.name) for s in case.draft.sperms] == [(1, "S0"), (2, "S1"), (3, "new")]
    assert [edit.text for edit in case.history] == ["Grade in a batch"]
    assert done(runner.run(replace(item, clicks=clicks, um_per_px=0.2))) == (3, 0, 0)
    other = small_model(tmp_path / "other.safetensors", seed=1)
    assert done(runner.run(replace(item, clicks=clicks), model=other)) == (3, 0, 0)
    video = tmp_path / "a.mp4"
    video.write_bytes(item.video.read_bytes() + b"more")
    assert done(runner.run(replace(item, video=video, clicks=clicks))) == (3, 0, 0)
    assert len(runner.store.case_list()) == 2


class ThenStopped(WorkHere):
    """Is stopped when it has given one result."""

    def results(self, tasks: Tasks) -> Generator[tuple[BatchTask, Answer] | None]:
        for result in super().results(tasks):
            yield result
            if result is not None:
                raise KeyboardInterrupt


def test_a_batch_that_was_stopped_goes_on_where_it_was(
    runner: Runner, items: tuple[BatchItem, ...]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        runner.run(*items, workers=ThenStopped())
    assert done(runner.run(*items)) == (2, 2, 0)


def test_failures_are_listed_and_the_others_graded(
    runner: Runner, items: tuple[BatchItem, ...], tmp_path: Path
) -> None:
    damaged, bare, off = (tmp_path / name for name in ("=damaged.mp4", "bare.mp4", "off.mp4"))
    damaged.write_bytes(items[0].video.read_bytes()[:3000])
    bare.write_bytes(items[0].video.read_bytes())
    off.write_bytes(items[1].video.read_bytes() + b"more")
    assert items[1].seeds_file is not None
    seed, *_ = read_seeds(items[1].seeds_file)
    write_seeds(tmp_path / "off.seeds.csv", [seed, replace(seed, target="gone", x_px=3, y_px=3)])
    several = [*(BatchItem(video=v) for v in (tmp_path / "no.avi", bare, off)), items[0]]
    batch = runner.run(replace(items[1], video=damaged, clicks=items[1].seeds_file), *several)
    assert done(batch) == (3, 0, 4)
    assert str(batch.summary).startswith("5 video(s): 3 sperm graded, 0 graded before, 4 failure")
    batch.write_failures(tmp_path / "failures.csv")
    with (tmp_path / "failures.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = [(Path(r["video"]).name, r["sperm"], r["reason"]) for r in csv.DictReader(file)]
    reasons = {name: reason for name, _, reason in rows}
    assert "not a video that can be read" in reasons["=damaged.mp4"]
    assert "put them beside it as bare.seeds.csv" in reasons["bare.mp4"]
    assert ("off.mp4", "gone") in [row[:2] for row in rows]
    assert "No head stands out" in reasons["off.mp4"]
    assert done(runner.run(BatchItem(video=off))) == (0, 1, 1)  # it is known why


def test_every_head_is_found_once(
    runner: Runner, items: tuple[BatchItem, ...], tmp_path: Path
) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(items[0].video.read_bytes())
    item = BatchItem(video=video, finds_all=True)
    batch = runner.run(item)
    assert batch.graded >= 2
    again = runner.run(replace(item, finds_all=False))
    assert done(again) == (0, batch.graded, len(batch.failures))


def fill_with_like_names(store: Store) -> None:
    """Put 500 samples with a newer video each into the store, whose names hold the first one's."""
    with store.engine.begin() as connection:
        sample, video = (
            connection.execute(select(table)).mappings().first()
            for table in (SampleRow.__table__, VideoRow.__table__)
        )
        assert sample is not None
        assert video is not None
        ids = [f"{n:032x}" for n in range(500)]
        labels = [{**sample, "id": i, "label": f"S-1 {i}", "search": f"s-1 {i}"} for i in ids]
        connection.execute(insert(SampleRow), labels)
        videos = [
            {**video, "id": i, "sample_id": i, "sha256": i, "opened_utc": "2999"} for i in ids
        ]
        connection.execute(insert(VideoRow), videos)


def test_videos_of_one_sample_come_together(runner: Runner, items: tuple[BatchItem, ...]) -> None:
    a, b = (replace(i, sample="S-1", patient="P 7", operator="A. Sato") for i in items)
    runner.run(items[0])  # without a name, which comes later
    assert done(runner.run(a)) == (0, 2, 0)
    fill_with_like_names(runner.store)
    runner.run(b)
    sample = runner.store.find_sample("S-1", patient="P 7")
    assert sample is not None
    assert [c.name for c in runner.store.videos_of(sample)] == ["a.mp4", "b.mp4"]
    (patient,) = runner.store.patients()
    assert runner.store.sample(sample).patient_id == patient.id
    assert [(c.sample, c.operator) for c in runner.store.videos_of(sample)] == [
        ("S-1", "A. Sato")
    ] * 2


class Endangered(WorkInProcesses):
    """Its processes are killed once while both are at work."""

    def results(self, tasks: Tasks) -> Generator[tuple[BatchTask, Answer] | None]:
        is_killed = False
        with closing(super().results(tasks)) as results:
            for result in results:
                at_work = multiprocessing.active_children()
                if not is_killed and len(self._working) == 2:
                    is_killed = True
                    for process in at_work:
                        os.kill(process.pid or 0, signal.SIGKILL)
                yield result
        assert is_killed


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_processes_give_the_same_and_may_be_killed(
    runner: Runner, items: tuple[BatchItem, ...], tmp_path: Path
) -> None:
    assert done(runner.run(*items, workers=Endangered(2))) == (4, 0, 0)
    with Store.open(tmp_path / "other") as other:
        Runner(store=other, model=runner.model).run(*items)
        for place, one in shares(other).items():
            assert shares(runner.store)[place] == pytest.approx(one, abs=1e-5)
    assert not multiprocessing.active_children()


def test_a_cluster_of_two_workers_grades_too(
    runner: Runner, items: tuple[BatchItem, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        batch = runner.run(*items, workers=WorkOnCluster(cluster.scheduler_address))
    assert done(batch) == (4, 0, 0)


def test_no_scheduler_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ConfigError, match="There is no Dask scheduler at nowhere://x"):
        WorkOnCluster("nowhere://x")
