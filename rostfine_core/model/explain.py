"""Where the network looked: the encoder's attention rollout and the spatial branch's attention.

Letters: B clips, T frames, N patches of a frame, K selected patches, S = 1+N tokens of a frame,
H attention heads, D width of a token.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from einops import rearrange, reduce
from torch import Tensor

from rostfine_core.model.rostfine import GradeOutput, RoSTFine
from rostfine_core.model.timesformer import Attention, Block, TimeSformer


@dataclass(frozen=True, eq=False)
class ExplanationMaps:
    """Maps over the row-major patch grid, not normalised, and the output of the same pass.

    ``encoder_rollout`` (B, T, N): how much [CLS] draws on each patch through all spatial attention.
    ``branch_attention`` (B, T, N): the last FGS block's attention from [CLS] to the selected
    patches, summed over heads; zero at patches that were not selected. It is what the official
    code draws; ``branch_forward`` is the same of the pass that graded, see ``Inspection``.
    """

    encoder_rollout: Tensor
    branch_attention: Tensor
    branch_forward: Tensor
    output: GradeOutput


@torch.no_grad()
def explain(model: RoSTFine, clips: Tensor, motion: Tensor | None = None) -> ExplanationMaps:
    """Grade clips and show where the network looked (FACTS, attention maps).

    Args:
        model: a network, usually in eval mode.
        clips: (B, 3, T, H, W) float, normalised.
        motion: (B, 6) of ``measure_motion``, for a network that is told it.
    """
    inspection = model.inspect(clips, motion)
    rollout = rollout_cls(inspection.encoder_maps)
    selected = inspection.output.selected_patches
    drawn, forward = (
        torch.zeros_like(rollout).scatter(2, selected, attention.to(rollout.dtype))
        for attention in (inspection.branch_attention, inspection.branch_forward)
    )
    return ExplanationMaps(rollout, drawn, forward, inspection.output)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What the encoder's spatial attentions saw in a pass, first block first.

    ``inputs`` are their tokens (B*T, S, D), ``mixed`` the values that they mixed, (B*T, S, D),
    before the last linear layer.
    """

    inputs: list[Tensor] = field(default_factory=list)
    mixed: list[Tensor] = field(default_factory=list)


@contextmanager
def _watching(encoder: TimeSformer) -> Iterator[_Seen]:
    """Note what the spatial attentions see meanwhile."""
    seen = _Seen()
    attentions = _spatial_attentions(encoder)
    hooks = [
        hook
        for attention in attentions
        for hook in (
            attention.register_forward_pre_hook(lambda _, given: seen.inputs.append(given[0])),
            attention.proj.register_forward_pre_hook(lambda _, given: seen.mixed.append(given[0])),
        )
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _spatial_attentions(encoder: TimeSformer) -> list[Attention]:
    return [block.attn for block in encoder.blocks if isinstance(block, Block)]


def gradient_rollout(model: RoSTFine, clips: Tensor, motion: Tensor | None = None) -> Tensor:
    """Rollout of the spatial attention weighted by its gradients (Chefer et al. 2021): (B, T, N).

    For each block: attention times the gradient of a grade's share, without what is negative,
    averaged over heads; relevance passes through the blocks by R + A R. As the answer is a whole
    distribution, the maps of its grades are added. It takes a backward pass for each grade.

    Args:
        model: a network in eval mode.
        clips: (B, 3, T, H, W) float, normalised.
        motion: (B, 6) of ``measure_motion``, for a network that is told it.
    """
    with (
        torch.inference_mode(mode=False),
        torch.enable_grad(),
        torch.autocast(clips.device.type, enabled=False),  # half precision has no such gradients
    ):
        with _watching(model.encoder) as seen:
            # A copy, since no gradient passes through what was made in inference mode.
            shares = model(clips.clone().requires_grad_(), motion).grade.sum(dim=0)
        slopes = [torch.autograd.grad(share, seen.mixed, retain_graph=True) for share in shares]
    with torch.no_grad():
        rows = torch.stack([_relevance(model.encoder, seen, slope) for slope in slopes])
    return rearrange(rows.sum(dim=0)[:, 1:], "(b t) n -> b t n", b=len(clips))


def _relevance(encoder: TimeSformer, seen: _Seen, gradients: Sequence[Tensor]) -> Tensor:
    """The [CLS] row (B*T, S) of the rollout weighted by the gradients of one number."""
    blocks = list(zip(_spatial_attentions(encoder), seen.inputs, gradients, strict=True))
    row = torch.eye(1, seen.inputs[0].shape[1], device=gradients[0].device)
    for attention, x, gradient in reversed(blocks):
        row = row + row @ _weighted(attention, x, gradient)
    return row[:, 0]


def _weighted(attention: Attention, x: Tensor, gradient: Tensor) -> Tensor:
    """Attention times its gradient where positive, averaged over heads, (B*T, S, S).

    What a head mixes is its attention times its values. So the gradient of the attention is that
    of what was mixed (B*T, S, D), times the values.
    """
    heads = attention.num_heads
    q, k, v = rearrange(attention.qkv(x), "b s (qkv h d) -> qkv b h s d", qkv=3, h=heads)
    rows = (q @ k.mT * q.shape[-1] ** -0.5).softmax(dim=-1)
    slopes = rearrange(gradient, "b s (h d) -> b h s d", h=heads) @ v.mT
    mean: Tensor = reduce((rows * slopes).relu(), "b h s r -> b s r", "mean")
    return mean


def rollout_cls(maps: Sequence[Tensor]) -> Tensor:
    """Attention rollout (Abnar & Zuidema 2020): the [CLS] row over the patches.

    Args:
        maps: one head-averaged attention map (B, T, S, S) per block, first block first.

    Returns:
        (B, T, N): the product over the blocks of each map averaged with the identity, its rows
        renormalised.
    """
    identity = torch.eye(maps[0].shape[-1], device=maps[0].device, dtype=maps[0].dtype)
    # Only the [CLS] row is needed: multiplying a row by each matrix, from the last block down, is
    # cheaper than multiplying the matrices.
    row = identity[:1].expand(*maps[0].shape[:2], 1, -1)
    # The product through all blocks needs full precision, even if the network runs in half.
    with torch.autocast(identity.device.type, enabled=False):
        for attention in reversed(maps):
            mixed = 0.5 * attention + 0.5 * identity
            row = row @ (mixed / mixed.sum(dim=-1, keepdim=True))
    return row[:, :, 0, 1:]
