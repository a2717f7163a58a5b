"""Which configs are valid, what the presets hold, and reading configs back."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.model import RoSTFineConfig, preset

wholes = st.integers(1, 12)


@st.composite
def config_values(draw: st.DrawFn) -> dict[str, Any]:
    patch_size, heads, branch_heads = draw(wholes), draw(wholes), draw(wholes)
    stem_width = draw(st.sampled_from([0, 8])) if patch_size % 4 == 0 else 0
    grid, depth = draw(wholes), draw(wholes)
    return {
        "num_frames": draw(wholes),
        "patch_size": patch_size,
        "stem_width": stem_width,
        "motion_width": draw(st.sampled_from([0, 8])),
        "image_size": patch_size * grid,
        "num_heads": heads,
        "branch_heads": branch_heads,
        "embed_dim": heads * branch_heads * draw(wholes),
        "depth": depth,
        "mlp_ratio": draw(st.floats(1, 8)),
        "num_grades": draw(st.integers(2, 9)),
        "drop_path": draw(st.floats(0, 0.99)),
        "top_k": draw(st.integers(1, grid * grid)),
        "selection_layers": draw(st.integers(1, depth)),
        "branch_depth": draw(wholes),
        "branch": draw(st.sampled_from(["official", "paper"])),
        "gather": draw(st.sampled_from(["official", "corrected"])),
    }


@given(config_values())
def test_a_config_survives_json(values: dict[str, Any]) -> None:
    config = RoSTFineConfig(**values)
    assert asdict(config) == values
    assert RoSTFineConfig.from_dict(json.loads(config.to_json())) == config
    assert config.grid_size**2 == config.num_patches
    assert config.grid_size * config.patch_size == config.image_size


whole_names = st.sampled_from(
    [
        name
        for name in asdict(RoSTFineConfig())
        if name not in ("mlp_ratio", "drop_path", "stem_width", "motion_width", "branch", "gather")
    ]
)
not_a_size = st.one_of(
    st.integers(max_value=0),
    st.floats(),
    st.booleans(),
    st.none(),
    st.text(max_size=3),
    st.integers(min_value=1_000_000),
)


@given(config_values(), whole_names, not_a_size)
def test_sizes_must_be_whole_numbers_above_zero(
    values: dict[str, Any], name: str, bad: object
) -> None:
    with pytest.raises(ValueError, match=name):
        RoSTFineConfig.from_dict(values | {name: bad})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"embed_dim": 770}, "embed_dim 770 is not a multiple of num_heads 12"),
        ({"branch_heads": 7}, "embed_dim 768 is not a multiple of branch_heads 7"),
        ({"image_size": 225}, "image_size 225 is not a multiple of patch_size 16"),
        (
            {"patch_size": 14, "stem_width": 8},
            "patch_size 14 is not a multiple of 4, as a stem needs",
        ),
        ({"stem_width": -1}, "stem_width must be at least 0"),
        ({"top_k": 197}, "top_k 197 exceeds the 196 patches of a frame"),
        ({"selection_layers": 13}, "selection_layers 13 exceeds the depth 12"),
        ({"drop_path": 1.0}, "drop_path must be at least 0 and below 1, got 1.0"),
        ({"drop_path": float("nan")}, "drop_path must be .* got nan"),
        ({"mlp_ratio": float("inf")}, "mlp_ratio must be .* got inf"),
        ({"mlp_ratio": 0.001}, "mlp_ratio 0.001 leaves no width"),
        ({"num_grades": 1}, "num_grades must be at least 2, got 1"),
        ({"branch": "other"}, "branch must be one of .*official.*paper.* got 'other'"),
        ({"gather": ["official"]}, "gather must be one of"),
    ],
)
def test_values_that_do_not_fit_are_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        RoSTFineConfig(**changes)


@pytest.mark.parametrize("values", [None, [], "x", 3])
def test_only_a_table_is_a_config(values: object) -> None:
    with pytest.raises(ValueError, match="table of names and values"):
        RoSTFineConfig.from_dict(values)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown config names: dropout, heads"):
        RoSTFineConfig.from_dict({"heads": 3, "dropout": 0.1})


def test_presets_match_the_paper_and_the_official_code() -> None:
    official, paper = preset("official"), preset("paper")
    assert (official.top_k, official.branch_depth, official.selection_layers) == (3, 2, 1)
    assert (official.branch, official.gather) == ("official", "corrected")
    assert (paper.top_k, paper.branch_depth, paper.branch_heads) == (60, 6, 8)
    assert (paper.selection_layers, paper.branch) == (2, "paper")
    vit_b16 = {"embed_dim": 768, "depth": 12, "num_heads": 12, "patch_size": 16, "num_frames": 8}
    assert vit_b16.items() <= asdict(official).items()
    assert vit_b16.items() <= asdict(paper).items()


def test_a_preset_can_be_changed_but_not_misspelt() -> None:
    assert preset("paper", top_k=3) == replace(preset("paper"), top_k=3)
    with pytest.raises(ValueError, match="unknown preset 'Demo': choose one of official, paper"):
        preset("Demo")
