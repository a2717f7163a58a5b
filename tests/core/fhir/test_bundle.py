"""The FHIR collection holds the records, refers only to itself, and is valid for any text."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import HealthCheck, given, settings

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    NOT_GRADED,
    Meaning,
    Patient,
    ReportIdentity,
    SampleRecord,
    Selection,
    Signature,
    WhoValues,
)
from rostfine_core.errors import StoreError
from rostfine_core.fhir import fhir_bundle, write_fhir
from rostfine_core.fhir.elements import CODES
from rostfine_core.report.fonts import one_line
from rostfine_core.result_files import AssessmentRecord
from tests.core.any_text import any_text, filled
from tests.core.report.conftest import build_assessment

Resource = dict[str, Any]
SIGNATURE = Signature(
    name="Dr. Ito",
    utc="2026-11-22T11:00:00+00:00",
    local_offset_minutes=540,
    meaning=Meaning.APPROVAL,
)
IDENTITY = ReportIdentity(
    version=2, audit_hash="ab" * 32, amends=1, reason="wrong scale", signature=SIGNATURE
)
SAMPLE = SampleRecord(
    label="S-7",
    collected_utc="2026-11-22",
    analysed_utc="2026-11-22T18:30:00+09:00",
    medium="HTF",
    temperature_c=37.0,
    who=WhoValues(volume_ml=1.5, progressive_percent=0.0),
)


def record(target: str = "1", **how: bool) -> AssessmentRecord:
    return AssessmentRecord.of(build_assessment(target, **how))


def written(path: Path, *records: AssessmentRecord, **more: Any) -> list[Resource]:  # noqa: ANN401
    """The resources of a file, after the standard's models read it."""
    write_fhir(path, records, **more)
    text = path.read_text(encoding="utf-8")
    Bundle.model_validate_json(text)
    return [entry["resource"] for entry in json.loads(text)["entry"]]


def of_kind(resources: list[Resource], kind: str) -> list[Resource]:
    return [r for r in resources if r["resourceType"] == kind]


def observation(resources: list[Resource], code: str) -> dict[str, Resource]:
    """The components of the first observation of a code, by their codes."""
    found = (r for r in of_kind(resources, "Observation") if coding(r["code"])["code"] == code)
    return {coding(c["code"])["code"]: c for c in next(found)["component"]}


def coding(concept: Resource) -> Resource:
    one: Resource = concept["coding"][0]
    return one


def inside(value: object, name: str) -> Iterator[object]:
    """Every value of an element's name, however deep."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key == name:
                yield one
            yield from inside(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from inside(one, name)


def test_the_values_are_the_records(tmp_path: Path) -> None:
    one = record(ensemble=True)
    resources = written(tmp_path / "r.json", one)
    votes, grade = observation(resources, "grade"), one.prediction.grade
    for letter, share in zip("ABCDE", grade.probabilities, strict=True):
        assert votes[f"votes-{letter}"]["valueQuantity"]["value"] == share
    assert votes["expected-grade"]["valueQuantity"]["value"] == grade.expected_grade
    assert votes["votes-A-or-B"]["valueQuantity"]["value"] == grade.p_a_or_b
    spread = votes["model-spread"]["valueQuantity"]["value"]
    assert spread == one.prediction.ensemble_spread
    motion = observation(resources, "kinematics")
    assert motion["vcl"]["valueQuantity"] == {
        "value": 61.27, "unit": "um/s", "system": "http://unitsofmeasure.org", "code": "um/s"
    }  # fmt: skip
    assert "needs at least 50 fps" in motion["bcf"]["dataAbsentReason"]["text"]
    assert motion["who-motility"]["valueString"] == "rapidly progressive"


def test_how_sure_the_model_is_is_told_or_why_not(tmp_path: Path) -> None:
    one = record(sure=True)
    votes = observation(written(tmp_path / "r.json", one), "grade")
    assert votes["view-spread"]["valueQuantity"]["value"] == one.prediction.view_spread
    ends = votes["range-B"]["valueRange"]
    assert (ends["low"]["value"], ends["high"]["value"]) == one.prediction.ranges[1]
    assert votes["calibrated"]["valueBoolean"] is True
    votes = observation(written(tmp_path / "s.json", record()), "grade")
    for code in ("view-spread", "range-coverage", "range-A"):
        assert votes[code]["dataAbsentReason"]["text"]
    assert votes["calibrated"]["valueBoolean"] is False


def test_what_the_operator_decided_is_told(tmp_path: Path) -> None:
    one = replace(record(), selection=Selection.CHOSEN, note="the best")
    resources = written(tmp_path / "r.json", one)
    assert observation(resources, "grade")["selection"]["valueString"] == "chosen"
    assert {"text": "the best"} in [n for notes in inside(resources, "note") for n in notes]  # type: ignore[attr-defined]


def test_without_a_scale_lengths_are_in_pixels(tmp_path: Path) -> None:
    motion = observation(written(tmp_path / "r.json", record(calibrated=False)), "kinematics")
    assert motion["vcl"]["valueQuantity"]["code"] == "{px}/s"


def test_every_code_and_reference_leads_to_a_resource_in_it(tmp_path: Path) -> None:
    more: Resource = {"sample": SAMPLE, "patient": Patient(pseudonym="P-7"), "identity": IDENTITY}
    left_out = [("3", NOT_GRADED)]
    records = (record(flagged=True), record("2"))
    resources = written(tmp_path / "r.json", *records, left_out=left_out, **more)
    ids = {f"urn:uuid:{r['id']}" for r in resources}
    assert len(ids) == len(resources)
    assert set(inside(resources, "reference")) < ids
    (system,) = of_kind(resources, "CodeSystem")
    known = {concept["code"] for concept in system["concept"]}
    used = [c for cs in inside(resources, "coding") for c in cs if c["system"] == CODES]  # type: ignore[attr-defined]
    assert {"flag-track-lost", "report"} <= {c["code"] for c in used} <= known
    (report,) = of_kind(resources, "DiagnosticReport")
    observations = of_kind(resources, "Observation")
    assert [r["reference"] for r in report["result"]] == [
        f"urn:uuid:{o['id']}" for o in observations
    ]
    assert observations[-1]["status"] == "cancelled"
    assert observations[-1]["dataAbsentReason"]["text"] == "not graded"
    assert report["effectiveDateTime"] == "2026-11-22T09:30:00+00:00"
    entered = observation(resources, "laboratory")
    assert set(entered) == {"volume", "progressive", "temperature", "medium"}
    assert entered["progressive"]["valueQuantity"]["value"] == 0
    (patient,) = of_kind(resources, "Patient")
    assert patient["identifier"] == [{"use": "usual", "value": "P-7"}]


def test_the_status_follows_the_signature(tmp_path: Path) -> None:
    first = replace(IDENTITY, version=1, amends=None)
    for identity, status in (
        (None, "preliminary"),
        (replace(first, signature=None), "preliminary"),
        (first, "final"),
        (IDENTITY, "amended"),
    ):
        resources = written(tmp_path / "r.json", record(), identity=identity)
        assert set(inside(resources, "status")) - {"active"} == {status}
    assert "amends version 1: wrong scale" in resources[0]["conclusion"]
    assert resources[0]["issued"] == SIGNATURE.utc


@pytest.mark.requirement("R-01")
@pytest.mark.requirement("R-02")
def test_a_demonstration_is_marked_as_test_data_and_says_so(tmp_path: Path) -> None:
    (report, *resources) = written(tmp_path / "r.json", record(demonstration=True))
    assert DISCLAIMER_DEMONSTRATION in report["conclusion"]
    assert DISCLAIMER_AI_GRADE in report["conclusion"]
    for one in (report, *of_kind(resources, "Observation")):
        assert one["meta"]["security"][0]["code"] == "HTEST"
    assert "HTEST" not in (json.dumps(fhir_bundle([record()])))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=any_text)
def test_any_text_in_any_field_is_valid(tmp_path: Path, text: str) -> None:
    more = {name: filled(value, text) for name, value in (
        ("sample", replace(SAMPLE, operator="x", note="x")),
        ("patient", Patient(pseudonym="P-7")),
        ("identity", IDENTITY),
    )}  # fmt: skip
    one = filled(record(flagged=True), text)
    left_out = [filled(("3", NOT_GRADED), text)]
    resources = written(tmp_path / "r.json", one, left_out=left_out, **more)
    words = one_line(text)
    patients = of_kind(resources, "Patient")
    assert [p["identifier"][0]["value"] for p in patients] == ([words] if words else [])
    assert {s["identifier"][0]["value"] for s in of_kind(resources, "Specimen")[1:]} == {
        words or "unnamed"
    }


def test_the_same_report_has_the_same_ids() -> None:
    assert fhir_bundle([record()]) == fhir_bundle([record()])
    assert fhir_bundle([record()])["id"] != fhir_bundle([record("2")])["id"]


def test_nothing_to_report_is_said() -> None:
    with pytest.raises(StoreError, match="nothing to report"):
        fhir_bundle([])
