"""The records that cross every boundary: frozen, typed, free of Qt, torch and OpenCV.

Coordinates are 0-based pixels, x right, y down; frames are 0-based; times are seconds from the
first frame. Arrays inside a record are treated as read-only.
"""

import math
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rostfine_core.marking import marked
from rostfine_core.messages import Message

Result = TypeVar("Result")

CROP_PX = 150
"""The side of the square cut around a head (paper), unless the model was trained on another."""
UNCERTAIN_SCORE = 0.5
"""A lower normalised cross-correlation explains less than a quarter of the picture's variance."""
SIMULATED = "simulated"
"""The data set kind of simulated sperm; models trained on it carry ``DISCLAIMER_DEMONSTRATION``."""
SIMULATED_VIDEO = "Simulated sperm, no recording (rostfine simulate)"
"""The comment in every video of simulated sperm, so that renamed copies are recognised too."""
DISCLAIMER_AI_GRADE = marked(
    "This is an AI quality grade (A best to E worst, as a panel of experts would vote), "
    "not a WHO motility grade (a-d)."
)
DISCLAIMER_DEMONSTRATION = marked(
    "Demonstration model, trained on simulated sperm: not for clinical use."
)
DISCLAIMER_VALIDATION = marked(
    "The program does not know whether this model was validated for clinical use."
)
DISCLAIMER_ATTENTION = marked(
    "Attention shows where the network looked; it is not the cause of the grade."
)


class Grade(Enum):
    """The five votes an expert can give; the values are those used for the expected grade."""

    A = 1
    B = 2
    C = 3
    D = 4
    E = 5

    @property
    def meaning(self) -> str:
        """The word the experts were given for this grade (FACTS, task and data)."""
        return _MEANINGS[self.name]


_MEANINGS = {
    "A": marked("best"),
    "B": marked("good"),
    "C": marked("neither"),
    "D": marked("bad"),
    "E": marked("worst"),
}


@dataclass(frozen=True)
class GradeDistribution:
    """The share of a panel that would vote A, B, C, D and E: five numbers that sum to 1."""

    probabilities: tuple[float, float, float, float, float]

    def __post_init__(self) -> None:
        """Refuse values that are not a distribution."""
        p = self.probabilities
        if len(p) != len(Grade) or not all(math.isfinite(x) and x >= 0 for x in p):
            raise ValueError(f"a grade distribution needs five finite shares >= 0, got {p}")
        if abs(sum(p) - 1) > 1e-3:
            raise ValueError(f"the shares of a grade distribution must sum to 1, got {sum(p):.4f}")

    @property
    def expected_grade(self) -> float:
        """The mean vote with A = 1 ... E = 5; lower is better."""
        return sum(g.value * p for g, p in zip(Grade, self.probabilities, strict=True))

    @property
    def entropy_bits(self) -> float:
        """How much the panel disagrees: 0 when all agree, log2(5) = 2.32 when votes are even."""
        return -sum(p * math.log2(p) for p in self.probabilities if p > 0)

    @property
    def p_a_or_b(self) -> float:
        """The share of the panel that votes A or B."""
        return self.probabilities[0] + self.probabilities[1]


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a video file really holds, whatever its header claims.

    ``timestamps_s`` has one entry per frame and starts at 0; ``fps`` is the mean rate over them.
    ``notes`` tells the user what they should know (file cut off, times assumed, ...).
    ``is_simulated``: the file carries ``SIMULATED_VIDEO``. ``um_per_px`` is the scale stated in
    the file; it is not used in any calculation until the user accepts it.
    """

    path: str
    width_px: int
    height_px: int
    frame_count: int
    fps: float
    duration_s: float
    codec: str
    is_colour: bool
    bit_depth: int
    timestamps_s: tuple[float, ...]
    notes: tuple[Message, ...] = ()
    is_simulated: bool = False
    um_per_px: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class GreyFrame:
    """One decoded frame for tracking: ``image`` (H, W) uint8.

    ``is_duplicate``: the camera or converter repeated the frame before (the same picture up to
    compression noise), so it shows no new position.
    """

    index: int
    time_s: float
    image: NDArray[np.uint8]
    is_duplicate: bool = False


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A click on a sperm: the head of ``target`` is at (x_px, y_px) in ``frame``.

    ``target`` identifies the sperm in every record and never changes. The user's name for it is
    kept separately and joined on export; on the command line the two are the same.
    The first seed of a target starts its track: it says which head, and its middle is then
    measured. Later seeds of the same target correct it and stay where they were placed.
    ``is_exact``: a person placed the middle of the head by hand, and the track keeps that point on
    the head.
    """

    target: str
    frame: int
    x_px: float
    y_px: float
    is_exact: bool = False


def is_in_picture(x_px: float, y_px: float, *, width_px: int, height_px: int) -> bool:
    """Whether a point lies in a picture: the one rule for all clicks.

    Pixel centres have whole coordinates, so the first pixel spans -0.5 to 0.5 and a picture spans
    [-0.5, width - 0.5) by [-0.5, height - 0.5).
    """
    return -0.5 <= x_px < width_px - 0.5 and -0.5 <= y_px < height_px - 0.5


class TrackStatus(StrEnum):
    """How a track point was found."""

    MEASURED = "measured"
    PREDICTED = "predicted"
    LOST = "lost"
    MANUAL = "manual"


class DoubtKind(StrEnum):
    """Why a track may follow something else than the sperm that was clicked."""

    MEETING = "met another"
    FOUND_AGAIN = "found again after it was lost"
    SHARED = "on the same head as another track"


@dataclass(frozen=True)
class Doubt:
    """A reason to doubt a track, and the ``frame`` from which on to check it."""

    kind: DoubtKind
    frame: int


@dataclass(frozen=True, kw_only=True)
class HeadMeasure:
    """A head measured in one frame.

    ``angle_rad`` is the direction of the long axis, towards either end; ``confidence`` lies between
    0.5 and 1 and grows with how far the outline stands out from noise.
    """

    x_px: float
    y_px: float
    length_px: float
    width_px: float
    angle_rad: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class TrackPoint:
    """The head's position in one frame; x and y are NaN if the status is ``lost``.

    What was measured while in ``doubt`` counts as ``predicted``: it may be another's position.
    ``score`` is the tracker's confidence from 0 to 1 (normalised cross-correlation at the peak).
    """

    frame: int
    time_s: float
    x_px: float
    y_px: float
    score: float
    status: TrackStatus
    is_duplicate: bool = False
    doubt: Doubt | None = None


@dataclass(frozen=True, kw_only=True)
class FieldMotion:
    """How the whole picture moved while sperm were tracked, because the stage or the fluid did.

    ``x_px`` and ``y_px`` have an entry a frame from ``first_frame`` on, 0 in that; where the motion
    was not measured they stay as they were, and ``is_suspected`` says that the picture seems to
    shake there. ``error_px`` is the error of one coordinate. ``combing`` tells interlaced video, as
    in ``tracking.combing``; None where nothing moved.
    """

    first_frame: int
    x_px: tuple[float, ...]
    y_px: tuple[float, ...]
    error_px: float
    measured_frames: int
    is_suspected: bool = False
    combing: float | None = None

    def at(self, frame: int) -> tuple[float, float]:
        """The shift by ``frame``, or the nearest that was watched."""
        row = min(max(frame - self.first_frame, 0), len(self.x_px) - 1)
        return self.x_px[row], self.y_px[row]


@dataclass(frozen=True, kw_only=True)
class Track:
    """The path of one sperm: one point per frame, frames ascending without gaps.

    Where the sperm left the picture, the path ends before ``left_frame``.
    Points are places in the picture; how the picture itself moved meanwhile is ``field``, None
    where nobody watched it.
    """

    target: str
    points: tuple[TrackPoint, ...]
    left_frame: int | None = None
    field: FieldMotion | None = field(default=None, compare=False)

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """The reasons to doubt the track, each once, in the order of their frames."""
        return tuple(dict.fromkeys(p.doubt for p in self.points if p.doubt is not None))

    @property
    def first_frame(self) -> int:
        """The frame of the seed."""
        return self.points[0].frame

    @property
    def distinct_share(self) -> float:
        """The share of frames that do not repeat the frame before."""
        later = self.points[1:]
        return sum(not p.is_duplicate for p in later) / len(later) if later else 1.0

    def at(self, frame: int) -> TrackPoint | None:
        """The point in ``frame``, or None outside the tracked span."""
        offset = frame - self.first_frame
        return self.points[offset] if 0 <= offset < len(self.points) else None


@dataclass(frozen=True, kw_only=True)
class Kinematics:
    """Velocities by the WHO definitions (KINEMATICS); ``unit`` is "um/s" or "px/s".

    Lengths (ALH) are in ``unit`` without "/s". ``progress`` decides ``motility_class``, see
    ``tracking.kinematics``. A value that cannot be given reliably is None, and ``withheld`` gives
    the reason under the field's name. ``window_s`` is the smoothing window of the average path;
    ``fps`` is the rate of the distinct measured frames.
    """

    unit: str
    window_s: float
    fps: float
    span_s: float
    measured_points: int
    vcl: float | None = None
    vsl: float | None = None
    vap: float | None = None
    lin: float | None = None
    str_: float | None = None
    wob: float | None = None
    alh_mean: float | None = None
    bcf_hz: float | None = None
    mad_deg: float | None = None
    progress: float | None = None
    motility_class: str | None = None
    withheld: tuple[tuple[str, Message], ...] = ()


def with_micro_sign(text: str) -> str:
    """Write units with the micro sign: ``um/s`` -> ``µm/s``."""
    return re.sub(r"\bum\b", "µm", text)


@dataclass(frozen=True, kw_only=True)
class CropBox:
    """The square cut from one frame, centred on the sub-pixel track.

    ``padded_share`` (0 to 1) is the part of the square outside the frame, filled by repeating the
    border; ``status`` is that of the track point at its centre.
    """

    frame: int
    time_s: float
    centre_x_px: float
    centre_y_px: float
    size_px: int
    padded_share: float
    status: TrackStatus


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """What the network sees of one sperm: ``images`` (T, S, S, 3) uint8 RGB and their boxes."""

    target: str
    images: NDArray[np.uint8]
    boxes: tuple[CropBox, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """Where the network looked, on its patch grid, for its ``T`` input frames.

    ``encoder_rollout`` and ``branch_attention`` are (T, G, G) float32, not normalised;
    ``selected_patches`` (T, K) are indices into the row-major G*G grid; ``clip_frames`` gives the
    index of each of the T frames in ``Clip.images``.
    """

    encoder_rollout: NDArray[np.float32]
    branch_attention: NDArray[np.float32]
    selected_patches: NDArray[np.int64]
    clip_frames: tuple[int, ...]


NEARLY_EVEN = 0.1
"""A range of attention, relative to its mean, so small that colours would exaggerate it."""


def attention_range(maps: NDArray[np.float32]) -> tuple[float, float] | None:
    """The lowest and highest value of maps, in multiples of their mean; None for uniform maps."""
    low, high, mean = float(maps.min()), float(maps.max()), float(maps.mean())
    return (low / mean, high / mean) if high > low and mean > 0 else None


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The network's answer: the mean of three heads, and each head.

    ``ensemble`` holds each member's final distribution, and is empty for a single model. Its
    spread is the model's uncertainty, as opposed to disagreement within the panel.
    """

    grade: GradeDistribution
    grade_global: GradeDistribution
    grade_spatial: GradeDistribution
    grade_temporal: GradeDistribution
    ensemble: tuple[GradeDistribution, ...] = ()

    @property
    def ensemble_spread(self) -> float | None:
        """Standard deviation of the expected grade over the ensemble; None for a single model."""
        if len(self.ensemble) < 2:
            return None
        return float(np.std([m.expected_grade for m in self.ensemble], ddof=1))


class Severity(StrEnum):
    """How serious a flag is."""

    NOTICE = "notice"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class QualityFlag:
    """A reason to doubt an assessment: a stable ``code`` and a ``reason`` in one sentence."""

    code: str
    severity: Severity
    reason: Message


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """Which model answered: file name, sha256, config and what it was trained on.

    ``dataset_kind`` is ``simulated`` or the lab's name for its data. Config and preprocessing are
    JSON text, so that the record stays hashable.
    """

    file_name: str
    sha256: str
    dataset_kind: str
    config_json: str
    preprocessing_json: str
    trained_fps: float | None = None
    trained_um_per_px: float | None = None
    trained_head_length_px: tuple[float, float] | None = None
    trained_clips: int | None = None
    trained_samples: int | None = None
    fewest_trained_samples: int | None = None
    """For an ensemble: its members' smallest ``trained_samples``; None if no member states it."""

    @property
    def is_demonstration(self) -> bool:
        """Whether results must say that they are not for clinical use."""
        return self.dataset_kind == SIMULATED

    @property
    def notice(self) -> str:
        """The notice that accompanies every result of this model."""
        return DISCLAIMER_DEMONSTRATION if self.is_demonstration else DISCLAIMER_VALIDATION


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What produced a result: enough to produce it again."""

    software_version: str
    model: ModelInfo
    video_name: str
    video_sha256: str
    device: str
    precision: str
    um_per_px: float | None
    settings_json: str
    created_utc: str


@dataclass(frozen=True, kw_only=True)
class SampleInfo:
    """Which sample was examined, and by whom."""

    sample: str = ""
    operator: str = ""


class Verdict(StrEnum):
    """What the embryologist decided about a track."""

    OPEN = "not reviewed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """Everything known about one sperm, as reports show it and the store keeps it."""

    target: str
    seeds: tuple[Seed, ...]
    sample: SampleInfo
    video: VideoInfo
    track: Track
    clip: Clip
    prediction: Prediction
    explanation: Explanation
    kinematics: Kinematics
    flags: tuple[QualityFlag, ...]
    provenance: Provenance
    verdict: Verdict = Verdict.OPEN


LeftOut = tuple[str, Message]
"""A sperm without results in a report: its name and the reason."""
TRACK_REJECTED, NOT_GRADED = Message("track rejected by the operator"), Message("not graded")
"""Reasons to leave a sperm out, other than a failure to track or grade it."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A long job's progress: ``done`` of ``total`` steps of ``stage`` (a word for the user)."""

    stage: str
    done: int
    total: int


LongJob = Generator[Progress, None, Result]
"""Long work as a generator: yields progress, returns its result, and ``close()`` cancels it."""


def finish(
    job: LongJob[Result], *, on_progress: Callable[[Progress], object] = lambda _: None
) -> Result:
    """Run a long job to its end and return its result; ``on_progress`` gets every step."""
    while True:
        try:
            on_progress(next(job))
        except StopIteration as stop:
            result: Result = stop.value
            return result
