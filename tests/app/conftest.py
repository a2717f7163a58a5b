"""What the window's tests share: records made by hand, a fake video, and the leak checks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.state.session import Session
from app.state.settings import Settings
from rostfine_core.domain import (
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
from rostfine_core.messages import Message

WIDTH_PX, HEIGHT_PX, FRAMES, FPS = 240, 200, 24, 20.0


@pytest.fixture(autouse=True)
def no_leaks(nothing_left: None) -> None:
    """Watch over every test of this folder."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings in a file of the test's own."""
    return Settings(tmp_path / "settings.ini")


class MakeTrack(Protocol):
    def __call__(
        self,
        target: str = "1",
        *,
        y_px: float = 80.0,
        lost: Sequence[int] = (),
        weak: Sequence[int] = (),
    ) -> Track: ...


@pytest.fixture
def make_track() -> MakeTrack:
    """Tracks of a sperm that swims to the right."""

    def make(
        target: str = "1",
        *,
        y_px: float = 80.0,
        lost: Sequence[int] = (),
        weak: Sequence[int] = (),
    ) -> Track:
        points = []
        for k in range(FRAMES):
            status = TrackStatus.LOST if k in lost else TrackStatus.MEASURED
            nan = float("nan")
            points.append(
                TrackPoint(
                    frame=k,
                    time_s=k / FPS,
                    x_px=nan if k in lost else 50.0 + 2 * k,
                    y_px=nan if k in lost else y_px,
                    score=0.3 if k in weak else 0.9,
                    status=status,
                )
            )
        return Track(target=target, points=tuple(points))

    return make


class MakePrediction(Protocol):
    def __call__(
        self, shares: Sequence[float] = ..., *, members: Sequence[Sequence[float]] = ()
    ) -> Prediction: ...


def _distribution(shares: Sequence[float]) -> GradeDistribution:
    a, b, c, d, e = shares
    return GradeDistribution((a, b, c, d, e))


@pytest.fixture
def make_prediction() -> MakePrediction:
    """Predictions whose three heads are alike."""

    def make(
        shares: Sequence[float] = (0.1, 0.4, 0.3, 0.15, 0.05),
        *,
        members: Sequence[Sequence[float]] = (),
        sure: bool = False,
    ) -> Prediction:
        grade = _distribution(shares)
        return Prediction(
            grade=grade,
            grade_global=grade,
            grade_spatial=grade,
            grade_temporal=grade,
            ensemble=tuple(map(_distribution, members)),
            views=(grade, _distribution(shares[::-1])) if sure else (),
            uncalibrated=grade if sure else None,
            ranges=tuple((0.8 * p, min(1.0, 0.3 + p)) for p in shares) if sure else (),
            range_coverage=0.9 if sure else None,
        )

    return make


MakeAssessment = Callable[..., Assessment]


@pytest.fixture
def make_assessment(
    info: VideoInfo, make_track: MakeTrack, make_prediction: MakePrediction
) -> MakeAssessment:
    """Assessments of the sperm that swims to the right."""

    def make(
        target: str = "1", shares: Sequence[float] = (0.1, 0.4, 0.3, 0.15, 0.05)
    ) -> Assessment:
        random = np.random.default_rng(1)
        boxes = tuple(
            CropBox(
                frame=k,
                time_s=k / FPS,
                centre_x_px=50.0 + 2 * k,
                centre_y_px=80.0,
                size_px=150,
                padded_share=0.0,
                status=TrackStatus.MEASURED,
            )
            for k in range(16)
        )
        images = random.integers(0, 255, (16, 150, 150, 3), dtype=np.uint8)
        maps = random.random((8, 14, 14), dtype=np.float32)
        return Assessment(
            target=target,
            seeds=(Seed(target=target, frame=0, x_px=50.0, y_px=80.0),),
            sample=SampleInfo(),
            video=info,
            track=make_track(target),
            clip=Clip(target=target, images=images, boxes=boxes),
            prediction=make_prediction(shares),
            explanation=Explanation(
                encoder_rollout=maps,
                branch_attention=maps[::-1].copy(),
                selected_patches=np.tile(np.array([0, 15, 30]), (8, 1)),
                clip_frames=(0, 2, 4, 6, 8, 10, 12, 15),
            ),
            kinematics=Kinematics(
                unit="px/s",
                window_s=0.1,
                fps=FPS,
                span_s=1.15,
                measured_points=FRAMES,
                vcl=40.0,
                vsl=40.0,
                vap=40.0,
                lin=1.0,
                str_=1.0,
                wob=1.0,
                withheld=(("bcf_hz", Message("20 fps is below 50 fps")),),
            ),
            flags=(
                QualityFlag(
                    code="scale_unknown", severity=Severity.NOTICE, reason=Message("No um/px.")
                ),
                QualityFlag(
                    code="blur", severity=Severity.WARNING, reason=Message("Out of focus.")
                ),
            ),
            provenance=Provenance(
                software_version="0",
                model=model_info(),
                video_name="small.mp4",
                video_sha256="0" * 64,
                device="CPU",
                precision="float32",
                um_per_px=None,
                settings_json="{}",
                created_utc="2026-01-01T00:00:00+00:00",
            ),
        )

    return make


def model_info(dataset_kind: str = "simulated") -> ModelInfo:
    return ModelInfo(
        file_name="demo.safetensors",
        sha256="a" * 64,
        dataset_kind=dataset_kind,
        config_json="{}",
        preprocessing_json="{}",
    )


@pytest.fixture
def lab_model() -> ModelInfo:
    """A model that is no demonstration."""
    return model_info("lab of the test")


@pytest.fixture
def graded(
    qtbot: QtBot, info: VideoInfo, make_track: MakeTrack, make_assessment: MakeAssessment
) -> Session:
    """A session with a video and two graded sperm, the first selected."""
    from app.state import drafts
    from app.state.records import ModelState, ModelStatus, OpenedVideo
    from rostfine_core.domain import Draft

    session = Session()
    session.set_model(ModelState(status=ModelStatus.READY, info=model_info(), device_label="CPU"))
    session.set_video(OpenedVideo(path=Path("small.mp4"), info=info), Draft())
    size = (HEIGHT_PX, WIDTH_PX)
    session.set_frame(0, np.zeros((*size, 3), dtype=np.uint8), np.zeros(size, dtype=np.uint8))
    draft = drafts.added(session.draft, key=1, frame=0, x_px=50.0, y_px=80.0)
    draft = drafts.added(draft, key=2, frame=0, x_px=120.0, y_px=120.0)
    session.set_draft(draft)
    first, second = session.sperms
    better = (0.6, 0.3, 0.1, 0.0, 0.0)
    session.add_tracks(
        {
            session.track_key(first): make_track(first.target),
            session.track_key(second): make_track(second.target, y_px=120.0),
        }
    )
    session.add_assessments(
        {
            session.assessment_key(first): make_assessment(first.target),
            session.assessment_key(second): replace(make_assessment(second.target, better)),
        },
        {},
    )
    session.select(1)
    return session
