"""The verb that grades many videos into the case store."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.cli.arguments import Verbs, add_mode_options, count, positive, scale
from rostfine_core.cli.progress import run_job
from rostfine_core.cli.stores import add_store_options, opened_store
from rostfine_core.decoder_process import decoders
from rostfine_core.domain import DISCLAIMER_AI_GRADE

if TYPE_CHECKING:
    from rostfine_core.batch.plan import BatchItem
    from rostfine_core.batch.run import Batch
    from rostfine_core.batch.workers import Workers

LOOK_S = 5.0
FAILURES_SHOWN = 10


def add_batch_verb(verbs: Verbs) -> None:
    """Add the verb of this module."""
    batch = verbs.add_parser(
        "batch",
        help="grade the sperm of many videos into a case store",
        description="Grades the sperm of many videos into a case store. What is there already is "
        "not done again unless the video, its clicks, its scale or the model changed, so that a "
        "batch that was stopped goes on where it was. The exit status is 1 if a video or sperm "
        "could not be graded; the others are kept.",
    )
    batch.add_argument(
        "place",
        type=Path,
        metavar="FOLDER|LIST.csv",
        help="a folder with videos, each with its clicks beside it as NAME.seeds.csv "
        "(target,frame,x,y); or a table with a column video and, where wanted, clicks, sample, "
        "patient, operator, um_per_px, fps, channel and z",
    )
    add_store_options(batch)
    batch.add_argument(
        "--find-all",
        action="store_true",
        help="grade every sperm head of the first frame of videos without clicks",
    )
    batch.add_argument(
        "--watch",
        action="store_true",
        help="stay, and grade new recordings of the folder when they are complete, until Ctrl+C",
    )
    _add_defaults(batch)
    where = batch.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=count, default=1, help="how many videos at once (default %(default)s)"
    )
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="grade on the Dask cluster with this scheduler; its workers must see the same files",
    )
    batch.add_argument(
        "--failures",
        type=Path,
        default=Path("batch-failures.csv"),
        metavar="FILE",
        help="table of what could not be graded (default %(default)s)",
    )
    batch.set_defaults(run=_batch, wrong_use=batch.error)


def _add_defaults(batch: argparse.ArgumentParser) -> None:
    batch.add_argument("--sample", default="", help="name of the sample, where a list names none")
    batch.add_argument("--operator", default="", help="who made the assessments, likewise")
    batch.add_argument(
        "--um-per-px",
        type=scale,
        metavar="F",
        help='calibration, likewise, or "file" for the scale that each file states',
    )
    batch.add_argument("--fps", type=positive, help="true frame rate, likewise")
    batch.add_argument(
        "--model", type=Path, help="model file, or folder of several (default: the bundled one)"
    )
    batch.add_argument(
        "--device", choices=("auto", "cuda", "cpu"), default="auto", help="default %(default)s"
    )
    add_mode_options(batch)


def _batch(arguments: argparse.Namespace) -> int:
    if arguments.watch and not arguments.place.is_dir():
        arguments.wrong_use("--watch needs a folder")
    decoders.warm_up()  # while the rest is imported
    from rostfine_core.batch.plan import BatchItem, read_batch
    from rostfine_core.batch.run import Batch
    from rostfine_core.batch.work import ModelChoice

    like = BatchItem(
        video=Path(),
        finds_all=arguments.find_all,
        sample=arguments.sample,
        operator=arguments.operator,
        um_per_px=arguments.um_per_px,
        fps=arguments.fps,
    )
    items = () if arguments.watch else read_batch(arguments.place, like)
    model = ModelChoice(
        path=arguments.model and arguments.model.absolute(),
        device=arguments.device,
        mode=arguments.mode,
    )
    with opened_store(arguments) as store:
        batch = Batch(store, model=model, workers=_workers(arguments))
        wanted = _watched(arguments.place, like) if arguments.watch else iter(items)
        try:
            run_job(batch.run(wanted, total=len(items)))
        except KeyboardInterrupt:
            _tell(batch, arguments.failures, is_stopped=True)
            raise
        except BaseException:
            _tell(batch, arguments.failures)
            raise
        _tell(batch, arguments.failures)
    return 1 if batch.failures else 0


def _workers(arguments: argparse.Namespace) -> "Workers":
    if arguments.scheduler is not None:
        from rostfine_core.batch.cluster import WorkOnCluster

        return WorkOnCluster(arguments.scheduler)
    from rostfine_core.batch.workers import WorkHere, WorkInProcesses

    return WorkHere() if arguments.jobs == 1 else WorkInProcesses(arguments.jobs)


def _watched(folder: Path, like: "BatchItem") -> Iterator["BatchItem | None"]:
    """The recordings of a folder when they are complete, until the program is stopped."""
    from rostfine_core.batch.plan import items_of
    from rostfine_core.recordings import new_recordings

    looked_s = float("-inf")
    looks = new_recordings(folder)
    while True:
        if time.monotonic() - looked_s < LOOK_S:
            time.sleep(0.1)
            yield None
            continue
        yield from items_of(next(looks), like)
        looked_s = time.monotonic()


def _tell(batch: "Batch", failures: Path, *, is_stopped: bool = False) -> None:
    """Say what was done, also of a batch that was stopped."""
    batch.write_failures(failures)
    for failure in batch.failures[:FAILURES_SHOWN]:
        sperm = f", sperm {failure.sperm}" if failure.sperm else ""
        print(f"rostfine: {failure.video.name}{sperm}: {failure.reason}", file=sys.stderr)
    print(batch.summary)
    if is_stopped:
        print("The batch was stopped: the same command goes on where it was.")
    if batch.warning is not None:
        print(f"rostfine: {batch.warning}", file=sys.stderr)
    if batch.failures:
        print(f"Failures are listed in {failures}")
    print(DISCLAIMER_AI_GRADE)
