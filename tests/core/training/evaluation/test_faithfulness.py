"""Deletion and insertion: ends, direction, and the whole measurement on a model file."""

import math
from pathlib import Path

import pytest
import torch
from einops import reduce
from torch import Tensor

from rostfine_core.domain import finish
from rostfine_core.model import Preprocessing, RoSTFine, preset, save_model
from rostfine_core.simulation import write_dataset
from rostfine_core.training.evaluation.faithfulness import (
    MAPS,
    blur,
    faithfulness_curves,
    measure_faithfulness,
    occlusion,
    part_coverage,
    part_shares,
    ranks,
    similarity,
)


def contrast_of_one_patch(clips: Tensor) -> Tensor:
    """Answers by the contrast within the patch in row 1, column 1, and by nothing else."""
    spread = clips[..., 8:16, 8:16].std(dim=(1, 2, 3, 4))
    share = 1 / (1 + spread)
    return torch.stack([share, 1 - share, *[torch.zeros_like(share)] * 3], dim=1)


def test_curves_begin_and_end_at_the_whole_clip() -> None:
    clips = torch.randn(2, 3, 8, 32, 32, generator=torch.Generator().manual_seed(0))
    maps = reduce(clips, "b c t (r h) (q w) -> b t (r q)", "mean", h=8, w=8)
    curves = faithfulness_curves(
        contrast_of_one_patch, clips, maps=maps, patch_size=8, steps=4, ties=torch.Generator()
    )
    assert list(curves.shares) == [0, 0.25, 0.5, 0.75, 1]
    assert curves.deletion[:, 0] == pytest.approx([1, 1])
    assert curves.insertion[:, -1] == pytest.approx([1, 1])
    assert curves.deletion[:, -1] == pytest.approx(curves.insertion[:, 0])


def test_the_map_decides_what_is_deleted_first() -> None:
    clips = torch.randn(1, 3, 8, 32, 32, generator=torch.Generator().manual_seed(0))
    points = torch.zeros(1, 8, 16)
    points[..., 5] = 1  # row 1, column 1
    right, wrong = (
        faithfulness_curves(
            contrast_of_one_patch, clips, maps=m, patch_size=8, steps=16, ties=torch.Generator()
        )
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


def test_occlusion_finds_the_patch_that_decides() -> None:
    clip = torch.randn(1, 3, 8, 32, 32, generator=torch.Generator().manual_seed(0))
    found = occlusion(contrast_of_one_patch, clip, patch_size=8)
    assert found.shape == (1, 1, 16)
    assert found.argmax() == 5  # row 1, column 1
    others = found[0, 0, torch.arange(16) != 5]
    torch.testing.assert_close(others, torch.zeros(15, dtype=torch.double), atol=1e-6, rtol=0)


def test_patches_of_the_same_value_come_in_a_random_order() -> None:
    def drawn(seed: int) -> Tensor:
        return ranks(maps, ties=torch.Generator().manual_seed(seed))

    maps = torch.zeros(1, 3, 16)
    maps[:, :, 9], maps[:, :, 4] = 2.0, 1.0
    first = drawn(0)
    assert (first[..., 9] == 0).all()
    assert (first[..., 4] == 1).all()
    assert first.sort(dim=-1).values.equal(torch.arange(16).expand(1, 3, 16))
    rest = first[0, :, [place for place in range(16) if place not in (4, 9)]]
    in_order = torch.arange(2, 16)  # as the grid has them
    assert not any(frame.equal(in_order) for frame in rest)
    assert not rest[0].equal(rest[1])
    assert drawn(0).equal(first)
    assert not drawn(1).equal(first)


def test_similarity_and_blur() -> None:
    a, b = torch.tensor([[1.0, 0, 0, 0, 0]]), torch.tensor([[0, 0, 0, 0, 1.0]])
    assert similarity(a, a).item() == pytest.approx(1)
    assert similarity(a, b).item() == pytest.approx(0, abs=1e-6)
    flat = torch.full((1, 3, 2, 32, 32), 0.7)
    assert blur(flat, patch_size=8).mean().item() == pytest.approx(0.7, rel=1e-4)
    assert math.isclose(blur(flat, patch_size=8).std().item(), 0, abs_tol=1e-5)


def test_a_model_file_is_measured(trained_model: Path, dataset_folder: Path) -> None:
    result = finish(measure_faithfulness(trained_model, dataset_folder, clips=3, steps=2))
    assert result.clips == 3
    assert set(result.areas) == set(MAPS)
    for place in (0, 1):
        mean, half = result.against_centre("random")[place]
        expected = result.areas["random"][place] - result.areas["centre"][place]
        assert mean == pytest.approx(expected, abs=1e-9)
        assert half > 0
    assert result.parts == {}
    assert all(0 <= a <= 1.001 for areas in result.areas.values() for a in areas)
    assert "| random |" in result.summary
    assert " ± " in result.summary
    told = "the 2 patches that it selected of the 4 of a frame"
    assert told in result.summary
    assert "in random order (seed 0)" in result.summary


def test_shares_of_parts_by_hand() -> None:
    masks = torch.zeros(1, 1, 3, 4, 4, dtype=torch.uint8)
    masks[0, 0, 0, :2, :2] = 1  # the head fills the first of four patches,
    masks[0, 0, 1, :2, :3] = 1  # the neck half of the second, where it is no head,
    masks[0, 0, 2, 3, 3] = 1  # the tail a quarter of the last
    coverage = part_coverage(masks, rows=2)
    expected = [[1, 0, 0, 0], [0, 0.5, 0, 0.5], [0, 0, 0, 1], [0, 0, 0.25, 0.75]]
    assert coverage[0, 0].tolist() == expected
    maps = torch.tensor([[[3.0, 1.0, 0.0, 0.0]]])
    assert part_shares(maps, coverage) == pytest.approx((0.75, 0.125, 0, 0.125))


def test_simulated_clips_with_masks_tell_what_was_looked_at(tmp_path: Path) -> None:
    data = finish(write_dataset(tmp_path / "data", count=2, seed=1, with_masks=True))
    sizes = {"image_size": 60, "patch_size": 10, "num_frames": 4, "embed_dim": 16, "num_heads": 2}
    config = preset("demo", **sizes, depth=1, selection_layers=1, top_k=2, branch_heads=2)
    file = tmp_path / "model.safetensors"
    prepared = Preprocessing.of(config)
    save_model(
        file, RoSTFine(config), preprocessing=prepared, training={}, dataset_kind="simulated"
    )
    result = finish(measure_faithfulness(file, data, clips=2, steps=2))
    assert set(result.parts) == {*MAPS, "area"}
    assert all(sum(shares) == pytest.approx(1, abs=1e-5) for shares in result.parts.values())
    # The head is in the middle of a clip, so that a map of the middle has more of it.
    assert result.parts["centre"][0] > 1.5 * result.parts["area"][0] > 0
    assert "| area |" in result.summary
