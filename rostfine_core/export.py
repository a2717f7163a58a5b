"""Writes a sample's results: one folder per sperm, the report and the table; all or nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rostfine_core.attention import DEFAULT_PAINT, Paint
from rostfine_core.domain import Assessment, LeftOut, LongJob, Progress
from rostfine_core.fhir import write_fhir
from rostfine_core.files import safe_name
from rostfine_core.marking import marked
from rostfine_core.outputs import Outputs
from rostfine_core.report import write_explanation, write_report_csv, write_report_pdf
from rostfine_core.result_files import (
    ASSESSMENT_JSON,
    TRACK_CSV,
    AssessmentRecord,
    write_assessment,
    write_seeds,
)

REPORT_PDF = "report.pdf"
REPORT_CSV = "report.csv"
REPORT_FHIR = "report.fhir.json"
CLICKS_CSV = "clicks.csv"
EXPLANATION_PNG = "explanation.png"
_SPERM_FILES = (ASSESSMENT_JSON, TRACK_CSV, EXPLANATION_PNG)  # the first identifies the folder


def _report_files(folder: Path) -> list[Path]:
    """The files of the report in ``folder``, the PDF last; other files there are left alone."""
    sperm = sorted(p for p in folder.glob("sperm-*") if (p / ASSESSMENT_JSON).is_file())
    files = [p / name for p in sperm for name in _SPERM_FILES]
    files += [folder / name for name in (CLICKS_CSV, REPORT_CSV, REPORT_FHIR, REPORT_PDF)]
    return [p for p in files if p.is_file()]


REPORT = Outputs(
    files=_report_files,
    taken=marked(
        "{folder} already holds a report, which is not overwritten: choose another folder or add "
        "--overwrite."
    ),
)
"""The files of a sample's results."""


def export_sample(
    assessments: Sequence[Assessment],
    folder: Path,
    *,
    left_out: Sequence[LeftOut] = (),
    paint: Paint = DEFAULT_PAINT,
    language: str = "en",
    overwrite: bool = False,
) -> LongJob[Path]:
    """Write everything about a sample, all of it or nothing, and return the folder.

    The PDF and the table name the sperm in ``left_out``; attention is coloured by ``paint``.
    PDF and pictures are in ``language``, one of ``catalogue.LANGUAGES``; table, FHIR and
    ``assessment.json`` are the same in every language.

    Raises:
        StoreError: the folder cannot be written, already holds results, or is deleted meanwhile.
    """
    with REPORT.replaced(folder, overwrite=overwrite) as staging:
        yield from _write_all(
            assessments, staging, left_out=left_out, paint=paint, language=language
        )
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
    records = [AssessmentRecord.of(a) for a in assessments]
    write_fhir(folder / REPORT_FHIR, records, left_out=left_out)
    write_seeds(folder / CLICKS_CSV, [seed for a in assessments for seed in a.seeds])
    yield Progress(stage=marked("writing"), done=total, total=total)
