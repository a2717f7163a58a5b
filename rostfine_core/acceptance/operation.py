"""Operation qualification: the demonstration from the click to the report, twice."""

from collections.abc import Iterator
from pathlib import Path

from rostfine_core.acceptance.plan import Operation
from rostfine_core.acceptance.record import Check, Stage, judged, stopped
from rostfine_core.assessor import Assessor, DeviceChoice
from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.domain import Assessment, Grade, LongJob, VideoSection
from rostfine_core.errors import RostfineError, StoreError
from rostfine_core.export import export_sample, sample_report
from rostfine_core.files import sha256_of
from rostfine_core.pipeline import assess_video, demo_request
from rostfine_core.result_files import ASSESSMENT_JSON, AssessmentRecord, read_assessment
from rostfine_core.spreadsheet import read_table
from rostfine_core.video import open_video

OQ = Stage.OPERATION
REFERENCE = "resources/demo.shares.csv"
"""The shares that the release gives the demonstration's sperm (`packaging/make_demo_shares.py`)."""
COLUMNS = ("target", "model_sha256", *(f"share_{g.name}" for g in Grade))
Shares = dict[str, tuple[float, ...]]


def check_operation(plan: Operation, *, folder: Path) -> LongJob[tuple[Check, ...]]:
    """Grade the demonstration twice and write its report into ``folder``."""
    wanted = _wanted(plan)
    done: list[Check] = []
    try:
        expected = read_reference()
        first = yield from demonstrate()
        done.append(_judge_graded(wanted[0], first, expected))
        done.append(_judge_difference(wanted[1], shares_of(first), expected, plan.demo_difference))
        again = yield from demonstrate()
        limit = plan.repeat_difference
        done.append(_judge_difference(wanted[2], shares_of(again), shares_of(first), limit))
        report = sample_report([VideoSection.of(first)] if first else [])
        written = yield from export_sample(report, folder)
        done.append(_judge_report(wanted[3], written, first))
    except RostfineError as error:
        return (*done, *stopped(OQ, wanted[len(done) :], str(error)))
    return tuple(done)


def demonstrate(*, device: DeviceChoice = "auto") -> LongJob[tuple[Assessment, ...]]:
    """Grade the demonstration with the bundled model, as ``rostfine demo`` does.

    Raises:
        RostfineError: something that it needs is missing or damaged.
    """
    assessor, request = Assessor.load(bundled_path(DEMO_MODEL), device=device), demo_request()
    with open_video(request.video) as video:
        outcome = yield from assess_video(request, video=video, assessor=assessor)
    return outcome.assessments


def shares_of(assessments: tuple[Assessment, ...]) -> Shares:
    """The shares A to E of each sperm."""
    return {a.target: tuple(a.prediction.grade.probabilities) for a in assessments}


def read_reference() -> Shares:
    """The shares that the release gives the demonstration's sperm.

    Raises:
        StoreError: the file is missing or damaged, or is not of the bundled model.
    """
    path = bundled_path(REFERENCE)
    rows = [row for _, row in read_table(path, columns=COLUMNS)[1]]
    model = sha256_of(bundled_path(DEMO_MODEL))
    if any(row["model_sha256"] != model for row in rows):
        raise StoreError(f"{path} is of another model than the bundled one: install again.")
    try:
        return {row["target"]: tuple(float(row[c]) for c in COLUMNS[2:]) for row in rows}
    except ValueError as error:
        raise StoreError(f"{path} is damaged ({error}): install again.") from error


def difference(found: Shares, expected: Shares) -> float | None:
    """The largest difference of a share; None where not the same sperm were graded."""
    if found.keys() != expected.keys() or not found:
        return None
    return max(abs(a - b) for key in found for a, b in zip(found[key], expected[key], strict=True))


def _wanted(plan: Operation) -> list[tuple[str, str]]:
    """The checks by name and expectation."""
    return [
        ("Demonstration graded", "every sperm of the release's table"),
        (
            "Demonstration: largest difference of a share from the release's",
            f"at most {plan.demo_difference:g}",
        ),
        (
            "Demonstration graded again: largest difference of a share",
            f"at most {plan.repeat_difference:g}",
        ),
        ("Report of the demonstration written and read back", "the shares that were graded"),
    ]


def _judge_graded(
    wanted: tuple[str, str], assessments: tuple[Assessment, ...], expected: Shares
) -> Check:
    graded = sorted(shares_of(assessments))
    name, words = wanted
    measured = f"sperm {', '.join(graded) or 'none'}"
    return judged(OQ, name, expected=words, measured=measured, is_met=graded == sorted(expected))


def _judge_difference(
    wanted: tuple[str, str], found: Shares, expected: Shares, limit: float
) -> Check:
    (name, words), worst = wanted, difference(found, expected)
    measured = "not the same sperm were graded" if worst is None else f"{worst:.3g}"
    is_met = worst is not None and worst <= limit
    return judged(OQ, name, expected=words, measured=measured, is_met=is_met)


def _judge_report(wanted: tuple[str, str], folder: Path, graded: tuple[Assessment, ...]) -> Check:
    name, words = wanted
    read = {
        record.target: tuple(record.prediction.grade.probabilities) for record in _records(folder)
    }
    is_met = read == shares_of(graded) and (folder / "report.pdf").stat().st_size > 0
    measured = f"{len(read)} records and report.pdf in {folder.name}"
    return judged(OQ, name, expected=words, measured=measured, is_met=is_met)


def _records(folder: Path) -> Iterator[AssessmentRecord]:
    for file in sorted(folder.glob(f"*/{ASSESSMENT_JSON}")):
        yield read_assessment(file)
