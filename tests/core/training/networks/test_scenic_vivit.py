"""ViViT from its authors' checkpoints: the feature is theirs, whatever does not fit is told."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file

from rostfine_core.cli import main
from rostfine_core.errors import ConfigError, ModelError
from rostfine_core.training.config import ModelSection, structure
from rostfine_core.training.networks.build import build_network
from rostfine_core.training.networks.checkpoint import load_trained
from rostfine_core.training.networks.initialisation import initialise
from rostfine_core.training.networks.scenic_vivit import load_scenic
from rostfine_core.training.networks.vivit import FactorisedViViT

Array = NDArray[np.float64]
Tree = Mapping[str, Any]
Pack = Callable[[object], bytes]
WIDTH, HEADS, PATCH, GRID, STEPS = 16, 2, 8, 2, 4
SIZES = {
    "num_frames": 2 * STEPS,
    "image_size": PATCH * GRID,
    "patch_size": PATCH,
    "embed_dim": WIDTH,
    "depth": 2,
    "num_heads": HEADS,
    "branch_heads": 2,
    "top_k": 2,
    "branch_depth": 1,
}


def random_tree(*, depth: int = 2, temporal_depth: int = 3, heads: int = HEADS) -> dict[str, Any]:
    """Parameters by the names and shapes of Scenic's ``SpaceTimeViViT``."""
    rng = np.random.default_rng(7)

    def draw(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    def norm() -> Tree:
        return {"scale": 1 + draw(WIDTH), "bias": draw(WIDTH)}

    def dense(*shape: int, bias: tuple[int, ...]) -> Tree:
        return {"kernel": draw(*shape), "bias": draw(*bias)}

    def block() -> Tree:
        split = (heads, WIDTH // heads)
        attention = {n: dense(WIDTH, *split, bias=split) for n in ("query", "key", "value")}
        attention["out"] = dense(*split, WIDTH, bias=(WIDTH,))
        mlp = {
            "Dense_0": dense(WIDTH, 4 * WIDTH, bias=(4 * WIDTH,)),
            "Dense_1": dense(4 * WIDTH, WIDTH, bias=(WIDTH,)),
        }
        norms = {"LayerNorm_0": norm(), "LayerNorm_1": norm()}
        return norms | {"MultiHeadDotProductAttention_0": attention, "MlpBlock_0": mlp}

    def encoder(places: int, blocks: int) -> Tree:
        position = {"posembed_input": {"pos_embedding": draw(1, 1 + places, WIDTH)}}
        numbered = {f"encoderblock_{n}": block() for n in range(blocks)}
        return position | numbered | {"encoder_norm": norm()}

    return {
        "embedding": dense(2, PATCH, PATCH, 3, WIDTH, bias=(WIDTH,)),
        "cls_SpatialTransformer": draw(1, 1, WIDTH),
        "SpatialTransformer": encoder(GRID * GRID, depth),
        "cls_TemporalTransformer": draw(1, 1, WIDTH),
        "TemporalTransformer": encoder(STEPS, temporal_depth),
        "pre_logits": {},
        "output_projection": dense(WIDTH, 400, bias=(400,)),
    }


def reference(tree: Tree, clips: Array) -> Array:
    """The paper's model 2 in numpy: clips (B, T, H, W, 3) to features (B, D)."""
    batch = len(clips)
    tubelets: Array = clips.reshape(batch, STEPS, 2, GRID, PATCH, GRID, PATCH, 3)
    grid: Array = np.einsum("bsthiwjc,tijcd->bshwd", tubelets, tree["embedding"]["kernel"])
    patches = grid.reshape(batch * STEPS, GRID * GRID, WIDTH) + tree["embedding"]["bias"]
    steps = encode(patches, tree["SpatialTransformer"], tree["cls_SpatialTransformer"])
    steps = steps.reshape(batch, STEPS, WIDTH)
    return encode(steps, tree["TemporalTransformer"], tree["cls_TemporalTransformer"])


def encode(tokens: Array, encoder: Tree, cls: Array) -> Array:
    x = np.concatenate([np.repeat(cls, len(tokens), axis=0), tokens], axis=1)
    x = x + encoder["posembed_input"]["pos_embedding"]
    for number in range(sum(name.startswith("encoderblock_") for name in encoder)):
        block = encoder[f"encoderblock_{number}"]
        x = x + attend(normed(x, block["LayerNorm_0"]), block["MultiHeadDotProductAttention_0"])
        hidden = gelu(apply(normed(x, block["LayerNorm_1"]), block["MlpBlock_0"]["Dense_0"]))
        x = x + apply(hidden, block["MlpBlock_0"]["Dense_1"])
    return normed(x, encoder["encoder_norm"])[:, 0]


def attend(x: Array, heads: Tree) -> Array:
    query, key, value = (
        np.einsum("nld,dhk->nhlk", x, heads[name]["kernel"]) + heads[name]["bias"][:, None]
        for name in ("query", "key", "value")
    )
    weights = np.exp(np.einsum("nhqk,nhlk->nhql", query, key) / np.sqrt(WIDTH // HEADS))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    mixed = np.einsum("nhql,nhlk->nqhk", weights, value)
    joined: Array = np.einsum("nqhk,hkd->nqd", mixed, heads["out"]["kernel"]) + heads["out"]["bias"]
    return joined


def apply(x: Array, dense: Tree) -> Array:
    result: Array = x @ dense["kernel"] + dense["bias"]
    return result


def normed(x: Array, norm: Tree) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-6)
    result: Array = centred / spread * norm["scale"] + norm["bias"]
    return result


def gelu(x: Array) -> Array:
    """Flax's default, the approximation by tanh."""
    result: Array = x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return result


def section(**values: object) -> ModelSection:
    table: dict[str, Any] = {"network": "vivit", "overrides": SIZES, "temporal_depth": 3}
    return structure(table | values, ModelSection, source="test")


def backbone(network: torch.nn.Module) -> FactorisedViViT:
    found = network.get_submodule("backbone")
    assert isinstance(found, FactorisedViViT)
    return found.eval()


def feature(network: torch.nn.Module, clips: Array) -> Array:
    with torch.inference_mode():
        ours = torch.from_numpy(clips).float().permute(0, 4, 1, 2, 3)
        found: Array = backbone(network)(ours).double().numpy()
    return found


def flattened(tree: Tree, prefix: str = "") -> dict[str, torch.Tensor]:
    flat: dict[str, torch.Tensor] = {}
    for name, value in tree.items():
        is_table = isinstance(value, dict)
        found = flattened(value, f"{prefix}{name}/") if is_table else torch.from_numpy(value.copy())
        flat |= found if isinstance(found, dict) else {prefix + name: found}
    return flat


@pytest.fixture
def clips() -> Array:
    return np.random.default_rng(3).uniform(-1, 1, (2, 2 * STEPS, PATCH * GRID, PATCH * GRID, 3))


@pytest.fixture
def checkpoint(tmp_path: Path, flax_bytes: Pack) -> Path:
    """As published: a ``TrainState`` whose optimiser has the parameters, without a suffix."""
    path = tmp_path / "vivit_base_fe"
    optimizer = {"target": random_tree(), "state": {"step": 7}}
    path.write_bytes(flax_bytes({"global_step": 7, "optimizer": optimizer, "metadata": {}}))
    return path


def test_the_feature_is_that_of_the_authors_network(checkpoint: Path, clips: Array) -> None:
    recipe = section(init=str(checkpoint))
    network = build_network(recipe)
    initialise(network, recipe)
    expected = reference(random_tree(), clips)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(feature(network, clips), expected, rtol=0, atol=1e-5)


RECIPE = """
output = "{out}"
[data]
train = ["{data}"]
[model]
network = "vivit"
temporal_depth = 3
init = "{init}"
freeze = ["backbone"]
overrides = {sizes}
[loop]
epochs = 1
threads = 1
"""


def test_a_run_starts_from_it_and_its_model_keeps_the_temporal_depth(
    checkpoint: Path, clips: Array, dataset_folder: Path, tmp_path: Path
) -> None:
    sizes = "{" + ", ".join(f"{name} = {value}" for name, value in SIZES.items()) + "}"
    paths = {"out": tmp_path / "run", "data": dataset_folder, "init": checkpoint}
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.format(sizes=sizes, **paths), encoding="utf-8")
    assert main(["train", str(recipe)]) == 0
    (trained,) = load_trained(tmp_path / "run" / "model.safetensors")
    expected = reference(random_tree(), clips)
    np.testing.assert_allclose(feature(trained.network, clips), expected, rtol=0, atol=1e-5)


def test_a_model_from_before_the_temporal_depth_is_read(
    checkpoint: Path, dataset_folder: Path, tmp_path: Path
) -> None:
    assert checkpoint.is_file()
    sizes = "{" + ", ".join(f"{name} = {value}" for name, value in SIZES.items()) + "}"
    text = RECIPE.format(sizes=sizes, out=tmp_path / "run", data=dataset_folder, init="scratch")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(text.replace("temporal_depth = 3\n", ""), encoding="utf-8")
    assert main(["train", str(recipe)]) == 0
    with safe_open(tmp_path / "run" / "model.safetensors", framework="pt") as file:
        metadata, tensors = file.metadata(), {n: file.get_tensor(n) for n in file.keys()}  # noqa: SIM118
    table = json.loads(metadata["model"])
    assert table.pop("temporal_depth") == 0
    save_file(tensors, tmp_path / "old.safetensors", metadata | {"model": json.dumps(table)})
    (old,) = load_trained(tmp_path / "old.safetensors")
    assert len(backbone(old.network).over_time.layers) == 1


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"temporal_depth": 0},
            "has 3 temporal layers and the recipe asks for 1: write temporal_depth = 3 in",
        ),
        (
            {"overrides": SIZES | {"depth": 4}},
            "has 2 spatial layers and the recipe asks for 4: write overrides.depth = 2 in",
        ),
        ({"overrides": SIZES | {"num_heads": 4}}, "query/bias has shape (2, 8) instead of (4, 4)"),
        (
            {"overrides": SIZES | {"embed_dim": 32}},
            "encoder_norm/bias has shape (16,) instead of (32,)",
        ),
        ({"overrides": SIZES | {"patch_size": 4}}, "embedding/kernel has shape (2, 8, 8, 3, 16)"),
    ],
)
def test_another_size_is_told(checkpoint: Path, values: dict[str, Any], sentence: str) -> None:
    recipe = section(**values, init=str(checkpoint))
    with pytest.raises(ModelError) as caught:
        initialise(build_network(recipe), recipe)
    assert sentence in str(caught.value)
    assert "vivit_base_fe" in str(caught.value)


def test_what_does_not_fit_changes_nothing() -> None:
    network = backbone(build_network(section()))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    whole = flattened(random_tree())
    name = "TemporalTransformer/encoderblock_2/MlpBlock_0/Dense_1/bias"
    position = "SpatialTransformer/posembed_input/pos_embedding"
    for changed, reason in (
        ({n: t for n, t in whole.items() if n != name}, f"missing {name}"),
        (whole | {name: torch.full((WIDTH,), torch.nan)}, f"{name} holds values that are not"),
        (whole | {"Transformer/x": torch.ones(1)}, "unexpected Transformer/x"),
        (whole | {position: torch.ones(1, 1 + 7, WIDTH)}, f"{position} has shape"),
        (whole | {position: torch.ones(5, WIDTH)}, f"{position} has shape"),
        ({}, "missing SpatialTransformer/encoder_norm/bias"),
    ):
        with pytest.raises(ModelError, match=reason):
            load_scenic(network, changed, source="the file")
    assert all(torch.equal(t, before[n]) for n, t in network.state_dict().items())


def ramp(*sizes: int, axis: int) -> torch.Tensor:
    """A position embedding that grows by 1 along one axis of its places; -9 for the [CLS]."""
    places = torch.arange(sizes[axis]).float()
    grid = places[:, None] if axis == 0 else places
    values = grid.expand(sizes).flatten() if len(sizes) > 1 else places
    return torch.cat([torch.tensor([-9.0]), values])[None, :, None].expand(-1, -1, WIDTH)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(2, [0, 0.25, 0.75, 1]), (4, [0, 1, 2, 3]), (16, [1.5, 5.5, 9.5, 13.5])],
)
def test_positions_in_time_are_interpolated(steps: int, expected: list[float]) -> None:
    network = backbone(build_network(section()))
    name = "TemporalTransformer/posembed_input/pos_embedding"
    load_scenic(network, flattened(random_tree()) | {name: ramp(steps, axis=0)}, source="file")
    cls, *places = network.time[0, :, 5].tolist()
    assert cls == -9
    assert places == pytest.approx(expected)


@pytest.mark.parametrize("axis", [0, 1])
def test_positions_on_the_grid_are_interpolated(axis: int) -> None:
    network = backbone(build_network(section()))
    name = "SpatialTransformer/posembed_input/pos_embedding"
    load_scenic(network, flattened(random_tree()) | {name: ramp(6, 6, axis=axis)}, source="file")
    cls, *places = network.position[0, :, 5].tolist()
    assert cls == -9
    grid = np.array(places).reshape(GRID, GRID)
    low, high = grid if axis == 0 else grid.T
    assert low == pytest.approx([low[0]] * GRID)
    assert high == pytest.approx(5 - low)
    assert 0.5 < low[0] < 2


def test_another_network_refuses_a_flax_checkpoint(checkpoint: Path) -> None:
    sizes = {**SIZES, "image_size": 32}
    vgg = section(
        network="vgg16", size="small", temporal_depth=0, init=str(checkpoint), overrides=sizes
    )
    with pytest.raises(ConfigError, match="only vivit can start from"):
        initialise(build_network(vgg), vgg)
