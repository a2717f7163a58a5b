"""An assessment on disk holds what was computed, says what it must and comes back the same."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    Assessment,
    Clip,
    CropBox,
    Explanation,
    GradeDistribution,
    Kinematics,
    ModelInfo,
    Prediction,
    Provenance,
    QualityFlag,
    SampleInfo,
    Seed,
    Severity,
    Track,
    TrackPoint,
    TrackStatus,
    VideoInfo,
)
from rostfine_core.errors import StoreError
from rostfine_core.store import read_assessment, write_assessment

GRADES = [GradeDistribution(p) for p in ((0.1, 0.2, 0.3, 0.25, 0.15), (0.5, 0.5, 0.0, 0.0, 0.0))]


@pytest.fixture
def assessment() -> Assessment:
    rng = np.random.default_rng(1)
    points = tuple(
        TrackPoint(
            frame=i,
            time_s=i / 15,
            x_px=math.nan if i == 2 else 10.0 + i,
            y_px=math.nan if i == 2 else 20.0,
            score=0.5,
            status=TrackStatus.LOST if i == 2 else TrackStatus.MEASURED,
        )
        for i in range(3)
    )
    box = CropBox(
        frame=0,
        time_s=0.0,
        centre_x_px=10.0,
        centre_y_px=20.0,
        size_px=8,
        padded_share=0.25,
        status=TrackStatus.MEASURED,
    )
    model = ModelInfo(
        file_name="demo.safetensors",
        sha256="ab" * 32,
        dataset_kind="simulated",
        config_json="{}",
        preprocessing_json="{}",
        trained_fps=15.0,
        trained_head_length_px=(18.0, 36.0),
    )
    return Assessment(
        target="精子 1",
        seeds=(Seed(target="精子 1", frame=0, x_px=10.0, y_px=20.0),),
        sample=SampleInfo(sample="=S-1", operator="Å"),
        video=VideoInfo(
            path="v.mp4",
            width_px=100,
            height_px=80,
            frame_count=3,
            fps=15.0,
            duration_s=0.2,
            codec="h264",
            is_colour=True,
            bit_depth=8,
            timestamps_s=(0.0, 1 / 15, 2 / 15),
        ),
        track=Track(target="精子 1", points=points),
        clip=Clip(target="精子 1", images=np.zeros((1, 8, 8, 3), np.uint8), boxes=(box,)),
        prediction=Prediction(
            grade=GRADES[0],
            grade_global=GRADES[1],
            grade_spatial=GRADES[0],
            grade_temporal=GRADES[1],
            ensemble=(GRADES[0], GRADES[1]),
        ),
        explanation=Explanation(
            encoder_rollout=rng.random((2, 3, 3), dtype=np.float32),
            branch_attention=rng.random((2, 3, 3), dtype=np.float32),
            selected_patches=rng.integers(0, 9, (2, 2)),
            clip_frames=(0, 1),
        ),
        kinematics=Kinematics(
            unit="px/s",
            window_s=0.1,
            fps=15.0,
            span_s=0.2,
            measured_points=2,
            vcl=3.5,
            withheld=(("alh_mean", "below 50 frames per second"),),
        ),
        flags=(QualityFlag(code="x", severity=Severity.WARNING, reason="Because."),),
        provenance=Provenance(
            software_version="0.1.0",
            model=model,
            video_name="v.mp4",
            video_sha256="cd" * 32,
            device="CPU",
            precision="float32",
            um_per_px=None,
            settings_json="{}",
            created_utc="2026-11-22T00:00:00+00:00",
        ),
    )


def test_it_comes_back_bit_for_bit(tmp_path: Path, assessment: Assessment) -> None:
    write_assessment(tmp_path / "sperm-1", assessment)
    record = read_assessment(tmp_path / "sperm-1" / "assessment.json")
    for name in ("target", "seeds", "sample", "video", "prediction", "kinematics", "flags"):
        assert getattr(record, name) == getattr(assessment, name), name
    assert record.provenance == assessment.provenance
    assert record.clip == assessment.clip.boxes
    for name in ("encoder_rollout", "branch_attention", "selected_patches"):
        got, given = getattr(record.explanation, name), getattr(assessment.explanation, name)
        assert got.dtype == given.dtype
        np.testing.assert_array_equal(got, given)
    assert sorted(p.name for p in (tmp_path / "sperm-1").iterdir()) == [
        "assessment.json",
        "track.csv",
    ]


def test_the_json_says_what_it_must(tmp_path: Path, assessment: Assessment) -> None:
    write_assessment(tmp_path, assessment)
    table = json.loads((tmp_path / "assessment.json").read_text(encoding="utf-8"))
    assert table["schema"] == "rostfine.assessment/1"
    assert table["notes"][:2] == [DISCLAIMER_DEMONSTRATION, DISCLAIMER_AI_GRADE]
    assert table["prediction"]["grade"] == dict(
        zip("ABCDE", (0.1, 0.2, 0.3, 0.25, 0.15), strict=True)
    )
    derived = table["derived"]
    assert derived["expected_grade"] == pytest.approx(3.15)
    assert derived["p_a_or_b"] == pytest.approx(0.3)
    assert derived["ensemble_spread"] == pytest.approx((3.15 - 1.5) / math.sqrt(2))


def test_a_labs_own_model_is_no_demonstration(tmp_path: Path, assessment: Assessment) -> None:
    model = replace(assessment.provenance.model, dataset_kind="Clinic")
    own = replace(assessment, provenance=replace(assessment.provenance, model=model))
    write_assessment(tmp_path, own)
    notes = json.loads((tmp_path / "assessment.json").read_text(encoding="utf-8"))["notes"]
    assert DISCLAIMER_DEMONSTRATION not in notes
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
def test_what_is_no_assessment_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(StoreError, match=reason):
        read_assessment(tmp_path / "a.json")
