"""Writes all results of a report as ``report.json``, the file that its content hash is of.

``report.json`` (schema ``rostfine.report/1``) is JSON in one form only: UTF-8, no line breaks or
spaces between its parts, keys sorted, each number as the shortest text that reads back the same.
The content hash of the report is the SHA-256 of this file's bytes, as ``sha256sum`` prints it. Its
keys are:

- ``schema``, ``notes``: the format's name; the notices that accompany every result.
- ``identity``: ``version``, what it ``amends`` and the ``reason``, ``audit_hash``, the
  ``signature`` (``name``, ``utc``, ``local_offset_minutes``, ``meaning``; null for a draft) and
  ``sealed_by``.
- ``sample``, ``patient``: what the lab noted of the sample, and the patient's pseudonym.
- ``videos``: ``name``, ``sha256`` and ``overview_frame`` (null without a picture) of each, its
  ``sperm`` (each as in ``assessment.json``) and those ``left_out`` (``target`` and ``reason``).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from json import JSONEncoder

import numpy as np

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    SampleRecord,
    SampleReport,
    VideoSection,
)
from rostfine_core.result_files.assessment import AssessmentRecord, content_of

SCHEMA = "rostfine.report/1"
_encode = JSONEncoder(
    allow_nan=False,
    ensure_ascii=False,
    sort_keys=True,
    separators=(",", ":"),
    default=np.generic.item,
).encode


def report_json(report: SampleReport) -> bytes:
    """The bytes of ``report.json``."""
    models = [a.provenance.model for a in report.assessments]
    notices = dict.fromkeys(model.notice for model in models)
    of_maps = dict.fromkeys(notice for model in models for notice in model.attention_notices)
    parts = {
        "identity": _encode(asdict(report.identity)),
        "notes": _encode([*notices, DISCLAIMER_AI_GRADE, *of_maps]),
        "patient": _encode(report.patient),
        "sample": _encode(_noted(report.sample)),
        "schema": _encode(SCHEMA),
        "videos": f"[{','.join(map(_video, report.videos))}]",
    }
    text = f"{{{','.join(f'{_encode(key)}:{value}' for key, value in parts.items())}}}"
    # File names need not be valid Unicode; invalid parts become escapes that JSON can read.
    return text.encode("utf-8", "backslashreplace")


def content_sha256(content: bytes) -> str:
    """The content hash of a report, of the bytes of its ``report.json``."""
    return hashlib.sha256(content).hexdigest()


def _noted(sample: SampleRecord) -> dict[str, object]:
    """A sample without the keys of the store that holds it."""
    kept = asdict(sample)
    del kept["id"], kept["patient_id"]
    return kept


def _video(section: VideoSection) -> str:
    overview = section.overview
    parts = {
        "left_out": _encode([{"reason": str(r), "target": t} for t, r in section.left_out]),
        "name": _encode(section.name),
        "overview_frame": _encode(None if overview is None else overview.frame),
        "sha256": _encode(section.sha256),
        "sperm": f"[{','.join(_sperm(section))}]",
    }
    return f"{{{','.join(f'{_encode(key)}:{value}' for key, value in parts.items())}}}"


def _sperm(section: VideoSection) -> Iterator[str]:
    """One sperm at a time, as encoding holds Python's lock."""
    for assessment in section.assessments:
        yield _encode(content_of(AssessmentRecord.of(assessment)))
