"""Faithfulness of attention maps: deletion and insertion curves, and shares on parts of the sperm.

Patches are blurred (deletion) or restored in a blurred clip (insertion) in the order of a map,
highest first, the same number in every frame. A faithful map changes the prediction sooner than a
random order does, or one that starts in the centre, where the sperm's head is. Blurring patches one
by one (occlusion) takes many passes and shows what a good map could reach. On simulated clips with
true masks, the share of each map on head, neck and tail is measured too.
Letters: B clips, T frames, N patches of a frame, S steps, P parts.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from rostfine_core.model import Preprocessing, RoSTFine, explain
from rostfine_core.model.explain import gradient_rollout
from rostfine_core.model.preprocess import turn_as_seen
from rostfine_core.training.data.clip_cache import ClipCache, fill_cache
from rostfine_core.training.data.clip_file import load_masks
from rostfine_core.training.data.dataset import ClipDataset, read_dataset
from rostfine_core.training.networks.checkpoint import TrainedModel, load_trained

BLUR_PATCHES = 3
MAPS = (
    "encoder_rollout",
    "branch_attention",
    "branch_forward",
    "gradient_rollout",
    "random",
    "centre",
    "occlusion",
)
BATCH_CLIPS = 16
NORMAL_95 = 1.96
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
        deletion, insertion = self.clip_areas()
        return float(deletion.mean()), float(insertion.mean())

    def clip_areas(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The areas under each clip's deletion and insertion curve, (B,) each."""
        return (
            trapezoid(self.deletion, self.shares, axis=-1),
            trapezoid(self.insertion, self.shares, axis=-1),
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

    def against_centre(self, name: str) -> tuple[tuple[float, float], tuple[float, float]]:
        """How far a map's deletion and insertion areas are above those of the centre.

        Each is the mean over clips and half of its 95% interval, as for a normal distribution.
        """
        pairs = zip(self.curves[name].clip_areas(), self.curves["centre"].clip_areas(), strict=True)
        deletion, insertion = (ours - theirs for ours, theirs in pairs)
        return _mean_and_half(deletion), _mean_and_half(insertion)

    @property
    def ties_in_words(self) -> str:
        """Describe how tied patches are ordered."""
        return (
            f"The branch's maps rank only the {self.selected} patches that it selected of the "
            f"{self.patches} of a frame; all others, and any patches with the same value, are in "
            f"random order (seed {self.seed})."
        )

    @property
    def summary(self) -> str:
        """The tables as Markdown."""
        head = (
            "| map | deletion (lower is better) | above the centre's (95%) | "
            "insertion (higher is better) | above the centre's (95%) |"
        )
        lines = [
            f"{self.clips} clips. {self.ties_in_words}",
            "",
            head,
            "|---|---|---|---|---|",
            *(self._row(name) for name in self.curves),
            "",
        ]
        if self.parts:
            lines += ["| share (%) on | " + " | ".join(PARTS) + " |", "|---" * 5 + "|"]
            for name, shares in self.parts.items():
                cells = " | ".join(f"{100 * s:.1f}" for s in shares)
                lines.append(f"| {name} | {cells} |")
            lines.append("")
        return "\n".join(lines)

    def _row(self, name: str) -> str:
        cells = []
        for area, (mean, half) in zip(self.areas[name], self.against_centre(name), strict=True):
            cells += [f"{area:.3f}", "" if name == "centre" else f"{mean:+.3f} ± {half:.3f}"]
        return f"| {name} | {' | '.join(cells)} |"


def _mean_and_half(values: NDArray[np.float64]) -> tuple[float, float]:
    if len(values) < 2:
        return float(values.mean()), math.inf
    return float(values.mean()), float(NORMAL_95 * values.std(ddof=1) / math.sqrt(len(values)))


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
    cache = yield from fill_cache(chosen, preprocessing=prepared, threads=torch.get_num_threads())
    maps: dict[str, list[Tensor]] = {name: [] for name in MAPS}
    found: dict[str, list[Curves]] = {name: [] for name in MAPS}
    generator, ties = (torch.Generator().manual_seed(seed) for _ in range(2))
    for number in range(len(cache)):
        place = torch.tensor([number])
        seen = _Seen(
            network,
            clip=cache.prepare(cache.batch(place)),
            told=cache.told(place, device=torch.device("cpu")),
        )
        for name, values in _maps(seen, generator).items():
            maps[name].append(values)
            found[name].append(_curves(seen, maps=values, ties=ties, steps=steps))
        yield Progress(stage="deleting and inserting", done=number + 1, total=len(cache))
    return FaithfulnessResult(
        curves={name: _concatenate(several) for name, several in found.items()},
        parts=_parts(
            chosen,
            {name: torch.cat(several) for name, several in maps.items()},
            cache=cache,
            settings=prepared,
        ),
        selected=network.config.top_k,
        patches=network.config.grid_size**2,
        seed=seed,
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """A clip (1, 3, T, H, W) that a network grades, and what else the network is ``told`` of it."""

    network: RoSTFine
    clip: Tensor
    told: tuple[Tensor, ...]

    def grade(self, clips: Tensor) -> Tensor:
        """The distributions (B, 5) of changed copies (B, 3, T, H, W) of the clip."""
        grade: Tensor = self.network(clips, *(t.expand(len(clips), -1) for t in self.told)).grade
        return grade


def _curves(seen: _Seen, *, maps: Tensor, ties: torch.Generator, steps: int) -> Curves:
    return faithfulness_curves(
        seen.grade,
        seen.clip,
        maps=maps,
        patch_size=seen.network.config.patch_size,
        ties=ties,
        steps=steps,
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


def _maps(seen: _Seen, generator: torch.Generator) -> dict[str, Tensor]:
    """The network's maps of a clip, two to beat and occlusion, by name: (1, T, N) each."""
    network, clip = seen.network, seen.clip
    explained = explain(network, clip, *seen.told)
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
                explained.branch_forward,
                gradient_rollout(network, clip, *seen.told),
                torch.rand(shape, generator=generator),
                (-4 * distance).exp().expand(shape),
                occlusion(seen.grade, clip, patch_size=network.config.patch_size).expand(shape),
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
    data: ClipDataset, maps: Mapping[str, Tensor], *, cache: ClipCache, settings: Preprocessing
) -> dict[str, tuple[float, ...]]:
    masks = [load_masks(clip.path) for clip in data.clips]
    known = [m for m in masks if m is not None]
    if len(known) < len(masks):
        return {}
    chosen = torch.from_numpy(np.stack([m[list(settings.frame_indices)] for m in known]))
    # The cache holds the chosen frames alone.
    seen = turn_as_seen(
        chosen, cache.images, settings=replace(settings, clip_frames=settings.num_frames)
    )
    rows = math.isqrt(next(iter(maps.values())).shape[-1])
    coverage = part_coverage(seen, rows=rows)
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
    rank = ranks(maps, ties=ties)
    shares = tuple(step / steps for step in range(steps + 1))
    changed: list[Tensor] = [clips, blurred]
    for share in shares[1:-1]:
        mask = _to_pixels(rank < round(share * maps.shape[-1]), clips)
        changed += [torch.where(mask, blurred, clips), torch.where(mask, clips, blurred)]
    answers = rearrange(_answers(answer, torch.cat(changed)), "(s b) g -> s b g", b=len(clips))
    whole, none, *rest = (similarity(each, answers[0]) for each in answers)
    return Curves(
        shares=shares,
        deletion=torch.stack([whole, *rest[::2], none], dim=1).numpy(),
        insertion=torch.stack([none, *rest[1::2], whole], dim=1).numpy(),
    )


@torch.no_grad()
def occlusion(answer: Callable[[Tensor], Tensor], clip: Tensor, *, patch_size: int) -> Tensor:
    """How far the answer moves if one patch is blurred in all frames of a clip, (1, 1, N).

    The distance is 1 - ``similarity``.
    """
    blurred = blur(clip, patch_size=patch_size)
    patches = (clip.shape[-1] // patch_size) ** 2
    masks = _to_pixels(rearrange(torch.eye(patches), "n p -> n 1 p").bool(), clip)
    parts = [torch.where(mask, blurred, clip) for mask in masks[:, None]]
    moved = 1 - similarity(_answers(answer, torch.cat(parts)), answer(clip))
    return rearrange(moved, "n -> 1 1 n")


def _answers(answer: Callable[[Tensor], Tensor], clips: Tensor) -> Tensor:
    """The answers to many clips, so many at a time as the memory holds."""
    starts = range(0, len(clips), BATCH_CLIPS)
    return torch.cat([answer(clips[start : start + BATCH_CLIPS]) for start in starts])


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
