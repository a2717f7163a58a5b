"""An assessment on disk survives a round trip and carries every notice."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    Assessment,
    FieldMotion,
    GradeDistribution,
    Kinematics,
    Prediction,
    QualityFlag,
    SampleInfo,
    Seed,
    Severity,
    Verdict,
)
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.result_files import AssessmentRecord, read_assessment, write_assessment
from rostfine_core.result_files.assessment import from_json, to_json


def test_an_assessment_survives_a_round_trip_exactly(
    tmp_path: Path, assessment: Assessment
) -> None:
    write_assessment(tmp_path / "sperm-1", assessment)
    record = read_assessment(tmp_path / "sperm-1" / "assessment.json")
    for name in ("target", "seeds", "sample", "video", "prediction", "kinematics", "flags"):
        assert getattr(record, name) == getattr(assessment, name), name
    assert record.provenance == assessment.provenance
    assert record.clip == assessment.clip.boxes
    for name in ("encoder_rollout", "branch_attention", "branch_forward", "selected_patches"):
        got, given = getattr(record.explanation, name), getattr(assessment.explanation, name)
        assert got.dtype == given.dtype
        np.testing.assert_array_equal(got, given)
    assert sorted(p.name for p in (tmp_path / "sperm-1").iterdir()) == [
        "assessment.json",
        "track.csv",
    ]


def test_the_motion_of_the_field_is_kept_with_the_track(
    tmp_path: Path, assessment: Assessment
) -> None:
    field = FieldMotion(
        first_frame=3,
        x_px=(0.0, 1.25, 2.5),
        y_px=(0.0, -0.5, 0.125),
        error_px=0.03,
        measured_frames=2,
        is_suspected=True,
    )
    write_assessment(tmp_path, replace(assessment, track=replace(assessment.track, field=field)))
    assert read_assessment(tmp_path).track.field == field


def test_the_json_carries_notices_and_derived_values(
    tmp_path: Path, assessment: Assessment
) -> None:
    write_assessment(tmp_path, assessment)
    table = json.loads((tmp_path / "assessment.json").read_text(encoding="utf-8"))
    assert table["schema"] == "rostfine.assessment/1"
    assert table["notes"][:2] == [DISCLAIMER_DEMONSTRATION, DISCLAIMER_AI_GRADE]
    assert table["prediction"]["grade"] == dict(
        zip("ABCDE", (0.1, 0.2, 0.3, 0.25, 0.15), strict=True)
    )
    derived = table["derived"]
    assert derived["expected_grade"] == pytest.approx(3.15)
    assert derived["votes_a_or_b"] == pytest.approx(0.3)
    assert derived["ensemble_spread"] == pytest.approx((3.15 - 1.5) / math.sqrt(2))
    assert derived["view_spread"] == assessment.prediction.view_spread
    assert derived["view_spread_a_or_b"] == assessment.prediction.view_spread_a_or_b


def test_a_labs_model_is_not_called_a_demonstration(tmp_path: Path, assessment: Assessment) -> None:
    model = replace(assessment.provenance.model, dataset_kind="Clinic")
    own = replace(assessment, provenance=replace(assessment.provenance, model=model))
    write_assessment(tmp_path, own)
    notes = json.loads((tmp_path / "assessment.json").read_text(encoding="utf-8"))["notes"]
    assert DISCLAIMER_DEMONSTRATION not in notes
    assert DISCLAIMER_VALIDATION in notes
    assert DISCLAIMER_AI_GRADE in notes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "damaged"),
        ("[1]", "schema None"),
        ('{"schema": "rostfine.assessment/9"}', "update the program"),
        ('{"schema": "rostfine.assessment/1", "target": "1"}', "damaged"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(StoreError, match=reason):
        read_assessment(tmp_path / "a.json")


def test_nan_is_written_as_null_and_read_back(tmp_path: Path, assessment: Assessment) -> None:
    maps = np.array([[[0.25, np.nan], [1, 2]]], np.float32)
    explanation = replace(assessment.explanation, encoder_rollout=maps)
    kinematics = replace(assessment.kinematics, vcl=math.nan, vsl=None)
    write_assessment(tmp_path, replace(assessment, explanation=explanation, kinematics=kinematics))
    text = (tmp_path / "assessment.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
    table = json.loads(text)
    assert table["track"]["points"][2]["x_px"] is None
    assert table["kinematics"]["vcl"] is None
    assert table["kinematics"]["withheld"] == {"alh_mean": "below 50 frames per second"}
    record = read_assessment(tmp_path)
    np.testing.assert_array_equal(record.explanation.encoder_rollout, maps)
    assert math.isnan(record.track.points[2].x_px)
    assert repr(record.track) == repr(assessment.track)


def test_config_and_settings_are_written_as_objects_and_restored_as_text(
    tmp_path: Path, assessment: Assessment
) -> None:
    texts = ('{"a": 0.1, "b": [1, null]}', '{ "spaced":1}', '"text"', "no json", '{"x": NaN}')
    for text in texts:
        provenance = replace(assessment.provenance, settings_json=text)
        write_assessment(tmp_path, replace(assessment, provenance=provenance))
        assert read_assessment(tmp_path).provenance.settings_json == text
    provenance = replace(assessment.provenance, settings_json=texts[0])
    write_assessment(tmp_path, replace(assessment, provenance=provenance))
    table = json.loads((tmp_path / "assessment.json").read_text(encoding="utf-8"))
    assert table["provenance"]["settings"] == {"a": 0.1, "b": [1, None]}
    assert table["provenance"]["model"]["config"] == {}


def test_the_folders_of_the_video_are_not_stored(tmp_path: Path, assessment: Assessment) -> None:
    video = replace(assessment.video, path="/home/lab/Jane Doe/v.mp4")
    write_assessment(tmp_path, replace(assessment, video=video))
    assert "Jane Doe" not in (tmp_path / "assessment.json").read_text(encoding="utf-8")
    assert read_assessment(tmp_path).video.path == "v.mp4"


def test_numbers_of_numpy_and_odd_file_names_can_be_written(
    tmp_path: Path, assessment: Assessment
) -> None:
    odd = replace(assessment.provenance, video_name="clip\udce9.avi")
    numbers: dict[str, Any] = {"frame": np.int64(3), "x_px": np.float32(1.5)}
    seed = replace(assessment.seeds[0], **numbers)
    write_assessment(tmp_path, replace(assessment, provenance=odd, seeds=(seed,)))
    record = read_assessment(tmp_path)
    assert record.provenance.video_name == odd.video_name
    assert record.seeds == (Seed(target="精子 1", frame=3, x_px=1.5, y_px=20.0),)


def test_a_failed_write_leaves_both_files_as_they_were(
    tmp_path: Path, assessment: Assessment, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_assessment(tmp_path, assessment)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    write_bytes = Path.write_bytes

    def fail_on_the_table(path: Path, content: bytes) -> int:
        if path.suffix == ".csv":
            raise OSError(28, "No space left on device")
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", fail_on_the_table)
    with pytest.raises(StoreError, match="No space left on device"):
        write_assessment(tmp_path, replace(assessment, target="other"))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"A": 0.1', '"A": 0.9', r"GradeDistribution @ \$\.prediction\.grade"),
        ('"fps": 15.0', '"fps": "fast"', r"\$\.video\.fps|\$\.kinematics\.fps"),
        ('"target": ', '"name": ', r"required field missing @ \$\.target"),
        ('"measured"', '"guessed"', "status"),
    ],
)
def test_wrong_values_are_named(
    tmp_path: Path, assessment: Assessment, old: str, new: str, reason: str
) -> None:
    write_assessment(tmp_path, assessment)
    path = tmp_path / "assessment.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(StoreError, match=reason):
        read_assessment(path)


def test_a_truncated_file_is_refused(tmp_path: Path, assessment: Assessment) -> None:
    write_assessment(tmp_path, assessment)
    content = (tmp_path / "assessment.json").read_bytes()
    for length in range(0, len(content) - 2, 97):
        (tmp_path / "cut.json").write_bytes(content[:length])
        with pytest.raises(StoreError):
            read_assessment(tmp_path / "cut.json")
    for path in (tmp_path / "none.json", tmp_path / "none"):
        with pytest.raises(StoreError, match="Cannot read"):
            read_assessment(path)


shares = (
    st.lists(st.integers(0, 40), min_size=5, max_size=5)
    .filter(any)
    .map(
        lambda votes: GradeDistribution(tuple(v / sum(votes) for v in votes))  # type: ignore[arg-type]  # five
    )
)
reals = st.floats(allow_nan=False, allow_infinity=False)
messages = st.text().map(Message) | st.builds(Message, st.just("{a} of {b}"), a=st.text(), b=reals)


@pytest.mark.requirement("R-43")
@given(
    heads=st.tuples(shares, shares, shares, shares),
    ensemble=st.lists(shares, max_size=4),
    values=st.builds(
        Kinematics,
        unit=st.text(),
        window_s=reals,
        fps=reals,
        span_s=reals,
        measured_points=st.integers(0, 10**6),
        vcl=st.none() | reals,
        str_=st.none() | reals,
        motility_class=st.none() | st.text(),
        withheld=st.dictionaries(st.text(), messages, max_size=3).map(lambda d: tuple(d.items())),
    ),
    flags=st.lists(
        st.builds(QualityFlag, code=st.text(), severity=st.sampled_from(Severity), reason=messages),
        max_size=3,
    ),
    sample=st.builds(SampleInfo, sample=st.text(), operator=st.text()),
    maps=arrays(np.float32, (2, 3, 3), elements=st.floats(width=32, allow_infinity=False)),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_value_survives_a_round_trip(
    assessment: Assessment,
    heads: tuple[GradeDistribution, ...],
    ensemble: list[GradeDistribution],
    values: Kinematics,
    flags: list[QualityFlag],
    sample: SampleInfo,
    maps: NDArray[np.float32],
) -> None:
    grade, grade_global, grade_spatial, grade_temporal = heads
    prediction = Prediction(
        grade=grade,
        grade_global=grade_global,
        grade_spatial=grade_spatial,
        grade_temporal=grade_temporal,
        ensemble=tuple(ensemble),
        views=tuple(ensemble),
        uncalibrated=grade_global if ensemble else None,
        ranges=tuple((p / 2, p) for p in grade.probabilities) if ensemble else (),
        range_coverage=0.5 if ensemble else None,
    )
    written = replace(
        assessment,
        prediction=prediction,
        kinematics=values,
        flags=tuple(flags),
        sample=sample,
        explanation=replace(assessment.explanation, branch_attention=maps),
    )
    record = from_json(to_json(AssessmentRecord.of(written)), name="a.json")
    assert record.prediction == prediction
    assert record.kinematics == values
    assert record.flags == tuple(flags)
    assert record.sample == sample
    np.testing.assert_array_equal(record.explanation.branch_attention, maps)


def test_the_verdict_is_kept_and_open_in_older_files(
    tmp_path: Path, assessment: Assessment
) -> None:
    write_assessment(tmp_path, replace(assessment, verdict=Verdict.ACCEPTED))
    assert read_assessment(tmp_path).verdict is Verdict.ACCEPTED
    path = tmp_path / "assessment.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content.pop("verdict") == "accepted"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_assessment(tmp_path).verdict is Verdict.OPEN
