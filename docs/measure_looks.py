"""Makes ``models/looks.md``: how simulated and real crops look, in numbers: ``make looks-page``.

With ``--data DIR`` the real videos are measured anew into ``models/real_looks.toml``; without them
the page shows what that file says. No real picture is kept.
"""

import argparse
import csv
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.simulation import SimulatedClip, simulate_clips
from rostfine_core.simulation.field import crop, draw_window
from rostfine_core.simulation.labelled_clips import CLIP_SIZE_PX, CLIP_UM_PER_PX
from rostfine_core.simulation.optics import LookFamily
from rostfine_core.simulation.render import Window
from rostfine_core.squares import cut_square
from rostfine_core.tracking.head_measure import find_head
from rostfine_core.video import open_video

MODELS = Path(__file__).parents[1] / "models"
PAGE, REAL = MODELS / "looks.md", MODELS / "real_looks.toml"
HEAD_UM = 4.6
"""How long heads are taken to be in videos whose scale is not known."""
CLIPS, SEED = 120, 31
SHOWN_FRAME = 3
MIDDLE_PART = slice(CLIP_SIZE_PX // 2 - 15, CLIP_SIZE_PX // 2 + 15)
LEAST_HEADS = 4
REAL_SETS = ("svia", "icsi")
STEP, MIDDLE = 20, (150.0, 153.0)
"""Heads are measured in every 20th frame; without a truth file that in the middle (icsi)."""

HEAD = f"""# How simulated crops look

Half of the simulated samples have the look of a good microscope ("clean"), half the faults of \
everyday ones and their cameras ("camera"). Both are measured here in the same way as heads of \
real videos, which are not part of this repository: the median, and from the 10th to the 90th \
percentile. All crops have {CLIP_UM_PER_PX} um per pixel; the scale of the real videos is not \
known, so their heads are taken to be {HEAD_UM} um long. `make looks-page` makes this page.
"""
TAIL = """
Measured by [measure_looks.py](../docs/measure_looks.py). What is not measured: blocks of the \
compression (after resampling they have no fixed places) and how long tails are.
"""


@dataclass(frozen=True, kw_only=True)
class LookMeasures:
    """One crop's look; nan where nothing could be measured."""

    level: float
    head_contrast: float
    edge_px: float
    rim: float
    tail: float
    fringe: float
    noise: float
    colour_noise: float
    grain: float
    noise_in_time: float
    mottling: float
    combing: float


TITLES = {
    "level": "background, share of full scale",
    "head_contrast": "darkest part of the head, darker than the background by",
    "edge_px": "width of the head's sharpest edge, px",
    "rim": "bright rim, share of the head's contrast",
    "tail": "neck and tail 5 um from the head's middle, share of the head's contrast",
    "fringe": "colour at the head's edge, share of its contrast",
    "noise": "noise in space, grey levels",
    "colour_noise": "noise of red against blue, grey levels",
    "grain": "correlation of neighbouring pixels' noise",
    "noise_in_time": "noise from frame to frame, grey levels",
    "mottling": "mottling of the background, share of its level",
    "combing": "roughness between lines over that between columns",
}


def measure_look(image: NDArray[np.uint8], then: NDArray[np.uint8] | None) -> LookMeasures:
    """Measure a crop (S, S, 3) with a head in its middle.

    Args:
        image: uint8 RGB.
        then: the same place one frame later, to see what changes; None where there is none.
    """
    rgb = image.astype(np.float32)
    grey = rgb.mean(axis=-1)
    distance = np.hypot(*(np.indices(grey.shape) - (len(grey) - 1) / 2))
    around = (distance > 30) & (distance < 70)
    ground = float(np.median(grey[around]))
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    depth = ground - float(np.percentile(smooth[distance < 12], 3))
    head = _head(smooth < ground - 0.5 * depth)
    wide, narrow = np.ones((15, 15), np.uint8), np.ones((3, 3), np.uint8)
    ring = (cv2.dilate(head, wide) > 0) & (head == 0)
    edge = (cv2.dilate(head, narrow) > 0) & (cv2.erode(head, narrow) == 0)
    slopes = np.hypot(*(cv2.Sobel(grey, -1, x, 1 - x, scale=1 / 8) for x in (1, 0)))
    colours = rgb[..., [0, 2]] - rgb[..., [1]]
    colours -= np.median(colours[around], axis=0)
    behind = (distance > 27) & (distance < 31)
    noise, far = _spread_of_step(grey, around, 1), _spread_of_step(grey, around, 4)
    coarse = cv2.GaussianBlur(grey, (0, 0), 3.0)
    return LookMeasures(
        level=ground / 255,
        head_contrast=depth / ground,
        edge_px=depth / float(slopes[edge].max()) if edge.any() else np.nan,
        rim=(float(np.percentile(smooth[ring], 90)) - ground) / depth if ring.any() else np.nan,
        tail=(ground - float(smooth[behind].min())) / depth,
        fringe=float(np.hypot(*colours[edge].T).mean()) / depth if edge.any() else np.nan,
        noise=far / np.sqrt(2),
        colour_noise=_spread_of_step(rgb[..., 0] - rgb[..., 2], around, 4) / np.sqrt(2),
        grain=1 - (noise / far) ** 2 if far > 0 else np.nan,
        noise_in_time=np.nan
        if then is None
        else _spread((then.astype(np.float32) - rgb).mean(axis=-1)[around]) / np.sqrt(2),
        mottling=_spread(coarse[around]) / ground,
        combing=_roughness(grey[MIDDLE_PART, MIDDLE_PART]),
    )


def _head(dark: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The dark spot nearest to the middle (S, S), 1 inside."""
    _, labels, _, centres = cv2.connectedComponentsWithStats(dark.astype(np.uint8))
    if len(centres) < 2:
        return np.zeros(dark.shape, np.uint8)
    middle = (len(dark) - 1) / 2
    nearest = 1 + int(np.argmin(np.hypot(*(centres[1:] - middle).T)))
    return np.asarray(labels == nearest, dtype=np.uint8)


def _spread(values: NDArray[np.float32]) -> float:
    """The standard deviation that the middle nine tenths would have in a normal distribution."""
    low, high = np.percentile(values, (5, 95))
    return float(high - low) / 3.29


def _spread_of_step(image: NDArray[np.float32], where: NDArray[np.bool_], step: int) -> float:
    across = (image[:, step:] - image[:, :-step])[where[:, step:] & where[:, :-step]]
    down = (image[step:] - image[:-step])[where[step:] & where[:-step]]
    return _spread(np.concatenate([across, down]))


def _roughness(part: NDArray[np.float32]) -> float:
    down = np.abs(2 * part[1:-1] - part[:-2] - part[2:]).mean()
    across = np.abs(2 * part[:, 1:-1] - part[:, :-2] - part[:, 2:]).mean()
    return float(down / across) if across > 0 else np.nan


def simulated_looks(family: LookFamily, clips: Sequence[SimulatedClip]) -> list[LookMeasures]:
    """Measure one crop of each clip of a family."""
    return [
        replace(measure_look(clip.images[SHOWN_FRAME], None), noise_in_time=_noise_in_time(clip))
        for clip in clips
        if clip.field.look.family is family
    ]


def _noise_in_time(clip: SimulatedClip) -> float:
    """What changes between two pictures of the same empty place."""
    side = round(CLIP_SIZE_PX / clip.magnification) + 8
    window = Window(left_px=200, top_px=200, width_px=side, height_px=side)
    middle = 200 + (side - 1) / 2
    first, then = (
        crop(
            draw_window(clip.field, [], window=window, time_s=0.0, rng=np.random.default_rng(seed)),
            window=window,
            centre_px=(middle, middle),
            size_px=CLIP_SIZE_PX,
            magnification=clip.magnification,
        ).astype(np.float32)
        for seed in (0, 1)
    )
    return _spread((then - first).mean(axis=-1)) / float(np.sqrt(2))


def real_looks(video: Path, places: dict[int, list[tuple[float, float]]]) -> list[LookMeasures]:
    """Measure the heads nearest to ``places`` (frame: x and y of each) whose crops lie inside."""
    pictures: dict[int, NDArray[np.uint8]] = {}
    with open_video(video) as opened:
        for number, frame in enumerate(opened.frames(0, max(places) + 2)):
            if number in places or number - 1 in places:
                pictures[number] = frame.rgb()
    found = [
        (number, head)
        for number in places
        for x, y in places[number]
        if (head := find_head(_grey(pictures[number]), x_px=x, y_px=y)) is not None
    ]
    lengths = np.array([head.length_px for _, head in found])
    magnification = HEAD_UM / CLIP_UM_PER_PX / float(np.median(lengths))
    reach = CLIP_SIZE_PX / 2 / magnification
    measured = []
    for number, head in found:
        last = np.array(pictures[number].shape[1::-1]) - 1
        if not (reach < head.x_px < last[0] - reach and reach < head.y_px < last[1] - reach):
            continue
        both = [
            cut_square(
                pictures[k],
                x_px=head.x_px,
                y_px=head.y_px,
                size_px=CLIP_SIZE_PX,
                magnification=magnification,
            )
            for k in (number, number + 1)
        ]
        # Some videos repeat frames, which says nothing about noise.
        is_repeated = bool((both[0] == both[1]).mean() > 0.95)
        measured.append(measure_look(both[0], None if is_repeated else both[1]))
    return measured


def places_in(folder: Path) -> Iterator[tuple[Path, dict[int, list[tuple[float, float]]]]]:
    """Each video of a set, with the places of heads in some frames."""
    for video in sorted(folder.glob("*.mp4")):
        truth = video.with_suffix(".truth.csv")
        if not truth.exists():
            yield video, {frame: [MIDDLE] for frame in range(0, 160, STEP)}
            continue
        places: dict[int, list[tuple[float, float]]] = {}
        with truth.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                x, y = float(row["x"]), float(row["y"])
                if int(row["frame"]) % STEP == 0:
                    places.setdefault(int(row["frame"]), []).append((x, y))
        yield video, places


def spans(measures: Sequence[LookMeasures]) -> dict[str, list[float]]:
    """The 10th, 50th and 90th percentile of each measure, without what could not be measured."""
    table = {}
    for name in TITLES:
        values = np.array([getattr(m, name) for m in measures])
        values = values[np.isfinite(values)]
        if len(values) >= LEAST_HEADS:
            table[name] = [round(float(v), 4) for v in np.percentile(values, (10, 50, 90))]
    return table


def measure_real(data: Path) -> str:
    """The text of ``real_looks.toml``, measured in the videos under ``data``."""
    text = f"# Made by `python -m docs.measure_looks --data DIR` on {datetime.now(UTC):%Y-%m-%d}.\n"
    text += "# The 10th, 50th and 90th percentile over heads; docs/measure_looks.py says of what.\n"
    for name in REAL_SETS:
        measured = [m for one in places_in(data / name) for m in real_looks(*one)]
        text += f"\n[{name}]\nheads = {len(measured)}\n"
        text += "".join(f"{key} = {span}\n" for key, span in spans(measured).items())
    return text


def page() -> str:
    """The page's text."""
    clips = list(simulate_clips(CLIPS, seed=SEED, clips_per_sample=1))
    columns = {
        f"simulated, {family}": spans(simulated_looks(family, clips)) for family in LookFamily
    }
    real = tomllib.loads(REAL.read_text(encoding="utf-8"))
    columns |= {f"real, {name}": table for name, table in real.items()}
    lines = [HEAD, f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for key, title in TITLES.items():
        cells = [_cell(column.get(key)) for column in columns.values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join([*lines, TAIL])


def _cell(span: list[float] | None) -> str:
    if span is None:
        return "–"
    low, middle, high = (f"{v:.2g}" for v in span)
    return f"{middle} ({low} to {high})"


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def main() -> None:
    """Measure the real videos if there are any, and make the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the real videos' folders")
    data = parser.parse_args().data
    if data is not None:
        REAL.write_text(measure_real(data), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
