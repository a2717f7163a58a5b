"""The report's sentences and numbers as text, apart from where they are drawn."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    Assessment,
    Grade,
    GradeDistribution,
    Kinematics,
    ModelInfo,
    Prediction,
    QualityFlag,
    Seed,
    Severity,
    with_micro_sign,
)
from rostfine_core.messages import Message

PROGRAM = "RoSTFine Assist"
EXPECTED_GRADE_SCALE = "A = 1 … E = 5, lower is better"
MAXIMUM_ENTROPY = "0 if all agree, 2.32 if votes are even"
NO_FLAGS = (
    "None of the checks fired (click, track, crop over the border, light, focus, size of the head, "
    "frame rate, scale, samples of the training)."
)
SINGLE_MODEL = "single model: no ensemble spread"
NOTHING_TO_REPORT = Message("There is nothing to report: assess at least one sperm first.")
NOT_CALIBRATED = "not calibrated"

SPEEDS = (
    ("vcl", "VCL", "curvilinear velocity"),
    ("vsl", "VSL", "straight-line velocity"),
    ("vap", "VAP", "average-path velocity"),
)
RATIOS = (
    ("lin", "LIN", "linearity, VSL/VCL"),
    ("str_", "STR", "straightness, VSL/VAP"),
    ("wob", "WOB", "wobble, VAP/VCL"),
)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One kinematic value as printed; ``value`` is empty and ``note`` the reason if withheld."""

    term: str
    meaning: str
    value: str
    unit: str
    note: str = ""


def required_notices(assessments: Sequence[Assessment]) -> tuple[str, ...]:
    """What every page and export must say about these results."""
    return (DISCLAIMER_AI_GRADE, model_notice(assessments))


def model_notice(assessments: Sequence[Assessment]) -> str:
    """The notice of the models that answered: that of a demonstration, if one was among them."""
    notices = [a.provenance.model.notice for a in assessments]
    return DISCLAIMER_DEMONSTRATION if DISCLAIMER_DEMONSTRATION in notices else notices[0]


def share(value: float) -> str:
    """A share of the panel in percent, to one decimal."""
    return f"{value:.1%}"


def votes_in_words(distribution: GradeDistribution) -> str:
    """The whole distribution in one phrase: no letter ever stands without its share."""
    return ", ".join(
        f"{grade.name} ({grade.meaning}) {share(p)}"
        for grade, p in zip(Grade, distribution.probabilities, strict=True)
    )


def expected_in_words(distribution: GradeDistribution) -> str:
    """The expected grade with its scale."""
    return f"{distribution.expected_grade:.2f} ({EXPECTED_GRADE_SCALE})"


def spread_in_words(prediction: Prediction) -> str:
    """The model's own uncertainty, or that a single model cannot tell it."""
    spread = prediction.ensemble_spread
    if spread is None:
        return SINGLE_MODEL
    return f"±{spread:.2f} grades (standard deviation over {len(prediction.ensemble)} models)"


def time_in_words(created_utc: str) -> str:
    """``2026-11-22T09:41:07+00:00`` -> ``2026-11-22 09:41:07 UTC``."""
    return created_utc.replace("T", " ").replace("+00:00", " UTC")


def counted(count: int, word: str) -> str:
    """A number with its word: ``1 clip``, ``1,600 clips``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def scale_in_words(um_per_px: float | None) -> str:
    """The calibration, or that there is none."""
    return NOT_CALIBRATED if um_per_px is None else f"{um_per_px:.4g} µm/px"


def first_click(assessment: Assessment) -> Seed | None:
    """The seed that started the track."""
    return min(assessment.seeds, key=lambda s: s.frame, default=None)


def clicks_in_words(seeds: Sequence[Seed]) -> str:
    """Where the operator clicked: the start and the corrections."""
    return "; ".join(
        f"frame {s.frame} at x {s.x_px:.1f}, y {s.y_px:.1f} px"
        for s in sorted(seeds, key=lambda s: s.frame)
    )


def by_severity(flags: Sequence[QualityFlag]) -> list[QualityFlag]:
    """Every reason for doubt, warnings first."""
    return sorted(flags, key=lambda f: f.severity is not Severity.WARNING)


def flag_counts(flags: Sequence[QualityFlag]) -> str:
    """How many flags of which severity, or "none"."""
    counts = {f.severity: 0 for f in sorted(flags, key=lambda f: f.severity, reverse=True)}
    for flag in flags:
        counts[flag.severity] += 1
    return ", ".join(f"{n} {s}{'s' if n > 1 else ''}" for s, n in counts.items()) or "none"


def warnings_in_brief(flags: Sequence[QualityFlag]) -> str:
    """What the warnings are about, each once: ``track lost, same head``."""
    about = (f.code.replace("_", " ") for f in flags if f.severity is Severity.WARNING)
    return ", ".join(dict.fromkeys(about))


def kinematics_conditions(kinematics: Kinematics) -> str:
    """Under which sampling and smoothing the values hold."""
    text = (
        f"{counted(kinematics.measured_points, 'measured point')} at {kinematics.fps:.4g} fps over "
        f"{kinematics.span_s:.2f} s; average path smoothed over {kinematics.window_s:.3g} s."
    )
    vap, vcl = kinematics.vap, kinematics.vcl
    if kinematics.wob is None and vap and vcl and math.isclose(vap, vcl):
        text += " At this rate the smoothing window holds one picture: VAP is VCL, STR is LIN."
    if not kinematics.unit.startswith("um"):
        text += f" Not calibrated: lengths in pixels, speeds in {kinematics.unit}."
    return text


def measures(kinematics: Kinematics) -> Iterator[Measure]:
    """All kinematic values in the order of the report; reasons stand where a value is missing."""
    unit = with_micro_sign(kinematics.unit)
    reasons = {name: str(reason) for name, reason in kinematics.withheld}

    def measure(field: str, term: str, meaning: str, form: str, unit: str) -> Measure:
        value = getattr(kinematics, field)
        if value is None:
            reason = reasons.get(field, "not available")
            return Measure(term=term, meaning=meaning, value="", unit="", note=reason)
        note = reasons.get(field, "")
        return Measure(term=term, meaning=meaning, value=form.format(value), unit=unit, note=note)

    for field, term, meaning in SPEEDS:
        yield measure(field, term, meaning, "{:.1f}", unit)
    for field, term, meaning in RATIOS:
        yield measure(field, term, meaning, "{:.0%}", "")
    yield measure(
        "alh_mean",
        "ALH",
        "mean offset from average path",
        "{:.1f}",
        unit.removesuffix("/s"),
    )
    yield measure("bcf_hz", "BCF", "beat-cross frequency", "{:.1f}", "Hz")
    yield measure("mad_deg", "MAD", "mean angular displacement", "{:.1f}", "°")
    progress = kinematics.progress
    way = "" if progress is None else f": {progress:.1f} {unit}"
    yield measure("motility_class", "WHO motility", f"by way, start to end, in 1 s{way}", "{}", "")


def notes_in_words(found: Sequence[Measure]) -> list[str]:
    """Why values are missing or to be read with care: each reason once, with its terms."""
    terms: dict[str, list[str]] = {}
    for measure in found:
        if measure.note:
            terms.setdefault(with_micro_sign(measure.note), []).append(measure.term)
    return [f"{', '.join(names)}: {note}" for note, names in terms.items()]


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


def provenance_columns(
    assessment: Assessment,
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, str]]]:
    """What made the result, as name and value: two columns and the long ones below them."""
    made = assessment.provenance
    model = made.model
    left = [
        ("Software", f"{PROGRAM} {made.software_version}"),
        ("Created", time_in_words(made.created_utc)),
        ("Device", f"{made.device}, {made.precision}"),
        ("Scale", scale_in_words(made.um_per_px)),
        ("Track", f"{assessment.verdict} by the operator"),
        ("Trained on", training_in_words(model)),
    ]
    right = [
        ("Model", model.file_name),
        ("sha256", model.sha256),
        ("Video", made.video_name),
        ("sha256", made.video_sha256),
    ]
    below = [
        ("Clicks", clicks_in_words(assessment.seeds)),
        ("Network", json_in_words(model.config_json)),
        ("Preprocessing", json_in_words(model.preprocessing_json)),
        ("Settings", json_in_words(made.settings_json)),
    ]
    return left, right, below


def training_in_words(model: ModelInfo) -> str:
    """What the model has learned from, as far as its file tells."""
    words = "simulated sperm" if model.is_demonstration else model.dataset_kind
    if model.trained_clips is not None:
        words += f", {counted(model.trained_clips, 'clip')}"
    if model.trained_samples is not None:
        words += f", {counted(model.trained_samples, 'sample')}"
    if model.trained_fps is not None:
        words += f", {model.trained_fps:.4g} fps"
    if model.trained_um_per_px is not None:
        words += f", {model.trained_um_per_px:.4g} µm/px"
    return words
