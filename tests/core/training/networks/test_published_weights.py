"""Each baseline starts from the weights that were published for it, and from no others."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from einops import rearrange, reduce
from torch import Tensor, nn
from torchvision.models import vgg

from rostfine_core.errors import ConfigError, ModelError
from rostfine_core.training.config import ModelSection
from rostfine_core.training.config_reader import structure
from rostfine_core.training.networks.factory import build_network
from rostfine_core.training.networks.initialisation import CLASSIFIER, check_init, initialise
from rostfine_core.training.networks.vivit_names import VIDEO_TRANSFORMER

ZOO = {
    "r3d": ("resnet", "slow_r50"),
    "r2plus1d": ("r2plus1d", "r2plus1d_r50"),
    "i3d": ("resnet", "i3d_r50"),
    "slowfast": ("slowfast", "slowfast_r50"),
    "x3d": ("x3d", "x3d_m"),
}
SIZES = {"num_frames": 8, "image_size": 32, "patch_size": 8, "embed_dim": 16, "num_heads": 2}
VIVIT = {"network": "vivit", "pooling": "mean", "overrides": SIZES | {"depth": 2, "top_k": 2}}


def section(**values: object) -> ModelSection:
    return structure({"preset": "paper"} | values, ModelSection, source="test")


def published_network(name: str) -> nn.Module:
    """The network of the library that published the weights, at full size without memory."""
    with torch.device("meta"):
        if name == "vgg16":
            image_network: nn.Module = vgg.vgg16()
            return image_network
        module, builder = ZOO[name]
        hub = importlib.import_module(f"pytorchvideo.models.hub.{module}")
        network: nn.Module = getattr(hub, builder)()
        return network


def shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


@pytest.mark.parametrize("name", ["vgg16", *ZOO])
def test_a_full_size_baseline_has_all_that_was_published_but_the_classifier(name: str) -> None:
    if name in ZOO:
        pytest.importorskip("pytorchvideo", reason="the extra `baselines` is not installed")
    with torch.device("meta"):
        backbone = build_network(section(network=name)).get_submodule("backbone")
    published = shapes(published_network(name).state_dict())
    inner = getattr(backbone, "image_network", getattr(backbone, "network", backbone))
    left_out = {n for n in published if CLASSIFIER.match(n)}
    assert len(left_out) == 2
    assert shapes(inner.state_dict()) == {n: s for n, s in published.items() if n not in left_out}


def vivit_file(
    *, dim: int, depth: int, over_time: int, patches: int, steps: int, size: int, classes: int
) -> dict[str, Tensor]:
    """The names and shapes of VideoTransformer-pytorch's ``vivit_model.pth``, as it was listed."""
    found = {
        "cls_token": (1, 1, dim),
        "pos_embed": (1, 1 + patches, dim),
        "time_embed": (1, 1 + steps, dim),
        "patch_embed.projection.weight": (dim, 3, 2, size, size),
        "patch_embed.projection.bias": (dim,),
        "norm.weight": (dim,),
        "norm.bias": (dim,),
    }
    for encoder, blocks in enumerate((depth, over_time)):
        for block in range(blocks):
            place = f"transformer_layers.{encoder}.layers.{block}"
            for name, (rows, columns) in {
                "attentions.0.attn.in_proj_": (3 * dim, dim),
                "attentions.0.attn.out_proj.": (dim, dim),
                "ffns.0.layers.0.0.": (4 * dim, dim),
                "ffns.0.layers.1.": (dim, 4 * dim),
            }.items():
                found |= {f"{place}.{name}weight": (rows, columns), f"{place}.{name}bias": (rows,)}
            for name in ("attentions.0.norm.", "ffns.0.norm."):
                found |= {f"{place}.{name}weight": (dim,), f"{place}.{name}bias": (dim,)}
    found = {f"model.{name}": shape for name, shape in found.items()}
    found |= {"cls_head.weight": (classes, dim), "cls_head.bias": (classes,)}
    return {name: 0.3 * torch.randn(shape) for name, shape in found.items()}


def test_a_full_size_vivit_has_all_that_was_published_but_the_classifier() -> None:
    with torch.device("meta"):
        vivit = section(
            network="vivit", pooling="mean", temporal_depth=4, overrides={"num_frames": 16}
        )
        ours = build_network(vivit).get_submodule("backbone").state_dict()
        sizes: dict[str, Any] = {"dim": 768, "depth": 12, "over_time": 4, "patches": 196}
        published = vivit_file(**sizes, steps=8, size=16, classes=400)
    assert shapes(VIDEO_TRANSFORMER.ours(published, ours)) == shapes(ours)


def answer_of(published: Mapping[str, Tensor], clips: Tensor) -> Tensor:
    """What that program computes of one clip, by timm's blocks."""
    weights = {n.removeprefix("model."): t for n, t in published.items()}

    def through(x: Tensor, encoder: int, blocks: int) -> Tensor:
        for number in range(blocks):
            block = timm.models.vision_transformer.Block(16, 2, qkv_bias=True)
            for norm in (block.norm1, block.norm2):
                assert isinstance(norm, nn.LayerNorm)
                norm.eps = 1e-5
            place = f"transformer_layers.{encoder}.layers.{number}."
            names = {
                "attentions.0.norm.": "norm1.",
                "attentions.0.attn.in_proj_": "attn.qkv.",
                "attentions.0.attn.out_proj.": "attn.proj.",
                "ffns.0.norm.": "norm2.",
                "ffns.0.layers.0.0.": "mlp.fc1.",
                "ffns.0.layers.1.": "mlp.fc2.",
            }
            block.load_state_dict(
                {
                    ours + end: weights[place + theirs + end]
                    for theirs, ours in names.items()
                    for end in ("weight", "bias")
                }
            )
            x = block.eval()(x)
        return x

    tubes = nn.functional.conv3d(
        clips,
        weights["patch_embed.projection.weight"],
        weights["patch_embed.projection.bias"],
        stride=(2, 8, 8),
    )
    steps = rearrange(tubes, "1 d t h w -> t (h w) d")
    cls = weights["cls_token"].expand(len(steps), 1, -1)
    x = through(torch.cat([cls, steps], dim=1) + weights["pos_embed"], 0, 2)
    pooled = reduce(x[:, 1:], "t n d -> 1 t d", "mean")
    x = through(torch.cat([x[:1, :1], pooled], dim=1) + weights["time_embed"], 1, 1)
    return nn.functional.layer_norm(
        x, (16,), weights["norm.weight"], weights["norm.bias"], eps=1e-6
    )[:, 0]


def test_a_vivit_answers_as_the_program_whose_weights_it_starts_from(tmp_path: Path) -> None:
    torch.manual_seed(0)
    published = vivit_file(dim=16, depth=2, over_time=1, patches=16, steps=4, size=8, classes=7)
    file = tmp_path / "vivit_model.pth"
    torch.save({"state_dict": published}, file)
    vivit = section(**VIVIT, init=str(file))
    network = build_network(vivit).eval()
    initialise(network, vivit)
    clips = torch.randn(2, 3, 8, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        ours = network.get_submodule("backbone")(clips)
        theirs = torch.cat([answer_of(published, clip[None]) for clip in clips])
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    # A file of more frames, as the published one is, starts a network of fewer.
    longer = vivit_file(dim=16, depth=2, over_time=1, patches=16, steps=8, size=8, classes=7)
    torch.save(longer, file)
    initialise(network, vivit)
    time = network.get_parameter("backbone.time")
    assert torch.equal(time, longer["model.time_embed"][:, [0, 1, 3, 5, 7]])


def test_weights_of_another_network_are_refused_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    small = {"network": "vgg16", "size": "small", "init": str(file)}
    network = build_network(section(**small))
    prefix = "backbone.image_network."
    own = {
        n.removeprefix(prefix): torch.rand_like(t)
        for n, t in network.state_dict().items()
        if n.startswith(prefix)
    }
    torch.save(own | {"classifier.6.weight": torch.ones(7, 128)}, file)
    initialise(network, section(**small))
    assert torch.equal(network.state_dict()[prefix + "0.0.weight"], own["0.0.weight"])
    torch.save(own | {"0.0.weight": torch.zeros(64, 3, 3, 3), "0.40.weight": torch.zeros(1)}, file)
    fault = (
        "do not fit the network: 0.0.weight has shape .64, 3, 3, 3. instead of .16, 3, 3, 3.; "
        "unexpected 0.40.weight.$"
    )
    with pytest.raises(ModelError, match=fault):
        initialise(network, section(**small))
    vivit = section(**VIVIT, init=str(file))
    with pytest.raises(ModelError, match="do not fit the network: missing "):
        initialise(build_network(vivit), vivit)
    file.write_bytes(b"no")
    with pytest.raises(ModelError, match="cannot be read safely"):
        initialise(network, section(**small))


def test_a_vivit_of_its_authors_has_no_file_to_start_from() -> None:
    with pytest.raises(ConfigError, match='set `pooling` to "mean"'):
        check_init(section(network="vivit", init="weights/vivit_model.pth"))
    with pytest.raises(ConfigError, match="pooling applies to vivit only"):
        section(pooling="mean")
