"""The tracker on drawn sperm heads whose place is known in every frame."""

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.domain import GreyFrame, Seed, Track, TrackStatus
from rostfine_core.errors import TrackingError
from rostfine_core.tracking import Tracker

SIZE = (160, 200)  # rows, columns
FPS = 15.0
Path = Callable[[int], tuple[float, float]]


def picture(
    heads: Sequence[tuple[float, float]],
    *,
    frame: int,
    angle_deg: float = 30.0,
    light: float = 0.0,
    noise: float = 2.0,
    inside: float = 120.0,
) -> NDArray[np.uint8]:
    """Dark ovals of 14x9 pixels on grey, drawn eight times larger for sub-pixel places."""
    canvas = np.full((SIZE[0] * 8, SIZE[1] * 8), 150.0 + light, np.float32)
    for x, y in heads:
        centre = (round((x + 0.5) * 8), round((y + 0.5) * 8))
        cv2.ellipse(canvas, centre, (56, 36), angle_deg, 0, 360, 85.0 + light, -1)
        cv2.ellipse(canvas, centre, (20, 14), angle_deg, 0, 360, inside + light, -1)
    small = cv2.resize(canvas, SIZE[::-1], interpolation=cv2.INTER_AREA)
    grey = small + np.random.default_rng(frame).normal(0, noise, SIZE)
    return np.clip(grey, 0, 255).astype(np.uint8)


def follow(
    paths: dict[str, Path],
    *,
    count: int = 40,
    hidden: Callable[[int], bool] = lambda frame: False,
    angle: Callable[[int], float] = lambda frame: 30.0,
    light: Callable[[int], float] = lambda frame: 0.0,
    inside: float = 120.0,
    repeated: frozenset[int] = frozenset(),
    corrections: Sequence[Seed] = (),
) -> dict[str, Track]:
    """Track every path from its place in frame 0."""
    seeds = [
        Seed(target=name, frame=0, x_px=path(0)[0], y_px=path(0)[1]) for name, path in paths.items()
    ]
    tracker = Tracker([*seeds, *corrections])
    for frame in range(count):
        shown = frame - 1 if frame in repeated else frame
        heads = [] if hidden(shown) else [path(shown) for path in paths.values()]
        image = picture(
            heads, frame=shown, angle_deg=angle(shown), light=light(shown), inside=inside
        )
        tracker.step(
            GreyFrame(index=frame, time_s=frame / FPS, image=image, is_duplicate=frame in repeated)
        )
    return {t.target: t for t in tracker.tracks}


def errors(found: Track, path: Path) -> NDArray[np.float64]:
    return np.array([math.dist((p.x_px, p.y_px), path(p.frame)) for p in found.points])


def straight(frame: int) -> tuple[float, float]:
    return 30 + 2.3 * frame, 40 + 1.1 * frame


def still(frame: int) -> tuple[float, float]:
    return 120.3, 60.6


def test_a_straight_swimmer_is_followed_below_a_pixel() -> None:
    found = follow({"1": straight})["1"]
    assert np.median(errors(found, straight)) < 0.5
    assert found.points[0].status is TrackStatus.MANUAL
    assert all(p.status is TrackStatus.MEASURED for p in found.points[1:])
    assert all(0.5 < p.score <= 1 for p in found.points)


def test_places_between_pixels_are_told_apart_through_noise() -> None:
    """Whole-pixel places would scatter by 0.3 px and inflate every velocity."""

    def creeping(frame: int) -> tuple[float, float]:
        return 60 + 0.21 * frame, 70 + 0.13 * frame

    for path in (creeping, straight):
        found = follow({"1": path}, inside=85.0)["1"].points[8:]
        off = np.array([(p.x_px - path(p.frame)[0], p.y_px - path(p.frame)[1]) for p in found])
        assert np.all(off.std(axis=0) < 0.2)
        assert np.all(abs(off.mean(axis=0)) < 0.4)


def test_two_names_on_one_head_share_it() -> None:
    seeds = [
        Seed(target="first", frame=0, x_px=straight(0)[0], y_px=straight(0)[1]),
        Seed(target="second", frame=10, x_px=straight(10)[0] + 1, y_px=straight(10)[1] - 1),
    ]
    tracker = Tracker(seeds)
    for frame in range(30):
        image = picture([straight(frame)], frame=frame)
        tracker.step(GreyFrame(index=frame, time_s=frame / FPS, image=image))
    for found in tracker.tracks:
        assert errors(found, straight)[-1] < 2, found.target
        assert found.points[-1].status is TrackStatus.MEASURED


def test_a_resting_neighbour_is_not_taken_for_the_swimmer() -> None:
    def passing(frame: int) -> tuple[float, float]:
        return 40 + 3.0 * frame, 66.0

    seed = Seed(target="1", frame=0, x_px=passing(0)[0], y_px=passing(0)[1])
    tracker = Tracker([seed])
    for frame in range(45):
        image = picture([passing(frame), (100.0, 72.0)], frame=frame, inside=85.0)
        tracker.step(GreyFrame(index=frame, time_s=frame / FPS, image=image))
    assert errors(tracker.tracks[0], passing)[-1] < 2


def test_a_click_on_nothing_is_lost_soon() -> None:
    tracker = Tracker([Seed(target="1", frame=0, x_px=100.0, y_px=80.0)])
    for frame in range(40):
        image = picture([], frame=frame)
        tracker.step(GreyFrame(index=frame, time_s=frame / FPS, image=image))
    assert tracker.tracks[0].points[-1].status is TrackStatus.LOST


def test_what_does_not_move_stays() -> None:
    found = follow({"1": still})["1"]
    xy = np.array([(p.x_px, p.y_px) for p in found.points])
    assert np.all(xy.std(axis=0) < 0.2)
    assert errors(found, still).max() < 1


def test_the_clicked_point_is_carried_along() -> None:
    """A click off the centre stays off by as much: it is the operator's point."""
    seed = Seed(target="1", frame=0, x_px=33.0, y_px=41.5)
    tracker = Tracker([seed])
    for frame in range(30):
        image = picture([straight(frame)], frame=frame)
        tracker.step(GreyFrame(index=frame, time_s=frame / FPS, image=image))
    last = tracker.tracks[0].points[-1]
    assert math.dist((last.x_px, last.y_px), straight(29)) < 5


def test_turning_and_a_changing_lamp_are_followed() -> None:
    found = follow(
        {"1": straight}, angle=lambda f: 30 + 4 * f, light=lambda f: 1.2 * f, inside=85.0
    )["1"]
    assert errors(found, straight).max() < 3


def test_two_that_cross_keep_their_names() -> None:
    def down(frame: int) -> tuple[float, float]:
        return 40 + 2.5 * frame, 30 + 1.5 * frame

    def up(frame: int) -> tuple[float, float]:
        return 40 + 2.5 * frame, 110 - 1.5 * frame

    found = follow({"down": down, "up": up}, count=50)
    for name, path in (("down", down), ("up", up)):
        assert errors(found[name], path)[-1] < 5, name


@pytest.mark.requirement("R-21")
def test_a_path_is_the_same_whoever_else_was_clicked() -> None:
    def down(frame: int) -> tuple[float, float]:
        return 40 + 2.5 * frame, 30 + 1.5 * frame

    def up(frame: int) -> tuple[float, float]:
        return 40 + 2.5 * frame, 110 - 1.5 * frame

    paths: dict[str, Path] = {"down": down, "up": up, "still": still}

    def clicked(names: Sequence[str]) -> dict[str, Track]:
        seeds = [Seed(target=n, frame=0, x_px=paths[n](0)[0], y_px=paths[n](0)[1]) for n in names]
        tracker = Tracker(seeds)
        for frame in range(50):
            image = picture([path(frame) for path in paths.values()], frame=frame)
            tracker.step(GreyFrame(index=frame, time_s=frame / FPS, image=image))
        return {t.target: t for t in tracker.tracks}

    together = clicked(["down", "up", "still"])
    for name in paths:
        for one, other in zip(clicked([name])[name].points, together[name].points, strict=True):
            assert one == other, name


@pytest.mark.parametrize("gap", [8.0, 12.0])
def test_heads_side_by_side_that_part_are_followed_or_doubted(gap: float) -> None:
    """8 px apart, ovals of 14 x 9 px are one blob at first."""

    def left(frame: int) -> tuple[float, float]:
        return 90 - max(frame - 10, 0) * 1.5, 70.0

    def right(frame: int) -> tuple[float, float]:
        return 90 + gap + max(frame - 10, 0) * 1.5, 70.0

    found = follow({"left": left, "right": right}, angle=lambda f: 90.0)
    assert_right_or_doubtful(found, {"left": left, "right": right})


@pytest.mark.requirement("R-22")
@pytest.mark.parametrize("rise", [0.0, 0.3, 0.8, 1.5])
@pytest.mark.parametrize("seed", range(3))
def test_heads_that_cross_are_followed_or_doubted(rise: float, seed: int) -> None:
    sway = np.random.default_rng(seed).normal(0, 1.2, (4, 50)).cumsum(axis=1) * 0.4

    def down(frame: int) -> tuple[float, float]:
        return 30 + 2.5 * frame + sway[0, frame], 70 + rise * (frame - 25) + sway[1, frame]

    def back(frame: int) -> tuple[float, float]:
        return 155 - 2.5 * frame + sway[2, frame], 70 - rise * (frame - 25) + sway[3, frame]

    found = follow({"down": down, "back": back}, count=50)
    assert_right_or_doubtful(found, {"down": down, "back": back})


def assert_right_or_doubtful(found: dict[str, Track], paths: dict[str, Path]) -> None:
    for name, path in paths.items():
        for point in found[name].points:
            if point.status is TrackStatus.MEASURED:
                assert math.dist((point.x_px, point.y_px), path(point.frame)) < 8, point
        if errors(found[name], path)[-1] >= 8:
            assert found[name].doubts, name


def test_a_doubt_names_its_frame_and_ends_with_a_click() -> None:
    """Two alike that meet, rest as one and go apart elsewhere: nobody can tell which is which."""

    def place(frame: int, side: int) -> tuple[float, float]:
        before, after = max(15 - frame, 0), max(frame - 24, 0)
        return 95 + side * (1 + 2.0 * before), 70 + side * 2.0 * after

    def left(frame: int) -> tuple[float, float]:
        return place(frame, -1)

    def right(frame: int) -> tuple[float, float]:
        return place(frame, 1)

    found = follow({"left": left, "right": right}, count=45, angle=lambda f: 90.0)["left"]
    assert found.doubts
    assert all(8 <= doubt.frame <= 26 for doubt in found.doubts)
    doubtful = [p for p in found.points if p.doubt is not None]
    assert {p.status for p in doubtful} == {TrackStatus.PREDICTED}
    click = Seed(target="left", frame=34, x_px=left(34)[0], y_px=left(34)[1])
    mended = follow(
        {"left": left, "right": right}, count=45, angle=lambda f: 90.0, corrections=[click]
    )["left"]
    assert all(p.doubt is None for p in mended.points[34:])


@pytest.mark.requirement("R-22")
def test_two_tracks_that_end_on_one_head_are_both_doubted() -> None:
    """The one passes the other and dissolves there; its track has nothing else to go on to."""

    def passing(frame: int) -> tuple[float, float]:
        return 60 + 3.0 * frame, 62.0

    seeds = [
        Seed(target=n, frame=0, x_px=p(0)[0], y_px=p(0)[1])
        for n, p in (("passing", passing), ("still", still))
    ]
    tracker = Tracker(seeds)
    for frame in range(45):
        heads = [still(frame), passing(frame)] if frame < 19 else [still(frame)]
        image = picture(heads, frame=frame)
        tracker.step(GreyFrame(index=frame, time_s=frame / FPS, image=image))
    gone, resting = tracker.tracks
    assert not any(p.status is TrackStatus.MEASURED for p in gone.points[24:])
    assert all(d.frame >= 10 for d in (*gone.doubts, *resting.doubts))


@pytest.mark.parametrize("share", [lambda f: 1 - 0.35 * f / 39, lambda f: 1.0 if f < 15 else 0.65])
def test_a_fading_lamp_or_a_drop_of_exposure_is_survived(share: Callable[[int], float]) -> None:
    tracker = Tracker([Seed(target="1", frame=0, x_px=straight(0)[0], y_px=straight(0)[1])])
    for frame in range(40):
        image = (picture([straight(frame)], frame=frame) * share(frame)).astype(np.uint8)
        tracker.step(GreyFrame(index=frame, time_s=frame / FPS, image=image))
    (found,) = tracker.tracks
    assert errors(found, straight).max() < 2
    assert all(p.status is TrackStatus.MEASURED for p in found.points[1:])


def test_hidden_for_a_moment_is_predicted_and_found_again() -> None:
    found = follow({"1": straight}, hidden=lambda f: 15 <= f < 19)["1"]
    assert {found.points[i].status for i in range(15, 19)} <= {
        TrackStatus.PREDICTED,
        TrackStatus.LOST,
    }
    assert all(p.status is TrackStatus.MEASURED for p in found.points[25:])
    assert errors(found, straight)[25:].max() < 2


@pytest.mark.requirement("R-23")
def test_what_leaves_the_field_is_said_and_its_track_ends() -> None:
    def leaving(frame: int) -> tuple[float, float]:
        return 150 + 4.0 * frame, 80.0

    found = follow({"1": leaving}, count=45)["1"]
    assert found.left_frame is not None
    assert abs(found.left_frame - 13) <= 2  # its centre crosses the border in frame 12
    assert found.points[-1].frame == found.left_frame - 1
    assert all(p.status is not TrackStatus.LOST for p in found.points)
    assert all(0 <= p.x_px < SIZE[1] for p in found.points)
    assert not found.doubts


def test_a_click_after_the_sperm_left_takes_the_track_up_again() -> None:
    def leaving(frame: int) -> tuple[float, float]:
        return 150 + 4.0 * frame, 80.0

    seed = Seed(target="1", frame=30, x_px=still(0)[0], y_px=still(0)[1])
    found = follow({"1": leaving, "2": still}, count=45, corrections=[seed])["1"]
    assert found.left_frame is None
    assert [p.frame for p in found.points] == list(range(45))
    assert found.points[25].status is TrackStatus.LOST
    assert found.points[-1].status is TrackStatus.MEASURED


@pytest.mark.parametrize("height", [142.0, 146.0, 150.0])
@pytest.mark.parametrize("ahead", [-6.0, 0.0])
def test_what_leaves_is_not_taken_for_one_that_swims_by(height: float, ahead: float) -> None:
    """Where a jerky head goes out of the picture, the next one near is another one."""
    jerks = np.random.default_rng(1).normal(0, 3, (40, 4))

    def leaving(frame: int) -> tuple[float, float]:
        return 90 + frame + jerks[frame, 0], 104 + 3 * frame + jerks[frame, 1]

    def swimming_by(frame: int) -> tuple[float, float]:
        return 110 + ahead - 3 * (frame - 19) + jerks[frame, 2], height + jerks[frame, 3]

    seed = Seed(target="1", frame=0, x_px=leaving(0)[0], y_px=leaving(0)[1])
    tracker = Tracker([seed])
    for frame in range(40):
        image = picture([leaving(frame), swimming_by(frame)], frame=frame)
        tracker.step(GreyFrame(index=frame, time_s=frame / FPS, image=image))
    (found,) = tracker.tracks
    assert found.left_frame is not None
    assert abs(found.left_frame - 19) <= 5
    assert found.points[-1].status is not TrackStatus.MEASURED or found.left_frame <= 21


@pytest.mark.requirement("R-23")
def test_gone_for_good_is_lost_and_not_followed_into_the_noise() -> None:
    found = follow({"1": still}, hidden=lambda f: f >= 10, count=60)["1"]
    assert found.points[-1].status is TrackStatus.LOST
    assert not any(p.status is TrackStatus.MEASURED for p in found.points[30:])


def test_repeated_frames_keep_the_place_and_are_marked() -> None:
    repeated = frozenset(range(6, 40, 6))
    found = follow({"1": straight}, repeated=repeated)["1"]
    for i in repeated:
        here, before = found.points[i], found.points[i - 1]
        assert here.is_duplicate
        assert (here.x_px, here.y_px) == pytest.approx((before.x_px, before.y_px), abs=0.6)
    after = [errors(found, straight)[i + 1] for i in repeated if i + 1 < 40]
    assert max(after) < 1.5


@pytest.mark.requirement("R-24")
@pytest.mark.parametrize(("off_px", "is_exact"), [(0, False), (4, False), (4, True)])
def test_a_correction_says_which_head_or_keeps_its_place(off_px: float, is_exact: bool) -> None:
    x_px, y_px = still(0)
    correction = Seed(target="1", frame=20, x_px=x_px + off_px, y_px=y_px, is_exact=is_exact)
    found = follow({"1": straight, "2": still}, corrections=[correction])
    track_1 = {p.frame: (p.x_px, p.y_px) for p in found["1"].points}
    corrected = found["1"].at(20)
    assert corrected is not None
    assert corrected.status is TrackStatus.MANUAL
    expected = (x_px + off_px, y_px) if is_exact else (x_px, y_px)
    assert math.dist(track_1[20], expected) < (1e-9 if is_exact else 1)
    assert math.dist(track_1[35], expected) < 2
    # A click that misses the centre is no way that the sperm swam.
    assert math.dist(track_1[20], track_1[21]) < 1


def test_a_seed_in_the_middle_starts_there() -> None:
    seed = Seed(target="late", frame=10, x_px=straight(10)[0], y_px=straight(10)[1])
    tracker = Tracker([seed])
    for frame in range(5, 30):
        image = picture([straight(frame)], frame=frame)
        points = tracker.step(GreyFrame(index=frame, time_s=frame / FPS, image=image))
        assert ("late" in points) == (frame >= 10)
    (found,) = tracker.tracks
    assert [p.frame for p in found.points] == list(range(10, 30))


@pytest.mark.parametrize(
    "seeds",
    [
        [Seed(target="1", frame=0, x_px=-3.0, y_px=10.0)],
        [Seed(target="1", frame=0, x_px=500.0, y_px=10.0)],
        [Seed(target="1", frame=0, x_px=math.nan, y_px=10.0)],
        [
            Seed(target="1", frame=0, x_px=20.0, y_px=10.0),
            Seed(target="1", frame=0, x_px=25.0, y_px=10.0),
        ],
    ],
    ids=["left of the frame", "right of the frame", "no number", "twice in a frame"],
)
def test_impossible_seeds_are_one_sentence(seeds: list[Seed]) -> None:
    with pytest.raises(TrackingError, match=r"^[A-Z].*\.$"):
        Tracker(seeds).step(GreyFrame(index=0, time_s=0, image=picture([], frame=0)))


def test_a_click_whose_frame_was_passed_over_is_named() -> None:
    missed = Seed(target="early", frame=0, x_px=20.0, y_px=20.0)
    with pytest.raises(TrackingError, match="target early in frame 0"):
        Tracker([missed]).step(GreyFrame(index=2, time_s=2 / FPS, image=picture([], frame=2)))


def test_frames_must_come_in_order_and_keep_their_size() -> None:
    def started() -> Tracker:
        tracker = Tracker([Seed(target="1", frame=0, x_px=30.0, y_px=40.0)])
        tracker.step(GreyFrame(index=0, time_s=0, image=picture([straight(0)], frame=0)))
        return tracker

    again = GreyFrame(index=0, time_s=0, image=picture([straight(0)], frame=0))
    with pytest.raises(TrackingError):
        started().step(again)
    other = GreyFrame(index=1, time_s=1 / FPS, image=np.full((50, 50), 150, np.uint8))
    with pytest.raises(TrackingError):
        started().step(other)
