"""Time the store with the cases of years (a script, no test).

    python -m tests.benchmarks.bench_store [--assessments 100000] [--place FOLDER_OR_URL]

It fills a store with videos of ten graded sperm each, one in four reported, and prints how long it
takes to open the store, list the cases, search, filter, open one case, keep an edit and a grade,
and back up. Records are as large as real ones, but all are copies of one, put in row by row; the
pictures of clips are left out, as no list reads them. Each time is the median and the longest of
some tries, with its budget where there is one. A folder that is given is kept and filled once.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import func, insert, select

from rostfine_core.domain import (
    Assessment,
    AssessmentKey,
    CaseState,
    Draft,
    Patient,
    SampleInfo,
    SampleRecord,
    Sperm,
    VideoInfo,
)
from rostfine_core.store import Store
from rostfine_core.store.any_text import search_text
from rostfine_core.store.coding import packed
from rostfine_core.store.schema import (
    AssessmentRow,
    ClickRow,
    PatientRow,
    ReportRow,
    ReportVideoRow,
    SampleRow,
    SpermRow,
    TrackRow,
    VideoRow,
    new_id,
)
from tests.core.conftest import example_assessment

SPERM_A_VIDEO, VIDEOS_A_SAMPLE, SAMPLES_A_PATIENT = 10, 2, 2
FRAMES, CLIP_FRAMES = 175, 16
TRIES = 7
LIST_S, SEARCH_S = 1.0, 0.2
INFO = VideoInfo(
    path="/videos/2026/case.mp4", width_px=1392, height_px=976, frame_count=FRAMES, fps=15.0,
    duration_s=FRAMES / 15, codec="mjpeg", is_colour=False, bit_depth=8,
    timestamps_s=tuple(k / 15 for k in range(FRAMES)),
)  # fmt: skip


def main() -> None:
    """Fill a store and print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assessments", type=int, default=100_000)
    parser.add_argument("--place", help="a folder or URL to keep the store in (default: temp)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = arguments.place or folder
        with Store.open(place) as store:
            fill(store, arguments.assessments)
        measure(place)


def fill(store: Store, assessments: int) -> None:
    """Put cases into a store until it has so many assessments."""
    with store.reading() as session:
        known = session.scalar(select(func.count()).select_from(AssessmentRow)) or 0
    missing = range(known // SPERM_A_VIDEO, assessments // SPERM_A_VIDEO)
    numbers = iter(missing)
    record = packed({n: v for n, v in vars(real_sized()).items() if n not in ("clip", "video")})
    while some := list(islice(numbers, 500)):
        with store.writing(None) as session:
            for table, rows in rows_of(some, record).items():
                session.execute(insert(table), rows)
    print(f"{assessments} assessments of {assessments // SPERM_A_VIDEO} videos in {store.place}")


def real_sized() -> Assessment:
    """An assessment as large as a real one: a track of 175 points and maps of 8 x 14 x 14."""
    made, chance = example_assessment(), np.random.default_rng(1)
    (point, *_) = made.track.points
    points = tuple(
        replace(point, frame=k, time_s=k / 15, x_px=600 + chance.random(), y_px=400 + k / 7)
        for k in range(FRAMES)
    )
    maps = chance.random((8, 14, 14), dtype=np.float32)
    explanation = replace(made.explanation, encoder_rollout=maps, branch_attention=maps[::-1])
    return replace(
        made, video=INFO, track=replace(made.track, points=points), explanation=explanation
    )


def rows_of(numbers: list[int], record: bytes) -> dict[type[Any], list[dict[str, Any]]]:
    """The rows of some videos, with their sperm, samples, patients and reports."""
    rows: dict[type[Any], list[dict[str, Any]]] = {
        table: []
        for table in (PatientRow, SampleRow, VideoRow, SpermRow, ClickRow, TrackRow, AssessmentRow,
                      ReportRow, ReportVideoRow)
    }  # fmt: skip
    info, now = packed(INFO), "2026-03-01T00:00:00.000+00:00"
    for n in numbers:
        sample, patient = n // VIDEOS_A_SAMPLE, n // (VIDEOS_A_SAMPLE * SAMPLES_A_PATIENT)
        if n % (VIDEOS_A_SAMPLE * SAMPLES_A_PATIENT) == 0:
            name = f"P-{patient:06}"
            rows[PatientRow].append(
                {"id": f"{patient:032}", "pseudonym": name, "search": search_text(name)}
            )
        if n % VIDEOS_A_SAMPLE == 0:
            label, operator = f"2026-{sample:05}", ("K. Tanaka", "森 花子", "Ö. Berg")[sample % 3]
            rows[SampleRow].append(
                {"id": f"{sample:032}", "patient_id": f"{patient:032}", "label": label,
                 "operator": operator, "search": search_text(label, operator), "created_utc": now}
            )  # fmt: skip
        rows[VideoRow].append(
            {"id": f"{n:032}", "sample_id": f"{sample:032}", "number": n % VIDEOS_A_SAMPLE + 1,
             "name": f"clip_{n:06}.mp4", "search": f"clip_{n:06}.mp4", "path": INFO.path,
             "sha256": f"{n:064}", "created_utc": now, "info": info,
             "opened_utc": f"2026-03-01T00:00:{n:08}"}
        )  # fmt: skip
        for key in range(1, SPERM_A_VIDEO + 1):
            add_sperm(rows, n, key, record)
        if n % (2 * VIDEOS_A_SAMPLE) == 0:
            rows[ReportRow].append(
                {"id": f"{n:032}", "sample_id": f"{sample:032}", "version": 1, "changed": 1,
                 "content_sha256": "", "audit_hash": "", "created_utc": now,
                 "signed_by": "Mori" if n % 3 else ""}
            )  # fmt: skip
            rows[ReportVideoRow].append({"report_id": f"{n:032}", "video_id": f"{n:032}"})
    return rows


def add_sperm(rows: dict[type[Any], list[dict[str, Any]]], n: int, key: int, record: bytes) -> None:
    """The rows of one graded sperm."""
    id, made = f"{n:028}{key:04}", "2026-03-01T00:00:00+00:00"
    rows[SpermRow].append(
        {"id": id, "video_id": f"{n:032}", "key": key, "place": key, "name": str(key),
         "verdict": "not reviewed", "selection": "undecided"}
    )  # fmt: skip
    rows[ClickRow].append({"sperm_id": id, "frame": 0, "x_px": 1.5, "y_px": 2.5, "is_exact": False})
    result = {"id": id, "sperm_id": id, "inputs_sha256": id, "fps": None, "record": record}
    rows[TrackRow].append(result)
    rows[AssessmentRow].append(
        {**result, "um_per_px": 0.11, "model_sha256": "ab" * 32, "model_name": "demo",
         "p_a_or_b": n % 100 / 100, "expected_grade": 3.0, "created_utc": made, "images": b""}
    )  # fmt: skip


def measure(place: str) -> None:
    """Print how long each thing takes that a person waits for."""
    show("open the store, and its list of cases", LIST_S, lambda: open_and_list(place))
    with Store.open(place) as store:
        show("list the cases again", LIST_S, store.case_list)
        numbers = iter(range(10**6))
        for what, query in (
            ("search a sample", lambda n: f"2026-{n:05}"),
            ("search a patient and an operator", lambda n: f"p-{n:06} tanaka"),
            ("search what is nowhere", lambda n: f"nothing {n}"),
            ("search what is everywhere", lambda n: "clip"),
        ):
            show(what, SEARCH_S, partial(search, store, query, numbers))
        for state in CaseState:
            show(f"list what is {state}", LIST_S, partial(store.case_list, state=state))
        measure_one_case(store)
        show("back up", None, lambda: store.back_up().unlink(), tries=1)


def measure_one_case(store: Store) -> None:
    """Add a case as the window does and time each call."""
    made, draft = real_sized(), Draft(sample=SampleInfo(sample="new"))
    patient = store.set_patient(Patient(pseudonym=new_id()))
    sample = store.set_sample(SampleRecord(label="new", patient_id=patient))
    video = store.add_video(INFO, sha256=new_id() * 2, draft=draft, sample_id=sample)
    images = np.random.default_rng(1).integers(90, 140, (CLIP_FRAMES, 150, 150, 1), dtype=np.uint8)
    clip = replace(made.clip, images=np.repeat(images, 3, axis=-1))
    steps = edits(draft)

    def keep_edit() -> None:
        before, after = next(steps)
        store.record_edit(video, "Edit", before=before, after=after)

    show("keep an edit", None, keep_edit, tries=20)
    sperm = store.load_case(video).draft.sperms[0]
    key = AssessmentKey(
        target=sperm.target, seeds=sperm.seeds, fps=None, um_per_px=None, model_sha256="m"
    )
    graded = replace(made, target=sperm.target, seeds=sperm.seeds, clip=clip)
    show(
        "keep a grade with its pictures", None, lambda: store.keep_assessments(video, {key: graded})
    )
    show("open a case with one grade", None, lambda: store.load_case(video))
    columns = (func.length(AssessmentRow.record), func.length(AssessmentRow.images))
    with store.reading() as session:
        record, pictures = session.execute(
            select(*columns).filter_by(model_sha256="m").limit(1)
        ).one()
    print(f"a grade takes {record / 1e3:.1f} kB, its pictures {pictures / 1e6:.2f} MB")


def search(store: Store, query: Callable[[int], str], numbers: Iterator[int]) -> None:
    """Search what was not searched before."""
    store.case_list(query(next(numbers)))


def edits(draft: Draft) -> Iterator[tuple[Draft, Draft]]:
    """Sperm that are chosen one by one."""
    for key in range(1, 1000):
        sperm = Sperm(key=key, name=str(key), seeds=()).corrected(frame=0, x_px=key, y_px=1.0)
        after = replace(draft, sperms=(*draft.sperms, sperm))
        yield draft, after
        draft = after


def open_and_list(place: str) -> None:
    """What a program does at its start."""
    with Store.open(place) as store:
        assert store.case_list()


def show(what: str, budget_s: float | None, call: Callable[[], object], tries: int = TRIES) -> None:
    """Print the median and the longest of some tries."""
    taken = []
    for _ in range(tries):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    budget = "" if budget_s is None else f"  (budget {1000 * budget_s:.0f} ms)"
    median = statistics.median(taken)
    print(
        f"{what:40} {1000 * median:8.1f} ms, longest {1000 * max(taken):8.1f} ms{budget}",
        flush=True,
    )


if __name__ == "__main__":
    main()
