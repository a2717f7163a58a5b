"""Reads and writes seeds, tracks and assessments; errors name every mistake in a file."""

from rostfine_core.result_files.assessment import (
    ASSESSMENT_JSON,
    SCHEMA,
    TRACK_CSV,
    AssessmentRecord,
    read_assessment,
    write_assessment,
)
from rostfine_core.result_files.report import content_sha256, report_json
from rostfine_core.result_files.tables import read_seeds, write_seeds, write_tracks

__all__ = [
    "ASSESSMENT_JSON",
    "SCHEMA",
    "TRACK_CSV",
    "AssessmentRecord",
    "content_sha256",
    "read_assessment",
    "read_seeds",
    "report_json",
    "write_assessment",
    "write_seeds",
    "write_tracks",
]
