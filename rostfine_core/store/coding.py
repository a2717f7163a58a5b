"""Records as bytes in the store and back: compressed JSON, and the images of a clip.

The JSON is that of ``assessment.json`` but for three things: a sentence keeps its template, so that
it can be translated, arrays are base64, and a track is a table of columns.
"""

import base64
import hashlib
import json
import math
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import (
    AnswerMode,
    AssessmentKey,
    Doubt,
    DoubtKind,
    FieldMotion,
    Kinematics,
    Seed,
    Track,
    TrackKey,
    TrackPoint,
    TrackStatus,
)
from rostfine_core.messages import Message
from rostfine_core.result_files.conversion import convert_record, is_array, new_converter

if TYPE_CHECKING:
    import cattrs

LEVEL = 1
"""zlib's level: higher ones make every grade wait for a few percent."""
LARGEST_CLIP_BYTES = 2**28
"""A hundred times a usual clip."""


def packed(value: object) -> bytes:
    """A record as compressed JSON."""
    row = coder().unstructure(value)
    content = json.dumps(row, separators=(",", ":"), allow_nan=False, default=np.generic.item)
    return zlib.compress(content.encode(), LEVEL)


def unpacked(content: bytes) -> Any:  # noqa: ANN401  # JSON
    """The JSON value of ``packed``; ``coder().structure`` makes the record of it."""
    return json.loads(zlib.decompress(content))


def packed_images(images: NDArray[np.uint8]) -> bytes:
    """Images (T, S, S, 3) without loss: green, then how red and blue differ from it.

    Microscopes are grey, where the differences are nothing; neighbours in a row are alike.
    """
    green = images[..., 1]
    planes = np.stack((green, images[..., 0] - green, images[..., 2] - green))
    planes[..., 1:] -= planes[..., :-1].copy()
    shape = np.array(images.shape, dtype="<u4").tobytes()
    return shape + zlib.compress(planes.tobytes(), LEVEL)


def unpacked_images(content: bytes) -> NDArray[np.uint8]:
    """The images that ``packed_images`` made these bytes of.

    Raises:
        ValueError: they are none; bytes of a case archive may come from anywhere.
    """
    count, height, width, _ = (int(n) for n in np.frombuffer(content[:16], dtype="<u4"))
    size = 3 * count * height * width
    if size > LARGEST_CLIP_BYTES:
        raise ValueError(f"a clip of {size} bytes")
    differences = zlib.decompressobj().decompress(content[16:], size + 1)
    planes = np.frombuffer(differences, dtype=np.uint8).reshape(3, count, height, width)
    green, red, blue = np.cumsum(planes, axis=-1, dtype=np.uint8)
    return np.stack((red + green, green, blue + green), axis=-1)


def inputs_sha256(key: TrackKey | AssessmentKey) -> str:
    """What a result was made from, as one word: equal for equal keys."""
    return hashlib.sha256(json.dumps(key_row(key), sort_keys=True).encode()).hexdigest()


def key_row(key: TrackKey | AssessmentKey) -> dict[str, Any]:
    """A key as JSON, its clicks in the order of their frames."""
    if isinstance(key, AssessmentKey):
        rest = {"um_per_px": key.um_per_px, "model_sha256": key.model_sha256}
        if key.mode is not AnswerMode.FULL:  # the only one that there once was
            rest["mode"] = key.mode.value
        return {**key_row((key.target, key.seeds, key.fps)), **rest}
    target, seeds, fps = key
    clicks = sorted(seeds, key=lambda s: s.frame)
    return {
        "target": target,
        "seeds": [[s.frame, s.x_px, s.y_px, s.is_exact] for s in clicks],
        "fps": fps,
    }


def track_key(row: Mapping[str, Any]) -> TrackKey:
    """The key of a track that ``key_row`` wrote."""
    target: str = row["target"]
    seeds = tuple(
        Seed(target=target, frame=frame, x_px=x_px, y_px=y_px, is_exact=is_exact)
        for frame, x_px, y_px, is_exact in row["seeds"]
    )
    return target, seeds, row["fps"]


def assessment_key(row: Mapping[str, Any]) -> AssessmentKey:
    """The key of an assessment that ``key_row`` wrote."""
    target, seeds, fps = track_key(row)
    rest = {name: row[name] for name in ("um_per_px", "model_sha256")}
    mode = AnswerMode(row.get("mode", AnswerMode.FULL))
    return AssessmentKey(target=target, seeds=seeds, fps=fps, mode=mode, **rest)


def message_row(message: Message) -> object:
    """A sentence as JSON: its template and values, or only its text."""
    if not message.values:
        return message.template
    values = {name: _value_row(value) for name, value in message.values}
    return {"template": message.template, "values": values}


def message_of(row: Any) -> Message:  # noqa: ANN401  # JSON
    """The sentence that ``message_row`` wrote."""
    if isinstance(row, str):
        return Message(row)
    return Message(row["template"], **{n: _value(v) for n, v in row["values"].items()})


def _value_row(value: object) -> object:
    if isinstance(value, Message):
        return {"message": message_row(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(float(value))}
    return {"path": str(value)} if isinstance(value, PurePath) else value


def _value(row: Any) -> Any:  # noqa: ANN401  # JSON
    if not isinstance(row, dict):
        return row
    if "float" in row:
        return float(row["float"])
    return message_of(row["message"]) if "message" in row else PurePath(row["path"])


@cache
def coder() -> "cattrs.Converter":
    """The converter between records and the store's JSON."""
    from cattrs.gen import override

    made = new_converter()
    made.register_unstructure_hook(Message, message_row)
    made.register_structure_hook(Message, lambda row, _: message_of(row))
    made.register_unstructure_hook_func(is_array, _array_row)
    made.register_structure_hook_func(is_array, _array)
    made.register_unstructure_hook(Track, _track_row)
    made.register_structure_hook(Track, lambda row, _: _track(row))
    convert_record(made, Kinematics, str_=override(rename="str"))
    return made


def _array_row(array: NDArray[np.generic]) -> dict[str, Any]:
    plain = np.ascontiguousarray(array)
    return {"shape": plain.shape, "base64": base64.b64encode(plain.tobytes()).decode()}


def _array(row: Mapping[str, Any], kind: object) -> NDArray[np.generic]:
    (number,) = get_args(get_args(kind)[1])
    content = base64.b64decode(row["base64"])
    return np.frombuffer(content, dtype=number).reshape(row["shape"])


def _track_row(track: Track) -> dict[str, Any]:
    points, doubts = track.points, list(track.doubts)
    return {
        "target": track.target,
        "frame": [p.frame for p in points],
        "time_s": [_finite(p.time_s) for p in points],
        "x_px": [_finite(p.x_px) for p in points],
        "y_px": [_finite(p.y_px) for p in points],
        "score": [_finite(p.score) for p in points],
        "status": [p.status.value for p in points],
        "is_duplicate": [int(p.is_duplicate) for p in points],
        "doubts": [[d.kind.value, d.frame] for d in doubts],
        "doubt": [-1 if p.doubt is None else doubts.index(p.doubt) for p in points],
        "left_frame": track.left_frame,
        "field": coder().unstructure(track.field, FieldMotion | None),
    }


def _track(row: Mapping[str, Any]) -> Track:
    statuses = {status.value: status for status in TrackStatus}
    doubts = [Doubt(DoubtKind(kind), frame) for kind, frame in row["doubts"]]
    names = ("frame", "time_s", "x_px", "y_px", "score", "status", "is_duplicate", "doubt")
    points = tuple(
        TrackPoint(
            frame=frame,
            time_s=_float(time_s),
            x_px=_float(x_px),
            y_px=_float(y_px),
            score=_float(score),
            status=statuses[status],
            is_duplicate=bool(is_duplicate),
            doubt=None if doubt < 0 else doubts[doubt],
        )
        for frame, time_s, x_px, y_px, score, status, is_duplicate, doubt in zip(
            *(row[name] for name in names), strict=True
        )
    )
    field = coder().structure(row["field"], FieldMotion | None)  # type: ignore[arg-type]  # a union
    return Track(target=row["target"], points=points, left_frame=row["left_frame"], field=field)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _float(value: float | None) -> float:
    return math.nan if value is None else value
