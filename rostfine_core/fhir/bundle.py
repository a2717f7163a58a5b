"""Makes a report's FHIR collection: patient, specimens, devices, observations, one report."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID, uuid5

from rostfine_core import __version__
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    LeftOut,
    ModelInfo,
    Patient,
    QualityFlag,
    ReportIdentity,
    SampleRecord,
    Severity,
)
from rostfine_core.errors import StoreError
from rostfine_core.fhir.elements import (
    MODEL_SHA256,
    NAMESPACE,
    TERMINOLOGY,
    VIDEO_SHA256,
    Resource,
    absent,
    code_system,
    coded,
    component,
    given,
    identifiers,
    instant,
    moment,
    notes,
    plain,
)
from rostfine_core.fhir.observations import caution, kinematics_of, selection_of, vote_components
from rostfine_core.files import write_text
from rostfine_core.report.wording import (
    NOTHING_TO_REPORT,
    PROGRAM,
    VERDICTS,
    kinematics_conditions,
    measures,
    notes_in_words,
    training_in_words,
)
from rostfine_core.result_files import AssessmentRecord
from rostfine_core.result_files.assessment import to_json

WHO = {
    "volume": ("volume_ml", "mL"),
    "concentration": ("concentration_m_per_ml", "10*6/mL"),
    "total": ("total_m", "10*6"),
    "motile": ("motile_percent", "%"),
    "progressive": ("progressive_percent", "%"),
    "vitality": ("vitality_percent", "%"),
    "normal-forms": ("normal_forms_percent", "%"),
}


def write_fhir(
    path: Path,
    records: Sequence[AssessmentRecord],
    *,
    left_out: Sequence[LeftOut] = (),
    sample: SampleRecord | None = None,
    patient: Patient | None = None,
    identity: ReportIdentity | None = None,
) -> None:
    """Write ``fhir_bundle`` as JSON, after it was checked against the standard's models.

    Raises:
        StoreError: there is nothing to report, or the file cannot be written.
    """
    from fhir.resources.R4B.bundle import Bundle

    bundle = fhir_bundle(
        records, left_out=left_out, sample=sample, patient=patient, identity=identity
    )
    Bundle.model_validate(bundle)
    write_text(path, json.dumps(bundle, ensure_ascii=False, allow_nan=False, indent=1) + "\n")


def fhir_bundle(
    records: Sequence[AssessmentRecord],
    *,
    left_out: Sequence[LeftOut] = (),
    sample: SampleRecord | None = None,
    patient: Patient | None = None,
    identity: ReportIdentity | None = None,
) -> Resource:
    """A FHIR Bundle as JSON values; its ids hang on the content alone.

    Text is put on one line without control characters, which FHIR does not allow.

    Args:
        records: the graded sperm of one sample.
        left_out: sperm without results, with the reason.
        sample: what else is known of the sample.
        patient: whose it is, under a pseudonym.
        identity: the report's version and signature; without a signature it is preliminary.

    Raises:
        StoreError: there is nothing to report.
    """
    if not records:
        raise StoreError(NOTHING_TO_REPORT)
    about = (left_out, sample, patient, identity)
    digest = hashlib.sha256(repr(about).encode("utf-8", "replace"))
    for record in records:
        digest.update(to_json(record).encode("utf-8", "replace"))
    id = uuid5(NAMESPACE, digest.hexdigest())
    return _Collection(
        id, records, sample=sample or SampleRecord(), patient=patient, identity=identity
    ).bundle(left_out)


class _Collection:
    """The resources of one report, which refer to each other."""

    def __init__(
        self,
        id: UUID,
        records: Sequence[AssessmentRecord],
        *,
        sample: SampleRecord,
        patient: Patient | None,
        identity: ReportIdentity | None,
    ) -> None:
        self._id, self._records, self._sample = id, records, sample
        self._patient, self._identity = patient, identity
        self._status = _status(identity)
        self._is_demonstration = any(r.provenance.model.is_demonstration for r in records)
        self._entries: list[Resource] = []
        self._common = self._add_patient()

    def bundle(self, left_out: Sequence[LeftOut]) -> Resource:
        """All of it."""
        sample = self._add_sample()
        program = self._add_program()
        models = {r.provenance.model for r in self._records}
        devices = {m: self._add_model(m, program) for m in sorted(models, key=lambda m: m.sha256)}
        results = list(self._add_laboratory(sample))
        for record in self._records:
            sperm = self._add_sperm(record.target, sample)
            device = devices[record.provenance.model]
            results += self._add_observations(record, sperm=sperm, device=device)
        for target, reason in left_out:
            sperm = self._add_sperm(target, sample)
            results.append(self._add_missing(target, str(reason), sperm))
        report = self._report(sample, results)
        self._add(code_system())
        entries = [report, *self._entries]
        return {
            "resourceType": "Bundle",
            "id": str(self._id),
            **self._marked_as_test(),
            "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{self._id}"},
            "type": "collection",
            **given(timestamp=self._issued()),
            "entry": [{"fullUrl": f"urn:uuid:{e['id']}", "resource": e} for e in entries],
        }

    def _add(self, resource: Resource) -> Resource:
        """Keep a resource under an id of its own and return a reference to it."""
        resource = {
            "resourceType": resource["resourceType"],
            "id": str(uuid5(self._id, str(len(self._entries)))),
            **resource,
        }
        self._entries.append(resource)
        return {"reference": f"urn:uuid:{resource['id']}"}

    def _marked_as_test(self) -> Resource:
        """The security label of test data, for results of a demonstration model."""
        if not self._is_demonstration:
            return {}
        label = {"system": f"{TERMINOLOGY}/v3-ActReason", "code": "HTEST"}
        return {"meta": {"security": [{**label, "display": "test health data"}]}}

    def _issued(self) -> str | None:
        """When the report was signed, else when its last result was made."""
        signature = self._identity.signature if self._identity else None
        times = [signature.utc] if signature else [r.provenance.created_utc for r in self._records]
        return max((t for t in map(moment, times) if t and "T" in t), default=None)

    def _add_patient(self) -> Resource:
        """Add the patient, and give what the other resources have in common."""
        if self._patient is None or not plain(self._patient.pseudonym):
            return {}
        subject = self._add(
            {
                "resourceType": "Patient",
                "identifier": [{"use": "usual", "value": plain(self._patient.pseudonym)}],
            }
        )
        return {"subject": subject}

    def _add_sample(self) -> Resource:
        known = self._sample
        label = plain(known.label) or plain(self._records[0].sample.sample)
        collected = moment(known.collected_utc)
        return self._add(
            {
                "resourceType": "Specimen",
                **given(identifier=[{"value": label}] if label else None),
                "type": {"text": "Semen"},
                **self._common,
                **given(collection={"collectedDateTime": collected} if collected else None),
                **notes([known.note]),
            }
        )

    def _add_sperm(self, target: str, sample: Resource) -> Resource:
        return self._add(
            {
                "resourceType": "Specimen",
                "identifier": [{"value": plain(target) or "unnamed"}],
                "type": {"text": "Sperm"},
                **self._common,
                "parent": [sample],
            }
        )

    def _add_program(self) -> Resource:
        versions = sorted({plain(r.provenance.software_version) for r in self._records} - {""})
        return self._add(
            {
                "resourceType": "Device",
                "deviceName": [{"name": PROGRAM, "type": "user-friendly-name"}],
                "type": {"text": "Software"},
                "version": [{"value": v} for v in versions or [__version__]],
            }
        )

    def _add_model(self, model: ModelInfo, program: Resource) -> Resource:
        name = plain(model.file_name) or "unnamed"
        return self._add(
            {
                "resourceType": "Device",
                **given(identifier=identifiers(MODEL_SHA256, model.sha256)),
                "deviceName": [{"name": name, "type": "model-name"}],
                "type": {"text": "Model (neural network)"},
                **notes([model.notice, f"Trained on: {training_in_words(model)}"]),
                "parent": program,
            }
        )

    def _add_laboratory(self, sample: Resource) -> Iterator[Resource]:
        """What the laboratory entered, if it entered anything."""
        known = self._sample
        components = [
            component(code, getattr(known.who, field), unit) for code, (field, unit) in WHO.items()
        ]
        components.append(component("temperature", known.temperature_c, "Cel"))
        components.append(component("abstinence", known.abstinence_days, "d"))
        entered = [c for c in components if "valueQuantity" in c]
        if medium := plain(known.medium):
            entered.append({"code": coded("medium"), "valueString": medium})
        if entered:
            yield self._observe("laboratory", "", sample, component=entered)

    def _add_observations(
        self, record: AssessmentRecord, *, sperm: Resource, device: Resource
    ) -> Iterator[Resource]:
        made, name = record.provenance, plain(record.target) or "unnamed"
        operator = plain(record.sample.operator)
        video = {
            "type": "Media",
            **given(identifier=next(iter(identifiers(VIDEO_SHA256, made.video_sha256)), None)),
            "display": plain(made.video_name) or "unnamed video",
        }
        shared = {
            **given(issued=instant(made.created_utc)),
            **given(performer=[{"display": operator}] if operator else None),
            "device": device,
            "derivedFrom": [video],
        }
        yield self._observe(
            "grade",
            f"AI quality grade of sperm {name}",
            sperm,
            **shared,
            **given(interpretation=[caution(f) for f in record.flags if _is_warning(f)]),
            **notes(
                [
                    made.model.notice,
                    DISCLAIMER_AI_GRADE,
                    f"Track: {VERDICTS[record.verdict]}.",
                    *(f"Notice: {f.reason}" for f in record.flags if not _is_warning(f)),
                    record.note,
                ]
            ),
            component=[*vote_components(record.prediction), selection_of(record.selection)],
        )
        yield self._observe(
            "kinematics",
            f"Kinematics of sperm {name}",
            sperm,
            **shared,
            **notes(
                [
                    str(kinematics_conditions(record.kinematics)),
                    *map(str, notes_in_words(list(measures(record.kinematics)))),
                ]
            ),
            component=list(kinematics_of(record.kinematics)),
        )

    def _add_missing(self, target: str, reason: str, sperm: Resource) -> Resource:
        """A sperm without a result, with the reason."""
        return self._add(
            {
                "resourceType": "Observation",
                "status": "cancelled",
                "code": coded("grade", f"AI quality grade of sperm {plain(target) or 'unnamed'}"),
                **self._common,
                "specimen": sperm,
                "dataAbsentReason": absent(reason),
            }
        )

    def _observe(self, code: str, text: str, specimen: Resource, **more: object) -> Resource:
        label = {"system": f"{TERMINOLOGY}/observation-category", "code": "laboratory"}
        return self._add(
            {
                "resourceType": "Observation",
                **self._marked_as_test(),
                "status": self._status,
                "category": [{"coding": [{**label, "display": "Laboratory"}]}],
                "code": coded(code, text),
                **self._common,
                "specimen": specimen,
                **more,
            }
        )

    def _report(self, sample: Resource, results: Sequence[Resource]) -> Resource:
        identity = self._identity
        analysed = moment(self._sample.analysed_utc)
        signer = plain(identity.signature.name) if identity and identity.signature else ""
        return {
            "resourceType": "DiagnosticReport",
            "id": str(uuid5(self._id, "report")),
            **self._marked_as_test(),
            "status": self._status,
            "category": [{"coding": [{"system": f"{TERMINOLOGY}/v2-0074", "code": "LAB"}]}],
            "code": coded("report"),
            **self._common,
            **given(effectiveDateTime=analysed, issued=self._issued()),
            **given(resultsInterpreter=[{"display": signer}] if signer else None),
            "specimen": [sample],
            "result": list(results),
            "conclusion": self._conclusion(),
        }

    def _conclusion(self) -> str:
        """The notices, and which version of the report this is."""
        sentences = [DISCLAIMER_AI_GRADE]
        sentences += dict.fromkeys(r.provenance.model.notice for r in self._records)
        identity = self._identity
        if identity is None or identity.signature is None:
            sentences.append("This report is not signed.")
        else:
            meaning = identity.signature.meaning.wording
            sentences.append(f"Signed: {identity.signature.name}, {meaning}.")
        if identity is not None:
            trail = f", audit trail {identity.audit_hash}" if identity.audit_hash else ""
            sentences.append(f"Version {identity.version}{trail}.")
            if identity.amends is not None:
                sentences.append(f"It amends version {identity.amends}: {identity.reason}")
        return plain(" ".join(sentences))


def _status(identity: ReportIdentity | None) -> str:
    if identity is None or identity.signature is None:
        return "preliminary"
    return "final" if identity.amends is None else "amended"


def _is_warning(flag: QualityFlag) -> bool:
    return flag.severity is Severity.WARNING
