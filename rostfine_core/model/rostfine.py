"""RoSTFine: encoder, Patch Selection Module, two branches and three heads (WACV 2024).

Letters: B clips, T frames, N patches of a frame, K selected patches of a frame, D width of a
token, H attention heads, S tokens of a branch's sequence, G grades.
"""

from dataclasses import dataclass

import torch
from einops import rearrange, reduce, repeat
from torch import Tensor, nn

from rostfine_core.model.config import Gather, RoSTFineConfig
from rostfine_core.model.motion import MOTION_NUMBERS
from rostfine_core.model.timesformer import (
    Attention,
    Encoding,
    Mlp,
    TimeSformer,
    init_linear_layers,
    precise_softmax,
)


@dataclass(frozen=True, eq=False)
class GradeOutput:
    """The network's answer for clips.

    Grades are (B, G), rows sum to 1; ``grade`` is the mean of the three heads (Eq. 20). Features
    v_g, v_s, v_t are (B, D). ``selected_patches`` (B, T, K) int64 are row-major on the patch grid,
    best first.
    """

    grade: Tensor
    grade_global: Tensor
    grade_spatial: Tensor
    grade_temporal: Tensor
    feature_global: Tensor
    feature_spatial: Tensor
    feature_temporal: Tensor
    selected_patches: Tensor


@dataclass(frozen=True, eq=False)
class Inspection:
    """An output with the attention behind it.

    ``encoder_maps``: one spatial map (B, T, 1+N, 1+N) per encoder block, averaged over heads.
    ``branch_attention`` (B, T, K): the last FGS attention's [CLS]->selected patch, summed over
    heads, as the official code draws it (``OfficialBranch.cls_attention``). ``branch_forward``
    (B, T, K): the same of the pass that graded (``attend``). With the paper's branch both are one.
    """

    output: GradeOutput
    encoder_maps: tuple[Tensor, ...]
    branch_attention: Tensor
    branch_forward: Tensor


class OfficialBranch(nn.Module):
    """The branch of the official code: attention layers that share one norm, then one MLP."""

    def __init__(self, dim: int, *, depth: int, num_heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.mhsa = nn.ModuleList(
            Attention(dim, num_heads=num_heads, qkv_bias=False) for _ in range(depth)
        )
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, hidden=dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, S, D) to the output at [CLS] (B, D)."""
        return self.attend(x, map_rows=0)[0]

    def attend(self, x: Tensor, *, map_rows: int = 1) -> tuple[Tensor, Tensor]:
        """The output at [CLS] (B, D), and the last attention's [CLS] row (B, S) of this pass.

        The row is summed over heads, and zero for ``map_rows`` 0. Without residuals, every token
        that a second attention meets is a mixture of all of them: a weight belongs to a token's
        place in the sequence, and only in part to the patch that it began as.
        """
        for number, attention in enumerate(self.mhsa, start=1):
            wanted = map_rows if number == len(self.mhsa) else 0
            x, rows = attention(self.norm1(x), map_rows=wanted)
        # The MLP works token by token, and only [CLS] is used.
        out: Tensor = self.mlp(self.norm2(x[:, 0]))
        return out, reduce(rows, "b h r s -> b s", "sum")

    def cls_attention(self, x: Tensor) -> Tensor:
        """The last attention's [CLS] row (B, S), summed over heads, as in the official code.

        The last attention is applied to the branch's input (B, S, D), where every token still is
        one patch, and not to the output of the attention before it: no grade comes from this row.
        """
        _, rows = self.mhsa[-1](self.norm1(x), map_rows=1)
        summed: Tensor = reduce(rows, "b h 1 s -> b s", "sum")
        return summed


class PaperBlock(nn.Module):
    """One block of the paper's Fig. 3: norm, attention, norm, MLP."""

    def __init__(self, dim: int, *, num_heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.mhsa = Attention(dim, num_heads=num_heads, qkv_bias=False)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, hidden=dim)

    def forward(self, x: Tensor, *, map_rows: int = 0) -> tuple[Tensor, Tensor]:
        """Map (B, S, D) to (B, S, D) and the first R rows of the attention map (B, H, R, S)."""
        x, rows = self.mhsa(self.norm1(x), map_rows=map_rows)
        return self.mlp(self.norm2(x)), rows


class PaperBranch(nn.Module):
    """The branch of the paper (Fig. 3): a chain of blocks."""

    def __init__(self, dim: int, *, depth: int, num_heads: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(PaperBlock(dim, num_heads=num_heads) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, S, D) to the output at [CLS] (B, D)."""
        return self.attend(x, map_rows=0)[0]

    def attend(self, x: Tensor, *, map_rows: int = 1) -> tuple[Tensor, Tensor]:
        """The output at [CLS] (B, D), and the last block's [CLS] row (B, S), summed over heads."""
        for block in self.blocks:
            x, rows = block(x, map_rows=map_rows)
        return x[:, 0], reduce(rows, "b h r s -> b s", "sum")

    def cls_attention(self, x: Tensor) -> Tensor:
        """The row of ``attend`` for the input (B, S, D)."""
        return self.attend(x)[1]


class RoSTFine(nn.Module):
    """The network that grades a sperm's clip as a panel of experts would."""

    def __init__(self, config: RoSTFineConfig) -> None:
        """Build a new network with weights drawn from torch's global generator."""
        super().__init__()
        self.config = config
        self.encoder = TimeSformer(
            num_frames=config.num_frames,
            image_size=config.image_size,
            patch_size=config.patch_size,
            stem_width=config.stem_width,
            embed_dim=config.embed_dim,
            depth=config.depth,
            num_heads=config.num_heads,
            mlp_ratio=config.mlp_ratio,
            drop_path=config.drop_path,
        )
        self.motion_embed = _build_motion_embed(config)
        self.branch_spatial = _build_branch(config)
        self.branch_temporal = _build_branch(config)
        self.head_global = nn.Linear(config.embed_dim, config.num_grades)
        self.head_spatial = nn.Linear(config.embed_dim, config.num_grades)
        self.head_temporal = nn.Linear(config.embed_dim, config.num_grades)
        for part in (self.branch_spatial, self.branch_temporal, *self._heads):
            init_linear_layers(part)

    @property
    def _heads(self) -> tuple[nn.Linear, nn.Linear, nn.Linear]:
        return self.head_global, self.head_spatial, self.head_temporal

    def forward(self, clips: Tensor, motion: Tensor | None = None) -> GradeOutput:
        """Grade clips (B, 3, T, H, W) float, normalised as ``preprocess`` does.

        Args:
            clips: the pictures.
            motion: (B, 6) of ``measure_motion``, for a network with a ``motion_width``.

        Raises:
            ValueError: the clips have another layout or fewer than K patches, or ``motion`` is
                missing or not asked for.
        """
        encoding = self.encoder(
            clips, told=self._told(motion), selection_layers=self.config.selection_layers
        )
        selected, tokens = self._select(encoding)
        by_frame = self.branch_spatial(_by_frame(encoding.cls, tokens))
        return self._grade(encoding.cls, tokens, selected, by_frame=by_frame)

    def inspect(self, clips: Tensor, motion: Tensor | None = None) -> Inspection:
        """Grade clips as ``forward`` does and keep every attention map that ``explain`` uses."""
        encoding = self.encoder(
            clips,
            told=self._told(motion),
            selection_layers=self.config.selection_layers,
            with_maps=True,
        )
        selected, tokens = self._select(encoding)
        sequences = _by_frame(encoding.cls, tokens)
        by_frame, forward = self.branch_spatial.attend(sequences)
        output = self._grade(encoding.cls, tokens, selected, by_frame=by_frame)
        drawn, forward = (
            rearrange(rows[:, 1:], "(b t) k -> b t k", t=selected.shape[1])
            for rows in (self.branch_spatial.cls_attention(sequences), forward)
        )
        return Inspection(output, encoding.attention_maps, drawn, forward)

    def _told(self, motion: Tensor | None) -> Tensor | None:
        if (motion is None) != (self.motion_embed is None):
            raise ValueError("a network is told the motion if it has a motion_width, and only then")
        if motion is None or self.motion_embed is None:
            return None
        told: Tensor = self.motion_embed(motion)
        return told

    def _select(self, encoding: Encoding) -> tuple[Tensor, Tensor]:
        """The Patch Selection Module: patch indices (B, T, K) and their tokens (B, T, K, D)."""
        selected = select_patches(encoding.scores, top_k=self.config.top_k)
        return selected, gather_patches(encoding.patches, selected, gather=self.config.gather)

    def _grade(
        self, cls: Tensor, tokens: Tensor, selected: Tensor, *, by_frame: Tensor
    ) -> GradeOutput:
        """Join FGS's outputs (B*T, D), refine v_g in time (FGT), and apply the three heads."""
        feature_spatial = reduce(by_frame, "(b t) d -> b d", "mean", t=tokens.shape[1])
        feature_temporal = self.branch_temporal(_all_frames(cls, tokens))
        grades = (
            precise_softmax(self.head_global(cls)),
            precise_softmax(self.head_spatial(feature_spatial)),
            precise_softmax(self.head_temporal(feature_temporal)),
        )
        return GradeOutput(
            torch.stack(grades).mean(dim=0),
            *grades,
            feature_global=cls,
            feature_spatial=feature_spatial,
            feature_temporal=feature_temporal,
            selected_patches=selected,
        )


def _by_frame(cls: Tensor, tokens: Tensor) -> Tensor:
    """The input of FGS: v_g (B, D) with each frame's patches (B, T, K, D) as (B*T, 1+K, D)."""
    copies = repeat(cls, "b d -> (b t) 1 d", t=tokens.shape[1])
    return torch.cat([copies, rearrange(tokens, "b t k d -> (b t) k d")], dim=1)


def _all_frames(cls: Tensor, tokens: Tensor) -> Tensor:
    """The input of FGT: v_g (B, D) with all patches, frame by frame, as (B, 1+T*K, D)."""
    return torch.cat([rearrange(cls, "b d -> b 1 d"), rearrange(tokens, "b t k d -> b (t k) d")], 1)


def _build_motion_embed(config: RoSTFineConfig) -> nn.Sequential | None:
    """What turns the motion into part of each token; at first it adds nothing."""
    if not config.motion_width:
        return None
    last = nn.Linear(config.motion_width, config.embed_dim)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(MOTION_NUMBERS, config.motion_width), nn.GELU(), last)


def _build_branch(config: RoSTFineConfig) -> OfficialBranch | PaperBranch:
    kind = OfficialBranch if config.branch == "official" else PaperBranch
    return kind(config.embed_dim, depth=config.branch_depth, num_heads=config.branch_heads)


def select_patches(scores: Tensor, *, top_k: int) -> Tensor:
    """The K patches with the highest scores (B, T, N) in each frame, best first: (B, T, K).

    Raises:
        ValueError: there are fewer than K patches.
    """
    if top_k > scores.shape[-1]:
        raise ValueError(f"cannot select {top_k} of {scores.shape[-1]} patches")
    return scores.topk(top_k, dim=-1).indices


def gather_patches(patches: Tensor, selected: Tensor, *, gather: Gather) -> Tensor:
    """Fetch the embeddings of the selected patches.

    Args:
        patches: encoder output (B, N*T, D), patch-major with the frame fastest.
        selected: patch indices (B, T, K).
        gather: ``corrected`` reads the true order; ``official`` mistakes it for frame-major and
            fetches token (t*N + p) for patch p of frame t (FACTS, error 1).

    Returns:
        Tokens (B, T, K, D).
    """
    num_frames = selected.shape[1]
    num_patches = patches.shape[1] // num_frames
    frame = rearrange(torch.arange(num_frames, device=selected.device), "t -> 1 t 1")
    if gather == "official":
        place = frame * num_patches + selected
    else:
        place = selected * num_frames + frame
    clip = rearrange(torch.arange(patches.shape[0], device=selected.device), "b -> b 1 1")
    return patches[clip, place]
