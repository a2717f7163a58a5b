"""Clip files: checking them without loading, reading and writing them."""

import zipfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from rostfine_core.errors import DatasetError, VideoError, parsing
from rostfine_core.files import atomic_write

CLIP_SUFFIXES = (".npz", ".avi")
LARGEST_CLIP_BYTES = 2**28
IMAGES = "images"
MASKS = "masks"
PATH = "path"


def clip_bytes(frames: int, size_px: int) -> int:
    """How much memory the pictures of a clip take."""
    return frames * size_px * size_px * 3


def clip_file_mistake(path: Path, *, frames: int, size_px: int) -> str | None:
    """Say what is wrong with a clip file by its header; None if it fits.

    Videos (.avi) are checked when they are loaded, since their header may be wrong.
    """
    if path.suffix != ".npz":
        return None
    try:
        with parsing(lambda error: DatasetError(f"is not a readable .npz file ({error})")):
            shape, dtype = _npz_header(path)
    except DatasetError as error:
        return str(error)
    return _shape_mistake(shape, dtype, frames=frames, size_px=size_px)


def load_clip(path: Path, *, frames: int, size_px: int) -> NDArray[np.uint8]:
    """Read the pictures of one clip: (frames, size_px, size_px, 3) uint8 RGB.

    Raises:
        DatasetError: the file is damaged, or its pictures have another size.
    """
    mistake = clip_file_mistake(path, frames=frames, size_px=size_px)
    if mistake is None:
        try:
            with _reading(path):
                images = _load_npz(path) if path.suffix == ".npz" else _load_video(path, frames)
        except VideoError as error:
            raise DatasetError(f"The clip {path} is damaged: {error}") from error
        mistake = _shape_mistake(images.shape, images.dtype, frames=frames, size_px=size_px)
    if mistake is not None:
        raise DatasetError(f"The clip {path} {mistake}: cut it again or correct dataset.toml.")
    return images


def load_masks(path: Path) -> NDArray[np.uint8] | None:
    """Read the masks of head, neck and tail of a simulated clip: (T, 3, S, S) of 0 and 1, or None.

    Raises:
        DatasetError: the file is damaged.
    """
    if path.suffix != ".npz":
        return None
    with _reading(path), np.load(path, allow_pickle=False) as archive:
        return archive[MASKS] if MASKS in archive.files else None


def load_path(path: Path, *, frames: int) -> NDArray[np.float32]:
    """Read where the head was in each frame of a clip: (frames, 3) of s, um and um.

    Raises:
        DatasetError: the file is damaged, or does not hold it.
    """
    found: NDArray[np.float32] | None = None
    if path.suffix == ".npz":
        with _reading(path), np.load(path, allow_pickle=False) as archive:
            found = archive[PATH] if PATH in archive.files else None
    if found is None:
        raise DatasetError(
            f"The clip {path} does not hold the sperm's path in um, which the network is told: cut "
            "it with build-dataset from a video whose scale is known, or use a model or recipe "
            "without motion_width."
        )
    if found.shape != (frames, 3) or not np.isfinite(found).all():
        raise DatasetError(f"The clip {path} holds a path of another form: cut it again.")
    return found.astype(np.float32, copy=False)


def _reading(path: Path) -> AbstractContextManager[None]:
    return parsing(
        lambda error: DatasetError(f"The clip {path} is damaged ({error}): write it again.")
    )


def save_clip(
    path: Path, images: NDArray[np.uint8], *, places: NDArray[np.float32] | None = None
) -> None:
    """Write one clip as compressed .npz, atomically.

    Args:
        path: the file.
        images: (T, S, S, 3) uint8 RGB.
        places: where the head was, (T, 3) of s, um and um, if the scale is known.
    """
    arrays: dict[str, Any] = {IMAGES: images} | ({} if places is None else {PATH: places})
    with atomic_write(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def _npz_header(path: Path) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    with zipfile.ZipFile(path) as archive:
        if f"{IMAGES}.npy" not in archive.namelist():
            raise DatasetError(f"holds no array named {IMAGES!r}")
        member = archive.open(f"{IMAGES}.npy")
    with member:
        version = npy_format.read_magic(member)
        read = (
            npy_format.read_array_header_1_0
            if version == (1, 0)
            else npy_format.read_array_header_2_0
        )
        shape, _, dtype = read(member)
    return shape, dtype


def _shape_mistake(
    shape: tuple[int, ...], dtype: np.dtype[np.generic], *, frames: int, size_px: int
) -> str | None:
    wanted = (frames, size_px, size_px, 3)
    if shape == wanted and dtype == np.uint8:
        return None
    return f"holds {shape} {dtype} where dataset.toml says {wanted} uint8"


def _load_npz(path: Path) -> NDArray[np.uint8]:
    with np.load(path, allow_pickle=False) as archive:
        images: NDArray[np.uint8] = archive[IMAGES]
    return images


def _load_video(path: Path, frames: int) -> NDArray[np.uint8]:
    from rostfine_core.video import open_video  # only clips that are videos need the decoder

    with open_video(path) as video:
        if video.info.frame_count != frames:  # before all of them are in memory
            raise DatasetError(
                f"The clip {path} has {video.info.frame_count} frames where dataset.toml says "
                f"{frames}: cut it again or correct dataset.toml."
            )
        return np.stack([frame.rgb() for frame in video.frames()])
