"""Deletion and insertion: ends, direction, and the whole measurement on a model file."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from einops import reduce
from torch import Tensor

from rostfine_core.training.faithfulness import (
    blur,
    faithfulness_curves,
    likeness,
    measure_faithfulness,
)


def contrast_of_one_patch(clips: Tensor) -> Tensor:
    """Answers by the contrast within the patch in row 1, column 1, and by nothing else."""
    spread = clips[..., 8:16, 8:16].std(dim=(1, 2, 3, 4))
    share = 1 / (1 + spread)
    return torch.stack([share, 1 - share, *[torch.zeros_like(share)] * 3], dim=1)


def test_curves_begin_and_end_at_the_whole_clip() -> None:
    clips = torch.randn(2, 3, 8, 32, 32, generator=torch.Generator().manual_seed(0))
    maps = reduce(clips, "b c t (r h) (q w) -> b t (r q)", "mean", h=8, w=8)
    curves = faithfulness_curves(contrast_of_one_patch, clips, maps=maps, patch_size=8, steps=4)
    assert list(curves.shares) == [0, 0.25, 0.5, 0.75, 1]
    assert curves.deletion[:, 0] == pytest.approx([1, 1])
    assert curves.insertion[:, -1] == pytest.approx([1, 1])
    assert curves.deletion[:, -1] == pytest.approx(curves.insertion[:, 0])


def test_the_map_decides_what_is_deleted_first() -> None:
    clips = torch.randn(1, 3, 8, 32, 32, generator=torch.Generator().manual_seed(0))
    points = torch.zeros(1, 8, 16)
    points[..., 5] = 1  # row 1, column 1
    right, wrong = (
        faithfulness_curves(contrast_of_one_patch, clips, maps=m, patch_size=8, steps=16)
        for m in (points, -points)
    )
    # The right map takes away at once what the opposite one takes away last, and brings it back.
    assert right.deletion[0, 1] == pytest.approx(right.deletion[0, -1])
    assert wrong.deletion[0, 15] == pytest.approx(1)
    assert right.insertion[0, 1] == pytest.approx(1)
    assert wrong.insertion[0, 15] == pytest.approx(right.deletion[0, -1])
    assert right.deletion[0, -1] < 0.98
    assert right.areas()[0] < wrong.areas()[0]
    assert right.areas()[1] > wrong.areas()[1]


def test_likeness_and_blur() -> None:
    a, b = torch.tensor([[1.0, 0, 0, 0, 0]]), torch.tensor([[0, 0, 0, 0, 1.0]])
    assert likeness(a, a).item() == pytest.approx(1)
    assert likeness(a, b).item() == pytest.approx(0, abs=1e-6)
    flat = torch.full((1, 3, 2, 32, 32), 0.7)
    assert blur(flat, patch_size=8).mean().item() == pytest.approx(0.7, rel=1e-4)
    assert math.isclose(blur(flat, patch_size=8).std().item(), 0, abs_tol=1e-5)


def test_a_model_file_is_measured(
    trained_model: Path, dataset_folder: Path, drain: Callable[..., Any]
) -> None:
    result = drain(measure_faithfulness(trained_model, dataset_folder, clips=3, steps=2))
    assert result.clips == 3
    assert set(result.areas) == {"encoder_rollout", "branch_attention", "random"}
    assert all(0 <= a <= 1.001 for areas in result.areas.values() for a in areas)
    assert "| random |" in result.summary
