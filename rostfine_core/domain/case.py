"""What a person enters about patients, samples, videos and sperm, as window and store share it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from rostfine_core.domain.assessment import Assessment, SampleInfo, Selection, Verdict
from rostfine_core.domain.grade import AnswerMode
from rostfine_core.domain.report_identity import ReportIdentity
from rostfine_core.domain.track import Seed, Track
from rostfine_core.domain.video import VideoInfo
from rostfine_core.marking import marked
from rostfine_core.messages import Message

Places = tuple[tuple[int, float, float], ...]
"""The clicks of one sperm: (frame, x_px, y_px), what a track depends on."""
TrackKey = tuple[str, tuple[Seed, ...], float | None]
"""The sperm's target, its clicks and the corrected frame rate."""
NO_MERGE = -1
"""The ``merge`` of an edit that stays a step of its own."""


@dataclass(frozen=True, kw_only=True)
class Sperm:
    """One sperm the user chose: ``key`` never changes, ``name`` is what reports call it.

    Only this record holds the name: seeds, tracks and results know the sperm by its ``target``.
    ``verdict`` judges its track, ``selection`` the sperm itself.
    """

    key: int
    name: str
    seeds: tuple[Seed, ...]
    verdict: Verdict = Verdict.OPEN
    selection: Selection = Selection.UNDECIDED
    note: str = ""

    @property
    def target(self) -> str:
        """The key as the core's records have it."""
        return str(self.key)

    @property
    def places(self) -> Places:
        """The clicks in order of their frames."""
        return tuple(sorted((s.frame, s.x_px, s.y_px) for s in self.seeds))

    def corrected(self, *, frame: int, x_px: float, y_px: float, is_exact: bool = False) -> "Sperm":
        """The same sperm with its place in ``frame`` set by hand."""
        others = tuple(s for s in self.seeds if s.frame != frame)
        seed = Seed(target=self.target, frame=frame, x_px=x_px, y_px=y_px, is_exact=is_exact)
        return replace(self, seeds=tuple(sorted((*others, seed), key=lambda s: s.frame)))


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What the user says about the microscope.

    ``fps`` None trusts the file, ``um_per_px`` None means no scale; ``profile`` is
    the microscope's name, "" for none.
    """

    profile: str = ""
    fps: float | None = None
    um_per_px: float | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Everything that the user edits; undo and redo replace one draft by another."""

    sperms: tuple[Sperm, ...] = ()
    sample: SampleInfo = field(default_factory=SampleInfo)
    calibration: Calibration = field(default_factory=Calibration)


@dataclass(frozen=True, kw_only=True)
class AssessmentKey:
    """What an assessment depends on: when one of these changes, it is out of date."""

    target: str
    seeds: tuple[Seed, ...]
    fps: float | None
    um_per_px: float | None
    model_sha256: str
    mode: AnswerMode = AnswerMode.FULL


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One step of a video's history; the next with the same ``merge`` (typing) joins it."""

    text: str
    before: Draft
    after: Draft
    merge: int = NO_MERGE


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A patient under the pseudonym that the lab uses; ``id`` is "" until it is stored."""

    pseudonym: str
    note: str = ""
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class WhoValues:
    """The lab's own semen analysis (WHO manual, 6th edition); None for what was not entered.

    The program measures none of these.
    """

    volume_ml: float | None = None
    concentration_m_per_ml: float | None = None
    total_m: float | None = None
    motile_percent: float | None = None
    progressive_percent: float | None = None
    vitality_percent: float | None = None
    normal_forms_percent: float | None = None


@dataclass(frozen=True)
class WhoLimit:
    """WHO's lower reference limit of a value (6th edition, 5th centile): a ``WhoValues`` field."""

    field: str
    title: str
    lower: float
    unit: str


WHO_LIMITS = (
    WhoLimit("volume_ml", marked("Volume"), 1.4, " ml"),
    WhoLimit("concentration_m_per_ml", marked("Concentration"), 16, " M/ml"),
    WhoLimit("total_m", marked("Total count"), 39, " M"),
    WhoLimit("motile_percent", marked("Motile"), 42, "%"),
    WhoLimit("progressive_percent", marked("Progressive"), 30, "%"),
    WhoLimit("vitality_percent", marked("Vitality"), 54, "%"),
    WhoLimit("normal_forms_percent", marked("Normal forms"), 4, "%"),
)
"""The values that a laboratory enters beside their limits."""


@dataclass(frozen=True, kw_only=True)
class SampleRecord:
    """What is known of a sample; ``id`` is "" until it is stored, times are UTC, "" if unknown."""

    label: str = ""
    operator: str = ""
    patient_id: str | None = None
    collected_utc: str = ""
    analysed_utc: str = ""
    medium: str = ""
    temperature_c: float | None = None
    abstinence_days: float | None = None
    who: WhoValues = field(default_factory=WhoValues)
    note: str = ""
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class StoredVideo:
    """A video as it was added: the file's content never changes, its ``path`` may.

    ``number`` counts the videos of a sample from 1; ``channel`` and ``plane`` say what was read of
    a file that holds several. ``frame`` and ``selected`` are where its user was.
    """

    id: str
    sample_id: str
    number: int
    name: str
    path: Path
    sha256: str
    channel: str | None
    plane: int | None
    info: VideoInfo
    frame: int = 0
    selected: int | None = None


class CaseState(StrEnum):
    """How far a video has come; it is derived from what is stored."""

    NEW = "new"
    GRADED = "graded"
    REPORTED = "reported"
    SIGNED = "signed"

    @property
    def wording(self) -> str:
        """The state on screen, marked for translation."""
        return _STATES[self]


_STATES = {
    CaseState.NEW: marked("new"),
    CaseState.GRADED: marked("graded"),
    CaseState.REPORTED: marked("reported"),
    CaseState.SIGNED: marked("signed"),
}


@dataclass(frozen=True, kw_only=True)
class CaseSummary:
    """A row of the list of cases: one video."""

    video_id: str
    sample_id: str
    patient: str
    sample: str
    operator: str
    number: int
    name: str
    path: Path
    state: CaseState
    sperm_count: int
    graded_count: int
    created_utc: str
    opened_utc: str

    @property
    def is_reported(self) -> bool:
        """Whether a report shows the video as it is now."""
        return self.state in (CaseState.REPORTED, CaseState.SIGNED)


@dataclass(frozen=True, kw_only=True)
class StoredReport:
    """A version of a sample's report, ``folder`` is where it was written to ("" for nowhere)."""

    id: str
    sample_id: str
    identity: ReportIdentity
    video_ids: tuple[str, ...]
    content_sha256: str
    folder: str
    created_utc: str


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredCase:
    """What opening a stored video brings back; the first ``position`` edits are in ``draft``."""

    video: StoredVideo
    draft: Draft
    history: tuple[Edit, ...]
    position: int
    tracks: Mapping[TrackKey, Track]
    assessments: Mapping[AssessmentKey, Assessment]
    rejected: Mapping[AssessmentKey, Message]
