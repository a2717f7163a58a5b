"""Attention maps come from the same pass as the grade, and rollout follows its definition."""

from dataclasses import fields, replace
from typing import Literal

import pytest
import torch
from torch import Tensor

from rostfine_core.model import RoSTFine, RoSTFineConfig, explain
from rostfine_core.model.explain import gradient_rollout, rollout_cls
from rostfine_core.model.timesformer import Attention


def test_explaining_does_not_change_the_grade(tiny_network: RoSTFine, tiny_clips: Tensor) -> None:
    with torch.no_grad():
        plain = tiny_network(tiny_clips)
    explained = explain(tiny_network, tiny_clips).output
    for field in fields(plain):
        assert torch.equal(getattr(plain, field.name), getattr(explained, field.name)), field.name


def test_grading_computes_only_the_map_rows_it_uses(
    tiny_network: RoSTFine, tiny_clips: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rostfine_core.model import timesformer

    rows: list[int] = []
    original = timesformer._attention_rows

    def counting(q: Tensor, k: Tensor) -> Tensor:
        rows.append(q.shape[2])
        return original(q, k)

    monkeypatch.setattr(timesformer, "_attention_rows", counting)
    tiny_network(tiny_clips)
    assert sum(rows) == tiny_network.config.selection_layers
    assert max(rows) == 1
    rows.clear()
    explain(tiny_network, tiny_clips)
    assert sum(rows) == tiny_network.config.depth * (1 + tiny_network.config.num_patches) + 2


@pytest.mark.parametrize("branch", ["official", "paper"])
def test_branch_attention_lies_on_the_selected_patches(
    tiny_config: RoSTFineConfig, tiny_clips: Tensor, branch: Literal["official", "paper"]
) -> None:
    maps = explain(RoSTFine(replace(tiny_config, branch=branch)).eval(), tiny_clips)
    shape = (2, tiny_config.num_frames, tiny_config.num_patches)
    assert maps.branch_attention.shape == maps.encoder_rollout.shape == shape
    selected = torch.zeros(shape, dtype=torch.bool).scatter(2, maps.output.selected_patches, True)
    for attention in (maps.branch_attention, maps.branch_forward):
        assert torch.equal(attention > 0, selected)
        assert (attention.sum(dim=2) < tiny_config.branch_heads).all()
    is_one = torch.equal(maps.branch_attention, maps.branch_forward)
    assert is_one == (branch == "paper")


def test_explaining_keeps_no_gradient(tiny_network: RoSTFine, tiny_clips: Tensor) -> None:
    maps = explain(tiny_network, tiny_clips)
    assert not maps.encoder_rollout.requires_grad
    assert not maps.output.grade.requires_grad


def test_rollout_is_precise_in_half_precision(tiny_network: RoSTFine, tiny_clips: Tensor) -> None:
    encoder_maps = tiny_network.inspect(tiny_clips).encoder_maps
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = explain(tiny_network, tiny_clips)
        rolled = rollout_cls(encoder_maps)
    assert torch.equal(rolled, rollout_cls(encoder_maps))
    torch.testing.assert_close(half.encoder_rollout, rolled, atol=5e-3, rtol=0.1)
    torch.testing.assert_close(half.output.grade.sum(dim=1), torch.ones(2), atol=1e-3, rtol=0)


def test_rollout_matches_a_calculation_by_hand() -> None:
    """Two tokens and [CLS], calculated by hand."""
    nowhere = torch.eye(3).expand(1, 1, 3, 3)
    assert rollout_cls([nowhere, nowhere]).tolist() == [[[0, 0]]]
    first = torch.tensor([[[[1.0, 0, 0], [0, 0, 1], [0, 1, 0]]]])  # swaps the patches
    last = torch.tensor([[[[0.0, 1, 0], [0, 1, 0], [0, 0, 1]]]])  # [CLS] looks at the first
    assert rollout_cls([first, last]).tolist() == [[[0.25, 0.25]]]
    assert rollout_cls([last, first]).tolist() == [[[0.5, 0]]]


def test_the_gradient_rollout_follows_its_definition(
    tiny_network: RoSTFine, tiny_clips: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with torch.inference_mode():
        rolled = gradient_rollout(tiny_network, tiny_clips + 0)
    spatial = [block.attn for block in tiny_network.encoder.blocks]
    explicit: list[Tensor] = []
    fused = Attention.forward

    def forward(self: Attention, x: Tensor, *, map_rows: int = 0) -> tuple[Tensor, Tensor]:
        if self not in spatial:
            return fused(self, x, map_rows=map_rows)
        q, k, v = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        rows = (q @ k.mT / q.shape[-1] ** 0.5).softmax(dim=-1)
        explicit.append(rows)
        mixed = (rows @ v).transpose(1, 2).flatten(2)
        return self.proj(mixed), rows[:, :, :map_rows].detach()

    monkeypatch.setattr(Attention, "forward", forward)
    expected = torch.zeros_like(rolled)
    for share in tiny_network(tiny_clips).grade.sum(dim=0):
        slopes = torch.autograd.grad(share, explicit, retain_graph=True)
        relevance = torch.eye(explicit[0].shape[-1]).expand(len(explicit[0]), -1, -1)
        for rows, slope in zip(explicit, slopes, strict=True):
            relevance = relevance + (rows * slope).clamp_min(0).mean(dim=1) @ relevance
        expected = expected + relevance[:, 0, 1:].reshape(rolled.shape)
    assert expected.max() > 0
    torch.testing.assert_close(rolled, expected.detach(), rtol=1e-3, atol=1e-8)
    assert not rolled.requires_grad
    assert all(p.grad is None for p in tiny_network.parameters())
