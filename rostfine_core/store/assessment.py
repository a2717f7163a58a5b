"""One sperm's assessment on disk: ``assessment.json`` (rostfine.assessment/1) and ``track.csv``.

Keys of the JSON: ``schema``, ``notes`` (the disclaimers that hold), ``target``, ``seeds``,
``sample`` (sample, operator), ``video``, ``clip`` (the crop boxes; the pictures are cut again from
the video), ``prediction`` (final distribution, three heads, ensemble), ``derived`` (expected
grade, entropy, P(A or B), ensemble spread), ``explanation`` (maps and selected patches),
``kinematics``, ``flags``, ``provenance``. Not-a-number is written as null.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from cattrs import BaseValidationError, Converter, transform_error
from cattrs.preconf.json import make_converter
from numpy.typing import NDArray

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    Assessment,
    CropBox,
    Explanation,
    GradeDistribution,
    Kinematics,
    Prediction,
    Provenance,
    QualityFlag,
    SampleInfo,
    Seed,
    VideoInfo,
)
from rostfine_core.errors import StoreError
from rostfine_core.files import write_text
from rostfine_core.store.tables import write_tracks

SCHEMA = "rostfine.assessment/1"
ASSESSMENT_JSON = "assessment.json"
TRACK_CSV = "track.csv"


@dataclass(frozen=True, kw_only=True, eq=False)
class AssessmentRecord:
    """What the JSON holds of an assessment: all but the pictures and the track."""

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


def write_assessment(folder: Path, assessment: Assessment) -> None:
    """Write ``assessment.json`` and ``track.csv`` into ``folder``, each whole or not at all.

    Raises:
        StoreError: the folder cannot be written.
    """
    record = AssessmentRecord(
        target=assessment.target,
        seeds=assessment.seeds,
        sample=assessment.sample,
        video=assessment.video,
        clip=assessment.clip.boxes,
        prediction=assessment.prediction,
        explanation=assessment.explanation,
        kinematics=assessment.kinematics,
        flags=assessment.flags,
        provenance=assessment.provenance,
    )
    table = {
        "schema": SCHEMA,
        "notes": _notes(assessment),
        "derived": _derived(assessment.prediction),
        **_converter().unstructure(record),
    }
    text = json.dumps(_without_nan(table), ensure_ascii=False, indent=1, allow_nan=False)
    write_tracks(folder / TRACK_CSV, [assessment.track])
    write_text(folder / ASSESSMENT_JSON, text + "\n")


def read_assessment(path: Path) -> AssessmentRecord:
    """Read an ``assessment.json``.

    Raises:
        StoreError: the file cannot be read, has another schema or is damaged.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(f"Cannot read {path} ({error.strerror}): check the file.") from error
    except ValueError as error:
        raise StoreError(f"{path} is damaged (no JSON): restore it from a copy.") from error
    schema = table.get("schema") if isinstance(table, dict) else None
    if schema != SCHEMA:
        raise StoreError(
            f"{path} has the schema {schema!r}, this version reads {SCHEMA}: update the program."
        )
    try:
        return _converter().structure(table, AssessmentRecord)
    except BaseValidationError as error:
        reasons = "; ".join(transform_error(error)[:3])
        raise StoreError(f"{path} is damaged ({reasons}): restore it from a copy.") from error


def _notes(assessment: Assessment) -> list[str]:
    notes = [DISCLAIMER_AI_GRADE, DISCLAIMER_ATTENTION]
    if assessment.provenance.model.is_demonstration:
        notes.insert(0, DISCLAIMER_DEMONSTRATION)
    return notes


def _derived(prediction: Prediction) -> dict[str, float | None]:
    return {
        "expected_grade": prediction.grade.expected_grade,
        "entropy_bits": prediction.grade.entropy_bits,
        "p_a_or_b": prediction.grade.p_a_or_b,
        "ensemble_spread": prediction.ensemble_spread,
    }


def _converter() -> Converter:
    converter = make_converter()
    converter.register_unstructure_hook(
        GradeDistribution, lambda d: dict(zip("ABCDE", d.probabilities, strict=True))
    )
    converter.register_structure_hook(GradeDistribution, _distribution)
    converter.register_structure_hook_factory(_is_array, _list_to_array)
    converter.register_unstructure_hook_func(_is_array, _array_to_list)
    return converter


def _distribution(shares: dict[str, float], _: type) -> GradeDistribution:
    a, b, c, d, e = (float(shares[grade]) for grade in "ABCDE")
    return GradeDistribution((a, b, c, d, e))


def _is_array(kind: Any) -> bool:  # noqa: ANN401 # cattrs asks about any type
    return getattr(kind, "__origin__", kind) is np.ndarray


def _list_to_array(kind: Any) -> Callable[[Any, Any], NDArray[Any]]:  # noqa: ANN401 # NDArray[...]
    dtype = get_args(get_args(kind)[1])[0]
    return lambda rows, _: np.array(rows, dtype=dtype)


def _array_to_list(array: NDArray[Any]) -> object:
    """Numbers as short as they can be written without losing a bit."""
    if array.dtype == np.float32:
        array = np.vectorize(lambda x: float(str(x)), otypes=[float])(array)
    return array.tolist()


def _without_nan(value: Any) -> Any:  # noqa: ANN401 # any JSON value
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
