"""The full-size network gives the same numbers as the official implementation."""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rostfine_core.model import (
    ExplanationMaps,
    RoSTFine,
    RoSTFineConfig,
    explain,
    load_official_state_dict,
)
from rostfine_core.model.timesformer import Encoding

FOLDER = Path(__file__).parent / "golden"
FILES = (
    "k3_depth2_last1_official",
    "k3_depth2_last1_corrected",
    "k5_depth6_last2_official",
    "k5_depth6_last2_corrected",
)


class _EncodesOnce(nn.Module):
    """An encoder that keeps its answer, since both gatherings share weights and input."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self._encode = cache(encoder.__call__)

    def forward(
        self, clips: Tensor, *, told: None = None, selection_layers: int, with_maps: bool
    ) -> Encoding:
        answer: Encoding = self._encode(
            clips, selection_layers=selection_layers, with_maps=with_maps
        )
        return answer


@dataclass(frozen=True)
class Golden:
    """One golden file, and our network's answer for the same weights and input."""

    numbers: dict[str, Any]
    maps: ExplanationMaps
    scores: Tensor


@pytest.fixture(scope="module")
def networks(
    draw_weights: Callable[[Mapping[str, Any], str], dict[str, Tensor]],
    official_shapes: Callable[[RoSTFineConfig], Mapping[str, Any]],
) -> Iterator[Callable[[str, RoSTFineConfig], tuple[RoSTFine, Tensor]]]:
    """Builds the network and input of each salt once."""

    @cache
    def build(salt: str, config: RoSTFineConfig) -> tuple[RoSTFine, Tensor]:
        state = draw_weights(official_shapes(config), salt)
        network = load_official_state_dict(state, config)
        network.encoder = _EncodesOnce(network.encoder)  # type: ignore[assignment]  # a stand-in
        generator = np.random.default_rng(zlib.crc32(f"{salt}clip".encode()))
        clip = generator.standard_normal((1, 3, 8, 224, 224)).astype(np.float32)
        return network, torch.from_numpy(clip)

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield build
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=FILES)
def golden(
    request: pytest.FixtureRequest,
    networks: Callable[[str, RoSTFineConfig], tuple[RoSTFine, Tensor]],
) -> Golden:
    numbers = json.loads((FOLDER / f"{request.param}.json").read_text())
    config = RoSTFineConfig(**numbers["config"], branch="official")
    network, clip = networks(numbers["salt"], config)
    network.config = replace(config, gather=numbers["layout"])
    maps = explain(network, clip)
    layers = config.selection_layers
    encoding = network.encoder(clip, selection_layers=layers, with_maps=True)
    return Golden(numbers, maps, encoding.scores)


def test_names_and_shapes_are_the_official_ones(
    official_shapes: Callable[[RoSTFineConfig], Mapping[str, Any]],
) -> None:
    expected = json.loads((FOLDER / "official_keys.json").read_text())
    shapes = {name: list(shape) for name, shape in official_shapes(RoSTFineConfig()).items()}
    assert shapes == expected
    assert len(shapes) == 283


@pytest.mark.requirement("R-30")
@pytest.mark.parametrize("head", ["grade", "grade_global", "grade_spatial", "grade_temporal"])
def test_grades_agree(golden: Golden, head: str) -> None:
    grades = getattr(golden.maps.output, head)[0]
    torch.testing.assert_close(grades, torch.tensor(golden.numbers[head]), atol=1e-5, rtol=0)


def test_features_agree(golden: Golden) -> None:
    for part, norm in zip(("global", "spatial", "temporal"), golden.numbers["norms"], strict=True):
        feature = getattr(golden.maps.output, f"feature_{part}")[0]
        first8 = torch.tensor(golden.numbers[f"feature_{part}_first8"])
        torch.testing.assert_close(feature[:8], first8, atol=1e-5, rtol=1e-3)
        assert feature.norm().item() == pytest.approx(norm, rel=1e-5)


def test_selected_patches_agree(golden: Golden) -> None:
    assert golden.maps.output.selected_patches[0].tolist() == golden.numbers["selected_patches"]
    best = torch.tensor(golden.numbers["encoder_cls_attention_top1"])
    torch.testing.assert_close(golden.scores[0].amax(dim=1), best, atol=1e-4, rtol=0)


def test_branch_attention_agrees(golden: Golden) -> None:
    attention = golden.maps.branch_attention[0]
    places = [frame.nonzero().flatten().tolist() for frame in attention]
    assert places == golden.numbers["fgs_attention_nonzero"]
    sums = torch.tensor(golden.numbers["fgs_attention_map_row_sums"])
    torch.testing.assert_close(attention.sum(dim=1), sums, atol=1e-4, rtol=0)


@pytest.mark.requirement("R-30")
def test_encoder_rollout_agrees(golden: Golden) -> None:
    rollout, expected = golden.maps.encoder_rollout[0], golden.numbers["encoder_rollout_cls"]
    for ours, name in (
        (rollout.sum(dim=1), "frame_sums"),
        (rollout[0, :16], "frame0_first16"),
        (rollout[7, -16:], "frame7_last16"),
    ):
        torch.testing.assert_close(ours, torch.tensor(expected[name]), atol=1e-6, rtol=0)
    assert rollout.argmax(dim=1).tolist() == expected["argmax"]
