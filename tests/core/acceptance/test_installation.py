"""The installation's checks pass only what the plan names and what works."""

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest

from rostfine_core import __version__, assessor, doctor
from rostfine_core.acceptance import installation
from rostfine_core.acceptance.installation import check_installation
from rostfine_core.acceptance.plan import Installation
from rostfine_core.acceptance.record import CheckOutcome
from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.files import sha256_of
from rostfine_core.finding import Finding

MODEL = bundled_path(DEMO_MODEL)
GPU, CHECKSUM = "Doctor: GPU", "Checksum of the model"


@pytest.fixture(autouse=True)
def machine_without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor looks at nothing but the GPU, of which there is none."""

    def examined(folder: Path) -> Iterator[Finding]:
        yield doctor._gpu()

    monkeypatch.setattr(assessor, "describe_gpu", lambda: None)
    monkeypatch.setattr(installation, "examine", examined)


def outcomes(plan: Installation, folder: Path) -> dict[str, CheckOutcome]:
    found = check_installation(plan, model=MODEL, results_folder=folder)
    return {check.name: check.outcome for part in found for check in part}


@pytest.mark.requirement("R-54")
@pytest.mark.parametrize(
    ("is_needed", "outcome"), [(True, CheckOutcome.FAILED), (False, CheckOutcome.NOTED)]
)
def test_a_missing_gpu_fails_where_the_plan_asks_for_one(
    is_needed: bool, outcome: CheckOutcome, tmp_path: Path
) -> None:
    plan = Installation(software=__version__, gpu=is_needed)
    assert outcomes(plan, tmp_path)[GPU] is outcome


def test_packages_must_be_there_in_the_version_named(tmp_path: Path) -> None:
    wanted = {"numpy": importlib.metadata.version("numpy"), "torch": "0.1", "no-such": "1.0"}
    found = outcomes(Installation(software=__version__, packages=wanted), tmp_path)
    assert found["Version of numpy"] is CheckOutcome.PASSED
    assert found["Version of torch"] is CheckOutcome.FAILED
    assert found["Version of no-such"] is CheckOutcome.FAILED


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [
        ((), CheckOutcome.NOTED),
        ((sha256_of(MODEL),), CheckOutcome.PASSED),
        (("0" * 64,), CheckOutcome.FAILED),
        ((sha256_of(MODEL), "0" * 64), CheckOutcome.FAILED),
    ],
)
def test_the_model_must_be_the_one_agreed_on(
    wanted: tuple[str, ...], outcome: CheckOutcome, tmp_path: Path
) -> None:
    plan = Installation(software=__version__, model_sha256=wanted)
    assert outcomes(plan, tmp_path)[CHECKSUM] is outcome
