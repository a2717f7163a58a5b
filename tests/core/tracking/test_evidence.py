"""What speaks for and against a head after a meeting, and after a click on heads in a heap."""

from dataclasses import replace

import numpy as np
import pytest

from rostfine_core.tracking.evidence import Encounter, doubt_of, swap_of, weigh
from rostfine_core.tracking.paths import Stretch

USUAL = np.array([0.9, 0.0])
"""Score and log strength."""


def stretch(start: complex, step: complex, *, count: int, look: np.ndarray = USUAL) -> Stretch:
    """Places in head units, 0.04 s apart, the newest first."""
    number = np.arange(count)[::-1].astype(np.float64)
    places = np.asarray(start + step * number, np.complex128)
    return Stretch(times_s=np.asarray(0.04 * number), places=places, look=look)


def later(path: Stretch, seconds: float) -> Stretch:
    return replace(path, times_s=path.times_s + seconds)


ON, BACK = later(stretch(16, 1, count=6), 0.64), later(stretch(14 + 2j, -1, count=6), 0.64)
PASSED = Encounter(
    own_before=stretch(0j, 1, count=12),
    own_after=ON,
    rival_before=stretch(30 + 2j, -1, count=12),
    rival_after=BACK,
    frames=2,
    is_merged=False,
    distance=2.0,
    spread=0.5,
    rivals=1,
    form=np.array([0.0, 0.0]),
    frame_s=0.04,
    crowding=0.0,
    off=0.0,
)
EXCHANGED = replace(PASSED, own_after=BACK, rival_after=ON)


def doubt(met: Encounter, *, is_click: bool = False) -> float:
    return doubt_of(weigh(met), is_click=is_click)


def test_two_that_go_on_as_they_came_are_believed() -> None:
    assert doubt(PASSED) < -3.5
    assert swap_of(weigh(PASSED)) < -3


def test_two_that_turn_back_where_they_met_changed_places() -> None:
    assert doubt(EXCHANGED) > doubt(PASSED) + 2
    assert swap_of(weigh(EXCHANGED)) > 2


@pytest.mark.parametrize(
    "change",
    [
        {"form": np.array([0.2, 0.0])},
        {"form": np.array([-0.2, 0.0])},
        {"form": np.array([0.0, 0.3])},
        {"own_after": replace(PASSED.own_after, look=np.array([0.9, 0.8]))},
        {"own_after": replace(PASSED.own_after, look=np.array([0.5, 0.0]))},
        {"frames": 20},
        {"rivals": 4},
    ],
    ids=["larger", "smaller", "longer", "stronger", "unlike", "long together", "many rivals"],
)
def test_what_is_changed_is_believed_less(change: dict[str, object]) -> None:
    changed = replace(PASSED, **change)  # type: ignore[arg-type]
    for is_click in (False, True):
        if not (is_click and "frames" in change):  # under a click nothing was met
            assert doubt(changed, is_click=is_click) > doubt(PASSED, is_click=is_click) + 0.1


def test_a_click_on_a_heap_is_believed_less() -> None:
    clicked = replace(PASSED, own_before=stretch(0j, 0, count=1), rival_before=None)
    heap = replace(clicked, crowding=0.9)
    assert doubt(heap, is_click=True) > doubt(clicked, is_click=True) + 0.5


def test_what_has_no_outline_can_be_judged() -> None:
    assert np.isfinite(doubt(replace(PASSED, form=np.full(2, np.nan))))
