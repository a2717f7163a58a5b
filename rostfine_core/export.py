"""Writes a sample's results: one folder per sperm, the report and the table; all or nothing."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from rostfine_core.attention import DEFAULT_PAINT, Paint
from rostfine_core.domain import Assessment, LeftOut, LongJob, Progress
from rostfine_core.errors import StoreError
from rostfine_core.files import safe_name
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.report import write_explanation, write_report_csv, write_report_pdf
from rostfine_core.store import ASSESSMENT_JSON, TRACK_CSV, write_assessment

REPORT_PDF = "report.pdf"
REPORT_CSV = "report.csv"
EXPLANATION_PNG = "explanation.png"
_SPERM_FILES = (ASSESSMENT_JSON, TRACK_CSV, EXPLANATION_PNG)  # the first identifies the folder
_STAGING = ".writing-"
"""Prefix of folders where a report is being made; after a crash they can be deleted."""
_LEAVING, _ARRIVING = ".leaving-report", ".arriving-report"
"""The old report until the new one is in place, and the complete new one until all its files have
been moved."""
_REPLACED = ".replaced-"
"""Prefix of folders with an old report that must not come back, even if deleting it fails."""
_LOCK = ".writing.lock"


def check_folder(folder: Path, *, overwrite: bool = False) -> None:
    """Refuse a results folder that cannot take results, before any work is done.

    If a crash interrupted the writing of a report there, that is cleaned up first.

    Raises:
        StoreError: it is a file, cannot be written, already holds results, or another program is
            writing into it.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(
            Message(
                "{folder} is a file: give a folder for the results.",
                folder=folder,
            )
        )
    if folder.exists():
        with _only_writer(folder):
            _settle(folder)
            _refuse_report(folder, overwrite=overwrite)
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    try:
        # The folder itself is created only when there are results to write.
        tempfile.TemporaryFile(dir=existing).close()
    except OSError as error:
        raise _cannot_write(folder, error) from error


def export_sample(
    assessments: Sequence[Assessment],
    folder: Path,
    *,
    left_out: Sequence[LeftOut] = (),
    paint: Paint = DEFAULT_PAINT,
    language: str = "en",
    overwrite: bool = False,
) -> LongJob[Path]:
    """Write everything about a sample and return the folder.

    The PDF and the table name the sperm in ``left_out``; attention is coloured by ``paint``.
    PDF and pictures are in ``language``, one of ``catalogue.LANGUAGES``; the table and
    ``assessment.json`` are the same in every language.

    All files are written to a temporary folder and moved when complete, so that a full disk or a
    cancelled job leaves the old ones in place. An old report is moved out completely before the
    first new file is moved in, so that a crash cannot mix the two.

    Raises:
        StoreError: the folder cannot be written or already holds results.
    """
    check_folder(folder, overwrite=overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_writer(folder):
            try:
                _refuse_report(folder, overwrite=overwrite)
                staging = Path(tempfile.mkdtemp(dir=folder, prefix=_STAGING))
                yield from _write_all(
                    assessments, staging, left_out=left_out, paint=paint, language=language
                )
                _replace_report(folder, staging)
            finally:
                with suppress(StoreError):  # must not hide the error raised above
                    _settle(folder)
    except OSError as error:
        raise StoreError(
            Message(
                "Cannot write the results into {folder} ({reason}): free some space or choose "
                "another folder.",
                folder=folder,
                reason=error.strerror or str(error),
            )
        ) from error
    return folder


def under_names(
    assessments: Sequence[Assessment], names: Mapping[str, str]
) -> tuple[Assessment, ...]:
    """The assessments for export: every target is replaced by the sperm's name.

    Args:
        assessments: with the targets that identify their sperm.
        names: the name of every target still in the sample's list.
    """
    return tuple(_under_name(a, names) for a in assessments)


def _under_name(assessment: Assessment, names: Mapping[str, str]) -> Assessment:
    name, made = names[assessment.target], assessment.provenance
    return replace(
        assessment,
        target=name,
        seeds=tuple(replace(s, target=name) for s in assessment.seeds),
        track=replace(assessment.track, target=name),
        clip=replace(assessment.clip, target=name),
        provenance=replace(made, settings_json=_batch_under_names(made.settings_json, names)),
    )


def _batch_under_names(settings_json: str, names: Mapping[str, str]) -> str:
    """The settings with names instead of targets in ``clicks_in_batch``.

    A sperm removed since is called ``removed TARGET``, as its target may now be another's name.
    """
    settings = json.loads(settings_json)
    for click in settings.get("clicks_in_batch", ()):
        target = click["target"]
        click["target"] = names.get(target, f"removed {target}")
    return json.dumps(settings)


def sperm_folder_names(assessments: Sequence[Assessment]) -> tuple[str, ...]:
    """One folder name per sperm, distinct even if two names give the same one."""
    names: list[str] = []
    for assessment in assessments:
        base = name = f"sperm-{safe_name(assessment.target)}"
        number = 2
        while name.lower() in (n.lower() for n in names):
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return tuple(names)


def _cannot_write(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        Message(
            "Cannot write into {folder} ({reason}): choose another folder.",
            folder=folder,
            reason=error.strerror or str(error),
        )
    )


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Keep other programs from writing into ``folder``; a program that ends releases its lock."""
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreError(
            Message(
                "Another program is writing a report into {folder}: wait until it is done, or "
                "choose another folder.",
                folder=folder,
            )
        ) from error
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows cannot remove an open file, and removes this one itself
            (folder / _LOCK).unlink()
        lock.release()


def _refuse_report(folder: Path, *, overwrite: bool) -> None:
    if not overwrite and _report_files(folder):
        raise StoreError(
            Message(
                "{folder} already holds a report, which is not overwritten: choose another folder "
                "or add --overwrite.",
                folder=folder,
            )
        )


def _replace_report(folder: Path, staging: Path) -> None:
    """Move the old report out and the new one in, which counts as written once it is renamed."""
    _move(_report_files(folder), source=folder, target=folder / _LEAVING)
    arriving = staging.rename(folder / _ARRIVING)
    try:
        _bring_in(folder)
    except OSError:  # such as a full disk: remove the new report; the old one will be restored
        with suppress(OSError):
            _move(_report_files(folder), source=folder, target=arriving)
            arriving.rename(staging)
        raise


def _bring_in(folder: Path) -> None:
    """Move the new report's files to their places, the PDF last, and discard the old report."""
    arriving, leaving = folder / _ARRIVING, folder / _LEAVING
    files = sorted(p for p in arriving.rglob("*") if p.is_file())
    _move(sorted(files, key=lambda p: p.name == REPORT_PDF), source=arriving, target=folder)
    if leaving.exists():
        replaced = Path(tempfile.mkdtemp(dir=folder, prefix=_REPLACED))
        leaving.rename(replaced / _LEAVING)
    for emptied in sorted((p for p in arriving.rglob("*") if p.is_dir()), reverse=True):
        emptied.rmdir()
    arriving.rmdir()


def _settle(folder: Path) -> None:
    """Clean up after an interruption: bring in a complete new report, else restore the old one.

    Raises:
        StoreError: the files cannot be moved.
    """
    leaving, arriving = folder / _LEAVING, folder / _ARRIVING
    try:
        if arriving.exists():
            _bring_in(folder)
        elif leaving.exists():
            files = sorted(p for p in leaving.rglob("*") if p.is_file())
            _move(files, source=leaving, target=folder)
            shutil.rmtree(leaving)
        for remains in (*folder.glob(f"{_STAGING}*"), *folder.glob(f"{_REPLACED}*")):
            shutil.rmtree(remains, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            Message(
                "A report in {folder} was being written when the program ended, and cannot be put "
                "in order ({reason}): its files lie in {leaving} or {arriving} there.",
                folder=folder,
                reason=error.strerror or str(error),
                leaving=_LEAVING,
                arriving=_ARRIVING,
            )
        ) from error


def _report_files(folder: Path) -> list[Path]:
    """The files of the report in ``folder``, the PDF last; other files there are left alone."""
    sperm = sorted(p for p in folder.glob("sperm-*") if (p / ASSESSMENT_JSON).is_file())
    files = [*(p / name for p in sperm for name in _SPERM_FILES), folder / REPORT_CSV]
    return [p for p in (*files, folder / REPORT_PDF) if p.is_file()]


def _move(files: Sequence[Path], *, source: Path, target: Path) -> None:
    """Move ``files`` from ``source`` to the same places in ``target``; remove emptied folders."""
    for file in files:
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
        if file.parent != source and not any(file.parent.iterdir()):
            file.parent.rmdir()


def _write_all(
    assessments: Sequence[Assessment],
    folder: Path,
    *,
    left_out: Sequence[LeftOut],
    paint: Paint,
    language: str,
) -> LongJob[None]:
    total = len(assessments) + 1
    names = sperm_folder_names(assessments)
    for done, (name, assessment) in enumerate(zip(names, assessments, strict=True)):
        yield Progress(stage=marked("writing"), done=done, total=total)
        write_assessment(folder / name, assessment)
        write_explanation(
            folder / name / EXPLANATION_PNG, assessment, paint=paint, language=language
        )
    yield Progress(stage=marked("writing"), done=total - 1, total=total)
    pdf = folder / REPORT_PDF
    write_report_pdf(pdf, assessments, left_out=left_out, paint=paint, language=language)
    write_report_csv(folder / REPORT_CSV, assessments, left_out=left_out)
    yield Progress(stage=marked("writing"), done=total, total=total)
