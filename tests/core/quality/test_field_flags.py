"""A picture that moves is named, with how far, and whether that was subtracted."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.domain import (
    FieldMotion,
    QualityFlag,
    Severity,
    Track,
    TrackPoint,
    TrackStatus,
)
from rostfine_core.quality.field_flags import field_flags
from rostfine_core.tracking import compute_kinematics

FRAMES, FPS = 60, 15.0
STEPS = np.arange(FRAMES)


def motion(x_px: NDArray[np.floating[Any]], *, measured: int = FRAMES) -> FieldMotion:
    return FieldMotion(
        first_frame=0,
        x_px=tuple(x_px.tolist()),
        y_px=(0.0,) * FRAMES,
        error_px=0.02,
        measured_frames=measured,
    )


def track(own_px: NDArray[np.floating[Any]], field: FieldMotion | None) -> Track:
    """A sperm that goes ``own_px`` (N,) upwards on the slide, as it is seen in the picture."""
    points = tuple(
        TrackPoint(
            frame=k,
            time_s=k / FPS,
            x_px=100.0 + (field.at(k)[0] if field else 0.0),
            y_px=300.0 - float(own),
            score=0.9,
            status=TrackStatus.MEASURED,
        )
        for k, own in enumerate(own_px)
    )
    return Track(target="1", points=points, field=field)


def flags(track: Track, *, um_per_px: float | None = None) -> list[QualityFlag]:
    return list(field_flags(track, um_per_px=um_per_px))


SWIMS, RESTS = 4.0 * STEPS, 0.0 * STEPS
DRIFT = motion(0.2 * STEPS)


def test_a_still_or_unwatched_field_is_not_named() -> None:
    assert not flags(track(SWIMS, None))
    assert not flags(track(SWIMS, motion(0.0 * STEPS)))
    assert not flags(track(SWIMS, motion(0.01 * STEPS)))


def test_a_slow_drift_under_a_swimmer_is_a_notice() -> None:
    (flag,) = flags(track(SWIMS, DRIFT), um_per_px=0.5)
    assert (flag.code, flag.severity) == ("field_moves", Severity.NOTICE)
    assert "11.8 px (5.9 um)" in str(flag.reason)
    (flag,) = flags(track(SWIMS, DRIFT))
    assert "up to 11.8 px (stage" in str(flag.reason)


def test_a_motion_larger_than_the_sperms_own_is_a_warning() -> None:
    (flag,) = flags(track(RESTS, DRIFT))
    assert (flag.code, flag.severity) == ("field_moves", Severity.WARNING)
    assert "more than the sperm itself" in str(flag.reason)


def test_frames_in_which_the_sperm_was_not_measured_do_not_count() -> None:
    swims = track(SWIMS, DRIFT)
    points = tuple(
        point if point.frame < 2 else replace(point, status=TrackStatus.PREDICTED)
        for point in swims.points
    )
    (flag,) = flags(replace(swims, points=points))
    assert flag.severity is Severity.NOTICE


def test_what_could_not_be_measured_is_a_warning() -> None:
    (flag,) = flags(
        track(SWIMS, replace(motion(0.0 * STEPS), measured_frames=1, is_suspected=True))
    )
    assert flag.severity is Severity.WARNING
    assert "could not be measured in 59 of 60 frames" in str(flag.reason)
    partly = flags(track(SWIMS, replace(DRIFT, measured_frames=40)))
    assert [f.severity for f in partly] == [Severity.WARNING, Severity.NOTICE]


def test_velocities_are_those_on_the_slide() -> None:
    resting = compute_kinematics(track(RESTS, DRIFT), um_per_px=0.5)
    assert (resting.vcl, resting.vsl) == (0.0, 0.0)
    assert resting.motility_class == "non-progressive or immotile"
    raw = compute_kinematics(replace(track(RESTS, DRIFT), field=None), um_per_px=0.5)
    assert raw.vsl == pytest.approx(0.2 * FPS * 0.5)


def test_a_motion_within_its_error_is_not_subtracted() -> None:
    rough = replace(motion(0.02 * STEPS), error_px=0.5)
    swims = track(SWIMS, rough)
    assert compute_kinematics(swims) == compute_kinematics(replace(swims, field=None))


def test_an_interlaced_video_is_named() -> None:
    (flag,) = flags(track(SWIMS, replace(motion(0.0 * STEPS), combing=2.5)))
    assert (flag.code, flag.severity) == ("interlaced", Severity.NOTICE)
    assert "2.5" in str(flag.reason)
    assert not flags(track(SWIMS, replace(motion(0.0 * STEPS), combing=1.1)))


def test_a_video_that_was_followed_by_one_field_is_named() -> None:
    (flag,) = flags(track(SWIMS, replace(motion(0.0 * STEPS), combing=2.5, is_one_field=True)))
    assert flag.code == "interlaced"
    assert "cut by one field" in str(flag.reason)
