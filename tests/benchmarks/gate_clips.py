"""Clips that a gate should tell from those of the training: spoiled sperm, and what is no sperm."""

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.clips import ClipSettings, cut_clip
from rostfine_core.domain import Clip, CropBox, Track, TrackPoint, TrackStatus
from rostfine_core.quality.head import measured_head
from rostfine_core.simulation import SimulatedClip
from rostfine_core.simulation.field import Field, draw_window
from rostfine_core.simulation.render import Speck, Window
from rostfine_core.squares import cut_square
from rostfine_core.video import open_video

Images = NDArray[np.uint8]
Change = Callable[[Images, np.random.Generator], Images]
"""Spoils a clip (T, S, S, 3)."""
FAR_PX, JITTER_PX = 30, 0.4
INK, DRAWN, CENTRINGS = 0.5, "BEHKMOSXZ368+", 3


def _each(change: Callable[[Images], Images]) -> Change:
    return lambda images, _: np.stack([change(image) for image in images])


def _zoomed(factor: float) -> Change:
    """Enlarged about the middle; what lies beyond the crop is its mirror image."""

    def change(image: Images) -> Images:
        side = len(image)
        beside = 4 * (side // 2,)
        wide = np.asarray(cv2.copyMakeBorder(image, *beside, cv2.BORDER_REFLECT_101), np.uint8)
        middle = (len(wide) - 1) / 2
        return cut_square(wide, x_px=middle, y_px=middle, size_px=side, magnification=factor)

    return _each(change)


def _coarse(factor: float) -> Change:
    """As a camera with pixels so many times wider sees it, enlarged again."""

    def change(image: Images) -> Images:
        side = len(image)
        small = cv2.resize(image, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)

    return _each(change)


def _blurred(sigma_px: float) -> Change:
    return _each(lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8))


def _noisy(sigma: float) -> Change:
    return lambda images, rng: _bytes(images + rng.normal(0, sigma, images.shape))


def _with_contrast(share: float) -> Change:
    def change(images: Images, _: np.random.Generator) -> Images:
        level = np.median(images, axis=(0, 1, 2))
        return _bytes(np.asarray(level + share * (images - level)))

    return change


def _with_gamma(gamma: float) -> Change:
    return _each(lambda image: _bytes(255 * (image / 255) ** gamma))


def _shifted(far_px: float) -> Change:
    """All crops moved by so much in one direction."""

    def change(images: Images, rng: np.random.Generator) -> Images:
        angle, middle = rng.uniform(0, 2 * np.pi), (images.shape[1] - 1) / 2
        x, y = middle + far_px * np.cos(angle), middle + far_px * np.sin(angle)
        return np.stack([cut_square(i, x_px=x, y_px=y, size_px=len(i)) for i in images])

    return change


def _bytes(values: NDArray[np.floating]) -> Images:
    clipped: Images = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return clipped


PIXEL_WIDTHS = {
    "pixels 1.5 times as wide": 1.5,
    "pixels 2 times as wide": 2.0,
    "pixels 3 times as wide": 3.0,
}
"""By how much a clip was enlarged to the scale of the training."""
ZOOMS = {f"zoom {factor}, scale unknown": factor for factor in (1.25, 0.8, 1.5)}
"""How much larger all seems, the way of the head too, if nobody knows the scale."""
SPOILED: dict[str, Change] = {
    **{name: _zoomed(factor) for name, factor in ZOOMS.items()},
    **{name: _coarse(factor) for name, factor in PIXEL_WIDTHS.items()},
    "blur 1.5 px": _blurred(1.5),
    "blur 2.5 px": _blurred(2.5),
    "blur 4 px": _blurred(4.0),
    "noise 10": _noisy(10),
    "noise 20": _noisy(20),
    "contrast x 0.5": _with_contrast(0.5),
    "inverted": lambda images, _: 255 - images,
    "gamma 0.5": _with_gamma(0.5),
    "gamma 2": _with_gamma(2.0),
    "moved by 1.5 px": _shifted(1.5),
    "moved by 3 px": _shifted(3.0),
    "moved by 6 px": _shifted(6.0),
}


def _signed(images: Images, sign: str, scale: float) -> Images:
    """With a sign drawn on it, and cut where the program measures a head there."""
    layer, font = np.zeros(images.shape[1:3], np.uint8), cv2.FONT_HERSHEY_SIMPLEX
    (width, height), _ = cv2.getTextSize(sign, font, scale, 3)
    place = len(layer) // 2 - width // 2, len(layer) // 2 + height // 2
    cv2.putText(layer, sign, place, font, scale, 255, 3, cv2.LINE_AA)
    inked = cv2.GaussianBlur(layer, (0, 0), 0.8)[..., None] / 255
    return np.stack([_centred(_bytes(image * (1 - INK * inked))) for image in images])


def _centred(image: Images) -> Images:
    """Moved until what is measured as a head lies in the middle, as the tracker cuts crops."""
    middle = (len(image) - 1) / 2
    for _ in range(CENTRINGS):
        head = measured_head(image)
        if head is None:
            break
        by = np.array([[1, 0, middle - head.x_px], [0, 1, middle - head.y_px]])
        size = image.shape[1], image.shape[0]
        moved = cv2.warpAffine(image, by, size, borderMode=cv2.BORDER_REPLICATE)
        image = _bytes(moved.astype(np.float64))
    return image


def _debris(rng: np.random.Generator) -> tuple[Speck, ...]:
    return tuple(
        Speck(
            x_px=float(rng.normal(0, 6)),
            y_px=float(rng.normal(0, 6)),
            radius_um=float(rng.uniform(0.4, 1.4)),
            density=float(rng.uniform(0.3, 1.0)),
            defocus_um=float(rng.normal(0, 1.5)),
        )
        for _ in range(int(rng.integers(2, 6)))
    )


def _bubble(rng: np.random.Generator) -> tuple[Speck, ...]:
    radius, hollow = float(rng.uniform(1.5, 4)), float(rng.uniform(0.3, 0.8))
    density = -float(rng.uniform(0.4, 0.9))
    return (Speck(x_px=0, y_px=0, radius_um=radius, density=density, hollow=hollow),)


def _round_cell(rng: np.random.Generator) -> tuple[Speck, ...]:
    radius, hollow = float(rng.uniform(3.5, 6)), float(rng.uniform(0.6, 0.95))
    density, defocus = float(rng.uniform(0.3, 0.7)), float(rng.normal(0, 1))
    return (
        Speck(x_px=0, y_px=0, radius_um=radius, density=density, hollow=hollow, defocus_um=defocus),
    )


LETTER, SIGNS = "a drawn letter", "other drawn signs"
Draws = Callable[[np.random.Generator], tuple[Speck, ...]]
NO_SPERM: dict[str, Draws] = {
    LETTER: lambda _: (),
    SIGNS: lambda _: (),
    "debris": _debris,
    "bubbles": _bubble,
    "round cells": _round_cell,
    "empty ground": lambda _: (),
}


def no_sperm(kind: str, clip: SimulatedClip, rng: np.random.Generator) -> Images:
    """What is no sperm, under the microscope of a simulated clip and at its scale."""
    field, size = clip.field, clip.images.shape[1]
    side = int(size / clip.magnification) + 2 * FAR_PX
    left, top = (int(rng.integers(0, max(length - side, 1))) for length in _lengths(field))
    window = Window(left_px=left, top_px=top, width_px=side, height_px=side)
    middle = side / 2
    placed = tuple(
        replace(s, x_px=left + middle + s.x_px, y_px=top + middle + s.y_px)
        for s in NO_SPERM[kind](rng)
    )
    around = tuple(s for s in field.specks if _is_off(s, left + middle, top + middle, side / 4))
    shown, images = replace(field, specks=(*around, *placed)), []
    for frame in clip.frames:
        picture = draw_window(shown, [], window=window, time_s=frame / field.fps, rng=rng)
        x, y = middle + rng.normal(0, JITTER_PX, 2)
        drift_x, drift_y = (v * frame / field.fps for v in field.drift_px_s)
        at = {"x_px": float(x + drift_x % FAR_PX), "y_px": float(y + drift_y % FAR_PX)}
        image = cut_square(picture, **at, size_px=size, magnification=clip.magnification)
        images.append(image)
    if kind == LETTER:
        return _signed(np.stack(images), "A", 1.2)
    if kind == SIGNS:
        sign = DRAWN[int(rng.integers(len(DRAWN)))]
        return _signed(np.stack(images), sign, float(rng.uniform(0.8, 1.3)))
    return np.stack(images)


def _lengths(field: Field) -> tuple[int, int]:
    return field.width_px, field.height_px


def _is_off(speck: Speck, x_px: float, y_px: float, far_px: float) -> bool:
    return bool(np.hypot(speck.x_px - x_px, speck.y_px - y_px) > far_px)


def as_clip(
    images: Images, *, path: NDArray[np.floating], magnification: float = 1.0
) -> tuple[Clip, Track]:
    """Pictures with the boxes and the track that they would have if they were cut from a video.

    ``path`` (T, 3) are the seconds, and where the head was in pixels of the video.
    """
    points = tuple(
        TrackPoint(
            frame=number,
            time_s=float(time_s),
            x_px=float(x_px),
            y_px=float(y_px),
            score=1.0,
            status=TrackStatus.MEASURED if number else TrackStatus.MANUAL,
        )
        for number, (time_s, x_px, y_px) in enumerate(path)
    )
    boxes = tuple(
        CropBox(
            frame=p.frame,
            time_s=p.time_s,
            centre_x_px=p.x_px,
            centre_y_px=p.y_px,
            size_px=images.shape[1] / magnification,
            padded_share=0.0,
            status=p.status,
        )
        for p in points
    )
    return Clip(target="1", images=images, boxes=boxes), Track(target="1", points=points)


def real_clips(data: Path, *, most: int, settings: ClipSettings) -> Iterator[tuple[str, Clip]]:
    """At most so many clips of each real or foreign video, cut along its true positions."""
    for entry in json.loads((data / "sets.json").read_text(encoding="utf-8")):
        path = data / entry["set"] / f"{entry['clip']}.mp4"
        tracks: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
        with path.with_suffix(".truth.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                place = int(row["frame"]), float(row["x"]), float(row["y"])
                tracks[row["target"]].append(place)
        with open_video(path) as video:
            for target, places in islice(tracks.items(), most):
                track = _track(target, places, video.info.timestamps_s)
                clip = cut_clip(track, image_at=lambda i: video.frame(i).rgb(), settings=settings)
                yield f"{entry['set']} {entry['clip']}", clip


def _track(
    target: str, places: list[tuple[int, float, float]], timestamps_s: tuple[float, ...]
) -> Track:
    points = tuple(
        TrackPoint(
            frame=frame,
            time_s=timestamps_s[frame],
            x_px=x,
            y_px=y,
            score=1.0,
            status=TrackStatus.MEASURED,
        )
        for frame, x, y in sorted(places)
    )
    return Track(target=target, points=points)
