"""The measuring of a GPU says what must not be; the measurements themselves need one."""

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "packaging" / "gpu_check.py"


@pytest.fixture(scope="module")
def faults() -> Callable[[dict[str, Any], str], list[str]]:
    found: Callable[[dict[str, Any], str], list[str]] = runpy.run_path(str(SCRIPT))["faults"]
    return found


def result(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as the script's record
    answers = {"float32": 0.0, "float16": 0.0014, "bfloat16": 0.033}
    return {"answers": answers, "fallback": {"tried": True, "works": True}} | changes


def test_only_the_precision_in_use_must_answer_like_the_cpu(
    faults: Callable[[dict[str, Any], str], list[str]],
) -> None:
    assert faults(result(), "float16") == []
    [fault] = faults(result(), "bfloat16")
    assert "a share is 0.0330 from the CPU's" in fault
    [fault] = faults(result(answers={"float16": float("nan")}), "float16")
    assert "nan" in fault


def test_failed_measurements_and_a_failed_fallback_are_faults(
    faults: Callable[[dict[str, Any], str], list[str]],
) -> None:
    assert faults(result(speed={"error": "RuntimeError: x"}), "float16") == [
        "speed failed: RuntimeError: x"
    ]
    [fault] = faults(result(fallback={"tried": True, "works": False}), "float16")
    assert "did not go on" in fault
    assert len(faults(result(answers={"error": "OSError: x"}), "float16")) == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no GPU can be used here" in done.stderr
    assert not [*tmp_path.iterdir()]
