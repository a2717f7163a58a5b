"""`rostfine validate` as a lab runs it: report, record, verdict and exit status."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from rostfine_core import __version__
from rostfine_core.acceptance import installation, operation, performance
from rostfine_core.acceptance.record import Acceptance
from rostfine_core.acceptance.report import write_acceptance_pdf
from rostfine_core.acceptance.validate import validate
from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.cli import main
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    Assessment,
    LongJob,
    Progress,
    finish,
)
from rostfine_core.errors import StoreError
from rostfine_core.files import sha256_of
from rostfine_core.finding import Finding
from rostfine_core.training.evaluation.result import EvaluationResult

MODEL = bundled_path(DEMO_MODEL)
MakePlan = Callable[..., Path]
NO_EXTRA_SCRIPT = """
import sys
from pathlib import Path

extra = ("scipy", "matplotlib", "timm", "torchvision", "tensorboard", "markdown_it")
sys.modules.update(dict.fromkeys(extra))
from rostfine_core.cli import main

assert main({command}) == 0
"""


@pytest.fixture
def plan(tmp_path: Path, clips: Path, plan_text: str) -> MakePlan:
    """Writes a plan beside the data set."""

    def write(*, software: str = __version__, limit: float = 0.04) -> Path:
        (tmp_path / "clips").symlink_to(clips)
        path = tmp_path / "plan.toml"
        path.write_text(plan_text.format(software=software, limit=limit), encoding="utf-8")
        return path

    return write


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A doctor who finds nothing wrong and a demonstration that cannot be graded."""

    def ungraded() -> LongJob[tuple[Assessment, ...]]:
        yield Progress(stage="tracking", done=0, total=1)
        raise StoreError("The demonstration is missing.")

    def examined(folder: Path) -> Iterator[Finding]:
        yield Finding(subject="Write access", works=True, detail="")

    monkeypatch.setattr(installation, "examine", examined)
    monkeypatch.setattr(operation, "demonstrate", ungraded)


@pytest.fixture
def scored(evaluation: EvaluationResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demonstration model's scores on the clips, computed once for all tests."""
    monkeypatch.setattr(performance, "evaluate", partial(_scored, evaluation))


def _scored(evaluation: EvaluationResult, model: Path, data: Path) -> LongJob[EvaluationResult]:
    assert (model, data.name) == (MODEL, "clips")
    yield Progress(stage="grading", done=1, total=1)
    return evaluation


def run(plan_file: Path, out: Path, model: Path = MODEL) -> int:
    return main(["validate", str(plan_file), "--model", str(model), "--out", str(out)])


def read(out: Path) -> tuple[dict[str, str], str]:
    """The outcomes by name, and the report's text."""
    record = json.loads((out / "acceptance.json").read_text(encoding="utf-8"))
    text = "\n".join(p.extract_text() for p in PdfReader(out / "acceptance.pdf").pages)
    return {c["name"]: c["outcome"] for c in record["checks"]}, " ".join(text.split())


def test_a_good_installation_passes_without_the_training_extra(
    plan: MakePlan, tmp_path: Path, run_script: Callable[[str], None]
) -> None:
    out = tmp_path / "accepted"
    command = ["validate", str(plan()), "--model", str(MODEL), "--out", str(out)]
    run_script(NO_EXTRA_SCRIPT.format(command=command))
    outcomes, text = read(out)
    assert set(outcomes.values()) == {"passed", "noted"}
    assert "PASSED: all" in text
    assert all(name in text for name in outcomes)
    assert (out / "demo" / "report.pdf").is_file()
    for page in PdfReader(out / "acceptance.pdf").pages:
        words = " ".join(page.extract_text().split())
        assert DISCLAIMER_AI_GRADE in words
        assert DISCLAIMER_DEMONSTRATION in words


@pytest.mark.requirement("R-54")
@pytest.mark.usefixtures("healthy", "scored")
def test_what_fails_ends_its_stage_alone(
    plan: MakePlan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "accepted"
    assert run(plan(software="9.9", limit=0.0001), out) == 1
    outcomes, text = read(out)
    assert outcomes["Version of RoSTFine Assist"] == "failed"
    assert outcomes["Demonstration graded"] == "failed"
    assert outcomes["Report of the demonstration written and read back"] == "not run"
    assert outcomes["mse"] == "failed"
    assert outcomes["Clips"] == "passed"
    assert "The demonstration is missing." in text
    assert "FAILED: of the plan's checks 3 failed, 3 not run" in capsys.readouterr().out


@pytest.mark.requirement("R-54")
@pytest.mark.usefixtures("healthy")
def test_a_model_that_cannot_be_loaded_passes_nothing(plan: MakePlan, tmp_path: Path) -> None:
    out = tmp_path / "accepted"
    assert run(plan(), out, model=tmp_path / "none.safetensors") == 1
    outcomes, _ = read(out)
    assert outcomes["Checksum of the model"] == "failed"
    assert outcomes["Scores on the labelled clips"] == "failed"
    assert outcomes["mse"] == "not run"


def test_a_record_is_never_replaced(
    plan: MakePlan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "accepted").mkdir()
    (tmp_path / "accepted" / "acceptance.json").write_text("{}")
    assert run(plan(), tmp_path / "accepted") == 1
    assert "is not empty: give a new folder" in capsys.readouterr().err
    assert (tmp_path / "accepted" / "acceptance.json").read_text() == "{}"


@pytest.mark.usefixtures("healthy")
def test_a_plan_with_mistakes_leaves_nothing(
    plan: MakePlan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = plan()
    path.write_text(path.read_text() + "[wishes]\n", encoding="utf-8")
    assert run(path, tmp_path / "new" / "accepted") == 1
    assert "unknown key(s) wishes" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("healthy")
def test_a_cancelled_acceptance_leaves_nothing(plan: MakePlan, tmp_path: Path) -> None:
    path, before = plan(), sorted(tmp_path.iterdir())
    job = validate(path, model=MODEL, out=tmp_path / "accepted")
    next(job)
    assert sorted(tmp_path.iterdir()) != before
    job.close()
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.usefixtures("healthy", "scored")
def test_the_checksum_is_that_of_the_plan_that_was_followed(plan: MakePlan, tmp_path: Path) -> None:
    path = plan()
    followed = sha256_of(path)
    job = validate(path, model=MODEL, out=tmp_path / "accepted")
    next(job)
    path.write_text(path.read_text() + "# Other limits.\n", encoding="utf-8")
    assert finish(job).plan_sha256 == followed


@pytest.fixture(scope="module")
def acceptance(
    clips: Path,
    evaluation: EvaluationResult,
    plan_text: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Acceptance:
    """A record whose operation failed."""
    folder = tmp_path_factory.mktemp("acceptance")
    (folder / "clips").symlink_to(clips)
    (folder / "plan.toml").write_text(plan_text.format(software=__version__, limit=0.04))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(installation, "examine", lambda folder: iter(()))
        patch.setattr(operation, "read_reference", lambda: dict[str, tuple[float, ...]]())
        patch.setattr(operation, "demonstrate", _nobody)
        patch.setattr(performance, "evaluate", partial(_scored, evaluation))
        return finish(validate(folder / "plan.toml", model=MODEL, out=folder / "out"))


def _nobody() -> LongJob[tuple[Assessment, ...]]:
    yield Progress(stage="tracking", done=1, total=1)
    return ()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lab=st.text(max_size=300), operator=st.text(max_size=300))
def test_any_name_can_be_reported(
    lab: str, operator: str, acceptance: Acceptance, tmp_path: Path
) -> None:
    named = replace(acceptance, plan=replace(acceptance.plan, lab=lab, operator=operator))
    for file in ("a.pdf", "b.pdf"):
        write_acceptance_pdf(tmp_path / file, named)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    json.dumps(named.to_dict())


def test_a_laboratory_without_a_name_has_a_report(acceptance: Acceptance, tmp_path: Path) -> None:
    unnamed = replace(acceptance, plan=replace(acceptance.plan, lab=""))
    write_acceptance_pdf(tmp_path / "report.pdf", unnamed)
    assert "Acceptance report" in PdfReader(tmp_path / "report.pdf").pages[0].extract_text()
