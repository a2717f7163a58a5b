"""Score how far track and grade hang on where a head is clicked (a script, no test).

    python tests/benchmarks/bench_clicks.py [--heads 30] [--sperm 100] [--data DATA_DIR]

The first table is about single pictures of simulated heads: how far the measured middle lies from
the truth, by look and size, for clicks within the head and up to half a head off. The second is
about grades: each sperm of simulated scenes, and of the clips in DATA_DIR, is clicked in nine
places within its head, tracked and graded; the spread of P(A or B) is the largest less the
smallest.
"""

import argparse
import csv
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.assessor import Assessor
from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.clips import ClipSettings, cut_clip
from rostfine_core.domain import GreyFrame, Seed, finish
from rostfine_core.errors import TrackingError
from rostfine_core.simulation import SceneSettings, simulate_scene
from rostfine_core.simulation.field import Field, draw_window, sample_field, sample_specks
from rostfine_core.simulation.optics import Illumination, Look, sample_look
from rostfine_core.simulation.population import sample_sperm
from rostfine_core.simulation.render import Pose, SimulatedSperm, Window
from rostfine_core.tracking import Tracker
from rostfine_core.tracking.head_measure import find_head
from rostfine_core.video import open_video

LOOKS = ("bright field", "phase contrast", "bright on dark", "bright core", "reversed halo")
SIZES_PX = (8, 12, 18, 26, 40)
SIDE_PX, HEAD_UM, CLICKS = 161, 4.8, 9
HALF_HEADS_PX = {"svia": (5.0, 3.0), "njit": (2.0, 1.5), "androgen": (5.0, 3.0)}
"""Half the length and width of the heads of each set of clips."""
PRETRACKED = "icsi"
"""The set whose sperm is in the middle of the first frame, without a truth file."""
MOST_OF_A_CLIP, MOST_FRAMES = 12, 60
Place = tuple[float, float]
Pictures = list[NDArray[np.uint8]]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heads", type=int, default=30, help="heads for each look and size")
    parser.add_argument("--sperm", type=int, default=100, help="simulated sperm to grade")
    parser.add_argument("--data", type=Path, help="folder of clips with known places")
    arguments = parser.parse_args()
    print("centre error, px                median    95%   none")
    for look in LOOKS:
        for size_px in SIZES_PX:
            errors, missed = centre_errors(look, size_px, arguments.heads)
            median, high = np.percentile(errors, [50, 95])
            print(f"{look:18s} {size_px:3d} px {median:13.2f} {high:6.2f} {missed:6d}", flush=True)
    assessor = Assessor.load(bundled_path(DEMO_MODEL), device="cpu")
    print("spread of P(A or B), points     median   mean    95%    max  sperm")
    _print_spreads("simulated", simulated_sperm(arguments.sperm), assessor)
    if arguments.data:
        for name in (*HALF_HEADS_PX, PRETRACKED):
            _print_spreads(name, sperm_of_set(arguments.data, name), assessor)


def look_of(name: str, rng: np.random.Generator) -> Look:
    """A microscope's look, drawn by the simulator or made from what it draws."""
    illumination = Illumination.PHASE_CONTRAST if name == LOOKS[1] else Illumination.BRIGHT_FIELD
    look = sample_look(rng)
    while look.illumination is not illumination:
        look = sample_look(rng)
    if name == "bright on dark":
        bright, rim = -rng.uniform(1.0, 2.0), -rng.uniform(0.2, 0.6)
        return replace(look, level=rng.uniform(0.12, 0.25), absorption=bright, halo=rim)
    if name == "bright core":
        return replace(look, absorption=-rng.uniform(0.15, 0.4), halo=rng.uniform(0.8, 1.5))
    if name == "reversed halo":
        return replace(look, halo=-rng.uniform(0.4, 0.8))
    return look


def centre_errors(look: str, size_px: int, count: int) -> tuple[list[float], int]:
    """How far off the measured middles of ``count`` heads are, and how often there is none."""
    errors, missed = [], 0
    for number in range(count):
        rng = np.random.default_rng([number, LOOKS.index(look), size_px])
        image, middle, half, heading = _picture(look_of(look, rng), size_px, rng)
        for x, y in clicks(middle, half, heading, reach=1.0):
            head = find_head(image, x_px=x, y_px=y)
            if head is None:
                missed += 1
            else:
                errors.append(math.dist((head.x_px, head.y_px), middle))
    return errors, missed


def _picture(
    look: Look, size_px: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Place, Place, float]:
    """A grey picture, the middle of the head in it, its half length and width, and its heading."""
    um_per_px = HEAD_UM / size_px
    field: Field = replace(
        sample_field(rng, um_per_px=um_per_px, look=look),
        width_px=SIDE_PX,
        height_px=SIDE_PX,
        drift_px_s=(0.0, 0.0),
    )
    field = replace(field, specks=sample_specks(rng, field=field, count=5, round_cells=0))
    posed: list[tuple[SimulatedSperm, Pose]] = []
    for _ in range(1 + int(rng.random() < 0.3)):  # now and then with a neighbour
        away, angle = rng.uniform(1.3, 2.5) * size_px * bool(posed), rng.uniform(0, 7)
        pose = Pose(
            x_px=SIDE_PX / 2 + rng.uniform(-1, 1) + away * math.cos(angle),
            y_px=SIDE_PX / 2 + rng.uniform(-1, 1) + away * math.sin(angle),
            heading_rad=rng.uniform(0, 2 * math.pi),
            phase_rad=rng.uniform(0, 7),
        )
        posed.append((sample_sperm(rng), pose))
    window = Window(left_px=0, top_px=0, width_px=SIDE_PX, height_px=SIDE_PX)
    picture = draw_window(field, posed, window=window, time_s=0.0, rng=rng)
    sperm, pose = posed[0]
    half = (
        sperm.shape.head_length_um / um_per_px / 2,
        sperm.shape.head_width_um / um_per_px / 2,
    )
    return _grey(picture), (pose.x_px, pose.y_px), half, pose.heading_rad


def clicks(middle: Place, half: Place, heading_rad: float, *, reach: float) -> list[Place]:
    """The middle of a head and eight places around it, ``reach`` of the way to its outline."""
    cos, sin = math.cos(heading_rad), math.sin(heading_rad)
    places = [middle]
    for angle in np.arange(CLICKS - 1) * 2 * math.pi / (CLICKS - 1):
        along, across = reach * half[0] * math.cos(angle), reach * half[1] * math.sin(angle)
        places.append(
            (middle[0] + cos * along - sin * across, middle[1] + sin * along + cos * across)
        )
    return places


def simulated_sperm(count: int) -> Iterator[tuple[Pictures, Sequence[list[Place]]]]:
    """Videos of three seconds as RGB pictures, and nine clicks on each sperm in the first."""
    seed = 0
    while count > 0:
        settings = SceneSettings(
            width_px=480, height_px=400, frame_count=45, sperm_count=4, speck_count=30, seed=seed
        )
        scene = simulate_scene(settings)
        inner = [
            t for t in scene.truth.targets if (np.abs(t.xy_px[0] - (240, 200)) < (160, 120)).all()
        ][:count]
        count, seed = count - len(inner), seed + 1
        if not inner:
            continue
        scale = scene.truth.field.um_per_px
        yield (
            list(scene.frames()),
            [
                clicks(
                    (float(t.xy_px[0, 0]), float(t.xy_px[0, 1])),
                    (
                        t.sperm.shape.head_length_um / scale / 2,
                        t.sperm.shape.head_width_um / scale / 2,
                    ),
                    float(t.heading_rad[0]),
                    reach=0.7,
                )
                for t in inner
            ],
        )


def sperm_of_set(data: Path, name: str) -> Iterator[tuple[Pictures, Sequence[list[Place]]]]:
    """The clips of a set, and nine clicks on sperm that are known in the first frame."""
    for path in sorted((data / name).glob("*.mp4")):
        with open_video(path) as video:
            count = min(video.info.frame_count, MOST_FRAMES)
            pictures = [frame.rgb() for frame in video.frames(0, count)]
        yield pictures, _known_sperm(path, pictures[0])[:MOST_OF_A_CLIP]


def _known_sperm(path: Path, picture: NDArray[np.uint8]) -> list[list[Place]]:
    if path.parent.name == PRETRACKED:
        height, width = picture.shape[:2]
        head = find_head(_grey(picture), x_px=(width - 1) / 2, y_px=(height - 1) / 2)
        assert head is not None, "the pre-tracked sperm is not in the middle"
        half = head.length_px / 2, head.width_px / 2
        return [clicks((head.x_px, head.y_px), half, head.angle_rad, reach=0.7)]
    half = HALF_HEADS_PX[path.parent.name]
    with path.with_name(f"{path.stem}.truth.csv").open(newline="") as file:
        first = [r for r in csv.DictReader(file) if r["frame"] == "0"]
    return [clicks((float(r["x"]), float(r["y"])), half, 0.0, reach=0.7) for r in first]


def _print_spreads(
    name: str, videos: Iterator[tuple[Pictures, Sequence[list[Place]]]], assessor: Assessor
) -> None:
    found = spreads(videos, assessor)
    median, high, highest = np.percentile(found, [50, 95, 100])
    numbers = f"{median:13.2f} {np.mean(found):6.2f} {high:6.2f} {highest:6.2f}"
    print(f"{name:24s} {numbers} {len(found):6d}", flush=True)


def spreads(
    videos: Iterator[tuple[Pictures, Sequence[list[Place]]]], assessor: Assessor
) -> list[float]:
    """For each sperm, by how many points P(A or B) spreads over its clicks."""
    return [
        spread
        for pictures, sperm in videos
        for places in sperm
        if (spread := _spread(pictures, places, assessor)) is not None
    ]


def _spread(pictures: Pictures, places: Sequence[Place], assessor: Assessor) -> float | None:
    """The spread of one sperm, None where no click can be graded."""
    settings = ClipSettings(frame_count=assessor.clip_frames, size_px=assessor.clip_size_px)
    seeds = [Seed(target=str(i), frame=0, x_px=x, y_px=y) for i, (x, y) in enumerate(places)]
    tracker = Tracker(seeds)  # no path depends on the others
    for index, picture in enumerate(pictures):
        tracker.step(GreyFrame(index=index, time_s=index / 15, image=_grey(picture)))
    clips = []
    for track in tracker.tracks:
        with suppress(TrackingError):
            clips.append(cut_clip(track, image_at=lambda i: pictures[i], settings=settings))
    shares = [a.prediction.grade.p_a_or_b for a in finish(assessor.assess(clips))]
    return 100 * (max(shares) - min(shares)) if shares else None


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


if __name__ == "__main__":
    main()
