"""Acceptance plans: the example, limits, and every mistake named."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core import __version__
from rostfine_core.acceptance.plan import Limit, example_plan, read_acceptance_plan
from rostfine_core.cli import main
from rostfine_core.errors import ConfigError

NUMBERS = st.floats(-10, 10)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_is_a_plan_for_this_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["validate", "--example"])
    assert ended.value.code == 0
    plan = read_acceptance_plan(write(tmp_path, capsys.readouterr().out))
    assert plan.installation.software == __version__
    assert plan.performance.limits["mse"] == Limit(max=0.03)


@given(low=NUMBERS, high=NUMBERS, value=NUMBERS)
def test_a_limit_allows_what_lies_between(low: float, high: float, value: float) -> None:
    assert Limit(min=low, max=high).allows(value) == (low <= value <= high)
    assert Limit(min=low).allows(value) == (low <= value)
    assert Limit(max=high).allows(value) == (value <= high)
    assert not Limit(min=low, max=high).allows(math.nan)


@pytest.mark.parametrize("values", [{}, {"min": math.nan}, {"max": math.inf}])
def test_a_limit_is_a_finite_number(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        Limit(**values)


def test_every_mistake_is_named(tmp_path: Path) -> None:
    text = example_plan().replace("mse = { max = 0.03 }", 'mse = { most = "0.03" }')
    text = text.replace("min_clips = 100", 'min_clips = "many"').replace("gpu", "graphics")
    with pytest.raises(ConfigError) as raised:
        read_acceptance_plan(write(tmp_path, text))
    for words in ("acceptance plan", "most", "min_clips", "expected int", "graphics"):
        assert words in str(raised.value)


def test_a_plan_without_limits_shows_nothing(tmp_path: Path) -> None:
    text = example_plan().partition("[performance.limits]")[0] + "[performance.limits]\n"
    with pytest.raises(ConfigError, match="names no metric"):
        read_acceptance_plan(write(tmp_path, text))
