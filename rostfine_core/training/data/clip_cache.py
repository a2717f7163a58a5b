"""The clips of a run in memory, as the network is given them: uint8, and only frames it sees."""

import os
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from rostfine_core.domain import Progress
from rostfine_core.errors import DatasetError
from rostfine_core.model import Preprocessing, measure_motion, preprocess
from rostfine_core.training.data.clip_file import clip_bytes, load_path
from rostfine_core.training.data.dataset import ClipDataset, LabelledClip

PROGRESS_EVERY = 16


class ClipCache:
    """(N, T, S, S, 3) uint8 pictures, converted to the network's float input by batches.

    ``motion`` (N, 6) is that of ``measure_motion``, if the network is told it.
    """

    def __init__(
        self, images: Tensor, *, preprocessing: Preprocessing, motion: Tensor | None = None
    ) -> None:
        self.images, self.motion = images, motion
        # The frames were selected when the cache was filled: selecting T out of T keeps them all.
        self._settings = replace(preprocessing, clip_frames=preprocessing.num_frames)

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: Tensor) -> Tensor:
        """The clips at ``indices`` (B,): (B, T, S, S, 3) uint8."""
        return self.images[indices]

    def prepare(self, images: Tensor) -> Tensor:
        """(B, T, S, S, 3) uint8 -> (B, 3, T, H, W) float32, as the assessor prepares clips."""
        return preprocess(images, settings=self._settings)

    def told(self, indices: Tensor, *, device: torch.device) -> tuple[Tensor, ...]:
        """What the network is told of clips beside the pictures: their motion (B, 6) or nothing."""
        return () if self.motion is None else (self.motion[indices].to(device),)


class ClipShelf:
    """Keeps the last cache for consecutive runs on the same clips."""

    def __init__(self) -> None:
        self._key: object = None
        self._cache: ClipCache | None = None

    def get(
        self, dataset: ClipDataset, *, preprocessing: Preprocessing, threads: int
    ) -> Generator[Progress, None, ClipCache]:
        """Return the clips of a data set, reading them only if they are not on the shelf."""
        key = (tuple(c.path for c in dataset.clips), preprocessing)
        if self._cache is None or key != self._key:
            self._cache = None  # two caches may not fit into memory
            self._cache = yield from fill_cache(
                dataset, preprocessing=preprocessing, threads=threads
            )
            self._key = key
        return self._cache


def check_shape(dataset: ClipDataset, preprocessing: Preprocessing) -> None:
    """Refuse clips whose times or scale differ from those that a network was trained on.

    Raises:
        DatasetError: their number of frames or their size differs.
    """
    frames, size = dataset.headers[0].clip_frames, dataset.headers[0].clip_size_px
    if size != preprocessing.clip_size_px:
        raise DatasetError(
            f"The clips of {dataset.name} are {size} pixels wide but the model needs "
            f"{preprocessing.clip_size_px}: cut them with that size."
        )
    if frames != preprocessing.clip_frames:
        raise DatasetError(
            f"The clips of {dataset.name} have {frames} frames but the model needs "
            f"{preprocessing.clip_frames}: cut them with that many frames."
        )


def load_motion(clips: Sequence[LabelledClip], *, settings: Preprocessing) -> Tensor | None:
    """The motion (N, 6) of clips by their files; None for a network that is not told it.

    Raises:
        DatasetError: a file is damaged, or does not hold the path.
    """
    if settings.motion == "none":
        return None
    paths = [load_path(clip.path, frames=settings.clip_frames) for clip in clips]
    return measure_motion(torch.from_numpy(np.stack(paths)))


def _check_memory(name: str, needed: int) -> None:
    """Refuse clips that the memory cannot hold, before the system ends the program for it.

    Raises:
        DatasetError: they need more than the machine has.
    """
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no such call, and enlarges its file
        return
    if needed > there:
        raise DatasetError(
            f"The clips of {name} need {needed / 2**30:.1f} GiB of memory, and this machine has "
            f"{there / 2**30:.1f}: use fewer or smaller clips, or a larger machine."
        )


def fill_cache(
    dataset: ClipDataset, *, preprocessing: Preprocessing, threads: int
) -> Generator[Progress, None, ClipCache]:
    """Read every clip of a data set, ``threads`` at a time.

    Raises:
        DatasetError: a clip is damaged, or its shape does not fit the data set or the network.
    """
    check_shape(dataset, preprocessing)
    size, total = dataset.headers[0].clip_size_px, len(dataset.clips)
    chosen = list(preprocessing.frame_indices)
    _check_memory(dataset.name, total * clip_bytes(len(chosen), size))
    motion = load_motion(dataset.clips, settings=preprocessing)  # refuses before long work
    images = torch.empty((total, len(chosen), size, size, 3), dtype=torch.uint8)

    def load(place_and_clip: tuple[int, LabelledClip]) -> None:
        place, clip = place_and_clip
        images[place] = torch.from_numpy(dataset.pictures(clip)[chosen])

    with ThreadPoolExecutor(max_workers=threads) as pool:
        for done, _ in enumerate(pool.map(load, enumerate(dataset.clips)), start=1):
            if done % PROGRESS_EVERY == 0 or done == total:
                yield Progress(stage="reading clips", done=done, total=total)
    return ClipCache(images, preprocessing=preprocessing, motion=motion)
