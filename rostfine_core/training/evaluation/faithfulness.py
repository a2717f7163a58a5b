"""Faithfulness of attention maps: deletion and insertion curves, and shares on parts of the sperm.

Patches are blurred (deletion) or restored in a blurred clip (insertion) in the order of a map,
highest first, the same number in every frame. A faithful map changes the prediction sooner than a
random order does, or one that starts in the centre, where the sperm's head is. On simulated clips
with true masks, the share of each map on head, neck and tail is measured too.
Letters: B clips, T frames, N patches of a frame, S steps, P parts.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from einops import rearrange, reduce, repeat
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from torch import Tensor
from torch.nn import functional as F

from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import ModelError
from rostfine_core.model import RoSTFine, explain
from rostfine_core.training.data.clip_cache import fill_cache
from rostfine_core.training.data.clip_file import load_masks
from rostfine_core.training.data.dataset import ClipDataset, read_dataset
from rostfine_core.training.networks.checkpoint import TrainedModel, load_trained

BLUR_PATCHES = 3
MAPS = ("encoder_rollout", "branch_attention", "random", "centre")
PARTS = ("head", "neck", "tail", "elsewhere")
AREA = "area"  # of the parts themselves: the shares of a uniform map


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Similarity to the prediction for the unchanged clip, 0 to 1, by share of patches changed.

    ``deletion`` and ``insertion`` are (B, S); faithful maps are low in the first and high in the
    second. The similarity is 1 - JS / ln 2.
    """

    shares: tuple[float, ...]
    deletion: NDArray[np.float64]
    insertion: NDArray[np.float64]

    def areas(self) -> tuple[float, float]:
        """The areas under the mean deletion and insertion curve."""
        return (
            float(trapezoid(self.deletion.mean(axis=0), self.shares)),
            float(trapezoid(self.insertion.mean(axis=0), self.shares)),
        )


@dataclass(frozen=True, kw_only=True)
class FaithfulnessResult:
    """Curves over all clips by map; ``random`` and ``centre`` are the ones to beat.

    ``parts``: the mean share of each map on head, neck, tail and elsewhere, and the parts' share
    of the area; empty unless every clip has masks. Where parts overlap, a patch counts for the
    first of them. ``selected`` of a frame's ``patches`` have a value in the branch's map. ``seed``
    drew the clips, the random map and the order of tied patches.
    """

    curves: Mapping[str, Curves]
    parts: Mapping[str, tuple[float, ...]]
    selected: int
    patches: int
    seed: int

    @property
    def clips(self) -> int:
        """How many clips were measured."""
        return len(next(iter(self.curves.values())).deletion)

    @property
    def areas(self) -> dict[str, tuple[float, float]]:
        """The areas under the deletion and insertion curve, by map."""
        return {name: curves.areas() for name, curves in self.curves.items()}

    @property
    def ties_in_words(self) -> str:
        """Describe how tied patches are ordered."""
        return (
            f"The branch's map ranks only the {self.selected} patches that it selected of the "
            f"{self.patches} of a frame; all others, and any patches with the same value, are in "
            f"random order (seed {self.seed})."
        )

    @property
    def summary(self) -> str:
        """The tables as Markdown."""
        rows = [f"| {name} | {d:.3f} | {i:.3f} |" for name, (d, i) in self.areas.items()]
        head = "| map | deletion (lower is better) | insertion (higher is better) |"
        lines = [f"{self.clips} clips. {self.ties_in_words}", "", head, "|---|---|---|", *rows, ""]
        if self.parts:
            lines += ["| share (%) on | " + " | ".join(PARTS) + " |", "|---" * 5 + "|"]
            for name, shares in self.parts.items():
                cells = " | ".join(f"{100 * s:.1f}" for s in shares)
                lines.append(f"| {name} | {cells} |")
            lines.append("")
        return "\n".join(lines)


def measure_faithfulness(
    model: Path, dataset: Path, *, clips: int = 50, steps: int = 10, seed: int = 0
) -> LongJob[FaithfulnessResult]:
    """Measure each of a model's maps on ``clips`` random clips of a data set.

    Raises:
        ModelError: the model cannot be read, is an ensemble, or has no attention maps.
        DatasetError: the data set cannot be used.
    """
    trained = load_trained(model)
    network = single_rostfine(model, trained)
    data = read_dataset(dataset)
    rng = np.random.default_rng(seed)
    chosen = data.subset(np.sort(rng.permutation(len(data.clips))[:clips]))
    prepared = trained[0].preprocessing
    frames = list(prepared.frame_indices)
    cache = yield from fill_cache(chosen, preprocessing=prepared, threads=torch.get_num_threads())
    maps: dict[str, list[Tensor]] = {name: [] for name in MAPS}
    found: dict[str, list[Curves]] = {name: [] for name in MAPS}
    generator, ties = (torch.Generator().manual_seed(seed) for _ in range(2))
    for number in range(len(cache)):
        clip = cache.prepare(cache.batch(torch.tensor([number])))
        for name, values in _maps(network, clip, generator).items():
            curves = faithfulness_curves(
                lambda x: network(x).grade,
                clip,
                maps=values,
                patch_size=network.config.patch_size,
                ties=ties,
                steps=steps,
            )
            maps[name].append(values)
            found[name].append(curves)
        yield Progress(stage="deleting and inserting", done=number + 1, total=len(cache))
    return FaithfulnessResult(
        curves={name: _concatenate(several) for name, several in found.items()},
        parts=_parts(chosen, frames, {name: torch.cat(several) for name, several in maps.items()}),
        selected=network.config.top_k,
        patches=network.config.grid_size**2,
        seed=seed,
    )


def single_rostfine(path: Path, members: Sequence[TrainedModel]) -> RoSTFine:
    """The network of the single model whose maps can be measured.

    Raises:
        ModelError: ``path`` holds an ensemble, or a network without attention maps.
    """
    network = members[0].network
    if len(members) != 1 or not isinstance(network, RoSTFine):
        raise ModelError(
            f"{path} is not a single RoSTFine model, and only its attention maps can be measured: "
            "choose one model file."
        )
    return network


def _maps(network: RoSTFine, clip: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """The network's two maps of a clip and the two to beat, by name: (1, T, N) each."""
    explained = explain(network, clip)
    shape = explained.encoder_rollout.shape
    rows = math.isqrt(shape[-1])
    places = torch.linspace(-1, 1, rows)
    distance = rearrange(places.square()[:, None] + places.square(), "r q -> (r q)")
    return dict(
        zip(
            MAPS,
            (
                explained.encoder_rollout,
                explained.branch_attention,
                torch.rand(shape, generator=generator),
                (-4 * distance).exp().expand(shape),
            ),
            strict=True,
        )
    )


def _concatenate(several: list[Curves]) -> Curves:
    return Curves(
        shares=several[0].shares,
        deletion=np.concatenate([c.deletion for c in several]),
        insertion=np.concatenate([c.insertion for c in several]),
    )


def _parts(
    data: ClipDataset, frames: list[int], maps: Mapping[str, Tensor]
) -> dict[str, tuple[float, ...]]:
    masks = [load_masks(clip.path) for clip in data.clips]
    known = [m for m in masks if m is not None]
    if len(known) < len(masks):
        return {}
    seen = np.stack([mask[frames] for mask in known])
    rows = math.isqrt(next(iter(maps.values())).shape[-1])
    coverage = part_coverage(torch.from_numpy(seen), rows=rows)
    shares = {name: part_shares(values, coverage) for name, values in maps.items()}
    return shares | {AREA: part_shares(torch.ones_like(coverage[..., 0]), coverage)}


def part_coverage(masks: Tensor, *, rows: int) -> Tensor:
    """The share of each part in each patch: masks (B, T, 3, S, S) -> (B, T, N, P)."""
    first_of = masks.float()
    first_of[:, :, 1] *= 1 - first_of[:, :, 0]
    first_of[:, :, 2] *= (1 - first_of[:, :, 0]) * (1 - first_of[:, :, 1])
    frames = rearrange(first_of, "b t p h w -> (b t) p h w")
    pooled = F.adaptive_avg_pool2d(frames, rows)
    parts = rearrange(pooled, "(b t) p r q -> b t (r q) p", b=len(masks))
    return torch.cat([parts, 1 - parts.sum(dim=-1, keepdim=True)], dim=-1)


def part_shares(maps: Tensor, coverage: Tensor) -> tuple[float, ...]:
    """The mean share of maps (B, T, N) on each part, from ``part_coverage``."""
    weights = maps / maps.sum(dim=-1, keepdim=True)
    mean = reduce(weights[..., None] * coverage, "b t n p -> b t p", "sum").mean(dim=(0, 1))
    return tuple(mean.tolist())


@torch.no_grad()
def faithfulness_curves(
    answer: Callable[[Tensor], Tensor],
    clips: Tensor,
    *,
    maps: Tensor,
    patch_size: int,
    ties: torch.Generator,
    steps: int = 10,
) -> Curves:
    """Deletion and insertion curves of ``maps`` (B, T, N) over ``clips`` (B, 3, T, H, W).

    ``answer`` gives the distributions (B, 5) of clips; ``ties`` draws the order of tied patches,
    see ``ranks``.
    """
    blurred = blur(clips, patch_size=patch_size)
    whole = answer(clips)
    rank = ranks(maps, ties=ties)
    shares = tuple(step / steps for step in range(steps + 1))
    deletion, insertion = [], []
    for share in shares:
        touched = rank < round(share * maps.shape[-1])
        mask = _to_pixels(touched, clips)
        deletion.append(similarity(answer(torch.where(mask, blurred, clips)), whole))
        insertion.append(similarity(answer(torch.where(mask, clips, blurred)), whole))
    return Curves(
        shares=shares,
        deletion=torch.stack(deletion, dim=1).double().numpy(),
        insertion=torch.stack(insertion, dim=1).double().numpy(),
    )


def ranks(maps: Tensor, *, ties: torch.Generator) -> Tensor:
    """The rank of each patch of ``maps`` (B, T, N) in its frame, 0 for the highest value.

    Tied patches (the branch's map is zero beyond the K selected) are in an order that ``ties``
    draws. The order of the grid would start at the top, and favour or harm a map by where the sperm
    is.
    """
    shuffled = torch.rand(maps.shape, generator=ties).argsort(dim=-1)
    sorted_ = maps.gather(-1, shuffled).argsort(dim=-1, descending=True, stable=True)
    return shuffled.gather(-1, sorted_).argsort(dim=-1)


def blur(clips: Tensor, *, patch_size: int) -> Tensor:
    """Blur clips (B, 3, T, H, W) until no patch keeps its detail."""
    frames = rearrange(clips, "b c t h w -> (b t) c h w")
    width = min(BLUR_PATCHES * patch_size, *frames.shape[-2:]) // 2 * 2 - 1
    smooth = F.avg_pool2d(frames, width, stride=1, padding=width // 2, count_include_pad=False)
    smoothed: Tensor = rearrange(smooth, "(b t) c h w -> b c t h w", b=clips.shape[0])
    return smoothed


def similarity(answer: Tensor, reference: Tensor) -> Tensor:
    """1 - JS / ln 2 of each clip's distributions (B, 5): (B,)."""
    p, q = answer.double().clamp_min(1e-12), reference.double().clamp_min(1e-12)
    log_m = ((p + q) / 2).log()
    js = ((p * (p.log() - log_m)).sum(-1) + (q * (q.log() - log_m)).sum(-1)) / 2
    return 1 - js / math.log(2)


def _to_pixels(touched: Tensor, clips: Tensor) -> Tensor:
    """A mask over patches (B, T, N) as one over pixels (B, 1, T, H, W)."""
    rows = math.isqrt(touched.shape[-1])
    edge = clips.shape[-1] // rows
    mask: Tensor = repeat(touched, "b t (r c) -> b 1 t (r h) (c w)", r=rows, c=rows, h=edge, w=edge)
    return mask
