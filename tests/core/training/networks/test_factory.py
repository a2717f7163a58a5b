"""Networks other than the plain RoSTFine: built, started from weights, trained, saved and read."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from rostfine_core.domain import finish
from rostfine_core.errors import ConfigError, ModelError
from rostfine_core.model import Preprocessing, RoSTFine, save_model
from rostfine_core.training.config import ModelSection, TrainConfig
from rostfine_core.training.config_reader import structure
from rostfine_core.training.evaluation.evaluate import evaluate
from rostfine_core.training.networks.checkpoint import load_trained
from rostfine_core.training.networks.factory import build_network, trained_parts
from rostfine_core.training.networks.initialisation import initialise
from rostfine_core.training.train import train_recipe

SIZES = {
    "num_frames": 8,
    "image_size": 32,
    "patch_size": 8,
    "embed_dim": 16,
    "depth": 2,
    "num_heads": 2,
    "top_k": 2,
    "branch_depth": 1,
    "branch_heads": 2,
    "drop_path": 0.0,
}
VIDEO_CNNS = ("r3d", "r2plus1d", "i3d", "slowfast", "x3d")
CLIPS = torch.linspace(-1, 1, 2 * 3 * 8 * 32 * 32).reshape(2, 3, 8, 32, 32)


def section(**values: object) -> ModelSection:
    table: dict[str, Any] = {"preset": "demo", "overrides": SIZES}
    return structure(table | values, ModelSection, source="test")


def needs_its_library(name: str) -> None:
    if name in VIDEO_CNNS:
        pytest.importorskip("pytorchvideo", reason="the extra `baselines` is not installed")


@pytest.mark.parametrize("name", ["timesformer", "vivit", "vgg16", *VIDEO_CNNS])
def test_a_small_baseline_answers_and_learns(name: str) -> None:
    needs_its_library(name)
    torch.manual_seed(0)
    network = build_network(section(network=name, size="small"))
    output = network(CLIPS)
    assert output.grade.sum(dim=1).tolist() == pytest.approx([1, 1])
    parts = trained_parts(output)
    assert (len(parts.heads), len(parts.features)) == (1, 0)
    torch.autograd.backward(output.grade[:, 0].sum())
    assert [n for n, p in network.named_parameters() if p.grad is None] == []
    assert sum(p.numel() for p in network.parameters()) < 1_000_000


def test_an_absent_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytorchvideo.models.x3d", None)
    with pytest.raises(ConfigError, match="baselines"):
        build_network(section(network="x3d"))


@pytest.mark.parametrize("size", ["small", "full"])
def test_a_picture_too_small_for_vgg16_is_told(size: str) -> None:
    tiny = section(network="vgg16", size=size, overrides=SIZES | {"image_size": 24})
    with pytest.raises(ConfigError, match="image_size is 24: set it to 32 or more"):
        build_network(tiny)


@pytest.mark.parametrize(
    ("features", "aggregation", "heads"),
    [("g", "separate", 1), ("gt", "separate", 2), ("gst", "concat", 1), ("st", "sum", 1)],
)
def test_feature_subsets_and_aggregations(features: str, aggregation: str, heads: int) -> None:
    network = build_network(section(features=features, aggregation=aggregation))
    parts = trained_parts(network(CLIPS))
    assert len(parts.heads) == heads
    assert len(parts.features) == len(features)


def test_all_features_kept_apart_are_the_plain_network() -> None:
    assert isinstance(build_network(section()), RoSTFine)


@pytest.fixture
def image_vit(monkeypatch: pytest.MonkeyPatch) -> torch.nn.Module:
    """What timm gives, whatever name it is asked for: patches of 8, as many as ``SIZES`` has."""
    sizes: dict[str, Any] = {"patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2}
    vit = timm.create_model(
        "vit_tiny_patch16_224", pretrained=False, num_classes=0, img_size=32, **sizes
    )
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: vit)
    return vit


def test_an_encoder_starts_from_an_image_vit(image_vit: torch.nn.Module) -> None:
    network = build_network(section(network="timesformer"))
    initialise(network, section(network="timesformer", init="timm:some_vit"))
    weights = network.state_dict()
    name = "backbone.rostfine.encoder.blocks.1.{}.qkv.weight"
    spatial = image_vit.state_dict()["blocks.1.attn.qkv.weight"]
    assert torch.equal(weights[name.format("attn")], spatial)
    assert torch.equal(weights[name.format("temporal_attn")], spatial)


def test_a_vivit_sees_every_other_frame_as_the_image_vit_that_it_starts_from(
    image_vit: torch.nn.Module,
) -> None:
    vivit = section(network="vivit", init="timm:some_vit")
    network = build_network(vivit).eval()
    initialise(network, vivit)
    seen: list[torch.Tensor] = []
    space = network.get_submodule("backbone.space")
    space.register_forward_hook(lambda _module, _inputs, output: seen.append(output[:, 0]))
    with torch.inference_mode():
        network(CLIPS)
        frames = CLIPS[:, :, 1::2].transpose(1, 2).reshape(-1, 3, 32, 32)
        expected = image_vit.eval()(frames)
    torch.testing.assert_close(seen[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("asked", "blocks"), [(0, 1), (3, 3)])
def test_a_vivit_has_as_many_temporal_blocks_as_asked_and_they_see_the_order_of_time(
    asked: int, blocks: int
) -> None:
    torch.manual_seed(0)
    network = build_network(section(network="vivit", temporal_depth=asked)).eval()
    assert len(list(network.get_submodule("backbone.over_time.layers").children())) == blocks
    steps = CLIPS.unfold(2, 2, 2)  # (B, 3, steps, H, W, 2): the tubelets
    backwards = steps.flip(2).permute(0, 1, 2, 5, 3, 4).reshape(CLIPS.shape)
    with torch.inference_mode():
        difference = (network(CLIPS).grade - network(backwards).grade).abs().max()
    assert difference > 1e-6


def test_what_does_not_fit_an_image_vit_is_told(image_vit: torch.nn.Module) -> None:
    assert image_vit is not None
    wider = section(network="vivit", init="timm:x", overrides=SIZES | {"embed_dim": 32})
    with pytest.raises(ModelError, match="does not fit this ViViT"):
        initialise(build_network(wider), wider)
    vgg = section(network="vgg16", size="small", init="timm:x")
    with pytest.raises(ConfigError, match="cannot start from an image ViT"):
        initialise(build_network(vgg), vgg)


def test_an_encoder_starts_from_a_model_file_and_a_timesformer(tmp_path: Path) -> None:
    source = build_network(section())
    assert isinstance(source, RoSTFine)
    file = tmp_path / "source.safetensors"
    save_model(
        file,
        source,
        preprocessing=Preprocessing.of(source.config),
        training={},
        dataset_kind="simulated",
    )
    official = tmp_path / "timesformer.pyth"
    encoder = source.encoder.state_dict()
    torch.save({"model_state": {f"model.{n}": t for n, t in encoder.items()}}, official)
    for path in (file, official):
        network = build_network(section(features="gs"))
        initialise(network, section(features="gs", init=str(path)))
        for name, tensor in encoder.items():
            assert torch.equal(network.state_dict()[f"rostfine.encoder.{name}"], tensor), name


def test_frozen_layers_are_not_trained() -> None:
    network = build_network(section())
    initialise(network, section(freeze=["encoder.blocks.0", "encoder.patch_embed"]))
    frozen = {n for n, p in network.named_parameters() if not p.requires_grad}
    assert "encoder.patch_embed.proj.weight" in frozen
    assert all(n.startswith(("encoder.blocks.0", "encoder.patch_embed")) for n in frozen)
    with pytest.raises(ConfigError, match="begins with block9"):
        initialise(network, section(freeze=["block9"]))


def test_a_research_network_is_trained_saved_and_scored(
    recipe: Callable[..., TrainConfig], dataset_folder: Path
) -> None:
    sizes = {**recipe().model.overrides, "drop_path": 0.0}
    model = {"overrides": sizes, "features": "gs", "aggregation": "concat", "normalise": "clip"}
    data = {"train": [str(dataset_folder)], "test": [str(dataset_folder)]}
    result = finish(train_recipe(recipe(model=model, data=data)))
    (loaded,) = load_trained(result.model_path)
    assert type(loaded.network).__name__ == "FeatureVariant"
    assert loaded.preprocessing.normalise == "clip"
    scored = finish(evaluate(result.model_path, dataset_folder, repeats=10))
    assert scored.clips == 24
    assert (result.model_path.parent / "test-tiny" / "evaluation.md").is_file()
