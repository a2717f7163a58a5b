"""Shows a clip to a network in several orientations and choices of frames.

Letters: B clips, T frames of the clip, S its edge in pixels, V views, H heads, 5 grades.
"""

from collections.abc import Callable, Iterator

import torch
from einops import rearrange
from torch import Tensor

from rostfine_core.model.answering import Views
from rostfine_core.model.preprocess import Preprocessing, preprocess

Ask = Callable[..., Tensor]
"""Asks a network: prepared clips (B, 3, T', H, W) float and, if it is told it, their motion (B, 6)
-> (B, ...) of each."""


def turned(images: Tensor, orientation: int) -> Tensor:
    """One of eight orientations of square clips (B, T, S, S, 3), the first as they are.

    The first four are the clip and its mirror images, the last four the same with rows and columns
    exchanged: together the quarter turns of the clip and of its mirror image.
    """
    axes = [axis for bit, axis in ((1, 3), (2, 2)) if orientation & bit]
    exchanged = rearrange(images, "b t h w c -> b t w h c") if orientation & 4 else images
    return exchanged.flip(axes) if axes else exchanged


def view_batches(
    images: Tensor, *, settings: Preprocessing, views: Views, most: int, skip: int = 0
) -> Iterator[Tensor]:
    """The views of clips as a network's input, many at a time: (V' * B, 3, T', H, W) float32.

    Args:
        images: (B, T, S, S, 3) uint8 RGB with T = ``settings.clip_frames``.
        settings: what the network was trained with.
        views: which views; the first is the clip as it is.
        most: how many inputs to return at once, or B if that is more.
        skip: how many of the first views to leave out.
    """
    waiting: list[Tensor] = []
    places = range(skip, views.count)
    subsets = settings.frame_subsets(views.frame_subsets)
    for place in places:
        frames, orientation = subsets[place // views.orientations], place % views.orientations
        waiting.append(preprocess(turned(images, orientation), settings=settings, frames=frames))
        if (len(waiting) + 1) * len(images) > most or place == places[-1]:
            yield torch.cat(waiting)
            waiting = []


def ask_views(
    ask: Ask,
    images: Tensor,
    *,
    settings: Preprocessing,
    views: Views,
    most: int,
    motion: Tensor | None = None,
    skip: int = 0,
) -> Tensor:
    """What a network says of each view of clips, (B, V, ...); see ``view_batches``.

    ``motion`` (B, 6) is the same for all views: it is that of the whole clip, and has no direction.
    """
    inputs = view_batches(images, settings=settings, views=views, most=most, skip=skip)
    answers = torch.cat([ask(batch, *_repeated(motion, len(batch))) for batch in inputs])
    found: Tensor = rearrange(answers, "(v b) ... -> b v ...", b=len(images))
    return found


def _repeated(motion: Tensor | None, count: int) -> tuple[Tensor, ...]:
    """The motion of each of ``count`` inputs, view by view."""
    return () if motion is None else (motion.repeat(count // len(motion), 1),)
