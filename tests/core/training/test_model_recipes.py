"""The recipes that lie beside the models: each parses, and every network of them can be built."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from rostfine_core.training.comparison.config import read_compare_config
from rostfine_core.training.config import ModelSection
from rostfine_core.training.config_reader import read_pretrain_config, read_train_config
from rostfine_core.training.networks.factory import build_network, network_config, trained_parts

MODELS = Path(__file__).parents[3] / "models"
DEMO_STAGES = ("demo", "demo-finish", "demo-motion")
PAPERS_TABLES = {
    "Methods": 10,
    "Feature combinations": 7,
    "Aggregation": 3,
    "Pretraining": 2,
    "Weight of the diversity loss": 6,
    "Selected patches": 5,
    "Token gathering": 2,
}


def networks(name: str) -> dict[str, ModelSection]:
    """Every distinct network of a comparison, by the first method that has it."""
    config = read_compare_config(MODELS / f"{name}.toml")
    found: dict[str, ModelSection] = {}
    for method in config.methods:
        section = replace(config.run(method, fold=config.folds - 1).model, init="scratch")
        if section not in found.values():
            found[method.name] = section
    return found


@pytest.mark.parametrize("name", ["paper", "small"])
def test_a_comparison_has_the_papers_tables(name: str) -> None:
    config = read_compare_config(MODELS / f"{name}.toml")
    rows = {t.title: len(t.rows) for t in config.tables}
    assert all(rows[title] >= count for title, count in PAPERS_TABLES.items())
    assert [t.axis for t in config.tables if t.axis] == ["alpha", "K"]


def test_the_papers_recipe_has_its_k_and_every_start_for_every_transformer() -> None:
    config = read_compare_config(MODELS / "paper.toml")
    (selected,) = [t for t in config.tables if t.axis == "K"]
    assert [label for label, _ in selected.rows] == ["1", "2", "3", "5", "10", "20", "40", "60"]
    (pretraining,) = [t for t in config.tables if t.title == "Pretraining"]
    starts: dict[str, dict[str, str]] = {}
    for label, name in pretraining.rows:
        transformer, start = label.split(", ")
        (method,) = [m for m in config.methods if m.name == name]
        section = config.run(method, fold=0).model
        assert section.network == transformer.casefold()
        starts.setdefault(transformer, {})[start] = section.init
    assert starts["RoSTFine"] == starts["TimeSformer"]
    assert len(starts["RoSTFine"]) == 5
    assert starts["ViViT"].keys() < starts["RoSTFine"].keys()
    for name, section in networks("paper").items():
        seen = network_config(section).num_frames
        assert seen == (16 if section.network == "slowfast" else 8), name


def test_the_reduced_recipe_is_a_part_of_the_papers() -> None:
    whole, part = (read_compare_config(MODELS / f"{n}.toml") for n in ("paper", "paper-day"))
    methods = {m.name: m.changes for m in whole.methods}
    assert {m.name: m.changes for m in part.methods}.items() <= methods.items()
    tables = {t.title: (t.axis, dict(t.rows).items()) for t in whole.tables}
    for table in part.tables:
        axis, rows = tables[table.title]
        assert (table.axis, table.reference in dict(table.rows)) == (axis, True)
        assert dict(table.rows).items() <= rows
    ours, theirs = (c.run(c.methods[0], fold=0).loop for c in (part, whole))
    assert (ours.epochs, ours.precision) == (theirs.epochs // 3, "bfloat16")


def test_every_network_of_the_papers_size_can_be_built() -> None:
    pytest.importorskip("pytorchvideo", reason="the extra `baselines` is not installed")
    for name, section in networks("paper").items():
        sizes = network_config(section)
        assert (sizes.embed_dim, sizes.depth, sizes.image_size) == (768, 12, 224)
        with torch.device("meta"):
            network = build_network(section)
        # X3D-M alone is small at full size.
        least = 2_000_000 if section.network == "x3d" else 25_000_000
        assert sum(p.numel() for p in network.parameters()) > least, name


def test_every_network_of_the_small_study_answers() -> None:
    pytest.importorskip("pytorchvideo", reason="the extra `baselines` is not installed")
    for name, section in networks("small").items():
        sizes = network_config(section)
        network = build_network(section).eval()
        clip = torch.zeros(1, 3, sizes.num_frames, sizes.image_size, sizes.image_size)
        with torch.inference_mode():
            output = network(clip)
        assert output.grade.shape == (1, 5), name
        assert trained_parts(output).heads


@pytest.mark.parametrize("name", [*DEMO_STAGES, "lab", "small-pretraining"])
def test_a_recipe_of_one_run_can_be_built(name: str) -> None:
    config = read_train_config(MODELS / f"{name}.toml")
    with torch.device("meta"):
        build_network(config.model)


def test_the_small_study_starts_from_what_its_pretraining_leaves() -> None:
    study, before = MODELS / "small.toml", read_train_config(MODELS / "small-pretraining.toml")
    config = read_compare_config(study)
    (pretrained,) = [m for m in config.methods if m.name == "pretrained"]
    run = config.run(pretrained, fold=0)
    assert Path(run.model.init) == Path(before.output) / "model.safetensors"
    assert run.model.overrides == before.model.overrides
    assert set(before.data.train).isdisjoint(run.data.train)


def test_a_lab_pretrains_the_network_that_it_trains() -> None:
    before = read_pretrain_config(MODELS / "few-labels-pretraining.toml")
    config = read_compare_config(MODELS / "few-labels.toml")
    runs = {m.name: config.run(m, fold=0) for m in config.methods}
    pretrained, demo = (
        runs[f"from {start}, 50 clips"] for start in ("pretraining", "the demonstration model")
    )
    assert Path(pretrained.model.init) == Path(before.output) / "encoder.safetensors"
    assert set(before.data.train).isdisjoint(pretrained.data.train)
    wanted = fresh(read_train_config(MODELS / "demo-motion.toml").model)
    assert fresh(pretrained.model) == fresh(demo.model) == wanted
    # Hidden patches are guessed from pictures alone.
    of_encoder = {n: v for n, v in wanted.overrides.items() if n != "motion_width"}
    example = read_pretrain_config(MODELS / "pretrain.toml")
    for section in (before.model, example.model):
        assert fresh(section) == replace(wanted, overrides=of_encoder)


def fresh(section: ModelSection) -> ModelSection:
    return replace(section, init="scratch", init_part="encoder")


def test_each_stage_of_the_demonstration_starts_where_the_one_before_ended() -> None:
    stages = [read_train_config(MODELS / f"{n}.toml") for n in DEMO_STAGES]
    for before, after in pairwise(stages):
        assert Path(after.model.init) == Path(before.output) / "model.safetensors"
        assert after.model.init_part == "network"
    clips = [folder for stage in stages for folder in stage.data.train]
    assert len(set(clips)) == len(clips)
