"""The maps of several networks are those that each network has of the same frames."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from rostfine_core.model import RoSTFine, explain, preprocess
from rostfine_core.training.comparison.attention import (
    draw_attention,
    map_columns,
    one_of_each_grade,
)
from rostfine_core.training.config import ModelSection
from rostfine_core.training.data.clip_file import load_clip
from rostfine_core.training.data.dataset import read_dataset
from rostfine_core.training.networks.checkpoint import load_trained, save_trained
from rostfine_core.training.networks.factory import build_network, preprocessing_for

SIZES: dict[str, Any] = {"image_size": 16, "patch_size": 8, "embed_dim": 16, "depth": 1}
MORE: dict[str, Any] = {"num_heads": 2, "num_frames": 4, "selection_layers": 1, "top_k": 2}


@pytest.fixture
def models(tmp_path: Path, dataset_folder: Path) -> dict[str, Path]:
    dataset = read_dataset(dataset_folder)
    files = {}
    for network in ("timesformer", "rostfine"):
        section = ModelSection(network=network, overrides={**SIZES, **MORE, "branch_heads": 2})
        files[network] = tmp_path / f"{network}.safetensors"
        save_trained(
            files[network],
            build_network(section),
            section=section,
            preprocessing=preprocessing_for(section, dataset),
            training={},
            dataset_kind="simulated",
        )
    return files


def test_maps_of_the_middle_frame_are_drawn_beside_it(
    models: dict[str, Path], dataset_folder: Path, tmp_path: Path
) -> None:
    data = read_dataset(dataset_folder)
    few = one_of_each_grade(data, tested={clip.clip for clip in data.clips[1:]})
    best = [int(np.argmax(clip.votes)) for clip in few.clips]
    assert best == sorted({int(np.argmax(clip.votes)) for clip in data.clips[1:]})
    assert data.clips[0] not in few.clips
    header = data.headers[0]
    frames, size = header.clip_frames, header.clip_size_px
    pictures = np.stack([load_clip(c.path, frames=frames, size_px=size) for c in few.clips])
    (trained,) = load_trained(models["rostfine"])
    rollout, branch = map_columns("ours", trained, pictures, clips=few.clips)
    assert isinstance(trained.network, RoSTFine)
    maps = explain(
        trained.network, preprocess(torch.from_numpy(pictures), settings=trained.preprocessing)
    )
    seen = trained.preprocessing.frame_indices
    middle = int(np.argmin([abs(place - frames // 2) for place in seen]))
    assert np.array_equal(rollout.values, maps.encoder_rollout[:, middle].numpy())
    assert np.array_equal(branch.values, maps.branch_attention[:, middle].numpy())
    draw_attention(tmp_path / "one.png", {"b": models["timesformer"]}, few, notes=["said"])
    draw_attention(tmp_path / "both.png", models, few, notes=["said"])
    with Image.open(tmp_path / "one.png") as one, Image.open(tmp_path / "both.png") as both:
        assert both.width == 2 * one.width  # four columns instead of two
        assert both.info["Disclaimer"] == "said"
