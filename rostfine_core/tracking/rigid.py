"""Which of many followed corners move as one: what lies still on the slide, however it is moved.

Whatever the stage does, things that lie on the slide keep their distances, while no two sperm do.
So the field's motion is that of the largest group of corners, spread over the picture, whose
mutual distances stay the same. Where there is no such group, as with two sperm on an empty ground,
a shake is still known by its jerks, which all that is seen shares.

Legend: F frames after the key frame, K corners; places and displacements are complex numbers in
working pixels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Mask = NDArray[np.bool_]

SAME_PX = 0.3
"""Lucas-Kanade places a corner more exactly than this, compression included."""
FEWEST, FEWEST_PLACES, SPREAD = 4, 3, 1 / 8
"""How many corners, in how many places, make a body: two sperm that hardly swim may keep their
distance by chance. Corners of one place lie within this share of the picture's diagonal."""
FEWEST_OF_A_THING = 3
SAMPLING = 3
"""Every third frame shows which corners stay together as well as all frames do."""
SEEN_SHARE = 0.8
CERTAIN = 3.5
"""Shared jerks correlate by this many standard errors, which chance reaches once in 4000 times."""
MOST = 0.5
MEDIAN_ERROR = 1.25
"""The error of a median over that of a mean."""
SMALL_DIAGONAL = 150
"""In a smaller picture all corners may belong to one sperm."""
RESTING = 0.6
"""A shake that is new in every frame strays by 0.41 of its jerks (one over the root of 6)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Jerks:
    """How the step changes (F,) from frame to frame, seen in two places of the picture."""

    here: Complex
    there: Complex


@dataclass(frozen=True, kw_only=True, eq=False)
class CommonMotion:
    """What F frames show.

    ``shift`` (F,) since the key frame is the motion of a body, or of one thing where there is no
    body; None where there is neither. ``error`` is that of the shift. ``beside_thing`` are the
    jerks of the thing and of all elsewhere, ``halves`` those of both halves of the picture where
    there is no body. ``still`` is where the body's corners are at the end.
    """

    shift: Complex | None = None
    still: Complex = field(default_factory=lambda: np.empty(0, complex))
    error: float = 0.0
    beside_thing: Jerks | None = None
    halves: Jerks | None = None


def common_motion(paths: Complex, *, places: Complex, diagonal: float) -> CommonMotion:
    """Find the motion that everything shares.

    Args:
        paths: (F, K) displacements since the key frame, NaN where a corner was not found.
        places: (K,) where the corners were in the key frame.
        diagonal: of the picture.
    """
    is_seen = np.isfinite(paths).mean(axis=0) > SEEN_SHARE
    paths, places = paths[:, is_seen], places[is_seen]
    if len(places) < 2 * FEWEST_OF_A_THING or diagonal < SMALL_DIAGONAL:
        return CommonMotion()
    reach = SPREAD * diagonal
    groups = _together(paths)
    body = groups[groups.sum(axis=1).argmax()]
    if _is_spread(places[body], reach=reach):
        shift, error = _shift_of(paths[:, body])
        return CommonMotion(shift=shift, error=error, still=places[body] + shift[-1])
    is_left = places.real < np.median(places.real)
    halves = Jerks(here=_jerks(paths[:, is_left]), there=_jerks(paths[:, ~is_left]))
    things = groups[groups.sum(axis=1) >= FEWEST_OF_A_THING]
    least = min(things, key=lambda one: float(np.nanmean(abs(paths[:, one]) ** 2)), default=None)
    if least is None or not (elsewhere := abs(places - places[least].mean()) > reach).any():
        return CommonMotion(halves=halves)
    shift, error = _shift_of(paths[:, least])
    if not _rests(shift):
        return CommonMotion(halves=halves)
    return CommonMotion(
        shift=shift,
        error=error,
        beside_thing=Jerks(here=_jerks(paths[:, least]), there=_jerks(paths[:, elsewhere])),
        halves=halves,
    )


def are_shared(jerks: Sequence[Jerks], *, wholly: bool = False) -> bool:
    """Whether two places of the picture jerk together, over all stretches.

    ``wholly``: whether besides most of the jerks here are seen there, as those of the picture are.
    """
    if not jerks:
        return False
    here = np.concatenate([one.here for one in jerks])
    there = np.concatenate([one.there for one in jerks])
    joint = float(np.real(there @ here.conj()))
    own, others = _power(here), _power(there)
    if min(own, others) == 0:
        return False
    is_certain = joint / np.sqrt(own * others) > CERTAIN / np.sqrt(2 * len(here))
    return bool(is_certain and (not wholly or joint / own > MOST))


def _together(paths: Complex) -> Mask:
    """Which corners (K, K) keep their distance, in half of the frames at least."""
    sampled = paths[-1::-SAMPLING]
    apart = abs(sampled[:, :, None] - sampled[:, None, :])
    near = np.count_nonzero(apart < SAME_PX, axis=0)  # a corner that is not found is never near
    return np.asarray(2 * near > len(sampled))


def _is_spread(places: Complex, *, reach: float) -> bool:
    """Whether corners lie in enough places of the picture that are far from each other."""
    apart: list[complex] = []
    for place in places.tolist():
        if all(abs(place - other) > reach for other in apart):
            apart.append(place)
    return len(places) >= FEWEST and len(apart) >= FEWEST_PLACES


def _shift_of(paths: Complex) -> tuple[Complex, float]:
    """The common path (F,) of (F, K) corners, and the error of each of its coordinates."""
    shift = _median(paths)
    rest = abs(paths - shift[:, None])
    rest = np.minimum(rest[np.isfinite(rest)], 2 * SAME_PX)  # a corner that is covered strays
    freedom = 2 * rest.size * (1 - 1 / paths.shape[1])
    scatter = math.sqrt(float(np.square(rest).sum()) / freedom)
    return shift, MEDIAN_ERROR * scatter / math.sqrt(paths.shape[1])


def _median(paths: Complex) -> Complex:
    """The median of (F, K) over the corners, for x and y each; as before where none is seen."""
    shift = np.zeros(len(paths), complex)
    for frame, row in enumerate(paths):
        seen = row[np.isfinite(row)]
        last = shift[frame - 1] if frame else 0j
        shift[frame] = complex(np.median(seen.real), np.median(seen.imag)) if len(seen) else last
    return shift


def _jerks(paths: Complex) -> Complex:
    """The change of the step from frame to frame of (F, K) corners, their median (F - 1,)."""
    with_key = np.concatenate([np.zeros((1, paths.shape[1])), paths])
    return _median(np.diff(with_key, n=2, axis=0))


def _power(jerks: Complex) -> float:
    return float(np.sum(abs(jerks) ** 2))


def _rests(shift: Complex) -> bool:
    """Whether a path (F,) is a mere shake, and no way that the thing itself went besides."""
    path = np.append(0j, shift)
    jerks = np.diff(path, n=2)
    if not len(jerks):
        return False  # one step tells nothing
    away = float(np.mean(abs(path - path.mean()) ** 2))
    return away < RESTING**2 * float(np.mean(abs(jerks) ** 2))
