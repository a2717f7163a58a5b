"""The gate of a model is fitted to the clips of a data set, and lets them through."""

from pathlib import Path

import numpy as np
import pytest

from rostfine_core.domain import finish
from rostfine_core.quality import gate_fit
from rostfine_core.quality.gate_flags import gate_flags
from rostfine_core.quality.looks import looks_of
from rostfine_core.training.calibration import gate as fitting
from rostfine_core.training.data.clip_file import load_clip
from rostfine_core.training.data.dataset import read_dataset


@pytest.mark.requirement("R-34")
def test_a_gate_is_fitted_to_enough_clips_and_tells_others(
    voted_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = read_dataset(voted_dataset)
    assert finish(fitting.measure_gate(data)) is None
    for module in (gate_fit, fitting):
        monkeypatch.setattr(module, "FEWEST_CLIPS", 36)
    gate = finish(fitting.measure_gate(data))
    assert gate is not None
    assert (gate.clips, gate.samples) == (36, 12)
    seen = [load_clip(c.path, frames=16, size_px=20) for c in data.clips]
    flagged = [list(gate_flags(looks_of(images), gate)) for images in seen]
    assert sum(map(bool, flagged)) <= 2
    noise = np.random.default_rng(0).integers(0, 256, seen[0].shape, dtype=np.uint8)
    assert list(gate_flags(looks_of(noise), gate))
