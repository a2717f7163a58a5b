"""A sample's results on disk: a folder a sperm, the report and the table, whole or absent."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rostfine_core.domain import Assessment, LongJob, Progress
from rostfine_core.errors import StoreError
from rostfine_core.files import safe_name
from rostfine_core.report import write_explanation, write_report_csv, write_report_pdf
from rostfine_core.store import ASSESSMENT_JSON, write_assessment

REPORT_PDF = "report.pdf"
REPORT_CSV = "report.csv"


def check_folder(folder: Path, *, overwrite: bool = False) -> None:
    """Refuse a results folder that cannot take results, before any work is done.

    Raises:
        StoreError: it is a file, cannot be written, or holds results already.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file: give a folder for the results.")
    if not overwrite and (folder / REPORT_PDF).exists():
        raise StoreError(
            f"{folder} already holds a report, which is not overwritten: "
            "choose another folder or add --overwrite."
        )
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    try:
        # The folder itself is made when there is something to put into it.
        tempfile.TemporaryFile(dir=existing).close()
    except OSError as error:
        raise StoreError(
            f"Cannot write into {folder} ({error.strerror or error}): choose another folder."
        ) from error


def export_sample(
    assessments: Sequence[Assessment], folder: Path, *, overwrite: bool = False
) -> LongJob[Path]:
    """Write everything about a sample; returns the folder.

    All files are made in a temporary folder beside their place and moved when all are whole, so
    that a full disk or a cancelled job leaves what was there before.

    Raises:
        StoreError: the folder cannot be written or already holds results.
    """
    check_folder(folder, overwrite=overwrite)
    staging: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=folder, prefix=".writing-"))
        yield from _write_all(assessments, staging)
        _remove_replaced(folder, sperm_folder_names(assessments))
        for source in sorted(p for p in staging.rglob("*") if p.is_file()):
            target = folder / source.relative_to(staging)
            target.parent.mkdir(exist_ok=True)
            source.replace(target)
    except OSError as error:
        raise StoreError(
            f"Cannot write the results into {folder} ({error.strerror or error}): "
            "free some space or choose another folder."
        ) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
    return folder


def sperm_folder_names(assessments: Sequence[Assessment]) -> tuple[str, ...]:
    """One folder name for each sperm, distinct even where two names become the same."""
    names: list[str] = []
    for assessment in assessments:
        base = name = f"sperm-{safe_name(assessment.target)}"
        number = 2
        while name.lower() in (n.lower() for n in names):
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return tuple(names)


def _remove_replaced(folder: Path, names: Sequence[str]) -> None:
    """Take away the sperm of the report that is overwritten and that the new one does not have."""
    for old in folder.glob("sperm-*"):
        if old.name not in names and (old / ASSESSMENT_JSON).is_file():
            shutil.rmtree(old)


def _write_all(assessments: Sequence[Assessment], folder: Path) -> LongJob[None]:
    total = len(assessments) + 1
    names = sperm_folder_names(assessments)
    for done, (name, assessment) in enumerate(zip(names, assessments, strict=True)):
        yield Progress(stage="writing", done=done, total=total)
        write_assessment(folder / name, assessment)
        write_explanation(folder / name / "explanation.png", assessment)
    yield Progress(stage="writing", done=total - 1, total=total)
    write_report_pdf(folder / REPORT_PDF, assessments)
    write_report_csv(folder / REPORT_CSV, assessments)
    yield Progress(stage="writing", done=total, total=total)
