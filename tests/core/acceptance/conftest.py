"""A data set of simulated clips and its evaluation by the demonstration model, made once."""

from pathlib import Path

import pytest

from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.domain import finish
from rostfine_core.simulation import write_dataset
from rostfine_core.training.evaluation.evaluate import evaluate
from rostfine_core.training.evaluation.result import EvaluationResult

PLAN = """
lab = "Example laboratory"
operator = "A. Sato"
data = "clips"
[installation]
software = "{software}"
[performance.limits]
mse = {{ max = {limit} }}
"""


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty simulated clips of ten samples."""
    return finish(
        write_dataset(
            tmp_path_factory.mktemp("data") / "clips", count=20, seed=94, clips_per_sample=2
        )
    )


@pytest.fixture(scope="session")
def evaluation(clips: Path) -> EvaluationResult:
    """The demonstration model's scores on them."""
    return finish(evaluate(bundled_path(DEMO_MODEL), clips, repeats=100))


@pytest.fixture(scope="session")
def plan_text() -> str:
    """A short plan with room for the software's version and the limit of the error."""
    return PLAN
