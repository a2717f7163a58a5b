"""The report's sentences and numbers, independent of layout and language."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    Assessment,
    Grade,
    GradeDistribution,
    Kinematics,
    ModelInfo,
    QualityFlag,
    Seed,
    Selection,
    Severity,
    Verdict,
    with_micro_sign,
)
from rostfine_core.flag_titles import CHECKS, FLAG_TITLES
from rostfine_core.marking import marked
from rostfine_core.messages import Message, Say, joined
from rostfine_core.report.identity import time_in_words

PROGRAM = "RoSTFine Assist"
REPORT_TITLE = Message("AI quality grade report")
EXPECTED_GRADE_SCALE = Message("A = 1 … E = 5, lower is better")
MAXIMUM_ENTROPY = Message("0 if all agree, 2.32 if votes are even")
NO_FLAGS = Message(
    "None of the checks fired ({checks}).", checks=joined(map(Message, CHECKS), ", ")
)
NOTHING_TO_REPORT = Message("There is nothing to report: assess at least one sperm first.")
NOT_CALIBRATED = Message("not calibrated")
NOT_GIVEN = Message("not given")
WITHHELD = Message("withheld")
WHOLE_VIDEO = Message("Cautions for the whole video")

SPEEDS = (
    ("vcl", "VCL", Message("curvilinear velocity")),
    ("vsl", "VSL", Message("straight-line velocity")),
    ("vap", "VAP", Message("average-path velocity")),
)
RATIOS = (
    ("lin", "LIN", Message("linearity, VSL/VCL")),
    ("str_", "STR", Message("straightness, VSL/VAP")),
    ("wob", "WOB", Message("wobble, VAP/VCL")),
)
SEVERITIES = {Severity.WARNING: Message("Warning"), Severity.NOTICE: Message("Notice")}
VERDICTS = {
    Verdict.OPEN: Message("not reviewed by the operator"),
    Verdict.ACCEPTED: Message("accepted by the operator"),
    Verdict.REJECTED: Message("rejected by the operator"),
}
TRACK_VERDICTS = {
    Verdict.OPEN: Message("not reviewed"),
    Verdict.ACCEPTED: Message("accepted"),
    Verdict.REJECTED: Message("rejected"),
}
"""The same in a table's column."""
SELECTIONS = {
    Selection.UNDECIDED: Message("undecided"),
    Selection.CHOSEN: Message("chosen"),
    Selection.NOT_CHOSEN: Message("not chosen"),
}
Words = Message | str
"""A message, or text that is the same in every language, such as a name or a number."""


def in_words(words: Words, say: Say) -> str:
    """Words in the language of the report."""
    return words if isinstance(words, str) else say(words)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One kinematic value as printed; a withheld one has no ``value``, and ``note`` says why."""

    term: Words
    meaning: Message
    value: Words | None
    unit: str
    note: Message | None = None


def required_notices(assessments: Sequence[Assessment]) -> tuple[Message, ...]:
    """What every page and export must say about these results."""
    return (Message(DISCLAIMER_AI_GRADE), Message(model_notice(assessments)))


def model_notice(assessments: Sequence[Assessment]) -> str:
    """The models' notice; the demonstration notice if any of them is a demonstration model."""
    notices = [a.provenance.model.notice for a in assessments]
    return DISCLAIMER_DEMONSTRATION if DISCLAIMER_DEMONSTRATION in notices else notices[0]


def share(value: float) -> str:
    """A share of the panel in percent, to one decimal."""
    return f"{value:.1%}"


def sperm_in_words(assessment: Assessment) -> Message:
    """The heading for one sperm."""
    return Message("Sperm {name}", name=assessment.target)


def votes_in_words(distribution: GradeDistribution) -> Message:
    """The whole distribution in one phrase: no letter appears without its share."""
    return joined(
        (
            joined((grade_in_words(grade), share(p)), " ")
            for grade, p in zip(Grade, distribution.probabilities, strict=True)
        ),
        ", ",
    )


def marked_doubtful(words: Message, *, is_doubtful: bool) -> Message:
    """Words of a grade, which say so where it should not be trusted."""
    return Message("{words} (doubtful)", words=words) if is_doubtful else words


def grade_in_words(grade: Grade) -> Message:
    """A grade with its meaning: ``A (best)``."""
    return Message("{grade} ({meaning})", grade=grade.name, meaning=Message(grade.meaning))


def expected_in_words(distribution: GradeDistribution) -> Message:
    """The expected grade with its scale."""
    return Message(
        "{grade:.2f} ({scale})", grade=distribution.expected_grade, scale=EXPECTED_GRADE_SCALE
    )


def entropy_in_words(distribution: GradeDistribution) -> Message:
    """How much the panel disagrees."""
    return Message("{entropy:.2f} bits", entropy=distribution.entropy_bits)


def counted(count: int, *, one: str, many: str) -> Message:
    """A number with its noun, as in ``1,600 clips``; ``one`` and ``many`` are marked templates."""
    return Message(one if count == 1 else many, count=count)


def scale_in_words(um_per_px: float | None) -> Words:
    """The calibration, or that there is none."""
    return NOT_CALIBRATED if um_per_px is None else f"{um_per_px:.4g} µm/px"


def first_click(assessment: Assessment) -> Seed | None:
    """The seed that started the track."""
    return min(assessment.seeds, key=lambda s: s.frame, default=None)


def clicks_in_words(seeds: Sequence[Seed]) -> Message:
    """Where the operator clicked: the start and the corrections."""
    return joined(_click_in_words(seed) for seed in sorted(seeds, key=lambda s: s.frame))


def _click_in_words(seed: Seed) -> Message:
    place = Message(
        "frame {frame} at x {x:.1f}, y {y:.1f} px", frame=seed.frame, x=seed.x_px, y=seed.y_px
    )
    return Message("{place} (placed by hand)", place=place) if seed.is_exact else place


def by_severity(flags: Sequence[QualityFlag]) -> list[QualityFlag]:
    """The flags, warnings first."""
    return sorted(flags, key=lambda f: f.severity is not Severity.WARNING)


def flag_counts(flags: Sequence[QualityFlag]) -> Message:
    """How many flags of each severity, or "none"."""
    counts = Counter(flag.severity for flag in flags)
    words = {
        Severity.WARNING: (marked("{count} warning"), marked("{count} warnings")),
        Severity.NOTICE: (marked("{count} notice"), marked("{count} notices")),
    }
    parts = [
        counted(counts[severity], one=one, many=many)
        for severity, (one, many) in words.items()
        if counts[severity]
    ]
    return joined(parts, ", ") if parts else Message("none")


def warnings_in_brief(flags: Sequence[QualityFlag]) -> Message:
    """What the warnings are about, each once: ``Track lost, Same sperm twice``."""
    return _titles(f for f in flags if f.severity is Severity.WARNING)


def doubts_in_brief(own: Sequence[QualityFlag], shared: Sequence[QualityFlag] = ()) -> Message:
    """What a sperm's own flags are about, the warnings first; or "none".

    With warnings in ``shared``, which are stated for the whole video, it is not "none".
    """
    if own:
        return _titles(by_severity(own))
    if any(f.severity is Severity.WARNING for f in shared):
        return Message("those of the video")
    return Message("none")


def _titles(flags: Iterable[QualityFlag]) -> Message:
    codes = dict.fromkeys(f.code for f in flags)
    return joined(
        (Message(FLAG_TITLES[c]) if c in FLAG_TITLES else c.replace("_", " ") for c in codes), ", "
    )


UNSMOOTHED = Message(
    "At this rate the smoothing window holds one frame: VAP equals VCL, STR equals LIN."
)


def reason_in_words(flag: QualityFlag) -> Message:
    """A flag's severity and reason."""
    return joined((SEVERITIES[flag.severity], flag.reason), ": ")


def is_unsmoothed(kinematics: Kinematics) -> bool:
    """Whether the camera was so slow that the average path is the path itself."""
    vap, vcl = kinematics.vap, kinematics.vcl
    return bool(kinematics.wob is None and vap and vcl and math.isclose(vap, vcl))


def kinematics_conditions(kinematics: Kinematics) -> Message:
    """The sampling and smoothing behind the values."""
    sentences = [
        Message(
            "{points} at {fps:.4g} different frames per second over {span:.2f} s; average path "
            "smoothed over {window:.3g} s.",
            points=counted(
                kinematics.measured_points,
                one=marked("{count:,} measured point"),
                many=marked("{count:,} measured points"),
            ),
            fps=kinematics.fps,
            span=kinematics.span_s,
            window=kinematics.window_s,
        )
    ]
    if is_unsmoothed(kinematics):
        sentences.append(UNSMOOTHED)
    if not kinematics.unit.startswith("um"):
        sentences.append(
            Message("Not calibrated: lengths in pixels, speeds in {unit}.", unit=kinematics.unit)
        )
    return joined(sentences, " ")


def measures(kinematics: Kinematics) -> Iterator[Measure]:
    """All kinematic values in the order of the report, with reasons for those that are missing."""
    unit = with_micro_sign(kinematics.unit)
    reasons = dict(kinematics.withheld)

    def measure(field: str, term: Words, meaning: Message, form: str, unit: str) -> Measure:
        value = getattr(kinematics, field)
        if value is None:
            reason = reasons.get(field, Message("not available"))
            return Measure(term=term, meaning=meaning, value=None, unit="", note=reason)
        words = Message(value) if isinstance(value, str) else form.format(value)
        return Measure(term=term, meaning=meaning, value=words, unit=unit, note=reasons.get(field))

    for field, term, meaning in SPEEDS:
        yield measure(field, term, meaning, "{:.1f}", unit)
    for field, term, meaning in RATIOS:
        yield measure(field, term, meaning, "{:.0%}", "")
    offset = Message("mean offset from average path")
    yield measure("alh_mean", "ALH", offset, "{:.1f}", unit.removesuffix("/s"))
    yield measure("bcf_hz", "BCF", Message("beat-cross frequency"), "{:.1f}", "Hz")
    yield measure("mad_deg", "MAD", Message("mean angular displacement"), "{:.1f}", "°")
    basis = Message("by distance from start to end in 1 s")
    if kinematics.progress is not None:
        distance = f"{kinematics.progress:.1f} {unit}"
        basis = Message("by distance from start to end in 1 s: {distance}", distance=distance)
    yield measure("motility_class", Message("WHO motility"), basis, "{}", "")


def notes_in_words(found: Sequence[Measure]) -> list[Message]:
    """Why values are missing or need care: each reason once, after the terms it applies to."""
    terms: dict[Message, list[Words]] = {}
    for measure in found:
        if measure.note is not None:
            terms.setdefault(measure.note, []).append(measure.term)
    return [joined((joined(names, ", "), note), ": ") for note, names in terms.items()]


def json_in_words(text: str) -> str:
    """Name-value pairs from JSON text on one line; a list of records is counted, not listed."""
    try:
        pairs = json.loads(text)
    except ValueError:
        return text
    if not isinstance(pairs, dict):
        return text
    return ", ".join(f"{name} {_value_in_words(value)}" for name, value in pairs.items())


def _value_in_words(value: object) -> str:
    if isinstance(value, dict):
        return f"({', '.join(f'{n} {_value_in_words(v)}' for n, v in value.items())})"
    if isinstance(value, list):
        if any(isinstance(v, dict | list) for v in value):
            return f"({len(value)}, listed in assessment.json)"
        return "/".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.6g}"  # assessment.json holds every digit
    return "none" if value is None else str(value)


Rows = list[tuple[Words, Words]]
"""Names and values."""


def provenance_columns(assessment: Assessment, zone: tzinfo | None) -> tuple[Rows, Rows, Rows]:
    """What produced the result: two columns, and long values to go below them."""
    made = assessment.provenance
    model = made.model
    left: Rows = [
        (Message("Software"), f"{PROGRAM} {made.software_version}"),
        (Message("Created"), time_in_words(made.created_utc, zone)),
        (Message("Device"), f"{made.device}, {made.precision}"),
        (Message("Scale"), scale_in_words(made.um_per_px)),
        (Message("Track"), VERDICTS[assessment.verdict]),
        (Message("Trained on"), training_in_words(model)),
    ]
    right: Rows = [
        (Message("Model"), model.file_name),
        ("sha256", model.sha256),
        (Message("Video"), made.video_name),
        ("sha256", made.video_sha256),
    ]
    below: Rows = [
        (Message("Clicks"), clicks_in_words(assessment.seeds)),
        (Message("Network"), json_in_words(model.config_json)),
        (Message("Preprocessing"), json_in_words(model.preprocessing_json)),
        (Message("Settings"), json_in_words(made.settings_json)),
    ]
    return left, right, below


def training_in_words(model: ModelInfo) -> Message:
    """What the model was trained on, as far as its file says."""
    words: list[Words] = [
        Message("simulated sperm") if model.is_demonstration else model.dataset_kind
    ]
    if model.trained_clips is not None:
        clips = marked("{count:,} clip"), marked("{count:,} clips")
        words.append(counted(model.trained_clips, one=clips[0], many=clips[1]))
    if model.trained_samples is not None:
        samples = marked("{count:,} sample"), marked("{count:,} samples")
        words.append(counted(model.trained_samples, one=samples[0], many=samples[1]))
    if model.trained_fps is not None:
        words.append(f"{model.trained_fps:.4g} fps")
    if model.trained_um_per_px is not None:
        words.append(f"{model.trained_um_per_px:.4g} µm/px")
    return joined(words, ", ")
