"""Where the head is that a click means: centre, length, width and axis, whatever place was hit.

From many starting circles of all sizes around the click (see ``starts``), outlines are drawn (see
``rays``) and the one that stands out most all the way round, and holds the click, is the head's.
The click only chooses. What it chose is measured anew from whole pixels near its middle, until that
no longer moves: nearly every click on one head so ends in the same outline, to the last bit
(decision 0045). The clicks of a frame are measured at once, each as if it were the only one.

Legend: B clicks, N outlines, by click.
"""

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import HeadMeasure
from rostfine_core.tracking.outlines import Outlines, circles
from rostfine_core.tracking.rays import Rays
from rostfine_core.tracking.starts import find_starts

Complex = NDArray[np.complex128]
Image = NDArray[np.uint8]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]

NOISE_PX = 72
"""The noise is measured so far around a click."""
COARSE, COARSE_AGAIN = (0.45, 0.35), (0.28, 0.22)
FINE = (0.18, 0.15, 0.12, 0.1)
SETTLING = 8 * (0.12,)
"""How near the outline edges count (deviation in radii), step by step: for all starts, for the more
promising, for the best of those, and for the chosen one, until it no longer moves."""
ANEW, AGAIN = 2, 4
"""How often at most a head is looked for anew from the middle of what was found: with all starts,
and then with a few."""
AROUND, AROUND_APART, SIZE_STEP = 4, 0.4, 1.19
"""These starts: the middle and so many places this far (in radii) round it, of three sizes each,
which are rounded to steps by this factor."""
PROMISING, FINALISTS = 8, 8
ALIKE = 0.1
"""Outlines whose middles and half axes differ by less (in half widths) are one."""
LARGER_IS_BETTER = 0.12
"""A vacuole has an outline too: of two that stand out equally, the larger is the head's."""
RIM, CONCENTRIC, NEARLY = 1.8, 0.3, 0.65
"""An outline is the outer edge of a rim if it is at most so many times larger than the inner edge,
its centre is within so many half widths, and it stands out at least by this share."""
BEYOND, BEYOND_PX = 0.5, 5.0
"""A click this far (in radii) outside an outline of that radius makes it count a third. Outside a
larger one (a neighbour's halo) less is enough, since it is more pixels."""
FURTHEST = 2.0
"""A click further than this (in radii) from the centre of the best outline means none."""
BESIDE = 0.5
"""An outline this far from another (in mean half axes) is another head's."""
FAINTEST, FAINTEST_BY_NOISE = 3.5, 2.5
"""The least by which a head stands out, in grey levels and in deviations of the noise. On empty
simulated ground the best outline has under 2.7 grey levels; simulated heads have over 6.5."""
LEAST_CONFIDENCE, MAYBE = 0.45, 0.6
"""The least confidence of a head (0.5 is that strength), and by which share of that strength what
was clicked is measured again: neither the click's place nor that of a crop may decide of a head
that is just seen."""
LEAST_NOISE = 0.3
_COARSE_RAYS, _FINE_RAYS = Rays(16), Rays(32)


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundHead:
    """The head that a click means.

    Attributes:
        outline: one row.
        confidence: 0.45 where it barely counts as a head, up to 1.
        crowding: how likely another outline beside it was meant, as a share of its own likeliness.
        off: how far the click lies from the middle, in mean half axes.
    """

    outline: Outlines
    confidence: float
    crowding: float
    off: float

    @property
    def measure(self) -> HeadMeasure:
        """The head in numbers."""
        middle = complex(self.outline.middles[0])
        half_length, half_width = self.outline.half_lengths[0].tolist()
        return HeadMeasure(
            x_px=middle.real,
            y_px=middle.imag,
            length_px=2 * half_length,
            width_px=2 * half_width,
            angle_rad=cmath.phase(self.outline.axis[0]),
            confidence=self.confidence,
        )


def find_head(image: Image, *, x_px: float, y_px: float) -> HeadMeasure | None:
    """Measure the head on which, or near which, a click lies; None where nothing stands out.

    Args:
        image: (H, W) grey image.
        x_px: click, 0-based pixels.
        y_px: click, 0-based pixels.
    """
    found = find_outlines(image, [complex(x_px, y_px)])[0]
    return None if found is None else found.measure


def find_outlines(image: Image, clicks: Sequence[complex]) -> list[FoundHead | None]:
    """The heads that clicks (B,) mean, None for those beside any."""
    sighted = sight_outlines(image, clicks)
    found = _until_same(
        sighted,
        clicks,
        lambda heads: sight_outlines(image, [_pixel(head) for head in heads]),
        rounded=_pixel,
        rounds=ANEW,
    )
    found = _until_same(
        found,
        clicks,
        lambda heads: _measured_again(image, heads),
        rounded=lambda head: (_pixel(head), _size(head)),
        rounds=AGAIN,
    )
    return [  # how sure the click was, its first look says
        replace(head, crowding=first.crowding, off=first.off)
        if head and first and head.confidence >= LEAST_CONFIDENCE
        else None
        for head, first in zip(found, sighted, strict=True)
    ]


def _until_same(
    sighted: list[FoundHead | None],
    clicks: Sequence[complex],
    measure: Callable[[Sequence[FoundHead]], Sequence[FoundHead | None]],
    *,
    rounded: Callable[[FoundHead], object],
    rounds: int,
) -> list[FoundHead | None]:
    """Measure each head from what it is ``rounded`` to, until that was measured from before."""
    found, seen = list(sighted), [set[object]() for _ in sighted]
    for _ in range(rounds):
        moving = []
        for row, (head, before) in enumerate(zip(found, seen, strict=True)):
            if head is not None and rounded(head) not in before:
                before.add(rounded(head))
                moving.append((row, head))
        if not moving:
            break
        for (row, head), new in zip(moving, measure([h for _, h in moving]), strict=True):
            is_same = new is not None and not _is_another(new, sighted[row] or head, clicks[row])
            found[row] = new if is_same else head
    return found


def _is_another(head: FoundHead, sighted: FoundHead, click: complex) -> bool:
    """Whether a head is another than the one sighted: beside it, and further from the click."""
    size = math.sqrt(sighted.outline.half_lengths[0].prod())
    away = abs(head.outline.middles[0] - sighted.outline.middles[0])
    least = max(float(sighted.outline.distance(click)[0]), 1.0)
    return bool(away > BESIDE * size and head.outline.distance(click)[0] > least)


def _measured_again(image: Image, heads: Sequence[FoundHead]) -> list[FoundHead | None]:
    """The heads (B,) by a few starts of their own polarity round their middles."""
    places = np.array([0, *(AROUND_APART * 1j**k for k in range(AROUND))])[:, None]
    sizes = SIZE_STEP ** np.array([-2.0, 0.0, 2.0])
    pixels = [_pixel(head) for head in heads]
    radii = SIZE_STEP ** np.array([_size(head) for head in heads], float)[:, None, None]
    centres = np.array(pixels)[:, None, None] + radii * places
    shape = (len(heads), len(places), len(sizes))
    polarity = np.array([head.outline.polarity[0] for head in heads])[:, None, None]
    starts = circles(
        *(np.broadcast_to(v, shape).ravel() for v in (centres, radii * sizes, polarity))
    )
    owners = np.repeat(np.arange(len(heads)), len(places) * len(sizes))
    return choose_outlines(image, starts, owners, pixels)


def _pixel(head: FoundHead) -> complex:
    """The whole pixel nearest to a head's middle."""
    middle = complex(head.outline.middles[0])
    return complex(round(middle.real), round(middle.imag))


def _size(head: FoundHead) -> int:
    """A head's size, rounded, as a power of ``SIZE_STEP``."""
    return round(math.log(head.outline.half_lengths[0].prod()) / 2 / math.log(SIZE_STEP))


def sight_outlines(image: Image, clicks: Sequence[complex]) -> list[FoundHead | None]:
    """The heads on which clicks (B,) may lie, roughly: other clicks give slightly other outlines.

    What is too faint for a head, with a confidence below ``LEAST_CONFIDENCE``, may be among them.
    """
    if not clicks:
        return []
    starts = [find_starts(image, click) for click in clicks]
    owners = np.repeat(np.arange(len(clicks)), [len(radii) for _, radii in starts])
    centres, radii = (np.concatenate(column) for column in zip(*starts, strict=True))
    both = circles(np.tile(centres, 2), np.tile(radii, 2), np.repeat([1.0, -1.0], len(centres)))
    return choose_outlines(image, both, np.tile(owners, 2), clicks)


def choose_outlines(
    image: Image, starts: Outlines, owners: Rows, clicks: Sequence[complex]
) -> list[FoundHead | None]:
    """What becomes of the ``starts`` (N,) of the clicks ``owners`` (N,): one head a click (B,)."""
    places = np.array(clicks)
    outlines = _COARSE_RAYS.fit(image, starts, reaches=COARSE)
    worth = _worth(outlines, _COARSE_RAYS.strength(image, outlines), places[owners])
    kept = _best(worth, owners, PROMISING)
    owners = owners[kept]
    outlines = _COARSE_RAYS.fit(image, outlines.take(kept), reaches=COARSE_AGAIN)
    worth = _worth(outlines, _COARSE_RAYS.strength(image, outlines), places[owners])
    kept = _best(worth, owners, FINALISTS)
    kept = kept[_is_new(outlines.take(kept), owners[kept])]
    owners = owners[kept]
    outlines = _FINE_RAYS.fit(image, outlines.take(kept), reaches=FINE)
    strength = _FINE_RAYS.strength(image, outlines)
    worth = _worth(outlines, strength, places[owners])
    found = {
        number: head
        for number, click in enumerate(clicks)
        if (head := _head_of(image, click, outlines, strength, worth, owners == number))
    }
    chosen = outlines.take(np.array([row for row, _ in found.values()], np.intp))
    settled = _FINE_RAYS.fit(image, chosen, reaches=SETTLING)
    heads = {
        number: replace(head, outline=settled.take(np.array([place])))
        for place, (number, (_, head)) in enumerate(found.items())
    }
    return [heads.get(number) for number in range(len(clicks))]


def _head_of(
    image: Image,
    click: complex,
    outlines: Outlines,
    strength: Real,
    worth: Real,
    is_own: NDArray[np.bool_],
) -> tuple[int, FoundHead] | None:
    """The row of the outline that a click means, of those that are its own, with what it is."""
    own = np.flatnonzero(is_own)
    best = _outermost(outlines, strength, own, int(own[worth[own].argmax()]))
    least = max(FAINTEST, FAINTEST_BY_NOISE * _noise(image, click))
    outline = outlines.take(np.array([best]))
    if strength[best] < MAYBE * least or outline.distance(click)[0] > FURTHEST:
        return None
    size = math.sqrt(outline.half_lengths[0].prod())
    beside = own[abs(outlines.middles[own] - outline.middles) > BESIDE * size]
    return best, FoundHead(
        outline=outline,
        confidence=float(strength[best] / (strength[best] + least)),
        crowding=float(worth[beside].max(initial=0) / worth[best]),
        off=float(abs(click - outline.middles[0]) / size),
    )


def _best(worth: Real, owners: Rows, count: int) -> Rows:
    """The rows of the ``count`` outlines of each click that are worth most, the best first."""
    order = np.lexsort((-worth, owners))
    first = np.searchsorted(owners[order], owners[order])
    return order[np.arange(len(order)) - first < count]


def _is_new(outlines: Outlines, owners: Rows) -> NDArray[np.bool_]:
    """(N,) whether none of the few outlines before it, of the same click, is the same."""
    is_new = np.ones(len(owners), bool)
    width = outlines.half_lengths[:, 1]
    for back in range(1, FINALISTS):
        here, before = slice(back, None), slice(None, -back)
        is_same = owners[here] == owners[before]
        is_same &= outlines.polarity[here] == outlines.polarity[before]
        away = abs(outlines.middles[here] - outlines.middles[before])
        wider = abs(outlines.half_lengths[here] - outlines.half_lengths[before]).max(axis=1)
        is_same &= np.maximum(away, wider) < ALIKE * width[here]
        is_new[here] &= ~is_same
    return is_new


def _outermost(outlines: Outlines, strength: Real, rows: Rows, best: int) -> int:
    """The outline round the best one that stands out nearly as much: a head's rim has two edges."""
    half, inner = outlines.half_lengths[rows], outlines.half_lengths[best]
    larger = (half > inner).all(axis=1) & (half < RIM * inner).all(axis=1)
    larger &= abs(outlines.centres[rows] - outlines.centres[best]) < CONCENTRIC * inner[1]
    larger &= strength[rows] > NEARLY * strength[best]
    return int(rows[np.where(larger, strength[rows], 0).argmax()]) if larger.any() else best


def _worth(outlines: Outlines, strength: Real, clicks: Complex) -> Real:
    """(N,) how likely each outline is the one that its click means."""
    size = np.sqrt(outlines.half_lengths.prod(axis=1))
    outside = np.maximum(outlines.distance(clicks) - 1, 0) / BEYOND * np.sqrt(size / BEYOND_PX)
    return np.asarray(strength * np.exp(-(outside**2)) * size**LARGER_IS_BETTER)


def _noise(image: Image, click: complex) -> float:
    """The deviation of the noise in grey levels, by what no smooth picture leaves."""
    left, top = (max(round(place) - NOISE_PX, 0) for place in (click.real, click.imag))
    bottom, right = round(click.imag) + NOISE_PX + 1, round(click.real) + NOISE_PX + 1
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rest = np.abs(cv2.filter2D(image[top:bottom, left:right], cv2.CV_16S, mask))
    counts = np.bincount(rest.ravel()).cumsum()
    median = int(np.searchsorted(counts, counts[-1] // 2, side="right"))
    return max(median / 0.6745 / 6, LEAST_NOISE)
