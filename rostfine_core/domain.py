"""The records that cross every boundary: frozen, typed, free of Qt, torch and OpenCV.

Coordinates are 0-based pixels, x right, y down; frames are 0-based; times are seconds from the
first frame. Arrays inside a record are treated as read-only.
"""

import math
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rostfine_core.marking import marked
from rostfine_core.messages import Message

Result = TypeVar("Result")

CROP_PX = 150
"""The side of the square that is cut around a head, unless a model learned from another (paper)."""
UNCERTAIN_SCORE = 0.5
"""Below it a normalised cross-correlation explains under a quarter of the picture."""
SIMULATED = "simulated"
"""The kind of a data set of simulated sperm, whose models carry ``DISCLAIMER_DEMONSTRATION``."""
SIMULATED_VIDEO = "Simulated sperm, no recording (rostfine simulate)"
"""Stands as the comment in every video of simulated sperm, so that a copy by any name is known."""
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
    """The five votes an expert can give; the value is the number used for the expected grade."""

    A = 1
    B = 2
    C = 3
    D = 4
    E = 5

    @property
    def meaning(self) -> str:
        """The word that the experts were given for this grade (FACTS, task and data)."""
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
        """Refuse what is not a distribution."""
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
    """What a video is, as found in the file and not as its header claims.

    ``timestamps_s`` has one entry a frame, starting at 0; ``fps`` is the mean rate over them.
    ``notes`` holds a sentence for whatever the reader should know (cut off, times assumed, ...).
    ``is_simulated`` says that the file bears ``SIMULATED_VIDEO``; ``um_per_px`` is the scale that
    the file states, which nothing is computed with until the user takes it over.
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

    ``is_duplicate`` says that the camera or converter repeated the frame before (same picture up
    to compression noise), so that it carries no new position.
    """

    index: int
    time_s: float
    image: NDArray[np.uint8]
    is_duplicate: bool = False


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A click on a sperm: the head of ``target`` is at (x_px, y_px) in ``frame``.

    ``target`` identifies the sperm in every record and never changes. The name that a user gives
    it is kept apart and joined on export; on the command line the two are the same.
    The first seed of a target starts its track; later seeds of the same target are corrections.
    """

    target: str
    frame: int
    x_px: float
    y_px: float


def is_in_picture(x_px: float, y_px: float, *, width_px: int, height_px: int) -> bool:
    """Whether a place lies in a picture: the one rule for every click.

    Pixel centres have whole coordinates, so the first pixel reaches from -0.5 to 0.5 and a
    picture spans [-0.5, width - 0.5) by [-0.5, height - 0.5).
    """
    return -0.5 <= x_px < width_px - 0.5 and -0.5 <= y_px < height_px - 0.5


class TrackStatus(StrEnum):
    """How a track point came about."""

    MEASURED = "measured"
    PREDICTED = "predicted"
    LOST = "lost"
    MANUAL = "manual"


@dataclass(frozen=True, kw_only=True)
class TrackPoint:
    """The head's place in one frame; x and y are NaN where the status is ``lost``.

    ``score`` is the tracker's confidence from 0 to 1 (normalised cross-correlation at the peak).
    """

    frame: int
    time_s: float
    x_px: float
    y_px: float
    score: float
    status: TrackStatus
    is_duplicate: bool = False


@dataclass(frozen=True, kw_only=True)
class Track:
    """The path of one sperm: one point a frame, frames ascending without gaps."""

    target: str
    points: tuple[TrackPoint, ...]

    @property
    def first_frame(self) -> int:
        """The frame of the seed."""
        return self.points[0].frame

    @property
    def distinct_share(self) -> float:
        """The share of frames that do not merely repeat the one before."""
        later = self.points[1:]
        return sum(not p.is_duplicate for p in later) / len(later) if later else 1.0

    def at(self, frame: int) -> TrackPoint | None:
        """The point in ``frame``, or None outside the tracked span."""
        offset = frame - self.first_frame
        return self.points[offset] if 0 <= offset < len(self.points) else None


@dataclass(frozen=True, kw_only=True)
class Kinematics:
    """Velocities by the WHO definitions (KINEMATICS); ``unit`` is "um/s" or "px/s".

    Lengths (ALH) are in ``unit`` without "/s"; ``progress`` is what ``motility_class`` goes by, see
    ``tracking.kinematics``. A value that cannot honestly be given is None and ``withheld`` says
    why, by the field's name. ``window_s`` is the smoothing window of the average path; ``fps`` the
    rate of the distinct frames that were measured.
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
    """Units with their proper sign, where it can be shown: ``um/s`` -> ``µm/s``."""
    return re.sub(r"\bum\b", "µm", text)


@dataclass(frozen=True, kw_only=True)
class CropBox:
    """The square cut from one frame, centred on the sub-pixel track.

    ``padded_share`` is the part of the square (0 to 1) that lay outside the frame and was filled
    by repeating the border; ``status`` is that of the track point it was centred on.
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
    """What the network sees of one sperm: ``images`` (T, S, S, 3) uint8 RGB and where they lay."""

    target: str
    images: NDArray[np.uint8]
    boxes: tuple[CropBox, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """Where the network looked, on its patch grid, for its ``T`` input frames.

    ``encoder_rollout`` and ``branch_attention`` are (T, G, G) float32, not normalised;
    ``selected_patches`` (T, K) are indices into the row-major G*G grid; ``clip_frames`` gives for
    each of the T frames its index in ``Clip.images``.
    """

    encoder_rollout: NDArray[np.float32]
    branch_attention: NDArray[np.float32]
    selected_patches: NDArray[np.int64]
    clip_frames: tuple[int, ...]


NEARLY_EVEN = 0.1
"""A range of attention, as a part of its mean, that colours make look like more than it is."""


def attention_range(maps: NDArray[np.float32]) -> tuple[float, float] | None:
    """The lowest and the highest value of maps, as multiples of their mean; None of even ones."""
    low, high, mean = float(maps.min()), float(maps.max()), float(maps.mean())
    return (low / mean, high / mean) if high > low and mean > 0 else None


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The network's answer: the mean of three heads and each of them.

    ``ensemble`` holds each member's final distribution when several models were asked (else
    empty); its spread is the model's uncertainty, apart from the panel's own disagreement.
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
    """How much a flag should worry the reader."""

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
    """Which model answered: file name, sha256, its config and what it was trained on.

    ``dataset_kind`` is ``simulated`` or the name a lab gave its data; ``config`` and
    ``preprocessing`` are name-value pairs as JSON text, so that the record stays hashable.
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
    """Of an ensemble's members, that which learned from the fewest; None where none tells."""

    @property
    def is_demonstration(self) -> bool:
        """Whether results must carry the notice that they are not for clinical use."""
        return self.dataset_kind == SIMULATED

    @property
    def notice(self) -> str:
        """What must stand beside every result of this model."""
        return DISCLAIMER_DEMONSTRATION if self.is_demonstration else DISCLAIMER_VALIDATION


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What made a result; from this alone it can be made again."""

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
    """Whose sperm and who looked."""

    sample: str = ""
    operator: str = ""


class Verdict(StrEnum):
    """What the embryologist decided about a track."""

    OPEN = "not reviewed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """Everything known about one sperm: what report and store show and keep."""

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
"""A sperm that a report says nothing about: its name and why."""
TRACK_REJECTED, NOT_GRADED = Message("track rejected by the operator"), Message("not graded")
"""Reasons to leave a sperm out that no part of the work gives."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a long job yields: ``done`` of ``total`` steps of ``stage`` (a word for the user)."""

    stage: str
    done: int
    total: int


LongJob = Generator[Progress, None, Result]
"""Long work: yields progress, returns its result, is cancelled by ``close()``."""


def finish(
    job: LongJob[Result], *, on_progress: Callable[[Progress], object] = lambda _: None
) -> Result:
    """Run a long job to its end and return its result; ``on_progress`` hears of every step."""
    while True:
        try:
            on_progress(next(job))
        except StopIteration as stop:
            result: Result = stop.value
            return result
