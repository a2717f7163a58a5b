"""What tests of several folders need: an assessment with every kind of value."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rostfine_core.domain import (
    Assessment,
    AssessmentKey,
    Clip,
    CropBox,
    Doubt,
    DoubtKind,
    Draft,
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
    Sperm,
    Track,
    TrackPoint,
    TrackStatus,
    VideoInfo,
)
from rostfine_core.messages import Message

if TYPE_CHECKING:
    from rostfine_core.store import Store

GRADES = [GradeDistribution(p) for p in ((0.1, 0.2, 0.3, 0.25, 0.15), (0.5, 0.5, 0.0, 0.0, 0.0))]


@pytest.fixture
def assessment() -> Assessment:
    """One with every kind of value."""
    return example_assessment()


def example_assessment() -> Assessment:
    """One with every kind of value: arrays, lost points, a doubt, an ensemble, a reason."""
    rng = np.random.default_rng(1)
    points = tuple(
        TrackPoint(
            frame=i,
            time_s=i / 15,
            x_px=math.nan if i == 2 else 10.0 + i,
            y_px=math.nan if i == 2 else 20.0,
            score=0.5,
            status=TrackStatus.LOST if i == 2 else TrackStatus.MEASURED,
            doubt=Doubt(DoubtKind.MEETING, 1) if i == 1 else None,
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
            views=(GRADES[1], GRADES[0]),
            uncalibrated=GRADES[1],
            ranges=((0.0, 0.2), (0.125, 0.3), (0.2, 0.5), (0.1, 0.45), (0.0, 0.3)),
            range_coverage=0.9,
        ),
        explanation=Explanation(
            encoder_rollout=rng.random((2, 3, 3), dtype=np.float32),
            branch_attention=rng.random((2, 3, 3), dtype=np.float32),
            branch_forward=rng.random((2, 3, 3), dtype=np.float32),
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
            withheld=(("alh_mean", Message("below 50 frames per second")),),
        ),
        flags=(QualityFlag(code="x", severity=Severity.WARNING, reason=Message("Because.")),),
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


SURE, UNSURE = (
    GradeDistribution(p) for p in ((0.9, 0.1, 0.0, 0.0, 0.0), (0.0, 0.0, 0.1, 0.9, 0.0))
)


@pytest.fixture
def keep_case(info: VideoInfo, assessment: Assessment) -> Callable[["Store", int], str]:
    """Keeps video number n with two graded sperm in a store: clip grey 10 n + 1, where the models
    agree, and 10 n + 2, where they do not."""

    def keep(store: "Store", n: int) -> str:
        sperm = tuple(
            Sperm(key=key, name=str(key), seeds=()).corrected(frame=0, x_px=10.0 * key, y_px=5.0)
            for key in (1, 2)
        )
        draft = Draft(sperms=sperm, sample=SampleInfo(sample=f"S-{n}"))
        video = store.add_video(info, sha256=f"{n:064x}", draft=draft)
        for one, grade in zip(sperm, (SURE, UNSURE), strict=True):
            images = np.full((2, 8, 8, 3), 10 * n + one.key, dtype=np.uint8)
            made = replace(
                assessment,
                target=one.target,
                seeds=one.seeds,
                clip=replace(assessment.clip, target=one.target, images=images),
                prediction=replace(assessment.prediction, grade=grade, ensemble=(SURE, grade)),
            )
            key = AssessmentKey(
                target=one.target, seeds=one.seeds, fps=None, um_per_px=None, model_sha256="ab" * 32
            )
            store.keep_assessments(video, {key: made})
        return video

    return keep
