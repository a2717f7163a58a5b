"""Runs an acceptance and writes its report; the folder is there as a whole or not at all."""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rostfine_core import __version__
from rostfine_core.acceptance.installation import check_installation, model_infos
from rostfine_core.acceptance.operation import check_operation
from rostfine_core.acceptance.performance import check_performance
from rostfine_core.acceptance.plan import AcceptancePlan, read_acceptance_plan
from rostfine_core.acceptance.record import Acceptance, Check
from rostfine_core.acceptance.report import write_acceptance_pdf
from rostfine_core.domain import (
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    LongJob,
    Progress,
)
from rostfine_core.errors import RostfineError, StoreError
from rostfine_core.files import sha256_of
from rostfine_core.training.run.environment import describe_environment
from rostfine_core.training.run.folder import write_json

ACCEPTANCE_JSON, ACCEPTANCE_PDF = "acceptance.json", "acceptance.pdf"
DEMO = "demo"


def validate(plan_file: Path, *, model: Path, out: Path) -> LongJob[Acceptance]:
    """Run every check of a plan and write ``acceptance.pdf``, ``acceptance.json`` and ``demo``.

    A check that fails ends only its own stage; a plan with mistakes ends everything.

    Args:
        plan_file: the plan.
        model: the model file to accept, or a folder of several.
        out: a folder that is new or empty.

    Raises:
        ConfigError: the plan cannot be read or has mistakes.
        StoreError: ``out`` holds something, or cannot be written.
    """
    plan, plan_sha256 = read_acceptance_plan(plan_file), sha256_of(plan_file)
    _check_empty(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=out.parent, prefix=".accepting-"))
    except OSError as error:
        raise _cannot_write(out, error) from error
    try:
        staging.chmod(0o755)
        data = plan_file.parent / plan.data
        acceptance = yield from _examine(plan, plan_sha256, data=data, model=model, folder=staging)
        write_json(staging / ACCEPTANCE_JSON, acceptance.to_dict())
        write_acceptance_pdf(staging / ACCEPTANCE_PDF, acceptance)
        _move(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return acceptance


def _examine(
    plan: AcceptancePlan, plan_sha256: str, *, data: Path, model: Path, folder: Path
) -> LongJob[Acceptance]:
    checks: list[Check] = []
    for found in check_installation(plan.installation, model=model, results_folder=folder.parent):
        checks += found
        yield Progress(stage="installation", done=len(checks), total=0)
    checks += yield from check_operation(plan.operation, folder=folder / DEMO)
    measured = yield from check_performance(plan.performance, model=model, data=data)
    return Acceptance(
        plan=plan,
        plan_sha256=plan_sha256,
        model=model.name,
        notice=_notice(model),
        checks=(*checks, *measured.checks),
        evaluation=measured.evaluation,
        cautions=measured.cautions,
        environment=describe_environment(),
        software_version=__version__,
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _notice(model: Path) -> str:
    """The model's notice; of one that cannot be loaded nothing is known."""
    try:
        notices = {info.notice for info in model_infos(model)}
    except RostfineError:
        return DISCLAIMER_VALIDATION
    return DISCLAIMER_DEMONSTRATION if DISCLAIMER_DEMONSTRATION in notices else notices.pop()


def _check_empty(out: Path) -> None:
    """An acceptance is a record: none is ever replaced."""
    try:
        is_free = not out.exists() or (out.is_dir() and not any(out.iterdir()))
    except OSError as error:
        raise _cannot_write(out, error) from error
    if not is_free:
        raise StoreError(f"{out} is not empty: give a new folder for the acceptance report.")


def _move(staging: Path, out: Path) -> None:
    try:
        if out.exists():
            out.rmdir()
        staging.rename(out)
    except OSError as error:
        raise _cannot_write(out, error) from error


def _cannot_write(out: Path, error: OSError) -> StoreError:
    reason = error.strerror or error
    return StoreError(f"Cannot write {out} ({reason}): give a folder that can be written to.")
