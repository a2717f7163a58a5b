"""A small data set on disk and a recipe that trains a tiny network on it within seconds."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rostfine_core.domain import finish
from rostfine_core.model import load_models, save_model
from rostfine_core.training.config import TrainConfig
from rostfine_core.training.config_reader import structure
from rostfine_core.training.data.clip_file import save_clip
from rostfine_core.training.train import train_recipe

FRAMES, SIZE = 16, 20
# Every size of the preset, so that the recorded numbers do not hang on the demonstration's.
TINY = {
    "num_frames": 8,
    "image_size": 16,
    "patch_size": 8,
    "embed_dim": 16,
    "depth": 2,
    "num_heads": 2,
    "top_k": 2,
    "branch_depth": 1,
    "branch_heads": 2,
    "selection_layers": 2,
    "branch": "paper",
    "drop_path": 0.1,
}


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Generator[None]:
    """Small networks on a busy machine wait longer for a second thread than it helps."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def write_dataset(
    folder: Path, *, clips: int = 24, per_sample: int = 3, seed: int = 0, prefix: str = "p"
) -> Path:
    """Clips whose brightness decides the votes, so that a network can learn something."""
    rng = np.random.default_rng(seed)
    (folder / "clips").mkdir(parents=True)
    rows = ["clip,sample,votes_A,votes_B,votes_C,votes_D,votes_E,brightness"]
    for number in range(clips):
        bright = rng.uniform()
        noise = rng.integers(0, 60, (FRAMES, SIZE, SIZE, 3))
        save_clip(folder / "clips" / f"c{number:03d}.npz", (noise + 190 * bright).astype(np.uint8))
        votes = rng.multinomial(40, np.array([bright, 0.5, 1 - bright, 0.1, 0.05]) / 1.65)
        cells = [f"c{number:03d}", f"{prefix}{number // per_sample}", *votes, bright]
        rows.append(",".join(map(str, cells)))
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "dataset.toml").write_text(
        f'name = "tiny"\nkind = "simulated"\npanel_size = 40\n[preprocessing]\n'
        f"clip_frames = {FRAMES}\nsize_px = {SIZE}\n",
        encoding="utf-8",
    )
    return folder


HELD_BACK: dict[str, Any] = {"clips": 9, "seed": 1, "prefix": "q"}


@pytest.fixture
def dataset_folder(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "tiny")


@pytest.fixture
def held_back_folder(tmp_path: Path) -> Path:
    """Clips of other samples than those of ``dataset_folder``."""
    return write_dataset(tmp_path / "held-back", **HELD_BACK)


@pytest.fixture(scope="session")
def unseen_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those clips in a folder for tests that only read it."""
    return write_dataset(tmp_path_factory.mktemp("unseen") / "held-back", **HELD_BACK)


@pytest.fixture(scope="session")
def voted_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of twelve further samples, to calibrate on in tests that only read it."""
    folder = tmp_path_factory.mktemp("voted") / "votes"
    return write_dataset(folder, clips=36, seed=2, prefix="r")


@pytest.fixture
def recipe(dataset_folder: Path, tmp_path: Path) -> Callable[..., TrainConfig]:
    """Make a recipe for the small data set; keywords replace whole sections."""

    def make(**sections: object) -> TrainConfig:
        return make_recipe(dataset_folder, tmp_path / "run", **sections)

    return make


def make_recipe(dataset: Path, folder: Path, /, **sections: object) -> TrainConfig:
    """The small recipe; keywords replace whole sections."""
    table: dict[str, Any] = {
        "output": str(folder),
        "data": {"train": [str(dataset)]},
        "model": {"preset": "demo", "overrides": TINY},
        "loop": {"epochs": 3, "batch_size": 4, "threads": 1, "device": "cpu"},
        "split": {"validation_share": 0.2, "test_share": 0.2},
        "optimiser": {"kind": "adamw", "lr": 0.01, "ema_decay": 0.9, "clip_norm": 1.0},
    }
    return structure(table | sections, TrainConfig, source="test")


@pytest.fixture(scope="session")
def trained_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of a small run, for tests that only read it."""
    folder = tmp_path_factory.mktemp("trained")
    dataset = write_dataset(folder / "tiny")
    result = finish(train_recipe(make_recipe(dataset, folder / "run")))
    return result.model_path


@pytest.fixture(scope="session")
def pair(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ensemble, for tests that only read it: the small run's model as b, a surer one as a."""
    folder = tmp_path_factory.mktemp("pair")
    (loaded,) = load_models(trained_model)
    for name, factor in (("b", 1.0), ("a", 4.0)):
        with torch.no_grad():
            for parameter_name, parameter in loaded.network.named_parameters():
                if parameter_name.startswith("head_"):
                    parameter.mul_(factor)
        save_model(
            folder / f"{name}.safetensors",
            loaded.network,
            preprocessing=loaded.preprocessing,
            training=loaded.training,
            dataset_kind="simulated",
        )
    return folder
