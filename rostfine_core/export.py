"""Writes a sample's results: one folder per sperm, the report and the table; all or nothing."""

import json
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from rostfine_core.domain import (
    Assessment,
    LongJob,
    Patient,
    Progress,
    ReportIdentity,
    SampleRecord,
    SampleReport,
    VideoSection,
)
from rostfine_core.errors import StoreError
from rostfine_core.fhir import write_fhir
from rostfine_core.files import safe_name
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.outputs import Outputs
from rostfine_core.report import (
    DEFAULT_STYLE,
    ReportStyle,
    write_explanation,
    write_report_csv,
    write_report_pdf,
)
from rostfine_core.report.seal import Certificate, seal
from rostfine_core.result_files import (
    ASSESSMENT_JSON,
    TRACK_CSV,
    AssessmentRecord,
    content_sha256,
    report_json,
    write_assessment,
    write_seeds,
)
from rostfine_core.spreadsheet import read_table

REPORT_PDF = "report.pdf"
REPORT_CSV = "report.csv"
REPORT_FHIR = "report.fhir.json"
CLICKS_CSV = "clicks.csv"
EXPLANATION_PNG = "explanation.png"
_CLICKS_NAME = re.compile(r"clicks(-\d+)?\.csv")  # one for each of several videos
_SPERM_FILES = (ASSESSMENT_JSON, TRACK_CSV, EXPLANATION_PNG)  # the first identifies the folder


def _report_files(folder: Path) -> list[Path]:
    """The files of the report in ``folder``, the PDF last; other files there are left alone."""
    sperm = sorted(p for p in folder.glob("sperm-*") if (p / ASSESSMENT_JSON).is_file())
    files = [p / name for p in sperm for name in _SPERM_FILES]
    files += sorted(p for p in folder.glob("clicks*.csv") if _CLICKS_NAME.fullmatch(p.name))
    files += [folder / name for name in (REPORT_CSV, REPORT_FHIR, REPORT_PDF)]
    return [p for p in files if p.is_file()]


REPORT = Outputs(
    files=_report_files,
    taken=marked(
        "{folder} already holds a report, which is not overwritten: choose another folder or add "
        "--overwrite."
    ),
)
"""The files of a sample's results."""


def sample_report(
    videos: Sequence[VideoSection],
    *,
    sample: SampleRecord | None = None,
    patient: str = "",
    identity: ReportIdentity | None = None,
) -> SampleReport:
    """A report over one sample's videos.

    Where there are several, every sperm's name gets the number of its video in front, as in
    ``2-1``, so that no two are called the same.
    """
    if len(videos) > 1:
        videos = [_numbered(section, number) for number, section in enumerate(videos, start=1)]
    return SampleReport(
        videos=tuple(videos),
        sample=sample or SampleRecord(),
        patient=patient,
        identity=identity or ReportIdentity(),
    )


def _numbered(section: VideoSection, number: int) -> VideoSection:
    names = {a.target: f"{number}-{a.target}" for a in section.assessments}
    return replace(
        section,
        assessments=under_names(section.assessments, names),
        left_out=tuple((f"{number}-{name}", reason) for name, reason in section.left_out),
    )


def export_sample(
    report: SampleReport,
    folder: Path,
    *,
    style: ReportStyle = DEFAULT_STYLE,
    overwrite: bool = False,
    certificate: Certificate | None = None,
) -> LongJob[Path]:
    """Write everything about a sample, all of it or nothing, and return the folder.

    PDF and pictures follow ``style``; tables, FHIR, ``assessment.json`` and the JSON in the PDF
    are the same in every style. With a ``certificate`` the PDF is sealed and names its holder.

    Raises:
        StoreError: the folder cannot be written, already holds results, holds a signed report,
            or is deleted meanwhile; or the certificate cannot seal.
    """
    with REPORT.replaced(folder, overwrite=overwrite) as staging:
        _refuse_signed(folder)
        if certificate is not None:
            report = with_seal(report, certificate)
        yield from _write_all(report, staging, style=style)
        if certificate is not None:
            seal(staging / REPORT_PDF, certificate)
    return folder


def with_seal(report: SampleReport, certificate: Certificate) -> SampleReport:
    """The report that says whose certificate its PDF is sealed with."""
    identity = replace(report.identity, sealed_by=certificate.holder)
    return replace(report, identity=identity)


def check_folder(folder: Path, *, overwrite: bool = False) -> None:
    """Refuse a folder that cannot take a report, before any work is done.

    Raises:
        StoreError: as ``export_sample``.
    """
    REPORT.check(folder, overwrite=overwrite)
    _refuse_signed(folder)


def _refuse_signed(folder: Path) -> None:
    held = _held(folder)
    if held is not None and held.is_signed:
        raise StoreError(
            Message(
                "{folder} holds a signed report, which is never replaced: choose another folder.",
                folder=folder,
            )
        )


def free_folder(folder: Path, videos: AbstractSet[str]) -> Path:
    """``folder``, or the first of ``folder-2``, ``folder-3``, ... that a report may be written to.

    That is one without a report, or with an unsigned one of none but these videos, given by their
    checksums: so a second video of a sample never takes the place of the first one's report.
    """
    for number in count(1):
        place = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        held = _held(place)
        if held is None or (not held.is_signed and held.videos <= videos):
            return place
    raise AssertionError("count never ends")


@dataclass(frozen=True, kw_only=True)
class _Held:
    """What the report in a folder is of; no ``videos`` are known of one without its table."""

    videos: AbstractSet[str]
    is_signed: bool


def _held(folder: Path) -> _Held | None:
    """The report in a folder, by its table."""
    files = _report_files(folder)
    if not files:
        return None
    try:
        _, rows = read_table(folder / REPORT_CSV, columns=())
    except StoreError:
        return _Held(videos={""}, is_signed=False)
    return _Held(
        videos={row.get("video_sha256", "") for _, row in rows},
        is_signed=any(row.get("signed_by") for _, row in rows),
    )


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


def _write_all(report: SampleReport, folder: Path, *, style: ReportStyle) -> LongJob[None]:
    assessments = report.assessments
    total = len(assessments) + 1
    names = sperm_folder_names(assessments)
    for done, (name, assessment) in enumerate(zip(names, assessments, strict=True)):
        yield Progress(stage=marked("writing"), done=done, total=total)
        write_assessment(folder / name, assessment)
        write_explanation(folder / name / EXPLANATION_PNG, assessment, style=style)
    yield Progress(stage=marked("writing"), done=total - 1, total=total)
    content = report_json(report)
    yield from write_report_pdf(folder / REPORT_PDF, report, content=content, style=style)
    write_report_csv(folder / REPORT_CSV, report, content_sha256=content_sha256(content))
    write_fhir(
        folder / REPORT_FHIR,
        [AssessmentRecord.of(a) for a in assessments],
        left_out=report.left_out,
        sample=report.sample,
        patient=Patient(pseudonym=report.patient),
        identity=report.identity,
    )
    for number, section in enumerate(report.videos, start=1):
        clicks = CLICKS_CSV if len(report.videos) == 1 else f"clicks-{number}.csv"
        write_seeds(folder / clicks, [seed for a in section.assessments for seed in a.seeds])
    yield Progress(stage=marked("writing"), done=total, total=total)
