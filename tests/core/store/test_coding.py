"""Records come back from their bytes with every field, also those that are added later."""

import math
from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from rostfine_core.domain import Assessment, FieldMotion, Seed, Sperm, Track, TrackPoint
from rostfine_core.store import results
from rostfine_core.store.coding import coder, packed, packed_images, unpacked, unpacked_images

finite = st.floats(allow_nan=False, allow_infinity=False)
BY_TYPE: dict[object, st.SearchStrategy[Any]] = {
    float: finite | st.just(math.nan),
    float | None: finite | st.none(),
    tuple[float, ...]: st.lists(finite, max_size=3).map(tuple),
}


def whole(record: type[TrackPoint | FieldMotion]) -> st.SearchStrategy[Any]:
    """Records of a kind with every field given, by its type."""
    given_: dict[str, Any] = {f.name: BY_TYPE.get(f.type, ...) for f in fields(record)}
    return st.builds(record, **given_)


tracks = st.builds(
    Track,
    target=st.text(),
    points=st.lists(whole(TrackPoint), max_size=4).map(tuple),
    left_frame=st.none() | st.integers(0, 10**6),
    field=st.none() | whole(FieldMotion),
)


@given(track=tracks)
@settings(max_examples=60)
def test_a_track_comes_back_whole(track: Track) -> None:
    kept = coder().structure(unpacked(packed(track)), Track)
    assert repr(kept) == repr(track)  # NaN equals nothing
    assert {f.name for f in fields(Track)} == {"target", "points", "left_frame", "field"}


@given(
    images=arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, max_side=9).map(lambda s: (*s, 3)))
)
@settings(max_examples=40)
def test_images_come_back_to_the_last_bit(images: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(unpacked_images(packed_images(images)), images)


def test_no_field_is_forgotten() -> None:
    """What is written field by field is written anew when a record gets another one."""
    names = {record: {f.name for f in fields(record)} for record in (Assessment, Seed, Sperm)}
    assert names[Assessment] == {f.name for f in fields(results._Kept)}
    assert names[Seed] == {"target", "frame", "x_px", "y_px", "is_exact"}
    assert names[Sperm] == {"key", "name", "seeds", "verdict", "selection", "note"}
