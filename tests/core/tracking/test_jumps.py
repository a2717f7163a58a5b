"""Which clicks say that the track was elsewhere, and which that the same head lies there."""

import pytest

from rostfine_core.domain import Track, TrackPoint, TrackStatus
from rostfine_core.tracking.jumps import HEAD_LENGTH_PX, RECENTRED_PX, jumps

MEASURED, LOST, MANUAL = TrackStatus.MEASURED, TrackStatus.LOST, TrackStatus.MANUAL


def track(
    way_px: float, *, status: TrackStatus = MANUAL, step_px: float = 2.0, lost: int = 0
) -> Track:
    """It swims ``step_px`` a frame, is lost for some frames, and goes on ``way_px`` from there."""
    kinds = [MEASURED] * 10 + [LOST] * lost + [status]
    places = [step_px * i for i in range(10)] + [float("nan")] * lost + [9 * step_px + way_px]
    points = (
        TrackPoint(frame=i, time_s=i / 15, x_px=x, y_px=2.0, score=1.0, status=kind)
        for i, (x, kind) in enumerate(zip(places, kinds, strict=True))
    )
    return Track(target="1", points=tuple(points))


@pytest.mark.parametrize("beyond_px", [RECENTRED_PX, HEAD_LENGTH_PX])
def test_only_a_correction_far_from_the_track_is_a_jump(beyond_px: float) -> None:
    just, over = beyond_px + 5.9, beyond_px + 6.1  # and three times its way
    assert jumps(track(just), beyond_px=beyond_px) == ()
    assert jumps(track(over), beyond_px=beyond_px) == (10,)
    assert jumps(track(over, status=MEASURED), beyond_px=beyond_px) == ()
    assert jumps(track(over, lost=5), beyond_px=beyond_px) == ()  # in six frames it may swim there
    assert jumps(track(over + 30, lost=5), beyond_px=beyond_px) == (15,)


def test_a_still_sperm_that_is_clicked_elsewhere_on_its_head_has_not_jumped() -> None:
    still = track(11, step_px=0)
    assert jumps(still, beyond_px=HEAD_LENGTH_PX) == ()
    assert jumps(still, beyond_px=RECENTRED_PX) == (10,)  # but no sperm swam these 11 px
