"""Reads and writes one sperm's assessment as ``assessment.json`` and ``track.csv``.

``assessment.json`` (schema ``rostfine.assessment/1``) holds these keys; NaN is null:

- ``schema``, ``notes``: the format's name; the notices that accompany every result.
- ``target``, ``sample``: the sperm's name; its sample (``sample``) and the ``operator``.
- ``verdict`` on the track, ``selection`` of the sperm and the operator's ``note``.
- ``prediction``: ``grade`` (shares of A to E), the heads ``grade_global``, ``grade_spatial``,
  ``grade_temporal``, ``ensemble`` (each member's shares), ``views`` (each view's),
  ``uncalibrated`` (the shares before a calibration, or null), ``ranges`` (lowest and highest of
  each share, A first) and their ``range_coverage`` (null without ranges); a file without one of
  the last four has none. ``derived`` from it: ``expected_grade`` (A = 1 ... E = 5),
  ``disagreement_bits``, ``votes_a_or_b``, ``ensemble_spread``, ``view_spread``,
  ``view_spread_a_or_b``, and two of them under their former names.
- ``flags``: ``code``, ``severity`` and ``reason`` of each.
- ``kinematics``: values with ``unit``, ``window_s`` and ``fps``; null where ``withheld`` says why.
- ``provenance``: ``software_version``, ``model`` (file, sha256, config, preprocessing, training
  data), ``video_name``, ``video_sha256``, ``device``, ``precision``, ``um_per_px``, ``settings``
  and ``created_utc``.
- ``seeds``: the clicks. ``video``: size, rate, ``timestamps_s``, notes.
- ``clip``: the crop boxes; the images are cut again from the video.
- ``explanation``: ``encoder_rollout``, ``branch_attention`` (as the official code draws it) and
  ``branch_forward`` (of the pass that graded; null in older results), each (T, G, G),
  ``selected_patches`` (T, K), ``clip_frames`` (T) and, if the frames were turned,
  ``headings_rad`` (T).
- ``track``: the whole path, also as a table in ``track.csv`` beside it.
"""

import json
from dataclasses import dataclass, fields, replace
from json import JSONEncoder
from pathlib import Path
from typing import Self

import numpy as np

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    FORMER_NAMES,
    Assessment,
    CropBox,
    Explanation,
    Kinematics,
    ModelInfo,
    Prediction,
    Provenance,
    QualityFlag,
    SampleInfo,
    Seed,
    Selection,
    Track,
    Verdict,
    VideoInfo,
)
from rostfine_core.errors import StoreError
from rostfine_core.files import atomic_write
from rostfine_core.messages import Message
from rostfine_core.result_files.tables import tracks_table

SCHEMA = "rostfine.assessment/1"
ASSESSMENT_JSON = "assessment.json"
TRACK_CSV = "track.csv"
_MISTAKES_SHOWN = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class AssessmentRecord:
    """What ``assessment.json`` holds: an assessment without the images of its clip.

    ``video.path`` is only the file's name, as folder names can identify patients; ``clip`` holds
    the crop boxes.
    """

    target: str
    seeds: tuple[Seed, ...]
    sample: SampleInfo
    video: VideoInfo
    clip: tuple[CropBox, ...]
    prediction: Prediction
    explanation: Explanation
    kinematics: Kinematics
    flags: tuple[QualityFlag, ...]
    provenance: Provenance
    track: Track
    verdict: Verdict = Verdict.OPEN
    selection: Selection = Selection.UNDECIDED
    note: str = ""

    @classmethod
    def of(cls, assessment: Assessment) -> Self:
        """Make the record of an assessment."""
        kept = {f.name: getattr(assessment, f.name) for f in fields(cls)}
        kept["video"] = replace(assessment.video, path=assessment.provenance.video_name)
        kept["clip"] = assessment.clip.boxes
        return cls(**kept)


def write_assessment(folder: Path, assessment: Assessment) -> None:
    """Write ``assessment.json`` and ``track.csv`` into ``folder``, both or neither.

    Raises:
        StoreError: the folder cannot be written.
    """
    text = to_json(AssessmentRecord.of(assessment))
    table = tracks_table([assessment.track])
    with (
        atomic_write(folder / ASSESSMENT_JSON) as json_file,
        atomic_write(folder / TRACK_CSV) as table_file,
    ):
        # File names need not be valid Unicode; invalid parts become escapes that JSON can read.
        json_file.write_bytes(text.encode("utf-8", "backslashreplace"))
        table_file.write_bytes(table.encode("utf-8", "backslashreplace"))


def read_assessment(path: Path) -> AssessmentRecord:
    """Read an ``assessment.json``, or the one in a folder.

    Raises:
        StoreError: it cannot be read, has another schema, or a value is missing or wrong.
    """
    path = path / ASSESSMENT_JSON if path.is_dir() else path
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StoreError(
            Message(
                "{path} is not an assessment: choose an {name}.",
                path=path,
                name=ASSESSMENT_JSON,
            )
        ) from error
    except OSError as error:
        raise StoreError(
            Message(
                "Cannot read {path} ({reason}): check the file's name.",
                path=path,
                reason=error.strerror or str(error),
            )
        ) from error
    return from_json(text, name=str(path))


def content_of(record: AssessmentRecord) -> dict[str, object]:
    """What ``assessment.json`` says, as lists, numbers and text by key."""
    from rostfine_core.result_files.conversion import (
        converter,
    )  # `rostfine track` starts without cattrs

    return {
        "schema": SCHEMA,
        "notes": _disclaimers(record.provenance.model),
        "derived": _derived(record.prediction),
        **converter().unstructure(record),
    }


def to_json(record: AssessmentRecord) -> str:
    """The text of ``assessment.json``, one key per line."""
    content = content_of(record)
    encode = JSONEncoder(allow_nan=False, ensure_ascii=False, default=np.generic.item).encode
    lines = (f" {encode(key)}: {encode(value)}" for key, value in content.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def from_json(text: str, *, name: str) -> AssessmentRecord:
    """Read the text of ``assessment.json``; ``name`` is the file's name for error messages.

    Raises:
        StoreError: as ``read_assessment``.
    """
    import cattrs

    from rostfine_core.result_files.conversion import converter

    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StoreError(
            Message(
                "{name} is damaged or not an assessment: restore it from a copy.",
                name=name,
            )
        ) from error
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise StoreError(
            Message(
                "{name} has the schema {schema}, this version reads {known!r}: update the program.",
                name=name,
                schema=repr(schema),
                known=SCHEMA,
            )
        )
    try:
        return converter().structure(content, AssessmentRecord)
    except cattrs.BaseValidationError as error:
        mistakes = "; ".join(cattrs.transform_error(error)[:_MISTAKES_SHOWN])
        raise StoreError(
            Message(
                "{name} is damaged ({mistakes}): restore it from a copy.",
                name=name,
                mistakes=mistakes,
            )
        ) from error


def _disclaimers(model: ModelInfo) -> list[str]:
    return [model.notice, DISCLAIMER_AI_GRADE, *model.attention_notices]


def _derived(prediction: Prediction) -> dict[str, float | None]:
    derived = {
        "expected_grade": prediction.grade.expected_grade,
        "disagreement_bits": prediction.grade.entropy_bits,
        "votes_a_or_b": prediction.grade.p_a_or_b,
        "ensemble_spread": prediction.ensemble_spread,
        "view_spread": prediction.view_spread,
        "view_spread_a_or_b": prediction.view_spread_a_or_b,
    }
    return derived | {former: derived[name] for name, former in FORMER_NAMES.items()}
