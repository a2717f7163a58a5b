"""The frozen records of the window's state, without Qt, torch or files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rostfine_core.attention import DEFAULT_PAINT, Paint
from rostfine_core.domain import (
    CROP_PX,
    DISCLAIMER_DEMONSTRATION,
    AnswerMode,
    Assessment,
    AssessmentKey,
    CaseState,
    ModelInfo,
    Progress,
    SampleRecord,
    Track,
    TrackKey,
    VideoInfo,
)
from rostfine_core.messages import Message

SPEEDS = (0.0625, 0.125, 0.25, 0.5, 1.0)
"""How fast a video can play; 1 is the speed of the recording."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenedVideo:
    """The video on screen, as the file says it is.

    ``is_missing``: the file is not there, and what is stored of it can only be read.
    ``is_interlaced``: heads are measured by one field of each picture.
    """

    path: Path
    info: VideoInfo
    sha256: str = ""
    is_missing: bool = False
    is_interlaced: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Film:
    """The crop in evenly spread frames of a track: ``images`` of (S, S, 3) uint8."""

    frames: tuple[int, ...]
    images: tuple[NDArray[np.uint8], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """What the jobs found, keyed by their inputs, so that undo finds it again."""

    tracks: Mapping[TrackKey, Track] = field(default_factory=dict)
    films: Mapping[TrackKey, Film] = field(default_factory=dict)
    assessments: Mapping[AssessmentKey, Assessment] = field(default_factory=dict)
    rejected: Mapping[AssessmentKey, Message] = field(default_factory=dict)


class ModelStatus(StrEnum):
    """The state of the model."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class ModelState:
    """The model and the device it runs on, or why there is none."""

    status: ModelStatus = ModelStatus.LOADING
    info: ModelInfo | None = None
    device_label: str = ""
    precision: str = ""
    member_count: int = 0
    crop_px: int = CROP_PX
    """The side of a clip's frames, in their own pixels."""
    mode: AnswerMode = AnswerMode.FULL
    problem: str = ""

    @property
    def notice(self) -> str:
        """The notice for its grades; until the model is known, that of the demonstration model."""
        return DISCLAIMER_DEMONSTRATION if self.info is None else self.info.notice


@dataclass(frozen=True, kw_only=True)
class RunningJob:
    """A running job: its ``kind`` and the last progress it told."""

    kind: str
    progress: Progress
    is_cancelling: bool = False


@dataclass(frozen=True, kw_only=True)
class SampleSheet:
    """A sample with what a user may choose for it.

    ``patients`` are the known pseudonyms, ``videos`` the names of the sample's videos, and
    ``others`` the ids and names of samples to which the open video could belong.
    """

    sample: SampleRecord
    patient: str
    patients: tuple[str, ...]
    videos: tuple[str, ...]
    others: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class WorklistItem:
    """A video of the worklist.

    Without a ``video_id`` it is being read, or ``problem`` says why it cannot be; ``thumbnail`` is
    a JPEG file's bytes.
    """

    path: Path
    video_id: str = ""
    state: CaseState = CaseState.NEW
    sample: str = ""
    problem: str = ""
    thumbnail: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Saving:
    """How many edits and results are not in the case store yet, and what hinders it, if it does."""

    unsaved: int = 0
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportTarget:
    """Where the report goes, whether all grades are in it, and whether it can be opened."""

    folder: Path
    is_written: bool = False
    can_open: bool = False


class OverlayKind(StrEnum):
    """What is laid over the frames."""

    NONE = "none"
    ROLLOUT = "rollout"
    BRANCH = "branch"
    PATCHES = "patches"
    FORWARD = "forward"


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """How attention is shown."""

    kind: OverlayKind = OverlayKind.NONE
    opacity: float = DEFAULT_PAINT.opacity
    colour_map: str = DEFAULT_PAINT.colour_map

    @property
    def paint(self) -> Paint:
        """The colours as the core paints them."""
        return Paint(colour_map=self.colour_map, opacity=self.opacity)


class Leaving(StrEnum):
    """What to do about changes that cannot be kept, before they are lost."""

    EXPORT = "export"
    DISCARD = "discard"
    STAY = "stay"


class Page(IntEnum):
    """The pages of the window, in their order."""

    REVIEW = 0
    COMPARE = 1
    REPORT = 2


class Tool(StrEnum):
    """What a click into the video does."""

    SELECT = "select"
    CORRECT = "correct"
    MEASURE = "measure"
    SCALE = "scale"


@dataclass(frozen=True, kw_only=True)
class Display:
    """Brightness and contrast of the view, each from -1 to 1; pixels and grades are untouched."""

    brightness: float = 0.0
    contrast: float = 0.0
