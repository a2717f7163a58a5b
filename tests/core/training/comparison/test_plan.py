"""What a comparison will cost is counted before anything is trained."""

from pathlib import Path

import pytest

from rostfine_core.cli import main
from rostfine_core.training.comparison.config import read_compare_config
from rostfine_core.training.comparison.plan import count_operations, plan_comparison
from rostfine_core.training.config import ModelSection
from rostfine_core.training.run.folder import RunFolder

RECIPE = """
title = "Planned"
output = "{folder}/out"
folds = 4
[base]
data = {{ train = ["{folder}/absent"] }}
loop = {{ epochs = 10, validate_every = 2, device = "cpu" }}
split = {{ validation_share = 0.2 }}
[base.model]
init = "{folder}/weights.pyth"
[base.model.overrides]
image_size = 16
patch_size = 8
embed_dim = 16
depth = 1
num_heads = 2
num_frames = 4
top_k = 2
selection_layers = 1
branch_depth = 1
branch_heads = 2
[[method]]
name = "TimeSformer"
changes = {{ "model.network" = "timesformer" }}
[[method]]
name = "fresh"
changes = {{ "model.init" = "scratch" }}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "planned.toml"
    path.write_text(RECIPE.format(folder=tmp_path), encoding="utf-8")
    return path


def test_operations_are_those_of_the_layers() -> None:
    width, frames, patches, size = 16, 4, 4, 8
    sizes = {"image_size": 16, "patch_size": size, "embed_dim": width, "depth": 1}
    more = {"num_heads": 2, "num_frames": frames, "selection_layers": 1, "top_k": 2}
    section = ModelSection(network="timesformer", overrides={**sizes, **more, "branch_heads": 2})
    tokens, in_frames = frames * patches, frames * (patches + 1)
    embedding = 2 * tokens * 3 * size**2 * width
    linear = 2 * width**2 * (5 * tokens + 4 * in_frames + 8 * (tokens + 1))
    attention = 4 * width * (tokens * frames + in_frames * (patches + 1))
    scores, head = 2 * in_frames * width, 2 * width * 5
    parameters, operations = count_operations(section)
    assert operations == embedding + linear + attention + scores + head
    layers = 3 * size**2 * width + width**2 * (5 + 4 + 8) + width * 5
    assert layers < parameters < 1.2 * layers


def test_a_plan_names_runs_starts_and_hours(recipe: Path, tmp_path: Path) -> None:
    config = read_compare_config(recipe)
    plan = plan_comparison(config, speed=1e12)
    assert (plan.clips, plan.is_assumed) == (615, True)
    assert [m.start for m in plan.methods] == [str(tmp_path / "weights.pyth"), "scratch"]
    assert plan.missing == (str(tmp_path / "weights.pyth"),)
    # Of 615 clips a fold tests a quarter, and of the others a fifth validates every other epoch.
    train, validate, test = 615 * 0.75 * 0.8, 615 * 0.75 * 0.2, 615 / 4
    passes = 10 * 3 * train + (10 / 2 + 1) * validate + test
    for method in plan.methods:
        assert method.operations == pytest.approx(4 * passes * method.clip_operations)
    assert plan.hours["as given"] == pytest.approx(plan.operations / 1e12 / 3600)
    # A comparison that has begun knows how fast it is.
    run = next(config.runs(config.methods[1]))
    Path(run.output).mkdir(parents=True)
    RunFolder(Path(run.output)).append_log(
        {"epoch": 1, "loss": 0.1, "clips_per_s": 50.0, "validation": None}
    )
    (measured,) = set(plan_comparison(config).speeds) - {"float32, assumed", "bfloat16, assumed"}
    assert plan_comparison(config).speeds[measured] == pytest.approx(
        50 * 3 * plan.methods[1].clip_operations
    )


def test_the_command_prints_the_plan_and_trains_nothing(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(recipe), "--plan", "--tflops", "20"]) == 0
    printed = capsys.readouterr().out
    assert "# Planned: 8 runs, 615 clips assumed" in printed
    assert "| fresh | rostfine | 4 | scratch | " in printed
    assert "| as given | 20 | " in printed
    assert f"Not there yet: {tmp_path / 'weights.pyth'}." in printed
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit):
        main(["compare", str(recipe), "--tflops", "20"])
