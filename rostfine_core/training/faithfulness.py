"""Whether attention maps point at what decides: deletion and insertion curves.

Patches are blurred away (deletion) or brought back into a blurred clip (insertion) in the order of
a map, best first, in every frame alike in number. A map that is faithful changes the answer sooner
than a random order does. Letters: B clips, T frames, N patches of a frame, S steps.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from einops import rearrange, repeat
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from torch import Tensor
from torch.nn import functional as F

from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import ModelError
from rostfine_core.model import RoSTFine, explain
from rostfine_core.training.clip_cache import fill_cache
from rostfine_core.training.datasets import read_dataset
from rostfine_core.training.model_files import load_trained

BLUR_PATCHES = 3
MAPS = ("encoder_rollout", "branch_attention", "random")


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Likeness of the answer to the untouched clip's, 0 to 1, at shares of patches touched.

    ``deletion`` and ``insertion`` are (B, S): faithful maps lie low in the first and high in the
    second. Likeness is 1 - JS / ln 2.
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
    """Areas under the deletion and insertion curve, by map; ``random`` is what to beat."""

    clips: int
    areas: dict[str, tuple[float, float]]

    @property
    def summary(self) -> str:
        """The table as Markdown."""
        rows = [f"| {name} | {d:.3f} | {i:.3f} |" for name, (d, i) in self.areas.items()]
        head = "| map | deletion (lower is better) | insertion (higher is better) |"
        return "\n".join([f"{self.clips} clips", "", head, "|---|---|---|", *rows, ""])


def measure_faithfulness(
    model: Path, dataset: Path, *, clips: int = 50, steps: int = 10, seed: int = 0
) -> LongJob[FaithfulnessResult]:
    """Draw ``clips`` of a data set and measure each of a model's maps on them.

    Raises:
        ModelError: the model cannot be read, is an ensemble, or draws no maps.
    """
    trained = load_trained(model)
    network = trained[0].network
    if len(trained) != 1 or not isinstance(network, RoSTFine):
        raise ModelError(f"{model} is no single RoSTFine model: choose one model file.")
    data = read_dataset(dataset)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(data.clips))[:clips])
    cache = yield from fill_cache(
        data.subset(chosen),
        preprocessing=trained[0].preprocessing,
        threads=torch.get_num_threads(),
    )
    generator = torch.Generator().manual_seed(seed)
    found: dict[str, list[Curves]] = {name: [] for name in MAPS}
    for number in range(len(cache)):
        clip = cache.prepare(cache.batch(torch.tensor([number])))
        explained = explain(network, clip)
        shape = explained.encoder_rollout.shape
        maps = (
            explained.encoder_rollout,
            explained.branch_attention,
            torch.rand(shape, generator=generator),
        )
        for name, values in zip(MAPS, maps, strict=True):
            curves = faithfulness_curves(
                lambda x: network(x).grade,
                clip,
                maps=values,
                patch_size=network.config.patch_size,
                steps=steps,
            )
            found[name].append(curves)
        yield Progress(stage="deleting and inserting", done=number + 1, total=len(cache))
    areas = {n: np.mean([c.areas() for c in several], axis=0) for n, several in found.items()}
    return FaithfulnessResult(
        clips=len(cache), areas={n: (float(a[0]), float(a[1])) for n, a in areas.items()}
    )


@torch.no_grad()
def faithfulness_curves(
    answer: Callable[[Tensor], Tensor],
    clips: Tensor,
    *,
    maps: Tensor,
    patch_size: int,
    steps: int = 10,
) -> Curves:
    """Deletion and insertion curves of ``maps`` (B, T, N) over ``clips`` (B, 3, T, H, W).

    ``answer`` gives the distributions (B, 5) of clips. Where a map is zero in many patches (the
    branch's is, beyond the K selected) their order is that of the grid.
    """
    blurred = blur(clips, patch_size=patch_size)
    whole = answer(clips)
    order = maps.argsort(dim=-1, descending=True, stable=True)
    rank = order.argsort(dim=-1)
    shares = tuple(step / steps for step in range(steps + 1))
    deletion, insertion = [], []
    for share in shares:
        touched = rank < round(share * maps.shape[-1])
        mask = _to_pixels(touched, clips)
        deletion.append(likeness(answer(torch.where(mask, blurred, clips)), whole))
        insertion.append(likeness(answer(torch.where(mask, clips, blurred)), whole))
    return Curves(
        shares=shares,
        deletion=torch.stack(deletion, dim=1).double().numpy(),
        insertion=torch.stack(insertion, dim=1).double().numpy(),
    )


def blur(clips: Tensor, *, patch_size: int) -> Tensor:
    """Smooth clips (B, 3, T, H, W) so far that no patch keeps its detail."""
    frames = rearrange(clips, "b c t h w -> (b t) c h w")
    width = min(BLUR_PATCHES * patch_size, *frames.shape[-2:]) // 2 * 2 - 1
    smooth = F.avg_pool2d(frames, width, stride=1, padding=width // 2, count_include_pad=False)
    smoothed: Tensor = rearrange(smooth, "(b t) c h w -> b c t h w", b=clips.shape[0])
    return smoothed


def likeness(answer: Tensor, reference: Tensor) -> Tensor:
    """1 - JS / ln 2 of distributions (B, 5), clip by clip: (B,)."""
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
