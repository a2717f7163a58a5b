"""Everything known about one sperm, with its doubts and what produced it."""

from dataclasses import dataclass
from enum import StrEnum

from rostfine_core.domain.clip import Clip, Explanation
from rostfine_core.domain.grade import Prediction
from rostfine_core.domain.model_info import ModelInfo
from rostfine_core.domain.track import Kinematics, Seed, Track
from rostfine_core.domain.video import VideoInfo
from rostfine_core.flag_titles import FlagCode
from rostfine_core.messages import Message


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

    @classmethod
    def warning(cls, code: FlagCode, reason: Message) -> "QualityFlag":
        """A flag of this version that can make the grade wrong."""
        return cls(code=code, severity=Severity.WARNING, reason=reason)

    @classmethod
    def notice(cls, code: FlagCode, reason: Message) -> "QualityFlag":
        """A flag of this version that the reader should know of."""
        return cls(code=code, severity=Severity.NOTICE, reason=reason)


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


class Selection(StrEnum):
    """Whether a sperm was chosen for injection."""

    UNDECIDED = "undecided"
    CHOSEN = "chosen"
    NOT_CHOSEN = "not chosen"


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
    selection: Selection = Selection.UNDECIDED
    note: str = ""

    @property
    def has_warnings(self) -> bool:
        """Whether the grade should not be used until a cause is removed; it then looks so."""
        return any(flag.severity is Severity.WARNING for flag in self.flags)


LeftOut = tuple[str, Message]
"""A sperm without results in a report: its name and the reason."""
TRACK_REJECTED, NOT_GRADED = Message("track rejected by the operator"), Message("not graded")
"""Reasons to leave a sperm out, other than a failure to track or grade it."""
