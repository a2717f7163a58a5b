"""Where the network looked: the encoder's attention rollout and the spatial branch's attention.

Letters: B clips, T frames, N patches of a frame, K selected patches, S = 1+N tokens of a frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rostfine_core.model.rostfine import GradeOutput, RoSTFine


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
def explain(model: RoSTFine, clips: Tensor) -> ExplanationMaps:
    """Grade clips and show where the network looked (FACTS, attention maps).

    Args:
        model: a network, usually in eval mode.
        clips: (B, 3, T, H, W) float, normalised.
    """
    inspection = model.inspect(clips)
    rollout = rollout_cls(inspection.encoder_maps)
    selected = inspection.output.selected_patches
    drawn, forward = (
        torch.zeros_like(rollout).scatter(2, selected, attention.to(rollout.dtype))
        for attention in (inspection.branch_attention, inspection.branch_forward)
    )
    return ExplanationMaps(rollout, drawn, forward, inspection.output)


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
