"""Assessments to report on: synthetic pictures and known numbers, in every variant."""

import json
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

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

FPS = 15.0
FRAMES = 175
CLIP_FRAMES = (0, 2, 4, 6, 8, 10, 12, 15)
GRID = 14
SPEED_PX_S = 22.0
HOT_PATCH = (4, 10)  # row, column of the rollout's highest value in the fourth frame shown

MakeAssessment = Callable[..., Assessment]

LAB_MODEL = ModelInfo(
    file_name="yokohama-2026.safetensors",
    sha256="0f" * 32,
    dataset_kind="Yokohama andrology 2025",
    config_json=json.dumps({"num_frames": 8, "embed_dim": 768, "branch": "official"}),
    preprocessing_json=json.dumps({"mean": 0.45, "std": 0.225}),
    trained_fps=15.0,
    trained_um_per_px=0.11,
)
DEMO_MODEL = replace(
    LAB_MODEL, file_name="demo.safetensors", sha256="ab" * 32, dataset_kind="simulated"
)
FLAGS = (
    QualityFlag(
        code="track_lost",
        severity=Severity.WARNING,
        reason=Message(
            "The sperm was lost in 12 of 175 frames, first in frame 163: check the track."
        ),
    ),
    QualityFlag(
        code="scale_unknown",
        severity=Severity.NOTICE,
        reason=Message("No um/px is set, so speeds are in px/s."),
    ),
)
ENSEMBLE = (
    GradeDistribution((0.10, 0.40, 0.35, 0.10, 0.05)),
    GradeDistribution((0.14, 0.44, 0.29, 0.09, 0.04)),
    GradeDistribution((0.12, 0.42, 0.32, 0.08, 0.06)),
)


@pytest.fixture(scope="session")
def make_assessment() -> MakeAssessment:
    """A maker of assessments: ``make_assessment(target, demonstration=True, ...)``."""
    return build_assessment


def build_assessment(
    target: str = "1",
    *,
    demonstration: bool = False,
    ensemble: bool = False,
    flagged: bool = False,
    calibrated: bool = True,
    sure: bool = False,
    **changes: object,
) -> Assessment:
    """One sperm's assessment; ``changes`` replace fields of the record.

    With ``sure``, its model says how sure it is.
    """
    track = _track(target)
    plain = Assessment(
        target=target,
        seeds=(Seed(target=target, frame=0, x_px=612.5, y_px=388.25),),
        sample=SampleInfo(sample="2026-0147", operator="K. Tanaka"),
        video=_video(),
        track=track,
        clip=_clip(track),
        prediction=_prediction(ensemble=ensemble, sure=sure),
        explanation=_explanation(),
        kinematics=_kinematics() if calibrated else _uncalibrated(),
        flags=FLAGS if flagged else (),
        provenance=replace(
            _provenance(),
            model=DEMO_MODEL if demonstration else LAB_MODEL,
            um_per_px=0.1132 if calibrated else None,
        ),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # a test names real fields


def _video() -> VideoInfo:
    return VideoInfo(
        path="/videos/2026-0147_03.avi",
        width_px=1392,
        height_px=976,
        frame_count=FRAMES,
        fps=FPS,
        duration_s=FRAMES / FPS,
        codec="mjpeg",
        is_colour=True,
        bit_depth=8,
        timestamps_s=tuple(i / FPS for i in range(FRAMES)),
    )


def _track(target: str) -> Track:
    return Track(
        target=target,
        points=tuple(
            TrackPoint(
                frame=i,
                time_s=i / FPS,
                x_px=612.5 + SPEED_PX_S * i / FPS,
                y_px=388.25 + 6 * np.sin(i),
                score=0.93,
                status=TrackStatus.PREDICTED if i == 46 else TrackStatus.MEASURED,
            )
            for i in range(FRAMES)
        ),
    )


def _clip(track: Track) -> Clip:
    chosen = [track.points[i] for i in np.linspace(0, FRAMES - 1, 16).astype(int)]
    images = np.stack([draw_sperm(angle_deg=7 * i, phase=i) for i in range(16)])
    boxes = tuple(
        CropBox(
            frame=p.frame,
            time_s=p.time_s,
            centre_x_px=p.x_px,
            centre_y_px=p.y_px,
            size_px=150,
            padded_share=0.0,
            status=p.status,
        )
        for p in chosen
    )
    return Clip(target=track.target, images=images, boxes=boxes)


def draw_sperm(*, angle_deg: float, phase: float, edge_px: int = 150) -> NDArray[np.uint8]:
    """A dark-rimmed bright head with a waving tail on a bright, noisy background."""
    random = np.random.default_rng(int(10 * angle_deg + phase))
    image = np.full((edge_px, edge_px, 3), (176, 178, 170), np.uint8)
    middle, turn = edge_px / 2, np.deg2rad(angle_deg)
    along = np.linspace(0, 62, 60)
    tail = np.stack([-10 - along, 5 * np.sin(along / 9 + phase) * along / 40])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = np.rint((rotation @ tail).T + middle).astype(np.int32)
    cv2.polylines(image, [points], False, (118, 120, 116), 2, cv2.LINE_AA)
    centre = (int(middle), int(middle))
    cv2.ellipse(image, centre, (13, 8), angle_deg, 0, 360, (206, 208, 200), -1, cv2.LINE_AA)
    cv2.ellipse(image, centre, (13, 8), angle_deg, 0, 360, (84, 88, 84), 2, cv2.LINE_AA)
    noise = random.normal(0, 4, image.shape)
    smooth = cv2.GaussianBlur(image, (0, 0), 0.8).astype(float)
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


def _prediction(*, ensemble: bool, sure: bool) -> Prediction:
    plain = Prediction(
        grade=GradeDistribution((0.123, 0.421, 0.318, 0.088, 0.050)),
        grade_global=GradeDistribution((0.10, 0.40, 0.33, 0.11, 0.06)),
        grade_spatial=GradeDistribution((0.15, 0.45, 0.30, 0.06, 0.04)),
        grade_temporal=GradeDistribution((0.119, 0.413, 0.324, 0.094, 0.05)),
        ensemble=ENSEMBLE if ensemble else (),
    )
    if not sure:
        return plain
    return replace(
        plain,
        views=(plain.grade_global, plain.grade_spatial, plain.grade_temporal),
        uncalibrated=plain.grade_global,
        ranges=((0.031, 0.246), (0.298, 0.552), (0.19, 0.447), (0.0, 0.163), (0.0, 0.111)),
        range_coverage=0.9,
    )


def _explanation() -> Explanation:
    random = np.random.default_rng(5)
    rows, columns = np.mgrid[:GRID, :GRID]
    rollout = np.empty((len(CLIP_FRAMES), GRID, GRID), np.float32)
    for t in range(len(CLIP_FRAMES)):
        far = (rows - 6.5 - 0.2 * t) ** 2 + (columns - 6.5) ** 2
        rollout[t] = 0.003 + 0.012 * np.exp(-far / 6) + 0.0005 * random.random((GRID, GRID))
    rollout[3, *HOT_PATCH] = 0.018
    selected = np.stack([np.argsort(-m, axis=None)[:3] for m in rollout]).astype(np.int64)
    branch = np.zeros_like(rollout)
    for t, patches in enumerate(selected):
        branch[t].flat[patches] = (3.0, 2.0, 1.2)
    return Explanation(
        encoder_rollout=rollout,
        branch_attention=branch,
        selected_patches=selected,
        clip_frames=CLIP_FRAMES,
    )


def _kinematics() -> Kinematics:
    return Kinematics(
        unit="um/s",
        window_s=0.1,
        fps=FPS,
        span_s=11.6,
        measured_points=174,
        vcl=61.27,
        vsl=33.04,
        vap=41.96,
        lin=0.5393,
        str_=0.7874,
        wob=0.6848,
        mad_deg=24.31,
        motility_class="rapidly progressive",
        withheld=(
            ("alh_mean", Message("ALH needs at least 50 fps; this video has 15.")),
            ("bcf_hz", Message("BCF needs at least 50 fps; this video has 15.")),
        ),
    )


def _uncalibrated() -> Kinematics:
    plain = _kinematics()
    reasons = (*plain.withheld, ("motility_class", Message("A WHO class needs speeds in um/s.")))
    return replace(plain, unit="px/s", motility_class=None, withheld=reasons)


def _provenance() -> Provenance:
    return Provenance(
        software_version="0.1.0",
        model=LAB_MODEL,
        video_name="2026-0147_03.avi",
        video_sha256="c4" * 32,
        device="CPU",
        precision="float32",
        um_per_px=0.1132,
        settings_json=json.dumps(
            {
                "clip": {"frame_count": 16, "size_px": 150, "max_span_s": 11.67},
                "smoothing_window_s": 0.1,
                "fps_correction": None,
                "clicks_in_batch": [{"target": "1", "frame": 0, "x_px": 612.5, "y_px": 388.25}],
            }
        ),
        created_utc="2026-11-22T09:41:07+00:00",
    )
