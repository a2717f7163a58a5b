"""A folder with two small videos of sperm and their clicks, and a small network."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from rostfine_core.batch.plan import BatchItem
from rostfine_core.batch.run import Batch
from rostfine_core.batch.work import ModelChoice
from rostfine_core.batch.workers import Workers, WorkHere
from rostfine_core.domain import Seed, finish
from rostfine_core.model import Preprocessing, RoSTFine, preset, save_model
from rostfine_core.result_files import write_seeds
from rostfine_core.simulation import SceneSettings, simulate_scene
from rostfine_core.store import Store
from rostfine_core.video import write_video

VIDEOS = ("a", "b")


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``a.mp4`` and ``b.mp4``, each with clicks on its sperm beside it."""
    folder = tmp_path_factory.mktemp("recordings")
    for number, name in enumerate(VIDEOS):
        settings = SceneSettings(
            width_px=240, height_px=200, frame_count=20, sperm_count=2, speck_count=5,
            round_cells=0, blurred_share=0.0, seed=7 + number,
        )  # fmt: skip
        scene = simulate_scene(settings)
        write_video(folder / f"{name}.mp4", scene.frames(), fps=15)
        places = [t.xy_px[0] for t in scene.truth.targets if t.visible[0]]
        seeds = [
            Seed(target=f"S{k}", frame=0, x_px=float(x), y_px=float(y))
            for k, (x, y) in enumerate(places)
        ]
        write_seeds(folder / f"{name}.seeds.csv", seeds)
    return folder


def small_model(path: Path, *, seed: int) -> ModelChoice:
    """A small untrained network in a file."""
    torch.manual_seed(seed)
    config = preset("demo", image_size=40, patch_size=8, embed_dim=20, depth=1, selection_layers=1)
    save_model(
        path,
        RoSTFine(config).eval(),
        preprocessing=Preprocessing.of(config),
        training={},
        dataset_kind="simulated",
    )
    return ModelChoice(path=path, device="cpu")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelChoice:
    return small_model(tmp_path_factory.mktemp("model") / "m.safetensors", seed=0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "cases") as opened:
        yield opened


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs batches into one store."""

    store: Store
    model: ModelChoice

    def run(
        self, *items: BatchItem, workers: Workers | None = None, model: ModelChoice | None = None
    ) -> Batch:
        batch = Batch(self.store, model=model or self.model, workers=workers or WorkHere())
        finish(batch.run(items, total=len(items)))
        return batch


@pytest.fixture
def runner(store: Store, model: ModelChoice) -> Runner:
    return Runner(store=store, model=model)


@pytest.fixture
def items(recordings: Path) -> tuple[BatchItem, ...]:
    return tuple(BatchItem(video=recordings / f"{name}.mp4") for name in VIDEOS)
