"""The figure of a comparison that shows where several networks looked in the same clips."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rostfine_core.errors import ModelError
from rostfine_core.files import atomic_write
from rostfine_core.model import RoSTFine, explain, preprocess
from rostfine_core.model.explain import rollout_cls
from rostfine_core.model.preprocess import turn_as_seen
from rostfine_core.training.data.clip_cache import load_motion
from rostfine_core.training.data.dataset import GRADES, ClipDataset, LabelledClip
from rostfine_core.training.evaluation.figures import draw_map, write_notes
from rostfine_core.training.networks.checkpoint import TrainedModel, load_trained
from rostfine_core.training.networks.initialisation import encoder_owner

INCHES = 1.8


@dataclass(frozen=True, kw_only=True, eq=False)
class MapColumn:
    """One map of a network: ``values`` (B, N) of the frame that is drawn of each clip.

    ``frames`` (B, S, S, 3) uint8 are these frames as the network saw them.
    """

    title: str
    frames: NDArray[np.uint8]
    values: NDArray[np.float32]


def one_of_each_grade(data: ClipDataset, *, tested: Collection[str]) -> ClipDataset:
    """Of the clips named by ``tested`` the first of each most selected grade, A first."""
    found: dict[int, int] = {}
    for place, clip in enumerate(data.clips):
        if clip.clip in tested:
            found.setdefault(int(np.argmax(clip.votes)), place)
    return data.subset([found[grade] for grade in sorted(found)])


def draw_attention(
    path: Path, models: Mapping[str, Path], data: ClipDataset, *, notes: Sequence[str]
) -> None:
    """Draw the middle frame of each clip, and over it each model's maps of it; write a PNG.

    A RoSTFine shows its encoder's attention rollout and its spatial branch, a TimeSformer its
    rollout. ``models`` are files by the name of the method.

    Raises:
        ModelError: a file cannot be read, or its network has no attention maps.
    """
    pictures = np.stack([data.pictures(clip) for clip in data.clips])
    columns = [
        column
        for name, file in models.items()
        for column in map_columns(name, load_trained(file)[0], pictures, clips=data.clips)
    ]
    figure = Figure(
        figsize=(INCHES * (1 + len(columns)), INCHES * len(pictures)), layout="constrained"
    )
    grid = figure.subplots(len(pictures), 1 + len(columns), squeeze=False)
    for row, clip in enumerate(data.clips):
        votes = ", ".join(f"{g} {v}" for g, v in zip(GRADES, clip.votes, strict=True) if v)
        grid[row, 0].imshow(pictures[row, pictures.shape[1] // 2])
        grid[row, 0].set_ylabel(f"voted {votes}", fontsize=6)
        for axes, column in zip(grid[row, 1:], columns, strict=True):
            draw_map(axes, column.frames[row], column.values[row], column.values[row].max())
    _label(grid[0], columns)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=120, metadata=write_notes(figure, notes))


def _label(axes: Sequence[Axes], columns: Sequence[MapColumn]) -> None:
    for place, title in zip(axes, ("middle frame", *(c.title for c in columns)), strict=True):
        place.set_title(title, fontsize=8)


@torch.no_grad()
def map_columns(
    name: str,
    trained: TrainedModel,
    pictures: NDArray[np.uint8],
    *,
    clips: Sequence[LabelledClip],
) -> tuple[MapColumn, ...]:
    """The maps of the middle frame of ``clips``, whose pictures are (B, T, S, S, 3).

    Raises:
        ModelError: the network has no attention maps.
    """
    images, settings = torch.from_numpy(pictures), trained.preprocessing
    batch = preprocess(images, settings=settings)
    rostfine = encoder_owner(trained.network)
    if rostfine is None:
        raise ModelError(f"{trained.path} has no attention maps: name a transformer's file.")
    if isinstance(trained.network, RoSTFine):
        explained = explain(rostfine, batch, load_motion(clips, settings=settings))
        found = {"rollout": explained.encoder_rollout, "branch": explained.branch_attention}
    else:
        found = {"rollout": rollout_cls(rostfine.encoder(batch, with_maps=True).attention_maps)}
    indices = settings.frame_indices
    middle = min(range(len(indices)), key=lambda i: abs(indices[i] - pictures.shape[1] // 2))
    layers = turn_as_seen(rearrange(images, "b t h w c -> b t c h w"), images, settings=settings)
    frames = rearrange(layers[:, middle], "b c h w -> b h w c").numpy()
    return tuple(
        MapColumn(title=f"{name}\n{kind}", frames=frames, values=values[:, middle].numpy())
        for kind, values in found.items()
    )
