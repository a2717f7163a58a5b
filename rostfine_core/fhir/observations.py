"""What FHIR Observations say of one sperm: votes, kinematics and cautions."""

from collections.abc import Iterator

from rostfine_core.domain import Grade, Kinematics, Prediction, QualityFlag, Selection
from rostfine_core.fhir.elements import Resource, absent, coded, component, plain, range_component
from rostfine_core.flag_titles import FLAG_TITLES
from rostfine_core.report.wording import SELECTIONS

KINEMATICS = {
    "vcl": ("vcl", "speed"),
    "vsl": ("vsl", "speed"),
    "vap": ("vap", "speed"),
    "lin": ("lin", "1"),
    "str": ("str_", "1"),
    "wob": ("wob", "1"),
    "alh": ("alh_mean", "length"),
    "bcf": ("bcf_hz", "Hz"),
    "mad": ("mad_deg", "deg"),
    "progress": ("progress", "speed"),
}
"""The field of ``Kinematics`` behind a code, and its unit."""


def vote_components(prediction: Prediction) -> Iterator[Resource]:
    """The whole distribution and what follows from it, as components."""
    grade = prediction.grade
    for letter, share in zip(Grade, grade.probabilities, strict=True):
        yield component(f"votes-{letter.name}", share, "1")
    yield component("votes-A-or-B", grade.p_a_or_b, "1")
    yield component("expected-grade", grade.expected_grade, "1")
    yield component("disagreement", grade.entropy_bits, "bit")
    reason = "A single model gives no spread."
    yield component("model-spread", prediction.ensemble_spread, "1", reason=reason)
    reason = "The clip was graded once, which gives no spread."
    yield component("view-spread", prediction.view_spread, "1", reason=reason)
    is_calibrated = prediction.uncalibrated is not None
    yield {"code": coded("calibrated"), "valueBoolean": is_calibrated}
    reason = "The model gives no ranges."
    yield component("range-coverage", prediction.range_coverage, "1", reason=reason)
    for place, letter in enumerate(Grade):
        ends = prediction.ranges[place] if prediction.ranges else None
        yield range_component(f"range-{letter.name}", ends, reason=reason)


def selection_of(selection: Selection) -> Resource:
    """What the operator decided about the sperm itself."""
    return {"code": coded("selection"), "valueString": str(SELECTIONS[selection])}


def kinematics_of(kinematics: Kinematics) -> Iterator[Resource]:
    """Every value as a component, those that are withheld with the reason."""
    reasons = {name: str(reason) for name, reason in kinematics.withheld}
    length = "um" if kinematics.unit.startswith("um") else "{px}"
    units = {"speed": f"{length}/s", "length": length}
    for code, (field, unit) in KINEMATICS.items():
        value, reason = getattr(kinematics, field), reasons.get(field, "")
        yield component(code, value, units.get(unit, unit), reason=reason)
    motility: Resource = {"code": coded("who-motility")}
    if text := plain(kinematics.motility_class or ""):
        motility["valueString"] = text
    else:
        motility["dataAbsentReason"] = absent(reasons.get("motility_class", ""))
    yield motility


def caution(flag: QualityFlag) -> Resource:
    """A warning; one that this version does not know has no code."""
    text = plain(f"Warning: {flag.reason}")
    if flag.code not in FLAG_TITLES:
        return {"text": text}
    return coded(f"flag-{flag.code.replace('_', '-')}", text)
