"""What speaks for and against a head after a meeting, and after a click on heads in a heap."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from rostfine_core.tracking.evidence import RECENT, Encounters, doubt_of, swap_of, weigh
from rostfine_core.tracking.paths import Stretches, join_stretches, stretches

USUAL = np.array([0.9, 0.0])
"""Score and log strength."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """Places in head units, 0.04 s apart, the newest first; and how the head looks."""

    start: complex
    step: complex
    count: int
    look: np.ndarray = field(default_factory=lambda: USUAL)
    later_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Met:
    """One meeting."""

    own_before: Path
    own_after: Path
    rival_before: Path | None
    rival_after: Path | None
    frames: int = 2
    rivals: int = 1
    form: tuple[float, float] = (0.0, 0.0)
    crowding: float = 0.0


ON = Path(start=16, step=1, count=6, later_s=0.64)
BACK = Path(start=14 + 2j, step=-1, count=6, later_s=0.64)
PASSED = Met(
    own_before=Path(start=0j, step=1, count=12),
    own_after=ON,
    rival_before=Path(start=30 + 2j, step=-1, count=12),
    rival_after=BACK,
)
EXCHANGED = replace(PASSED, own_after=BACK, rival_after=ON)


def weighed(*met: Met) -> dict[str, np.ndarray]:
    """The evidence of meetings, all weighed at once."""
    befores = [[(m.own_before, count), (m.rival_before, count)] for m in met for count in COUNTS]
    paths = [one for both in befores for one in both]
    before = summed(paths)[np.arange(len(paths)).reshape(len(met), 2, 2).transpose(0, 2, 1)]
    after = summed([(p, 40) for m in met for p in (m.own_after, m.rival_after)])
    return weigh(
        Encounters(
            befores=before,
            afters=after[np.arange(2 * len(met)).reshape(len(met), 2)],
            looks_before=np.array([[look(m.own_before), look(m.rival_before)] for m in met]),
            looks_after=np.array([[look(m.own_after), look(m.rival_after)] for m in met]),
            speed=np.array([abs(m.own_before.step) / 0.04 for m in met]),
            frames=np.array([m.frames for m in met], float),
            is_merged=np.zeros(len(met), bool),
            distance=np.full(len(met), 2.0),
            spread=np.full(len(met), 0.5),
            rivals=np.array([m.rivals for m in met]),
            form=np.array([m.form for m in met]),
            frame_s=0.04,
            crowding=np.array([m.crowding for m in met]),
            off=np.zeros(len(met)),
        )
    )


COUNTS = RECENT, 40


def summed(paths: list[tuple[Path | None, int]]) -> Stretches:
    """Each path's newest places, as sums."""
    parts = []
    for path, most in paths:
        one = path or Path(start=0, step=0, count=0)
        number = np.asarray(np.arange(40)[::-1] - (40 - one.count), np.float64)
        places = np.asarray(one.start + one.step * number, np.complex128)
        is_known = np.arange(40) < min(one.count, most)
        parts.append(stretches(0.04 * number + one.later_s, places[None], is_known[None]))
    return join_stretches(tuple(parts))


def look(path: Path | None) -> np.ndarray:
    return path.look if path else np.full(2, np.nan)


def doubt(met: Met, *, is_click: bool = False) -> float:
    return float(doubt_of(weighed(met), is_click=np.array([is_click]))[0])


def swap(met: Met) -> float:
    return float(swap_of(weighed(met))[0])


def test_two_that_go_on_as_they_came_are_believed() -> None:
    assert doubt(PASSED) < -3.5
    assert swap(PASSED) < -3


def test_two_that_turn_back_where_they_met_changed_places() -> None:
    assert doubt(EXCHANGED) > doubt(PASSED) + 2
    assert swap(EXCHANGED) > 2


@pytest.mark.parametrize(
    "change",
    [
        {"form": (0.2, 0.0)},
        {"form": (-0.2, 0.0)},
        {"form": (0.0, 0.3)},
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
    clicked = replace(PASSED, own_before=Path(start=0j, step=0, count=1), rival_before=None)
    heap = replace(clicked, crowding=0.9)
    assert doubt(heap, is_click=True) > doubt(clicked, is_click=True) + 0.5


def test_what_has_no_outline_can_be_judged() -> None:
    assert np.isfinite(doubt(replace(PASSED, form=(np.nan, np.nan))))


def test_what_a_meeting_shows_does_not_hang_on_the_others() -> None:
    gone = replace(PASSED, rival_before=None, rival_after=None)
    all_at_once = weighed(PASSED, gone, EXCHANGED)
    for row, met in enumerate((PASSED, gone, EXCHANGED)):
        assert {n: v[row] for n, v in all_at_once.items()} == {
            n: v[0] for n, v in weighed(met).items()
        }
