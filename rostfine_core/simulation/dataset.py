"""Writes labelled clips of simulated sperm as a data set on disk."""

import csv
import io
import json
import multiprocessing
import zipfile
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import Grade, LongJob, Progress
from rostfine_core.errors import DatasetError
from rostfine_core.files import atomic_write, write_text
from rostfine_core.simulation.labelled_clips import (
    CLIP_FRAMES,
    CLIP_SIZE_PX,
    CLIP_UM_PER_PX,
    CLIPS_PER_SAMPLE,
    VIDEO_S,
    SimulatedClip,
    simulate_clips,
)
from rostfine_core.simulation.morphology import SpermShape, TailForm
from rostfine_core.simulation.motion import Swimming
from rostfine_core.simulation.optics import LookFamily
from rostfine_core.simulation.panel import PANEL_SIZE, motility

CLIPS_PER_TASK = 10


def write_dataset(
    folder: Path,
    *,
    count: int,
    seed: int,
    name: str = "simulated",
    clips_per_sample: int = CLIPS_PER_SAMPLE,
    with_masks: bool = False,
    look: LookFamily | None = None,
    processes: int = 1,
) -> LongJob[Path]:
    """Write ``count`` labelled clips to ``folder``, yield progress and return the folder.

    ``labels.csv`` is written last, so a folder that has it is complete. The content does not depend
    on ``processes``. With ``with_masks`` each clip's file also holds ``masks``; with ``look`` all
    pictures are of that kind.

    Raises:
        DatasetError: the folder already holds a data set, or ``count`` is below 1.
        StoreError: the folder cannot be written.
    """
    if count < 1:
        raise DatasetError(f"A data set needs at least one clip, not {count}: ask for more.")
    if (folder / "labels.csv").exists():
        raise DatasetError(f"{folder} already holds a data set: choose another folder.")
    job = _Job(folder / "clips", seed, clips_per_sample, with_masks, look)
    yield Progress(stage="simulating", done=0, total=count)
    spans = [(k, min(CLIPS_PER_TASK, count - k)) for k in range(0, count, CLIPS_PER_TASK)]
    rows: dict[int, list[dict[str, str]]] = {}
    for start, written in _run(job, spans, processes):
        rows[start] = written
        done = sum(len(part) for part in rows.values())
        yield Progress(stage="simulating", done=done, total=count)
    table = [row for start, _ in spans for row in rows[start]]
    write_text(folder / "dataset.toml", _describe(name, seed, table))
    write_text(folder / "labels.csv", _table(table))
    return folder


@dataclass(frozen=True)
class _Job:
    folder: Path
    seed: int
    clips_per_sample: int
    with_masks: bool
    look: LookFamily | None


def _run(
    job: _Job, spans: list[tuple[int, int]], processes: int
) -> Iterator[tuple[int, list[dict[str, str]]]]:
    if processes <= 1:
        for start, count in spans:
            yield start, _write_clips(job, start, count)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        processes, mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)
    )
    try:
        waiting: dict[Future[list[dict[str, str]]], int] = {
            pool.submit(_write_clips, job, start, count): start for start, count in spans
        }
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _write_clips(job: _Job, start: int, count: int) -> list[dict[str, str]]:
    rows = []
    for clip in simulate_clips(
        count,
        seed=job.seed,
        start=start,
        clips_per_sample=job.clips_per_sample,
        with_masks=job.with_masks,
        look=job.look,
    ):
        arrays: dict[str, NDArray[Any]] = {"images": clip.images, "path": clip.path_um}
        arrays |= {} if clip.masks is None else {"masks": clip.masks}
        _write_npz(job.folder / f"{clip.clip}.npz", arrays)
        rows.append(label_row(clip))
    return rows


def label_row(clip: SimulatedClip) -> dict[str, str]:
    """One row of ``labels.csv``: the votes, the expected shares and the true parameters.

    What has a side is unsigned where a network is to learn it (``asymmetry``, ``neck_bend``), as
    clips are mirrored in training.
    """
    field = clip.field
    row: dict[str, object] = {"clip": clip.clip, "sample": clip.sample}
    row |= {f"votes_{g.name}": v for g, v in zip(Grade, clip.votes, strict=True)}
    shares = clip.expected.probabilities
    row |= {f"expected_{g.name}": p for g, p in zip(Grade, shares, strict=True)}
    row |= _swimming_columns(clip.sperm.swimming) | _shape_columns(clip.sperm.shape)
    row |= {f"fault_{k}": v for k, v in asdict(clip.findings).items()}
    row |= {
        "um_per_px": CLIP_UM_PER_PX,
        "fps": field.fps,
        "span_s": (clip.frames[-1] - clip.frames[0]) / field.fps,
        "illumination": field.look.illumination.value,
        "look": field.look.family.value,
        "defocus_um": clip.sperm.defocus_um,
    }
    return {k: f"{v:.5g}" if isinstance(v, float) else str(v) for k, v in row.items()}


def _swimming_columns(swimming: Swimming) -> dict[str, object]:
    return {
        "kind": swimming.kind.value,
        "speed_um_s": swimming.speed_um_s,
        "beat_hz": swimming.beat_hz,
        "beat_angle_rad": swimming.beat_angle_rad,
        "motility": motility(swimming),
    }


def _shape_columns(shape: SpermShape) -> dict[str, object]:
    forms = (TailForm.SHORT, TailForm.BENT, TailForm.COILED)
    return {
        "head_length_um": shape.head_length_um,
        "head_width_um": shape.head_width_um,
        "head_area_um2": shape.head_area_um2,
        "aspect": shape.aspect,
        "irregularity": shape.irregularity,
        "asymmetry": abs(shape.asymmetry),
        "pyriform": shape.pyriform,
        "acrosome_share": shape.acrosome_share,
        "vacuole_share": shape.vacuole_share,
        "neck_length_um": shape.neck_length_um,
        "neck_width_um": shape.neck_width_um,
        "neck_bend_rad": shape.neck_bend_rad,
        "neck_bend": abs(shape.neck_bend_rad),
        "droplet_um": shape.droplet_um,
        "tail_form": shape.tail_form.value,
        "tail_length_um": shape.tail_length_um,
        **{f"tail_{form.value}": int(shape.tail_form is form) for form in forms},
    }


def _write_npz(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write an ``.npz`` with the fastest compression; numpy's is four times slower for 13% less."""
    with (
        atomic_write(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name, values in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, values, allow_pickle=False)
            # With a fixed date, equal clips give identical files.
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue(), compresslevel=1)


def _table(rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]) if rows else ["clip"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _describe(name: str, seed: int, rows: list[dict[str, str]]) -> str:
    """The text of ``dataset.toml``; head lengths are in pixels, to flag videos that differ."""
    grades = ", ".join(f'"{g.name}"' for g in Grade)
    scales = [float(row["um_per_px"]) for row in rows]
    heads = [float(row["head_length_um"]) / float(row["um_per_px"]) for row in rows]
    low, high = np.percentile(heads, (2.5, 97.5))
    return (
        f"name = {json.dumps(name, ensure_ascii=False)}\n"
        'kind = "simulated"\n'
        f"grades = [{grades}]\n"
        f"panel_size = {PANEL_SIZE}\n"
        f"clips = {len(rows)}\n"
        f"seed = {seed}\n\n"
        "[preprocessing]\n"
        f"clip_frames = {CLIP_FRAMES}\n"
        f"size_px = {CLIP_SIZE_PX}\n"
        f"span_s = {VIDEO_S:.4f}\n"
        "num_frames = 8\nimage_size = 224\nmean = 0.45\nstd = 0.225\n"
        "fps = 15.0\n"
        f"um_per_px = {np.median(scales):.4f}\n"
        f"head_length_px = [{low:.1f}, {high:.1f}]\n"
    )
