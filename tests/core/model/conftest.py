"""Fixtures of the model's tests: weights by the golden recipe, a tiny network, clips."""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from rostfine_core.model import RoSTFine, RoSTFineConfig, load_official_state_dict

OfficialShapes = Mapping[str, Sequence[int]]
DrawWeights = Callable[[OfficialShapes, str], dict[str, Tensor]]
Shapes = Callable[[RoSTFineConfig], OfficialShapes]


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """Seed torch's generator, and restore it afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture(scope="session")
def draw_weights() -> DrawWeights:
    """Weights that anyone can rebuild from names, shapes and a salt (golden/README.md)."""
    return _draw_weights


def _draw_weights(shapes: OfficialShapes, salt: str) -> dict[str, Tensor]:
    return {name: _draw(name, shape, salt) for name, shape in shapes.items()}


def _draw(name: str, shape: Sequence[int], salt: str) -> Tensor:
    z = np.random.default_rng(zlib.crc32((salt + name).encode())).standard_normal(tuple(shape))
    z = z.astype(np.float32)
    if "norm" in name and name.endswith("weight"):
        return torch.from_numpy(1 + np.float32(0.1) * z)
    if name.endswith("bias"):
        return torch.from_numpy(np.float32(0.02) * z)
    if "qkv.weight" in name:
        return torch.from_numpy(np.float32(0.06) * z)
    return torch.from_numpy(np.float32(0.05 if name.startswith("head_") else 0.02) * z)


@pytest.fixture(scope="session")
def official_shapes() -> Shapes:
    """Names and shapes of the official state dict for any config, written out by hand."""
    return _official_shapes


def _linear(name: str, rows: int, columns: int) -> dict[str, Sequence[int]]:
    return {f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)}


def _norm(name: str, dim: int) -> dict[str, Sequence[int]]:
    return {f"{name}.weight": (dim,), f"{name}.bias": (dim,)}


def _official_shapes(config: RoSTFineConfig) -> OfficialShapes:
    dim, patch = config.embed_dim, config.patch_size
    hidden = int(dim * config.mlp_ratio)
    encoder: dict[str, Sequence[int]] = {
        "cls_token": (1, 1, dim),
        "pos_embed": (1, config.num_patches + 1, dim),
        "time_embed": (1, config.num_frames, dim),
        "patch_embed.proj.weight": (dim, 3, patch, patch),
        "patch_embed.proj.bias": (dim,),
        **_norm("norm", dim),
        **_linear("head", config.num_grades, dim),
    }
    for index in range(config.depth):
        block = f"blocks.{index}"
        for part in ("norm1", "norm2", "temporal_norm1"):
            encoder |= _norm(f"{block}.{part}", dim)
        for part in ("attn", "temporal_attn"):
            encoder |= _linear(f"{block}.{part}.qkv", 3 * dim, dim)
            encoder |= _linear(f"{block}.{part}.proj", dim, dim)
        encoder |= _linear(f"{block}.temporal_fc", dim, dim)
        encoder |= _linear(f"{block}.mlp.fc1", hidden, dim)
        encoder |= _linear(f"{block}.mlp.fc2", dim, hidden)
    shapes = {f"model.model.{name}": shape for name, shape in encoder.items()}
    for letter in "st":
        shapes |= _norm(f"norm_{letter}1", dim) | _norm(f"norm_{letter}2", dim)
        shapes |= _linear(f"mlp_{letter}.fc1", dim, dim) | _linear(f"mlp_{letter}.fc2", dim, dim)
        for index in range(config.branch_depth):
            shapes[f"mhsa_{letter}.{index}.qkv.weight"] = (3 * dim, dim)
            shapes |= _linear(f"mhsa_{letter}.{index}.proj", dim, dim)
    for letter in "gst":
        shapes |= _linear(f"head_{letter}", config.num_grades, dim)
    return shapes


@pytest.fixture(scope="session")
def tiny_config() -> RoSTFineConfig:
    """A small config whose sizes differ wherever one could be mistaken for another."""
    return RoSTFineConfig(
        num_frames=4,
        image_size=24,
        patch_size=8,
        embed_dim=48,
        depth=3,
        num_heads=4,
        mlp_ratio=2,
        top_k=2,
        selection_layers=2,
        branch_depth=2,
        branch_heads=6,
    )


@pytest.fixture(scope="session")
def tiny_state(
    tiny_config: RoSTFineConfig, draw_weights: DrawWeights, official_shapes: Shapes
) -> Mapping[str, Tensor]:
    """An official state dict of ``tiny_config``, with large values so that every part matters."""
    drawn = draw_weights(official_shapes(tiny_config), "tiny")
    return {n: t if "norm" in n or t.ndim < 2 else 5 * t for n, t in drawn.items()}


@pytest.fixture
def tiny_network(tiny_config: RoSTFineConfig, tiny_state: Mapping[str, Tensor]) -> RoSTFine:
    """A network with the weights of ``tiny_state``."""
    return load_official_state_dict(tiny_state, tiny_config)


@pytest.fixture(scope="session")
def tiny_clips(tiny_config: RoSTFineConfig) -> Tensor:
    """Two clips for ``tiny_config``."""
    shape = (2, 3, tiny_config.num_frames, tiny_config.image_size, tiny_config.image_size)
    return torch.from_numpy(np.random.default_rng(7).standard_normal(shape).astype(np.float32))
