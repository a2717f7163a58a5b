"""Installation qualification: versions, the model's files, and what the doctor finds."""

import importlib.metadata
from collections.abc import Iterator, Sequence
from pathlib import Path

from rostfine_core import __version__
from rostfine_core.acceptance.plan import Installation
from rostfine_core.acceptance.record import Check, Stage, judged, noted, stopped
from rostfine_core.doctor import GPU, examine
from rostfine_core.domain import ModelInfo
from rostfine_core.errors import RostfineError
from rostfine_core.finding import Finding
from rostfine_core.model import load_models

IQ = Stage.INSTALLATION


def check_installation(
    plan: Installation, *, model: Path, results_folder: Path
) -> Iterator[tuple[Check, ...]]:
    """Check versions, the model and the machine, a few checks at a time."""
    software = _versions({"RoSTFine Assist": plan.software}, {"RoSTFine Assist": __version__})
    yield tuple(software)
    yield tuple(_versions(plan.packages, {n: _installed(n) for n in plan.packages}))
    yield _model_checks(plan.model_sha256, model)
    for finding in examine(results_folder):
        yield (_judge_finding(finding, needs_gpu=plan.gpu),)


def model_infos(model: Path) -> tuple[ModelInfo, ...]:
    """What a model file, or a folder of several, says of itself.

    Raises:
        ModelError: it is missing, damaged or no RoSTFine.
    """
    return tuple(loaded.info for loaded in load_models(model))


def _versions(wanted: dict[str, str], found: dict[str, str]) -> Iterator[Check]:
    for name, version in wanted.items():
        is_met = found[name] == version
        yield judged(
            IQ, f"Version of {name}", expected=version, measured=found[name], is_met=is_met
        )


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _model_checks(wanted: Sequence[str], model: Path) -> tuple[Check, ...]:
    name = "Checksum of the model"
    expected = ", ".join(wanted)
    try:
        infos = model_infos(model)
    except RostfineError as error:
        return stopped(IQ, [(name, expected or "a model that can be loaded")], str(error))
    measured = ", ".join(f"{i.file_name} {i.sha256}" for i in infos)
    if not wanted:
        return (noted(IQ, name, measured),)
    is_met = sorted(wanted) == sorted(i.sha256 for i in infos)
    return (judged(IQ, name, expected=expected, measured=measured, is_met=is_met),)


def _judge_finding(finding: Finding, *, needs_gpu: bool) -> Check:
    name = f"Doctor: {finding.subject}"
    measured = ". ".join(filter(None, (str(finding.detail), str(finding.advice))))
    if not (finding.is_needed or (needs_gpu and finding.subject == GPU)):
        return noted(IQ, name, measured)
    return judged(IQ, name, expected="works", measured=measured, is_met=finding.works)
