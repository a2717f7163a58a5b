"""Import of the official implementation's pickled data without running code in a pickle.

``grades.pkl`` holds the panel's grades by sperm: five counts (or shares of the panel), or one
letter or number per expert. ``16frame.pkl`` or ``td.pkl`` holds the clips, each (16, 150, 150, 3).
Both are a mapping by sperm, a sequence or an array; sequences are matched by position.
"""

import math
import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import DatasetError, parsing
from rostfine_core.files import safe_name
from rostfine_core.training.data.clip_file import save_clip
from rostfine_core.training.data.dataset import GRADES, VOTE_COLUMNS, DatasetHeader
from rostfine_core.training.data.dataset_files import write_header, write_rows

CLIP_PICKLES = ("16frame.pkl", "td.pkl")
ALLOWED = {
    ("builtins", "list"),
    ("builtins", "dict"),
    ("builtins", "tuple"),
    ("builtins", "set"),
    ("builtins", "bytearray"),
    ("collections", "OrderedDict"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
}


class PlainUnpickler(pickle.Unpickler):
    """Allows numpy arrays and plain containers; anything else could run code and is refused."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as in the base class
        """Look up a global that the pickle asks for, if it is allowed."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def load_plain(path: Path) -> Any:  # noqa: ANN401 - a pickle may hold anything
    """Unpickle numpy arrays and plain containers.

    Raises:
        DatasetError: the file cannot be read, is damaged, or contains anything else.
    """

    def refused(error: Exception) -> DatasetError:
        if isinstance(error, OSError) and error.strerror:
            return DatasetError(f"Cannot read {path} ({error.strerror}).")
        return DatasetError(
            f"{path} is refused ({error}): only numpy arrays and plain containers are read; "
            "export it again without other objects."
        )

    with parsing(refused), path.open("rb") as file:
        content = PlainUnpickler(file).load()
    if isinstance(content, np.ndarray) and content.dtype.hasobject:
        return list(content)
    return content


def import_official(
    folder: Path, *, out: Path, name: str, panel_size: int = 40
) -> LongJob[DatasetHeader]:
    """Convert the official data folder to a data set.

    The official data do not say which sperm belong to one patient, so every sperm becomes a sample
    of its own: correct the column ``sample`` before trusting any result.

    Raises:
        DatasetError: a pickle is missing, refused or has another layout, or ``out`` is in use.
        StoreError: ``out`` cannot be written.
    """
    if (out / "labels.csv").exists():
        raise DatasetError(f"{out} already holds a data set: choose another folder.")
    clips, grades = _read_pickles(folder)
    header, rows = None, []
    for done, key in enumerate(clips, start=1):
        images, votes = _one_sperm(clips[key], grades[key], panel_size=panel_size, key=key)
        clip = safe_name(f"clip_{key}")
        save_clip(out / "clips" / f"{clip}.npz", images)
        rows.append([clip, clip, *votes])
        header = DatasetHeader(
            name=name,
            kind=name,
            panel_size=panel_size,
            clip_frames=images.shape[0],
            clip_size_px=images.shape[1],
        )
        yield Progress(stage="importing", done=done, total=len(clips))
    assert header is not None
    write_header(out, header)
    write_rows(out / "labels.csv", ("clip", "sample", *VOTE_COLUMNS), rows)
    return header


def _one_sperm(
    clip: object, grades: object, *, panel_size: int, key: str
) -> tuple[NDArray[np.uint8], list[int]]:
    with parsing(lambda error: DatasetError(f"Sperm {key} is not understood ({error}).")):
        return _clip(clip, key), votes_of(grades, panel_size=panel_size, key=key)


def _read_pickles(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The clips and the grades by sperm.

    Raises:
        DatasetError: as ``import_official``.
    """
    grades = dict(_entries(load_plain(folder / "grades.pkl")))
    source = next((folder / n for n in CLIP_PICKLES if (folder / n).is_file()), None)
    if source is None:
        raise DatasetError(f"{folder} holds neither {' nor '.join(CLIP_PICKLES)}: copy one there.")
    clips = dict(_entries(load_plain(source)))
    missing = sorted(clips.keys() ^ grades.keys())
    if missing or not clips:
        raise DatasetError(
            f"The grades and clips in {folder} are not of the same sperm: {len(missing)} have only "
            f"one of the two, for example {missing[:3]}."
        )
    return clips, grades


def votes_of(value: object, *, panel_size: int, key: str) -> list[int]:
    """Five counts from counts, shares, or one grade (letter, or 1 to 5) per expert.

    Raises:
        DatasetError: it is none of these.
    """
    items = np.asarray(value).ravel().tolist()
    if len(items) == panel_size == len(GRADES) and all(x in range(1, 6) for x in items):
        if sum(items) == panel_size:
            raise DatasetError(
                f"The grades of sperm {key} can be read as one vote for each grade or as five "
                "experts' best grade: write counts as shares, or grades as letters."
            )
        return [items.count(g) for g in range(1, 6)]
    if len(items) == len(GRADES) and all(
        isinstance(x, int | float) and math.isfinite(x) for x in items
    ):
        scale = panel_size if abs(sum(items) - 1) < 1e-3 else 1
        counts = [x * scale for x in items]
        if all(abs(x - round(x)) < 1e-2 and x >= -1e-2 for x in counts) and sum(counts) > 0:
            return [round(x) for x in counts]
    elif items and all(x in GRADES for x in items):
        return [items.count(g) for g in GRADES]
    elif items and all(x in range(1, 6) for x in items):
        return [items.count(g) for g in range(1, 6)]
    raise DatasetError(f"The grades of sperm {key} are not understood: {items[:8]}.")


def _entries(content: object) -> Iterator[tuple[str, Any]]:
    if isinstance(content, Mapping):
        yield from ((str(k), v) for k, v in content.items())
    elif isinstance(content, Sequence | np.ndarray) and not isinstance(content, str | bytes):
        yield from ((f"{i:05d}", v) for i, v in enumerate(content))
    else:
        raise DatasetError(
            f"The pickle holds a {type(content).__name__}, not a mapping, a sequence or an array."
        )


def _clip(value: object, key: str) -> NDArray[np.uint8]:
    images = np.asarray(value)
    square = images.ndim == 4 and images.shape[1] == images.shape[2] and images.shape[3] == 3
    if not square or not np.issubdtype(images.dtype, np.number):
        raise DatasetError(
            f"The clip of sperm {key} is {images.shape} {images.dtype}, not (frames, pixels, "
            "pixels, 3) numbers."
        )
    if not np.isfinite(images).all():
        raise DatasetError(f"The clip of sperm {key} holds values that are not finite.")
    if images.dtype != np.uint8 and float(images.max(initial=0)) <= 1:
        images = images * 255
    return np.clip(np.round(images), 0, 255).astype(np.uint8)
