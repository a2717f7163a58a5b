"""The TimeSformer encoder with divided space-time attention (Bertasius et al., ICML 2021).

Letters: B clips, T frames, N patches of a frame, D width of a token, H attention heads,
S tokens of an attention's sequence, R requested rows of an attention map.
The token sequence is [CLS] followed by the patches, patch-major with the frame fastest.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, reduce, repeat
from torch import Tensor, nn

from rostfine_core.model.config import STEM_STRIDE

NORM_EPS = 1e-6


@dataclass(frozen=True, eq=False)
class Encoding:
    """The encoder's output for clips.

    ``cls`` (B, D); ``patches`` (B, N*T, D), patch-major; ``scores`` (B, T, N), the spatial
    attention [CLS]->patch summed over heads and the last ``selection_layers`` blocks;
    ``attention_maps``, one (B, T, 1+N, 1+N) per block, averaged over heads, if requested.
    """

    cls: Tensor
    patches: Tensor
    scores: Tensor
    attention_maps: tuple[Tensor, ...] = ()


class Attention(nn.Module):
    """Fused multi-head self-attention that can also return rows of its map."""

    def __init__(self, dim: int, *, num_heads: int, qkv_bias: bool) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, *, map_rows: int = 0) -> tuple[Tensor, Tensor]:
        """Attend among the tokens of each sequence.

        Args:
            x: tokens (B, S, D).
            map_rows: R, how many rows of the attention map to return, from the first.

        Returns:
            Tokens (B, S, D), and map rows (B, H, R, S) without gradient.
        """
        q, k, v = rearrange(self.qkv(x), "b s (qkv h d) -> qkv b h s d", qkv=3, h=self.num_heads)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.proj(rearrange(y, "b h s d -> b s (h d)")), _attention_rows(
            q[:, :, :map_rows], k
        )


@torch.no_grad()
def _attention_rows(q: Tensor, k: Tensor) -> Tensor:
    """Softmax of the scaled products of queries (B, H, R, D) and keys (B, H, S, D)."""
    scaled = q * q.shape[-1] ** -0.5
    return precise_softmax(torch.einsum("b h r d, b h s d -> b h r s", scaled, k))


def precise_softmax(x: Tensor) -> Tensor:
    """Softmax over the last dimension in at least float32, even under CPU autocast."""
    return x.softmax(dim=-1, dtype=torch.promote_types(x.dtype, torch.float32))


class Mlp(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, dim: int, *, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., D) to (..., D)."""
        y: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return y


class DropPath(nn.Module):
    """Stochastic depth: during training, drops the residual of whole sequences."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """Zero some sequences of (B, S, D) and scale up the others to keep the mean."""
        if not self.training or self.probability == 0:
            return x
        keep = 1 - self.probability
        return x * x.new_empty(x.shape[0], 1, 1).bernoulli_(keep) / keep


class Block(nn.Module):
    """Attention over time, attention over space and an MLP, each with a residual."""

    def __init__(self, dim: int, *, num_heads: int, mlp_hidden: int, drop_path: float) -> None:
        super().__init__()
        self.temporal_norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.temporal_attn = Attention(dim, num_heads=num_heads, qkv_bias=True)
        self.temporal_fc = nn.Linear(dim, dim)
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.attn = Attention(dim, num_heads=num_heads, qkv_bias=True)
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.mlp = Mlp(dim, hidden=mlp_hidden)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor, *, num_frames: int, map_rows: int = 0) -> tuple[Tensor, Tensor]:
        """Map tokens (B, 1+N*T, D) to the same and R rows of the spatial map (B*T, H, R, 1+N)."""
        cls, patches = x[:, :1], x[:, 1:]
        patches = patches + self._over_time(patches, num_frames)
        in_frames = torch.cat(
            [
                repeat(cls, "b 1 d -> (b t) 1 d", t=num_frames),
                rearrange(patches, "b (n t) d -> (b t) n d", t=num_frames),
            ],
            dim=1,
        )
        y, attention_rows = self.attn(self.norm1(in_frames), map_rows=map_rows)
        y = self.drop_path(y)
        cls = cls + reduce(y[:, :1], "(b t) 1 d -> b 1 d", "mean", t=num_frames)
        patches = patches + rearrange(y[:, 1:], "(b t) n d -> b (n t) d", t=num_frames)
        x = torch.cat([cls, patches], dim=1)
        return x + self.drop_path(self.mlp(self.norm2(x))), attention_rows

    def _over_time(self, patches: Tensor, num_frames: int) -> Tensor:
        """Attend among the T tokens of each patch position in (B, N*T, D)."""
        places = rearrange(patches, "b (n t) d -> (b n) t d", t=num_frames)
        y, _ = self.temporal_attn(self.temporal_norm1(places))
        y = self.drop_path(self.temporal_fc(y))
        out: Tensor = rearrange(y, "(b n) t d -> b (n t) d", b=patches.shape[0])
        return out


class PatchEmbedding(nn.Module):
    """Cuts frames into square patches and embeds them, with a ``stem`` if it has a width."""

    def __init__(self, dim: int, *, patch_size: int, stem_width: int = 0) -> None:
        super().__init__()
        self.stem = _stem(stem_width) if stem_width else None
        channels = 2 * stem_width if stem_width else 3
        edge = patch_size // STEM_STRIDE if stem_width else patch_size
        self.proj = nn.Conv2d(channels, dim, kernel_size=edge, stride=edge)

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips (B, 3, T, H, W) to patch tokens (B, T, D, rows, columns)."""
        frames = rearrange(clips, "b c t h w -> (b t) c h w")
        if self.stem is not None:
            frames = self.stem(frames.contiguous(memory_format=torch.channels_last))
        embedded = self.proj(frames)
        tokens: Tensor = rearrange(embedded, "(b t) d h w -> b t d h w", b=clips.shape[0])
        return tokens


class TimeSformer(nn.Module):
    """The encoder: patch, position and time embeddings, blocks and a final norm, without a head.

    Parameter names are those of published TimeSformer checkpoints. In a new encoder all blocks but
    the first act as in an image network, since their ``temporal_fc`` is zero.
    """

    def __init__(
        self,
        *,
        num_frames: int,
        image_size: int,
        patch_size: int,
        stem_width: int = 0,
        embed_dim: int,
        depth: int,
        num_heads: int,
        mlp_ratio: float,
        drop_path: float,
    ) -> None:
        super().__init__()
        grid = image_size // patch_size
        self.patch_size = patch_size
        self.patch_embed = PatchEmbedding(embed_dim, patch_size=patch_size, stem_width=stem_width)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + grid * grid, embed_dim))
        self.time_embed = nn.Parameter(torch.zeros(1, num_frames, embed_dim))
        self.blocks = nn.ModuleList(
            Block(
                embed_dim,
                num_heads=num_heads,
                mlp_hidden=int(embed_dim * mlp_ratio),
                drop_path=drop_path * index / max(depth - 1, 1),
            )
            for index in range(depth)
        )
        self.norm = nn.LayerNorm(embed_dim, eps=NORM_EPS)
        self._initialise()

    def _initialise(self) -> None:
        init_linear_layers(self)
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        for name, weight in self.named_parameters():
            if name.endswith("temporal_fc.weight") and not name.startswith("blocks.0."):
                nn.init.zeros_(weight)

    def forward(
        self,
        clips: Tensor,
        *,
        told: Tensor | None = None,
        selection_layers: int = 1,
        with_maps: bool = False,
    ) -> Encoding:
        """Encode clips.

        Args:
            clips: (B, 3, T, H, W) float, normalised; H and W are multiples of the patch size. If T
                or the patch grid differ from the network's, the embeddings are resized.
            told: (B, D), added to every token of a clip, if given.
            selection_layers: how many of the last blocks' attention is summed into ``scores``.
            with_maps: also return every block's spatial attention map.
        """
        return self.encode(
            self.embed(clips),
            told=told,
            selection_layers=selection_layers,
            with_maps=with_maps,
        )

    def embed(self, clips: Tensor) -> Tensor:
        """Embed the patches of clips (B, 3, T, H, W): (B, T, D, rows, columns).

        Raises:
            ValueError: the clips have another layout, or H or W is no multiple of the patch size.
        """
        size = tuple(clips.shape)
        if clips.ndim != 5 or size[1] != 3 or any(s % self.patch_size for s in size[3:]):
            raise ValueError(
                f"clips must be (B, 3, T, H, W) with H and W multiples of {self.patch_size}, "
                f"got {size}"
            )
        tokens: Tensor = self.patch_embed(clips)
        return tokens

    def encode(
        self,
        patches: Tensor,
        *,
        told: Tensor | None = None,
        selection_layers: int = 1,
        with_maps: bool = False,
    ) -> Encoding:
        """Encode what ``embed`` returned, with the options of ``forward``."""
        x, num_frames = self._placed(patches), patches.shape[1]
        if told is not None:
            x = x + rearrange(told, "b d -> b 1 d")
        first_selecting = len(self.blocks) - selection_layers
        scores, maps = [], []
        for index, block in enumerate(self.blocks):
            selects = index >= first_selecting
            rows = 1 + (x.shape[1] - 1) // num_frames if with_maps else int(selects)
            x, attention = block(x, num_frames=num_frames, map_rows=rows)
            if selects:
                cls_row = reduce(attention[:, :, 0, 1:], "bt h n -> bt n", "sum")
                scores.append(rearrange(cls_row, "(b t) n -> b t n", t=num_frames))
            if with_maps:
                maps.append(reduce(attention, "(b t) h r s -> b t r s", "mean", t=num_frames))
        x = self.norm(x)
        return Encoding(x[:, 0], x[:, 1:], torch.stack(scores).sum(dim=0), tuple(maps))

    def _placed(self, patches: Tensor) -> Tensor:
        """Give patches (B, T, D, rows, columns) their place and time: tokens (B, 1+N*T, D)."""
        num_frames, rows, columns = patches.shape[1], patches.shape[3], patches.shape[4]
        position = resize_pos_embed(self.pos_embed, rows=rows, columns=columns)
        time = resize_time_embed(self.time_embed, num_frames=num_frames)
        patches = rearrange(patches, "b t d h w -> b (h w) t d")
        patches = patches + rearrange(position[:, 1:], "1 n d -> 1 n 1 d")
        patches = patches + rearrange(time, "1 t d -> 1 1 t d")
        cls = repeat(self.cls_token + position[:, :1], "1 1 d -> b 1 d", b=patches.shape[0])
        return torch.cat([cls, rearrange(patches, "b n t d -> b (n t) d")], dim=1)


def _stem(width: int) -> nn.Sequential:
    """Two convolutions that shrink a frame by ``STEM_STRIDE``, ending in ``2 * width`` channels."""
    layers: list[nn.Module] = []
    for read, made in ((3, width), (width, 2 * width)):
        norm = nn.BatchNorm2d(made)
        norm.num_batches_tracked = torch.zeros(())  # model files hold floating-point numbers alone
        layers += [nn.Conv2d(read, made, kernel_size=3, stride=2, padding=1), norm, nn.GELU()]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def init_linear_layers(module: nn.Module) -> None:
    """Draw linear weights from a normal with std 0.02, cut at 2; zero the biases (as in ViT)."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.trunc_normal_(layer.weight, std=0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def resize_time_embed(embed: Tensor, *, num_frames: int) -> Tensor:
    """Resize a time embedding (1, T, D) to another number of frames, as the official code does."""
    if embed.shape[1] == num_frames:
        return embed
    resized = F.interpolate(rearrange(embed, "1 t d -> 1 d t"), size=num_frames, mode="nearest")
    return rearrange(resized, "1 d t -> 1 t d")


def resize_pos_embed(embed: Tensor, *, rows: int, columns: int) -> Tensor:
    """Resize a position embedding (1, 1+N, D) to another grid; that of [CLS] is unchanged."""
    grid = round((embed.shape[1] - 1) ** 0.5)
    if (rows, columns) == (grid, grid):
        return embed
    patches = rearrange(embed[:, 1:], "1 (h w) d -> 1 d h w", h=grid)
    resized = F.interpolate(patches, size=(rows, columns), mode="nearest")
    return torch.cat([embed[:, :1], rearrange(resized, "1 d h w -> 1 (h w) d")], dim=1)
