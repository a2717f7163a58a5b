"""Reading data sets: labelled clips, checked completely before anything is trained.

A data set is a folder with ``dataset.toml`` (name, kind, grades, panel_size, [preprocessing]),
``labels.csv`` (``clip,sample,votes_A..votes_E`` and optional columns, of which
``expected_A..expected_E`` hold the distribution that the votes were drawn from) and ``clips/``
with one ``<clip>.npz`` (``images`` (T, S, S, 3) uint8 RGB; ``path`` (T, 3), the s, um and um of the
head, if a network is to be told the motion) or ``<clip>.avi`` each. A data set without votes has no
``panel_size`` and no vote columns; only ``pretrain`` reads it.
"""

import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import CROP_PX, SIMULATED, Grade
from rostfine_core.errors import DatasetError, StoreError, parsing
from rostfine_core.files import safe_name
from rostfine_core.spreadsheet import read_table, whole_number
from rostfine_core.training.data.clip_file import (
    CLIP_SUFFIXES,
    LARGEST_CLIP_BYTES,
    clip_bytes,
    clip_file_mistake,
    load_clip,
)

GRADES = tuple(g.name for g in Grade)
VOTE_COLUMNS = tuple(f"votes_{g}" for g in GRADES)
EXPECTED_COLUMNS = tuple(f"expected_{g}" for g in GRADES)
PLACES = ("clip", "sample")
REQUIRED_COLUMNS = (*PLACES, *VOTE_COLUMNS)
MISTAKES_SHOWN = 40
MOST_VOTES = 1_000_000  # no panel is larger


@dataclass(frozen=True, kw_only=True)
class LabelledClip:
    """One row of ``labels.csv``: ``votes`` counts A to E; ``expected`` shares where known.

    ``votes`` is empty where they were not read. ``numbers`` holds the row's optional columns that
    are finite numbers, by name.
    """

    clip: str
    sample: str
    path: Path
    votes: tuple[int, ...]
    expected: tuple[float, ...] | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def label(self) -> tuple[float, ...]:
        """The votes as shares of the panel."""
        total = sum(self.votes)
        return tuple(v / total for v in self.votes)


@dataclass(frozen=True, kw_only=True)
class DatasetHeader:
    """What ``dataset.toml`` says; ``kind`` is ``simulated`` or the name of a lab's data.

    ``um_per_px`` is what all clips were resampled to when they were cut, if they were; it is only
    written. A ``panel_size`` of 0 means that nobody voted.
    """

    name: str
    kind: str
    panel_size: int
    clip_frames: int = 16
    clip_size_px: int = CROP_PX
    abstentions: bool = False
    um_per_px: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipDataset:
    """One or several data sets read as one: their headers and labelled clips."""

    headers: tuple[DatasetHeader, ...]
    clips: tuple[LabelledClip, ...]

    def subset(self, indices: Sequence[int] | NDArray[np.intp]) -> "ClipDataset":
        """The data set of the clips at ``indices``."""
        return ClipDataset(headers=self.headers, clips=tuple(self.clips[i] for i in indices))

    def pictures(self, clip: LabelledClip) -> NDArray[np.uint8]:
        """The pictures of one of its clips, (T, S, S, 3) uint8 RGB.

        Raises:
            DatasetError: its file is damaged.
        """
        header = self.headers[0]
        return load_clip(clip.path, frames=header.clip_frames, size_px=header.clip_size_px)

    def check_names(self, names: Sequence[str]) -> None:
        """Refuse names of clips that are not there.

        Raises:
            DatasetError: listing all of them.
        """
        unknown = sorted(set(names) - {clip.clip for clip in self.clips})
        if unknown:
            raise DatasetError(f"The data set {self.name} has no clip {', '.join(unknown)}.")

    @property
    def name(self) -> str:
        """The names of the parts, joined."""
        return " + ".join(dict.fromkeys(h.name for h in self.headers))

    @property
    def kind(self) -> str:
        """``simulated`` as soon as any part is, since the notice must be shown then."""
        kinds = dict.fromkeys(h.kind for h in self.headers)
        return SIMULATED if SIMULATED in kinds else " + ".join(kinds)

    @property
    def samples(self) -> tuple[str, ...]:
        """The sample of each clip; the same name in two data sets is the same patient."""
        return tuple(c.sample for c in self.clips)

    @property
    def labels(self) -> NDArray[np.float32]:
        """(N, 5) shares of the panel."""
        return np.array([c.label for c in self.clips], dtype=np.float32).reshape(-1, len(GRADES))

    def column(self, name: str) -> NDArray[np.float64]:
        """The numbers (M,) of an optional column, of the M clips that have one."""
        return np.array([c.numbers[name] for c in self.clips if name in c.numbers])

    @property
    def expected(self) -> NDArray[np.float32] | None:
        """(N, 5) true distributions, or None if any clip lacks one."""
        rows = [c.expected for c in self.clips if c.expected is not None]
        return np.array(rows, dtype=np.float32) if rows and len(rows) == len(self.clips) else None


def read_datasets(folders: Sequence[Path], *, with_votes: bool = True) -> ClipDataset:
    """Read several data sets as one.

    Raises:
        DatasetError: one of them has mistakes, or their clips differ in size.
    """
    parts = [read_dataset(folder, with_votes=with_votes) for folder in folders]
    sizes = {(h.clip_frames, h.clip_size_px) for p in parts for h in p.headers}
    if len(sizes) != 1:
        raise DatasetError(
            f"The data sets hold clips of different sizes (frames, pixels): {sorted(sizes)}; "
            "train on data sets cut with the same settings."
        )
    return ClipDataset(
        headers=tuple(h for p in parts for h in p.headers),
        clips=tuple(c for p in parts for c in p.clips),
    )


def read_dataset(folder: Path, *, with_votes: bool = True) -> ClipDataset:
    """Read and check one data set; the clips' pictures are not loaded.

    Without ``with_votes`` neither votes nor expected shares are read, whether it has them or not.

    Raises:
        DatasetError: listing every mistake with file and line.
    """
    if not (folder / "dataset.toml").is_file():
        raise DatasetError(
            f"{folder} is not a data set (it has no dataset.toml): make one with "
            "build-dataset, import-official or simulate --kind dataset."
        )
    mistakes: list[str] = []
    header = _read_header(folder / "dataset.toml", mistakes, with_votes=with_votes)
    clips = _read_labels(folder, header, mistakes, with_votes=with_votes)
    if mistakes:
        raise DatasetError(list_mistakes(f"The data set {folder}", mistakes))
    return ClipDataset(headers=(header,), clips=tuple(clips))


def sample_fingerprint(sample: str) -> str:
    """What a model file keeps of a sample's name: it can be recognised, not read."""
    return hashlib.sha256(sample.encode()).hexdigest()[:12]


def list_mistakes(subject: str, mistakes: Sequence[str]) -> str:
    """One message for many mistakes, cut where nobody would read on."""
    shown = list(mistakes[:MISTAKES_SHOWN])
    if len(mistakes) > len(shown):
        shown.append(f"... and {len(mistakes) - len(shown)} more")
    return f"{subject} has {len(mistakes)} mistake(s) to correct:\n  " + "\n  ".join(shown)


def _read_header(path: Path, mistakes: list[str], *, with_votes: bool) -> DatasetHeader:
    table = _read_toml(path, mistakes)
    if table is None:
        return DatasetHeader(name="", kind="", panel_size=0)
    name = _typed(table, "name", str, mistakes)
    panel = _typed(table, "panel_size", int, mistakes) if with_votes else None
    if panel is not None and panel < 1:
        mistakes.append(f"dataset.toml: panel_size must be 1 or more, got {panel}")
    if table.get("grades", list(GRADES)) != list(GRADES):
        mistakes.append(f"dataset.toml: grades must be {list(GRADES)}, got {table['grades']}")
    kind = _typed(table, "kind", str, mistakes, default=name or "")
    if "" in (name, kind):
        mistakes.append("dataset.toml: name and kind must not be empty")
    cut = table.get("preprocessing", {})
    if not isinstance(cut, dict):
        mistakes.append(f"dataset.toml: preprocessing must be a table, got {cut!r}")
        cut = {}
    frames = _typed(cut, "clip_frames", int, mistakes, default=16)
    size = _typed(cut, "size_px", int, mistakes, default=CROP_PX)
    if any(value is not None and value < 1 for value in (frames, size)):
        mistakes.append(f"dataset.toml: clip_frames and size_px must be 1 or more, got {cut}")
    if frames and size and clip_bytes(frames, size) > LARGEST_CLIP_BYTES:
        mistakes.append(
            f"dataset.toml: clips of {frames} frames of {size} pixels are larger than the "
            f"{LARGEST_CLIP_BYTES >> 20} MiB that are read"
        )
    # After a mistake the header only serves to check the rest; it is not returned.
    return DatasetHeader(
        name=name or "",
        kind=kind or "",
        panel_size=panel or 0,
        clip_frames=frames or DatasetHeader.clip_frames,
        clip_size_px=size or DatasetHeader.clip_size_px,
        abstentions=with_votes and table.get("abstentions") is True,
    )


def _read_toml(path: Path, mistakes: list[str]) -> dict[str, Any] | None:
    try:
        text = path.read_bytes()
        with parsing(lambda error: DatasetError(f"dataset.toml: is not valid TOML ({error})")):
            return tomllib.loads(text.decode())
    except OSError as error:
        mistakes.append(f"dataset.toml: cannot be read ({error.strerror or error})")
    except DatasetError as error:
        mistakes.append(str(error))
    return None


def _typed(
    table: Mapping[str, Any], key: str, kind: type, mistakes: list[str], *, default: object = None
) -> Any:  # noqa: ANN401 - the caller names the type
    value = table.get(key, default)
    if not isinstance(value, kind) or isinstance(value, bool):
        mistakes.append(f"dataset.toml: {key} must be given as {kind.__name__}, got {value!r}")
        return None
    return value


def _read_labels(
    folder: Path, header: DatasetHeader, mistakes: list[str], *, with_votes: bool
) -> list[LabelledClip]:
    path = folder / "labels.csv"
    try:
        names, rows = read_table(path, columns=(*REQUIRED_COLUMNS, *EXPECTED_COLUMNS))
    except StoreError as error:
        mistakes.append(str(error).rstrip("."))
        return []
    missing = [c for c in (REQUIRED_COLUMNS if with_votes else PLACES) if c not in names]
    if missing:
        hint = " (pretrain reads clips without votes)" if set(missing) == set(VOTE_COLUMNS) else ""
        mistakes.append(f"labels.csv line 1: column(s) missing: {', '.join(missing)}{hint}")
        return []
    if not rows:
        mistakes.append("labels.csv: has no clips")
    seen: dict[str, int] = {}
    clips = []
    for line, row in rows:
        found: list[str] = []
        clip = _read_row(folder, header, row, found, with_votes=with_votes)
        if row["clip"] in seen:
            found.append(f"clip {row['clip']!r} is listed before, in line {seen[row['clip']]}")
        seen.setdefault(row["clip"], line)
        mistakes += [f"labels.csv line {line}: {text}" for text in found]
        if clip is not None:
            clips.append(clip)
    return clips


def _read_row(
    folder: Path,
    header: DatasetHeader,
    row: Mapping[str, str | None],
    found: list[str],
    *,
    with_votes: bool,
) -> LabelledClip | None:
    clip, sample = row["clip"] or "", (row["sample"] or "").strip()
    if not clip or safe_name(clip) != clip:
        found.append(f"clip {clip!r} is not a plain file name")
        return None
    if not sample:
        found.append("sample is empty; splits by patient need it")
    votes = read_votes(row, header, found) if with_votes else ()
    expected = _read_expected(row, found) if with_votes else None
    path = next(
        (p for s in CLIP_SUFFIXES if (p := folder / "clips" / f"{clip}{s}").is_file()), None
    )
    if path is None:
        found.append(f"clips/{clip}{' or '.join(CLIP_SUFFIXES)} does not exist")
        return None
    mistake = clip_file_mistake(path, frames=header.clip_frames, size_px=header.clip_size_px)
    if mistake:
        found.append(f"clips/{path.name}: {mistake}")
    return LabelledClip(
        clip=clip,
        sample=sample,
        path=path,
        votes=votes,
        expected=expected,
        numbers=_optional_numbers(row),
    )


def _optional_numbers(row: Mapping[str, str | None]) -> dict[str, float]:
    numbers = {}
    for column, text in row.items():
        if column in (*REQUIRED_COLUMNS, *EXPECTED_COLUMNS) or not isinstance(text, str):
            continue
        try:
            value = float(text)
        except ValueError:
            continue
        if math.isfinite(value):
            numbers[column] = value
    return numbers


def read_votes(
    row: Mapping[str, str | None], header: DatasetHeader, found: list[str]
) -> tuple[int, ...]:
    """Read the votes of a row; append what is wrong with them to ``found``."""
    texts = [(row[c] or "").strip() for c in VOTE_COLUMNS]
    votes = tuple(_vote_count(text) for text in texts)
    bad = [f"{c}={t!r:.40}" for c, t, v in zip(VOTE_COLUMNS, texts, votes, strict=True) if v < 0]
    if bad:
        found.append(f"votes must be whole numbers from 0: {', '.join(bad)}")
        return (1, 0, 0, 0, 0)
    total, panel = sum(votes), header.panel_size
    if panel and (total > panel or total == 0 or (total < panel and not header.abstentions)):
        found.append(
            f"the votes sum to {total}, the panel has {panel} experts: is the panel's size right?"
        )
    return votes


def _vote_count(text: str) -> int:
    """The number of votes in a cell; -1 where it is none."""
    try:
        votes = whole_number(text)
    except ValueError:
        return -1
    return votes if 0 <= votes <= MOST_VOTES else -1


def _read_expected(row: Mapping[str, str | None], found: list[str]) -> tuple[float, ...] | None:
    texts = [row.get(c) for c in EXPECTED_COLUMNS]
    if not any(texts):
        return None
    try:
        shares = tuple(float(t or "") for t in texts)
    except ValueError:
        found.append(f"expected_A..expected_E must be five numbers, got {texts}")
        return None
    if not abs(sum(shares) - 1) < 1e-3 or min(shares) < 0:
        found.append(f"expected_A..expected_E must be shares that sum to 1, got {texts}")
        return None
    return shares
