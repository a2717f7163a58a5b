"""Each quality flag fires where it should and is silent where it should be."""

import math
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.domain import (
    Clip,
    CropBox,
    Doubt,
    DoubtKind,
    Gate,
    ModelInfo,
    Seed,
    Severity,
    Track,
    TrackPoint,
    TrackStatus,
    VideoInfo,
)
from rostfine_core.quality.flags import hand_flags, is_on_a_head, quality_flags, recording_flags
from rostfine_core.quality.head import (
    head_length_and_edge,
    measured_heads,
    outline_length,
)
from rostfine_core.quality.training_flags import SIZE_MARGIN
from rostfine_core.simulation import simulate_clip

MODEL = ModelInfo(
    file_name="m.safetensors",
    sha256="0" * 64,
    dataset_kind="Clinic",
    config_json="{}",
    preprocessing_json="{}",
    trained_fps=15.0,
    trained_um_per_px=0.19,
    trained_head_length_px=(18.0, 36.0),
    trained_samples=60,
)
VIDEO = VideoInfo(
    path="a.avi",
    width_px=1392,
    height_px=976,
    frame_count=175,
    fps=15.0,
    duration_s=175 / 15,
    codec="mjpeg",
    is_colour=True,
    bit_depth=8,
    timestamps_s=tuple(i / 15 for i in range(175)),
)


def picture(
    *, length_px: float = 26, blur_px: float = 0.0, level: int = 140, contrast: int = 60
) -> NDArray[np.uint8]:
    """A dark oval head of known length at the centre of a crop, with a little noise."""
    canvas = np.full((600, 600), level, np.float32)
    axes = (round(2 * length_px), round(1.2 * length_px))
    cv2.ellipse(canvas, (300, 300), axes, 30, 0, 360, level - contrast, -1)
    grey = cv2.resize(canvas, (150, 150), interpolation=cv2.INTER_AREA)
    if blur_px:
        grey = cv2.GaussianBlur(grey, (0, 0), blur_px)
    noisy = grey + np.random.default_rng(0).normal(0, 2, grey.shape)
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def clip_of(image: NDArray[np.uint8], *, padded_share: float = 0.0) -> Clip:
    boxes = tuple(
        CropBox(
            frame=i,
            time_s=i / 15,
            centre_x_px=300,
            centre_y_px=300,
            size_px=150,
            padded_share=padded_share if i == 3 else 0.0,
            status=TrackStatus.MEASURED,
        )
        for i in range(16)
    )
    return Clip(target="1", images=np.stack([image] * 16), boxes=boxes)


def track_of(*statuses: TrackStatus, score: float = 0.9) -> Track:
    points = tuple(
        TrackPoint(
            frame=i,
            time_s=i / 15,
            x_px=math.nan if s is TrackStatus.LOST else 300.0,
            y_px=math.nan if s is TrackStatus.LOST else 300.0,
            score=score,
            status=s,
        )
        for i, s in enumerate(statuses)
    )
    return Track(target="1", points=points)


GOOD_TRACK = track_of(*[TrackStatus.MEASURED] * 20)
ANYTHING = Gate(
    limits={},
    usual_head_px=(0.0, 1e3),
    names=("side",),
    mean=(0.0,),
    precision=((1.0,),),
    farthest=1e3,
    clips=1,
    samples=1,
)
"""What every clip passes."""


def codes(
    *,
    track: Track = GOOD_TRACK,
    clip: Clip | None = None,
    video: VideoInfo = VIDEO,
    um_per_px: float | None = 0.19,
    model: ModelInfo = MODEL,
) -> set[str]:
    flags = quality_flags(
        track=track, clip=clip or clip_of(picture()), video=video, um_per_px=um_per_px, model=model
    )
    assert all(str(flag.reason).endswith(".") for flag in flags)
    return {flag.code for flag in flags} - {"training_looks_unknown"}  # for want of a gate


def test_a_good_sperm_raises_no_flag() -> None:
    assert codes() == set()


@pytest.mark.parametrize("length_px", [20, 26, 34])
def test_the_heads_length_is_measured(length_px: float) -> None:
    found = head_length_and_edge(picture(length_px=length_px))
    assert found is not None
    assert found[0] == pytest.approx(length_px, rel=0.12)


def test_the_dark_rim_of_the_field_is_not_taken_for_the_head() -> None:
    image = picture(length_px=26)
    inner = image[6:-6, 6:-6].copy()
    image[:] = 60
    image[6:-6, 6:-6] = inner
    found = head_length_and_edge(image)
    assert found is not None
    assert found[0] == pytest.approx(26, rel=0.12)


@pytest.mark.requirement("R-34")
def test_what_the_crops_border_cuts_is_not_measured_as_a_head() -> None:
    """A track that came onto the dark rim of the field was said to follow a head of 130 px."""
    image = picture(contrast=0)
    image[:, : image.shape[1] // 2 + 4] = 20
    assert head_length_and_edge(image) is None
    assert codes(clip=clip_of(image)) & {"sperm_too_large", "head_not_found"} == {"head_not_found"}


@pytest.mark.parametrize("length_px", [80, 130, 160])
@pytest.mark.parametrize("contrast", [60, -60])
def test_a_head_longer_than_the_crop_is_too_large(length_px: int, contrast: int) -> None:
    """It was said that nothing was clicked, and that no head can be measured."""
    clip = clip_of(picture(length_px=length_px, contrast=contrast))
    clicked = replace(clip.boxes[0], status=TrackStatus.MANUAL)
    clip = replace(clip, boxes=(clicked, *clip.boxes[1:]))
    assert is_on_a_head(clip)
    told = codes(clip=clip)
    assert "sperm_too_large" in told
    assert not told & {"head_not_found", "no_head_at_click", "crop_over_border"}


@pytest.mark.requirement("R-34")
@pytest.mark.parametrize(("beyond", "told"), [(30, "the crop reaches"), (72, "the sperm lies")])
def test_the_dark_rim_of_a_round_field_is_named(beyond: int, told: str) -> None:
    image = picture()
    image[:, :beyond] = 5
    flags = recording_flags(GOOD_TRACK, clip_of(image))
    (flag,) = (f for f in flags if f.code == "crop_over_border")
    assert told in str(flag.reason)
    assert "16 of 16 frames" in str(flag.reason)


def test_a_head_beside_another_is_no_longer_for_that() -> None:
    """Measured by contrast alone it had 2.4 times its length, and the sperm was too large."""
    clip = simulate_clip(122, seed=77)
    true_px = clip.sperm.shape.head_length_um / clip.um_per_px
    assert outline_length(measured_heads(clip.images)) == pytest.approx(true_px, rel=0.1)
    shown = replace(clip_of(clip.images[0]), images=clip.images)
    assert not codes(clip=shown) & {"sperm_too_large", "scale_doubtful"}


def test_a_peak_on_the_tail_does_not_make_the_background_the_head() -> None:
    clip = simulate_clip(28, seed=9)
    true_px = clip.sperm.shape.head_length_um / clip.um_per_px
    found = [h for h in map(head_length_and_edge, clip.images) if h is not None]
    # Its large vacuole opens the rim, so that the head may come out too short.
    assert 0.5 * true_px < np.median([length for length, _ in found]) < 1.3 * true_px


def test_a_thick_neck_is_not_measured_with_the_head() -> None:
    """Of the first simulated clips, hardly any measures over a quarter too long."""
    ratios = []
    for index in range(40):
        clip = simulate_clip(index, seed=2)
        found = outline_length(measured_heads(clip.images))
        assert found is not None
        ratios.append(found * clip.um_per_px / clip.sperm.shape.head_length_um)
    assert np.mean(np.array(ratios) > SIZE_MARGIN) <= 0.02
    assert np.mean(np.array(ratios) < 1 / SIZE_MARGIN) <= 0.05


@pytest.mark.requirement("R-25")
def test_a_click_on_empty_ground_is_told_even_if_a_head_is_found_later() -> None:
    clip = clip_of(picture())
    images = clip.images.copy()
    images[0] = picture(contrast=0)
    missed = replace(
        clip,
        images=images,
        boxes=(replace(clip.boxes[0], status=TrackStatus.MANUAL), *clip.boxes[1:]),
    )
    assert codes(clip=missed) == {"no_head_at_click"}
    assert codes(clip=replace(missed, images=clip.images)) == set()


@pytest.mark.requirement("R-23")
def test_lost_and_uncertain_tracks() -> None:
    lost = track_of(*[TrackStatus.MEASURED] * 15, *[TrackStatus.LOST] * 5)
    assert codes(track=lost) == {"track_lost"}
    guessed = track_of(*[TrackStatus.MEASURED] * 10, *[TrackStatus.PREDICTED] * 10)
    assert codes(track=guessed) == {"track_uncertain"}
    assert codes(track=track_of(*[TrackStatus.MEASURED] * 20, score=0.3)) == {"track_uncertain"}
    assert codes(track=track_of(*[TrackStatus.MANUAL] * 20, score=0.3)) == set()


@pytest.mark.requirement("R-22")
def test_a_doubtful_track_names_the_frame_to_check() -> None:
    track = track_of(*[TrackStatus.MEASURED] * 8, *[TrackStatus.PREDICTED] * 12)
    doubt = Doubt(DoubtKind.MEETING, 8)
    points = tuple(replace(p, doubt=doubt if p.frame >= 8 else None) for p in track.points)
    (flag,) = recording_flags(replace(track, points=points), clip_of(picture()))
    assert (flag.code, flag.severity) == ("track_doubtful", Severity.WARNING)
    assert "From frame 8 on" in str(flag.reason)


@pytest.mark.requirement("R-22")
@pytest.mark.parametrize("kind", [DoubtKind.MEETING, DoubtKind.SHARED])
def test_a_doubt_that_a_correction_ended_is_said_with_its_end(kind: DoubtKind) -> None:
    before, doubtful = [TrackStatus.MEASURED] * 8, [TrackStatus.PREDICTED] * 6
    after = [TrackStatus.MANUAL, *[TrackStatus.MEASURED] * 15]
    track = track_of(*before, *doubtful, *after)
    hidden = Doubt(DoubtKind.MEETING, 11)

    def reason(frame: int) -> Doubt | None:
        return Doubt(kind, 8) if 8 <= frame < 11 else hidden if 11 <= frame < 14 else None

    points = tuple(replace(p, doubt=reason(p.frame)) for p in track.points)
    flags = recording_flags(replace(track, points=points), clip_of(picture()))
    told = [str(flag.reason) for flag in flags if flag.code == "track_doubtful"]
    assert "From frame 8 to 13 " in told[0]
    assert "From frame 11 to 13 " in told[1]


@pytest.mark.requirement("R-22")
def test_a_doubt_is_not_ended_by_another_or_by_a_loss() -> None:
    track = track_of(*[TrackStatus.PREDICTED] * 12, *[TrackStatus.LOST] * 8)
    first, second = Doubt(DoubtKind.MEETING, 2), Doubt(DoubtKind.SHARED, 6)
    points = tuple(
        replace(p, doubt=None if p.frame >= 12 else first if p.frame < 6 else second)
        for p in track.points
    )
    flags = recording_flags(replace(track, points=points), clip_of(picture()))
    told = [str(flag.reason) for flag in flags if flag.code == "track_doubtful"]
    assert "From frame 2 on" in told[0]
    assert "From frame 6 on" in told[1]


def test_what_left_the_picture_is_said_and_is_no_loss() -> None:
    track = replace(track_of(*[TrackStatus.MEASURED] * 20), left_frame=20)
    (flag,) = recording_flags(track, clip_of(picture()))
    assert (flag.code, flag.severity) == ("track_left", Severity.NOTICE)
    assert "from frame 20 on the middle of its head" in str(flag.reason)


def test_a_correction_far_from_the_track_is_told() -> None:
    points = list(track_of(*[TrackStatus.MEASURED] * 12, *[TrackStatus.MANUAL] * 8).points)
    points[12:] = [replace(p, x_px=p.x_px + 60) for p in points[12:]]
    assert codes(track=Track(target="1", points=tuple(points))) == {"track_jump"}


def test_a_far_correction_is_told_also_in_a_frame_that_repeats_the_one_before() -> None:
    points = list(track_of(*[TrackStatus.MEASURED] * 20).points)
    points[12:] = [replace(p, x_px=p.x_px + 60) for p in points[12:]]
    points[12] = replace(points[12], status=TrackStatus.MANUAL, is_duplicate=True)
    assert codes(track=Track(target="1", points=tuple(points))) == {"track_jump"}


@pytest.mark.requirement("R-13")
@pytest.mark.parametrize(
    ("um_per_px", "is_told"), [(0.19, False), (0.019, True), (1.9, True), (None, False)]
)
def test_a_slip_of_the_scale_is_told_by_the_heads_length(
    um_per_px: float | None, is_told: bool
) -> None:
    assert ("scale_doubtful" in codes(um_per_px=um_per_px)) is is_told


@pytest.mark.parametrize(
    ("samples", "told"),
    [(9, {"few_training_samples"}), (10, set()), (None, {"training_samples_unknown"})],
)
def test_a_model_of_few_or_of_unknown_samples_is_told(samples: int | None, told: set[str]) -> None:
    assert codes(model=replace(MODEL, trained_samples=samples)) == told


def test_an_ensemble_is_told_by_its_member_of_fewest_samples() -> None:
    (flag,) = quality_flags(
        track=GOOD_TRACK,
        clip=clip_of(picture()),
        video=VIDEO,
        um_per_px=0.19,
        model=replace(MODEL, trained_samples=None, fewest_trained_samples=8),
        gate=ANYTHING,
    )
    assert flag.code == "few_training_samples"
    assert "a model of this ensemble saw only 8 sample(s)" in str(flag.reason)
    assert codes(model=replace(MODEL, trained_samples=None, fewest_trained_samples=10)) == set()


def test_a_crop_over_the_border_names_the_share() -> None:
    flags = quality_flags(
        track=GOOD_TRACK,
        clip=clip_of(picture(), padded_share=0.31),
        video=VIDEO,
        um_per_px=0.19,
        model=MODEL,
        gate=ANYTHING,
    )
    assert [f.code for f in flags] == ["crop_over_border"]
    assert "1 of 16" in str(flags[0].reason)
    assert "31%" in str(flags[0].reason)


@pytest.mark.requirement("R-34")
@pytest.mark.parametrize(
    ("image", "code"),
    [
        (picture(level=30, contrast=28), "too_dark"),
        (picture(level=250), "too_bright"),
        (picture(blur_px=9), "out_of_focus"),
        (picture(contrast=0), "head_not_found"),
        (picture(length_px=11), "sperm_too_small"),
        (picture(length_px=60), "sperm_too_large"),
    ],
)
def test_pictures_that_the_model_should_not_be_asked_about(
    image: NDArray[np.uint8], code: str
) -> None:
    assert code in codes(clip=clip_of(image))


@pytest.mark.requirement("R-34")
def test_frame_rate_and_scale_unlike_the_training() -> None:
    assert codes(video=replace(VIDEO, fps=60.0)) == {"fps_unlike_training"}
    assert codes(video=replace(VIDEO, fps=8.0)) == {"fps_unlike_training"}
    assert codes(video=replace(VIDEO, fps=20.0)) == set()


@pytest.mark.requirement("R-34")
@pytest.mark.parametrize(
    ("um_per_px", "magnification", "told"),
    [
        (0.35, 1.0, "training videos had"),  # as versions before resampling cut it
        (0.35, 0.35 / 0.19, ""),
        (0.1, 0.1 / 0.19, ""),
        (0.45, 0.45 / 0.19, "shows no more than the video does"),
        (5.0, 1.0, "training videos had"),
    ],
)
def test_of_the_scale_only_what_resampling_cannot_mend_is_told(
    um_per_px: float, magnification: float, told: str
) -> None:
    clip = clip_of(picture())
    boxes = tuple(replace(b, size_px=150 / magnification) for b in clip.boxes)
    flags = quality_flags(
        track=GOOD_TRACK,
        clip=replace(clip, boxes=boxes),
        video=VIDEO,
        um_per_px=um_per_px,
        model=MODEL,
    )
    reasons = [str(f.reason) for f in flags if f.code == "scale_unlike_training"]
    assert len(reasons) == bool(told)
    assert told in "".join(reasons)


def test_repeated_frames_do_not_raise_the_frame_rate() -> None:
    """15 pictures a second that a converter stored as 30 are 15 for the network too."""
    track = track_of(*[TrackStatus.MEASURED] * 31)
    points = tuple(replace(p, is_duplicate=p.frame % 2 == 0) for p in track.points)
    converted = replace(track, points=points)
    assert converted.distinct_share == pytest.approx(0.5)
    assert codes(track=converted, video=replace(VIDEO, fps=30.0)) == set()
    flags = quality_flags(
        track=converted,
        clip=clip_of(picture()),
        video=VIDEO,
        um_per_px=0.19,
        model=MODEL,
        gate=ANYTHING,
    )
    assert [f.code for f in flags] == ["fps_unlike_training"]
    assert "about 7.5 different frames per second (stored as 15 by repeating some)" in str(
        flags[0].reason
    )


@pytest.mark.parametrize("frames", [31, 43])
def test_all_sperm_of_a_converted_video_state_one_rate(frames: int) -> None:
    """25 pictures a second stored as 30: the share of repeats depends on where a track ends."""
    track = track_of(*[TrackStatus.MEASURED] * frames)
    points = tuple(replace(p, is_duplicate=p.frame % 6 == 5) for p in track.points)
    (flag,) = quality_flags(
        track=replace(track, points=points),
        clip=clip_of(picture()),
        video=replace(VIDEO, fps=30.0),
        um_per_px=0.19,
        model=MODEL,
        gate=ANYTHING,
    )
    assert "about 25 different frames per second (stored as 30" in str(flag.reason)


def test_what_cannot_be_checked_is_said() -> None:
    assert codes(um_per_px=None) == {"scale_unknown"}
    check = partial(
        quality_flags, track=GOOD_TRACK, clip=clip_of(picture()), video=VIDEO, model=MODEL
    )
    assert {f.code for f in check(um_per_px=0.19)} == {"training_looks_unknown"}
    odd = replace(ANYTHING, usual_head_px=(30.0, 40.0))
    (flag,) = check(um_per_px=None, gate=odd)
    assert (flag.code, flag.severity) == ("scale_unknown", Severity.WARNING)
    assert not check(um_per_px=0.19, gate=odd)
    silent = replace(MODEL, trained_fps=None, trained_um_per_px=None)
    assert codes(model=silent) == {"fps_unknown", "scale_unknown"}


@pytest.mark.parametrize(("faint", "is_told"), [(2, False), (8, True)])
def test_what_fades_after_the_click_may_be_another_thing(faint: int, is_told: bool) -> None:
    """A track that strays to a speck is well seen, and the speck looks like a head."""
    clip = clip_of(picture())
    speck = picture(contrast=18)
    images = [speck if i >= 16 - faint else image for i, image in enumerate(clip.images)]
    found = codes(clip=replace(clip, images=np.stack(images)))
    assert found == ({"track_strayed"} if is_told else set())


def test_a_clip_of_few_frames_is_told() -> None:
    clip = clip_of(picture())
    boxes = tuple(replace(box, frame=box.frame // 4) for box in clip.boxes)
    assert codes(clip=replace(clip, boxes=boxes)) == {"clip_short"}


def test_a_click_that_missed_is_told_first() -> None:
    """Whatever else is wrong follows from it."""
    empty = np.full((150, 150, 3), 20, np.uint8)
    clip = clip_of(empty)
    clicked = replace(clip.boxes[0], status=TrackStatus.MANUAL)
    lost = track_of(TrackStatus.MANUAL, *[TrackStatus.LOST] * 19)
    flags = quality_flags(
        track=lost,
        clip=replace(clip, boxes=(clicked, *clip.boxes[1:])),
        video=VIDEO,
        um_per_px=0.19,
        model=MODEL,
    )
    assert [f.code for f in flags][:2] == ["no_head_at_click", "track_lost"]


@pytest.mark.parametrize(("width_share", "is_told"), [(1.0, True), (0.6, False)])
def test_what_is_round_is_hardly_a_sperms_head(width_share: float, is_told: bool) -> None:
    canvas = np.full((600, 600), 140, np.float32)
    cv2.ellipse(canvas, (300, 300), (52, round(52 * width_share)), 30, 0, 360, 80, -1)
    grey = cv2.resize(canvas, (150, 150), interpolation=cv2.INTER_AREA)
    noisy = grey + np.random.default_rng(0).normal(0, 2, grey.shape)
    image = np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    clip = clip_of(image)
    clicked = replace(clip.boxes[0], status=TrackStatus.MANUAL)
    clip = replace(clip, boxes=(clicked, *clip.boxes[1:]))
    found = [
        f
        for f in recording_flags(track_of(*[TrackStatus.MEASURED] * 16), clip)
        if f.code == "no_sperm_head"
    ]
    assert [str(f.reason) for f in found] == [
        "What was clicked in frame 0 is round (26 by 26 px), as debris and round cells are and "
        "hardly a sperm's head: check that it is a sperm."
    ] * is_told


def test_a_point_that_was_placed_by_hand_is_told() -> None:
    clicked = Seed(target="1", frame=0, x_px=5, y_px=5)
    flags = hand_flags([replace(clicked, frame=7, is_exact=True), clicked])
    assert [(f.code, f.severity) for f in flags] == [("placed_by_hand", Severity.NOTICE)]
    assert "placed by hand in frame 7" in str(flags[0].reason)
