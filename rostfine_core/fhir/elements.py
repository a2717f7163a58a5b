"""The small parts of FHIR resources: text, times, notes, codes and numbers with units.

What has no code in LOINC or SNOMED CT that surely means the same has one of the project's own code
system.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from rostfine_core import __version__
from rostfine_core.domain import Grade
from rostfine_core.flag_titles import FLAG_TITLES
from rostfine_core.moments import moment_of
from rostfine_core.report.fonts import one_line, shortened
from rostfine_core.report.wording import PROGRAM

Resource = dict[str, Any]
NAMESPACE = UUID("cb9c76cf-8829-4aa9-a816-a31212aebb2f")
ARC = f"urn:oid:2.25.{NAMESPACE.int}"
"""The project's own arc, made from a UUID, which needs no registration."""
CODES, MODEL_SHA256, VIDEO_SHA256 = f"{ARC}.1", f"{ARC}.2", f"{ARC}.3"
UCUM = "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
LONGEST_TEXT = 200_000
"""Characters; R4 allows strings of 1 MB."""
CONCEPTS = {
    "report": "AI quality grades of sperm",
    "grade": "AI quality grade: predicted votes of a panel of experts",
    **{
        f"votes-{g.name}": f"Share of the panel that would vote {g.name} ({g.meaning})"
        for g in Grade
    },
    "votes-A-or-B": "Share of the panel that would vote A or B",
    "expected-grade": "Mean vote with A = 1 to E = 5, lower is better",
    "disagreement": "Entropy of the votes: 0 if all agree, 2.32 if they are even",
    "model-spread": "Standard deviation of the expected grade over an ensemble of models",
    "view-spread": "Standard deviation of the expected grade over views of the clip: turned, "
    "mirrored, of other frames",
    "calibrated": "Whether the votes were calibrated on those of patients held back from training",
    "range-coverage": "How often a panel's share lies in its range, each grade by itself",
    **{f"range-{g.name}": f"Range of the share that would vote {g.name}" for g in Grade},
    "selection": "Whether the operator chose the sperm",
    "kinematics": "Kinematics of one sperm by the WHO definitions",
    "vcl": "Curvilinear velocity (VCL)",
    "vsl": "Straight-line velocity (VSL)",
    "vap": "Average-path velocity (VAP)",
    "lin": "Linearity (LIN), VSL/VCL",
    "str": "Straightness (STR), VSL/VAP",
    "wob": "Wobble (WOB), VAP/VCL",
    "alh": "Mean offset from the average path (ALH)",
    "bcf": "Beat-cross frequency (BCF)",
    "mad": "Mean angular displacement (MAD)",
    "progress": "Distance from start to end in 1 s",
    "who-motility": "WHO motility class by distance from start to end in 1 s",
    "laboratory": "Values entered by the laboratory, not measured by the program",
    "volume": "Semen volume",
    "concentration": "Sperm concentration",
    "total": "Total sperm number",
    "motile": "Total motility",
    "progressive": "Progressive motility",
    "vitality": "Vitality",
    "normal-forms": "Normal forms",
    "temperature": "Temperature",
    "abstinence": "Abstinence",
    "medium": "Medium",
    **{f"flag-{code.replace('_', '-')}": title for code, title in FLAG_TITLES.items()},
}
"""The codes of the project's code system, each with its meaning."""


def code_system() -> Resource:
    """The project's code system, for those who read the codes."""
    return {
        "resourceType": "CodeSystem",
        "url": CODES,
        "version": __version__,
        "name": "RostfineAssistCodes",
        "title": f"Codes of {PROGRAM}",
        "status": "active",
        "content": "complete",
        "caseSensitive": True,
        "concept": [{"code": code, "display": text} for code, text in CONCEPTS.items()],
    }


def coded(code: str, text: str = "") -> Resource:
    """A code of the project's own system."""
    display = CONCEPTS[code]
    coding = {"system": CODES, "code": code, "display": display}
    return {"coding": [coding], "text": plain(text) or display}


def component(code: str, value: float | None, unit: str, *, reason: str = "") -> Resource:
    """A number with its UCUM unit, or why there is none."""
    if value is None or not math.isfinite(value):
        return {"code": coded(code), "dataAbsentReason": absent(reason)}
    quantity = {"value": float(value), "unit": unit, "system": UCUM, "code": unit}
    return {"code": coded(code), "valueQuantity": quantity}


def range_component(code: str, ends: tuple[float, float] | None, *, reason: str) -> Resource:
    """The two ends of a range of shares, or why there is none."""
    if ends is None:
        return {"code": coded(code), "dataAbsentReason": absent(reason)}
    unit = {"unit": "1", "system": UCUM, "code": "1"}
    low, high = ({"value": float(end), **unit} for end in ends)
    return {"code": coded(code), "valueRange": {"low": low, "high": high}}


def absent(reason: str) -> Resource:
    """Why there is no value."""
    coding = {"system": f"{TERMINOLOGY}/data-absent-reason", "code": "unknown"}
    return {"coding": [{**coding, "display": "Unknown"}], **given(text=plain(reason) or None)}


def identifiers(system: str, value: str) -> list[Resource]:
    """One identifier, or none for a value that is empty."""
    text = plain(value)
    return [{"system": system, "value": text}] if text else []


def notes(texts: Sequence[str]) -> Resource:
    """The element ``note``, unless all texts are empty."""
    found = [{"text": text} for text in map(plain, texts) if text]
    return {"note": found} if found else {}


def given(**elements: object) -> Mapping[str, object]:
    """The elements that are there: FHIR knows no empty ones."""
    return {name: value for name, value in elements.items() if value}


def plain(text: str) -> str:
    """Any text as FHIR allows it: on one line, without control characters."""
    return shortened(one_line(text), LONGEST_TEXT)


def instant(text: str) -> str | None:
    """As ``moment``, but None for a mere date."""
    found = moment(text)
    return found if found and "T" in found else None


def moment(text: str) -> str | None:
    """A date, or a time in UTC, as FHIR writes it; None for what is neither."""
    found = moment_of(text)
    return found.isoformat() if found else None
