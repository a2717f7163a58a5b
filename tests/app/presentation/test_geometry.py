"""The geometry of the canvas: hits, levels, spans and lengths."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRect, QSize

from app.presentation import geometry
from app.presentation.geometry import Marker
from app.state.records import Display
from rostfine_core.domain import Doubt, DoubtKind, Track, TrackPoint, TrackStatus

PIXELS = st.floats(-500, 500)


@given(st.lists(st.tuples(PIXELS, PIXELS), max_size=8), PIXELS, PIXELS, st.floats(0, 100))
def test_a_click_hits_the_nearest_marker_within_the_radius(
    places: list[tuple[float, float]], x: float, y: float, radius: float
) -> None:
    markers = [Marker(key=k, x_px=p[0], y_px=p[1]) for k, p in enumerate(places)]
    distances = {m.key: math.hypot(m.x_px - x, m.y_px - y) for m in markers}
    key = geometry.hit(markers, x_px=x, y_px=y, radius_px=radius)
    if key is None:
        assert all(d > radius for d in distances.values())
    else:
        assert distances[key] == min(distances.values())
        assert distances[key] <= radius


@given(
    corner=st.tuples(st.integers(0, 1280), st.integers(0, 800)),
    target=st.tuples(st.integers(1, 1280), st.integers(1, 800)),
    panel=st.tuples(st.integers(50, 400), st.integers(50, 300)),
)
def test_a_panel_stands_in_the_window_and_beside_its_target_where_there_is_room(
    corner: tuple[int, int], target: tuple[int, int], panel: tuple[int, int]
) -> None:
    window = QRect(0, 0, 1280, 800)
    area = QRect(*corner, *target).intersected(window)
    size = QSize(*panel)
    place = QRect(geometry.place_beside(area, size, window), size)
    assert window.contains(place)
    sides = (area.left(), 1279 - area.right(), area.top(), 799 - area.bottom())
    needed = (size.width(), size.width(), size.height(), size.height())
    if area.isValid() and any(side >= n for side, n in zip(sides, needed, strict=True)):
        assert not place.intersects(area)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_the_neutral_view_is_the_pixels_and_brighter_is_brighter(
    brightness: float, contrast: float
) -> None:
    assert geometry.levels(Display()) == (0, 255)
    low, high = geometry.levels(Display(brightness=brightness, contrast=contrast))
    assert low < high
    neutral = sum(geometry.levels(Display())) / 2
    assert (low + high) / 2 == pytest.approx(neutral * (1 - brightness))


def track(*statuses: tuple[TrackStatus, float]) -> Track:
    return Track(
        target="1",
        points=tuple(
            TrackPoint(frame=10 + k, time_s=k / 10, x_px=1.0, y_px=2.0, score=s, status=status)
            for k, (status, s) in enumerate(statuses)
        ),
    )


def test_uncertain_and_lost_spans_are_told_apart() -> None:
    measured, lost, predicted = TrackStatus.MEASURED, TrackStatus.LOST, TrackStatus.PREDICTED
    found = track(
        (TrackStatus.MANUAL, 0.0),
        (measured, 0.9),
        (measured, 0.2),
        (predicted, 0.8),
        (lost, 0.0),
        (lost, 0.0),
        (measured, float("nan")),
    )
    assert geometry.spans(found, lost=True) == ((14, 15),)
    assert geometry.spans(found, lost=False) == ((12, 13), (16, 16))
    assert not geometry.is_uncertain(found.points[0])
    assert geometry.unsure_spans(found) == ((12, 13), (14, 15), (16, 16))


def test_each_doubt_is_a_stretch_of_its_own() -> None:
    found = track(*[(TrackStatus.PREDICTED, 0.9)] * 6)
    first, second = Doubt(DoubtKind.MEETING, 10), Doubt(DoubtKind.FOUND_AGAIN, 13)
    points = tuple(replace(p, doubt=first if p.frame < 13 else second) for p in found.points)
    assert geometry.unsure_spans(replace(found, points=points)) == ((10, 12), (13, 15))


def test_a_path_breaks_where_the_sperm_was_lost() -> None:
    nan = float("nan")
    points = [
        TrackPoint(frame=k, time_s=k, x_px=x, y_px=x, score=1.0, status=TrackStatus.MEASURED)
        for k, x in enumerate((1.0, nan, 3.0))
    ]
    x, _ = geometry.path_points(Track(target="1", points=tuple(points)))
    assert np.isnan(x).tolist() == [False, True, False]


def test_lengths_have_their_unit() -> None:
    assert geometry.length_text(10, None) == "10.0 px"
    assert geometry.length_text(10, 0.25) == "2.50 µm (10.0 px)"
