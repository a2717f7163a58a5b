"""A small video and a small model for the command line, made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from rostfine_core.cli import main
from rostfine_core.model import Preprocessing, RoSTFine, preset, save_model
from rostfine_core.simulation import Scene, SceneSettings, simulate_scene
from rostfine_core.video import write_video
from tests.core.report.certificates import WORDS, write_certificate

FRAMES = 40


@pytest.fixture(scope="session")
def scene() -> Scene:
    """A small simulated field of sperm."""
    settings = SceneSettings(
        width_px=320,
        height_px=240,
        frame_count=FRAMES,
        sperm_count=3,
        speck_count=10,
        round_cells=0,
        blurred_share=0.0,
        drift_px_s=(0.0, 0.0),
        seed=27,
    )
    return simulate_scene(settings)


@pytest.fixture(scope="session")
def small_video(tmp_path_factory: pytest.TempPathFactory, scene: Scene) -> Path:
    """The field as an H.264 file."""
    path = tmp_path_factory.mktemp("video") / "small.mp4"
    write_video(path, scene.frames(), fps=15)
    return path


@pytest.fixture(scope="session")
def heads(scene: Scene) -> list[str]:
    """X,Y of each sperm in the first frame, as the command line takes them."""
    return [f"{t.xy_px[0, 0]:.0f},{t.xy_px[0, 1]:.0f}" for t in scene.truth.targets]


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network of the demonstration's architecture, in a file."""
    torch.manual_seed(0)
    config = preset("demo")
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    save_model(
        path,
        RoSTFine(config).eval(),
        preprocessing=Preprocessing.of(config),
        training={"fps": 15.0, "um_per_px": 0.19, "head_length_px": [18.0, 36.0]},
        dataset_kind="simulated",
    )
    return path


@pytest.fixture(scope="session")
def results(
    small_video: Path,
    small_model: Path,
    heads: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Two sperm of the small video, assessed with everything that can be given."""
    folder = tmp_path_factory.mktemp("results") / "new" / "S-1"
    clicks = [f"--click={head}" for head in heads[:2]]
    who = ["--sample", "=S-1", "--patient", "=P-7", "--operator", "A. Sato", "--um-per-px", "0.19"]
    certificate = write_certificate(tmp_path_factory.mktemp("certificate") / "lab.p12")
    arguments = ["assess", str(small_video), *clicks, *who, "--model", str(small_model)]
    arguments += ["--device", "cpu", "--certificate", str(certificate)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROSTFINE_CERTIFICATE_PASSPHRASE", WORDS)
        assert main([*arguments, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Keep torch to one thread, so that results do not depend on the machine's cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
