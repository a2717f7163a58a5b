"""What the pipeline adds to its parts: corrected times, notes on the video, several sperm."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rostfine_core import pipeline
from rostfine_core.assessor import Assessor
from rostfine_core.clips import ClipSettings
from rostfine_core.domain import AnswerMode, HeadMeasure, LongJob, Seed, finish
from rostfine_core.errors import ModelError, TrackingError, VideoError
from rostfine_core.interlace import one_field
from rostfine_core.model import (
    Answering,
    Preprocessing,
    RoSTFine,
    Views,
    VoteCalibration,
    load_model,
    preset,
    save_model,
    write_answering,
)
from rostfine_core.pipeline import (
    AssessmentRequest,
    Outcome,
    PipelineSettings,
    assess_tracks,
    assess_video,
    track_video,
)
from rostfine_core.reproduction import reproduce
from rostfine_core.result_files import AssessmentRecord
from rostfine_core.result_files.assessment import from_json, to_json
from rostfine_core.simulation import SceneSettings, simulate_scene
from rostfine_core.tracking.head_detection import find_heads
from rostfine_core.tracking.head_measure import find_head
from rostfine_core.video import open_video, write_video
from rostfine_core.video.checksum import hash_video
from rostfine_core.video.identity import VideoIdentity

SETTINGS = PipelineSettings(clip=ClipSettings(size_px=64))


def assess(request: AssessmentRequest, assessor: Assessor) -> Outcome:
    with open_video(request.video) as video:
        return finish(assess_video(request, video=video, assessor=assessor))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Seed, ...], Assessor]:
    """A small field, clicks on its sperm and a small untrained network."""
    folder = tmp_path_factory.mktemp("pipeline")
    settings = SceneSettings(
        width_px=240, height_px=200, frame_count=30, sperm_count=2, speck_count=5, seed=4
    )
    scene = simulate_scene(settings)
    write_video(folder / "v.mp4", scene.frames(), fps=15)
    seeds = tuple(
        Seed(target=t.target, frame=0, x_px=float(t.xy_px[0, 0]), y_px=float(t.xy_px[0, 1]))
        for t in scene.truth.targets
        if t.visible[0]
    )
    torch.manual_seed(0)
    config = preset("demo", image_size=40, patch_size=8, embed_dim=20, depth=1, selection_layers=1)
    save_model(
        folder / "m.safetensors",
        RoSTFine(config).eval(),
        preprocessing=Preprocessing.of(config),
        training={},
        dataset_kind="simulated",
    )
    return folder / "v.mp4", seeds, Assessor.load(folder / "m.safetensors", device="cpu")


def test_one_pass_and_decoded_frames_give_the_same_assessment(
    made: tuple[Path, tuple[Seed, ...], Assessor],
) -> None:
    path, seeds, assessor = made
    request = AssessmentRequest(video=path, seeds=seeds, settings=SETTINGS)
    streamed: Outcome = assess(request, assessor)
    tracks = finish(track_video(path, seeds=seeds))
    with open_video(path) as video:
        cut: Outcome = finish(
            assess_tracks(
                request,
                tracks,
                info=video.info,
                video_sha256=finish(hash_video(VideoIdentity.of(path))),
                image_at=lambda index: video.frame(index).rgb(),
                assessor=assessor,
            )
        )
    assert [a.target for a in streamed.assessments] == [s.target for s in seeds]
    for one, other in zip(streamed.assessments, cut.assessments, strict=True):
        np.testing.assert_array_equal(one.clip.images, other.clip.images)
        assert one.prediction == other.prediction
        assert one.track == other.track
        assert one.provenance.video_sha256 == other.provenance.video_sha256


@pytest.mark.requirement("R-12")
def test_a_video_that_is_replaced_after_tracking_gives_no_assessment(
    made: tuple[Path, tuple[Seed, ...], Assessor], tmp_path: Path
) -> None:
    path, seeds, assessor = made
    own = tmp_path / "v.mp4"
    own.write_bytes(path.read_bytes())
    request = AssessmentRequest(video=own, seeds=seeds[:1], settings=SETTINGS)
    with open_video(own) as video:
        job = assess_video(request, video=video, assessor=assessor)
        while next(job).stage != "checksum":
            pass
        own.write_bytes(path.read_bytes()[::-1])
        with pytest.raises(VideoError, match="was changed or replaced after it was opened"):
            finish(job)


def test_a_corrected_frame_rate_scales_speeds_and_times(
    made: tuple[Path, tuple[Seed, ...], Assessor],
) -> None:
    path, seeds, assessor = made
    request = AssessmentRequest(video=path, seeds=seeds[:1], fps=7.5, settings=SETTINGS)
    (slow,) = assess(request, assessor).assessments
    assert slow.video.fps == 7.5
    assert slow.video.duration_s == pytest.approx(4.0)
    assert slow.track.points[-1].time_s == pytest.approx(29 / 7.5)
    assert slow.kinematics.fps == pytest.approx(7.5)


def other_clips(
    source: Path,
    target: Path,
    *,
    clip_frames: int = 16,
    clip_size_px: int = 150,
    um_per_px: float | None = None,
) -> Assessor:
    """The model of ``source`` as if it had been trained on clips of another size or scale."""
    model = load_model(source)
    save_model(
        target,
        model.network,
        preprocessing=replace(
            model.preprocessing, clip_frames=clip_frames, clip_size_px=clip_size_px
        ),
        training={"um_per_px": um_per_px},
        dataset_kind="simulated",
    )
    return Assessor.load(target, device="cpu")


def test_clips_have_as_many_frames_as_in_training(
    made: tuple[Path, tuple[Seed, ...], Assessor], tmp_path: Path
) -> None:
    path, seeds, _ = made
    source = path.with_name("m.safetensors")
    request = AssessmentRequest(video=path, seeds=seeds[:1], settings=SETTINGS)
    ten = other_clips(source, tmp_path / "ten.safetensors", clip_frames=10)
    (assessment,) = assess(request, ten).assessments
    assert len(assessment.clip.images) == 10
    assert json.loads(assessment.provenance.settings_json)["clip"]["frame_count"] == 10
    one = other_clips(source, tmp_path / "one.safetensors", clip_frames=1)
    with pytest.raises(ModelError, match=r"clips of 1 frame\(s\), which show no motion"):
        assess(request, one)


def test_crops_are_as_wide_as_in_training(
    made: tuple[Path, tuple[Seed, ...], Assessor], tmp_path: Path
) -> None:
    path, seeds, usual = made
    source = path.with_name("m.safetensors")
    request = AssessmentRequest(video=path, seeds=seeds[:1], settings=SETTINGS)
    wide = other_clips(source, tmp_path / "wide.safetensors", clip_size_px=200)
    (assessment,) = assess(request, wide).assessments
    assert assessment.clip.images.shape[1:3] == (200, 200)
    assert {box.size_px for box in assessment.clip.boxes} == {200}
    with pytest.raises(ModelError, match="is 200 pixels wide but the model needs 150"):
        next(usual.assess([assessment.clip]))


def test_clips_are_resampled_to_the_scale_of_the_training_and_made_again_as_they_were(
    made: tuple[Path, tuple[Seed, ...], Assessor], tmp_path: Path
) -> None:
    path, seeds, _ = made
    model = tmp_path / "finer.safetensors"
    finer = other_clips(path.with_name("m.safetensors"), model, um_per_px=0.16)
    request = AssessmentRequest(video=path, seeds=seeds[:1], um_per_px=0.2, settings=SETTINGS)
    (resampled,) = assess(request, finer).assessments
    assert resampled.clip.images.shape[1:3] == (150, 150)
    assert resampled.clip.boxes[0].size_px == pytest.approx(150 * 0.16 / 0.2)
    assert json.loads(resampled.provenance.settings_json)["clip"]["magnification"] == 0.2 / 0.16
    (as_cut,) = assess(replace(request, magnification=1.0), finer).assessments
    assert as_cut.clip.boxes[0].size_px == 150
    earlier = json.loads(as_cut.provenance.settings_json)
    del earlier["clip"]["magnification"]  # results of versions that did not resample lack it
    made_by = replace(as_cut.provenance, settings_json=json.dumps(earlier))
    for stored in (resampled, replace(as_cut, provenance=made_by)):
        record = from_json(to_json(AssessmentRecord.of(stored)), name="stored")
        (again,) = finish(reproduce([record], video=path, model=model))
        assert again.is_equal, again.differences
    (unknown,) = assess(replace(request, um_per_px=None), finer).assessments
    assert unknown.clip.boxes[0].size_px == 150
    assert "could not be resampled" in " ".join(str(f.reason) for f in unknown.flags)


@pytest.mark.requirement("R-80")
@pytest.mark.parametrize("mode", AnswerMode)
def test_an_answer_is_made_again_in_the_mode_of_then(
    made: tuple[Path, tuple[Seed, ...], Assessor], tmp_path: Path, mode: AnswerMode
) -> None:
    path, seeds, _ = made
    model = tmp_path / "calibrated.safetensors"
    calibration = VoteCalibration.of_temperature(0.5, clips=90, samples=9)
    answering = Answering(views=Views(orientations=2), calibration=calibration)
    write_answering(model, path.with_name("m.safetensors"), answering)
    request = AssessmentRequest(video=path, seeds=seeds[:1], settings=SETTINGS)
    (first,) = assess(request, Assessor.load(model, device="cpu", mode=mode)).assessments
    assert (first.prediction.uncalibrated is None) == (mode is not AnswerMode.FULL)
    assert len(first.prediction.views) == (0 if mode is AnswerMode.SINGLE_VIEW else 2)
    record = from_json(to_json(AssessmentRecord.of(first)), name="stored")
    (again,) = finish(reproduce([record], video=path, model=model))
    assert again.is_equal, again.differences


def test_notes_of_the_video_become_flags(
    made: tuple[Path, tuple[Seed, ...], Assessor], tmp_path: Path
) -> None:
    """A folder of pictures has no times, and the reader must know it."""
    path, seeds, assessor = made
    with open_video(path) as video:
        for frame in video.frames():
            cv2.imwrite(str(tmp_path / f"{frame.index:03d}.png"), frame.grey().image)
    request = AssessmentRequest(video=tmp_path, seeds=seeds[:1], settings=SETTINGS)
    (assessment,) = assess(request, assessor).assessments
    assert assessment.video.notes
    reasons = [f.reason for f in assessment.flags if f.code == "video"]
    assert tuple(reasons) == assessment.video.notes


def test_closing_the_job_stops_it_and_releases_the_video(
    made: tuple[Path, tuple[Seed, ...], Assessor],
) -> None:
    path, seeds, assessor = made
    request = AssessmentRequest(video=path, seeds=seeds, settings=SETTINGS)
    with open_video(path) as video:
        job = assess_video(request, video=video, assessor=assessor)
        assert next(job).stage == "tracking"
        job.close()
        with pytest.raises(StopIteration):
            next(job)
    path.rename(path.with_suffix(".moved"))  # an open file could not be moved on Windows
    path.with_suffix(".moved").rename(path)


def test_a_sperm_that_cannot_be_graded_is_rejected_alone_or_beside_others(
    made: tuple[Path, tuple[Seed, ...], Assessor],
) -> None:
    path, seeds, assessor = made
    late = replace(seeds[0], target="late", frame=29)
    rejected = []
    for clicked in ((late,), (late, seeds[1])):
        request = AssessmentRequest(video=path, seeds=clicked, settings=SETTINGS)
        outcome: Outcome = assess(request, assessor)
        assert len(outcome.assessments) == len(clicked) - 1
        rejected.append(outcome.rejected)
    assert rejected[0] == rejected[1]
    ((target, reason),) = rejected[0]
    assert target == "late"
    assert "too few to grade" in str(reason)


def test_grading_reports_progress_before_each_batch_but_not_after_the_last(
    made: tuple[Path, tuple[Seed, ...], Assessor],
) -> None:
    """Cancelling after the last step would throw away finished results."""
    path, seeds, assessor = made
    request = AssessmentRequest(video=path, seeds=seeds, settings=SETTINGS)
    with open_video(path) as video:
        job = assess_video(request, video=video, assessor=assessor)
        steps = [step for step in job if step.stage == "grading"]
    assert [(s.done, s.total) for s in steps] == [(0, len(seeds))] * (len(seeds) + 1)


def test_a_request_without_clicks_is_refused(made: tuple[Path, tuple[Seed, ...], Assessor]) -> None:
    path, _, assessor = made
    with pytest.raises(TrackingError, match="No sperm was clicked"):
        assess(AssessmentRequest(video=path, seeds=()), assessor)


@pytest.mark.requirement("R-25")
def test_empty_ground_is_graded_only_if_the_user_insists(
    made: tuple[Path, tuple[Seed, ...], Assessor],
) -> None:
    path, seeds, assessor = made
    with open_video(path) as video:
        image = video.frame(0).grey().image
    height, width = image.shape
    away = [
        (x, y)
        for x in range(40, width - 40, 10)
        for y in range(40, height - 40, 10)
        if find_head(image, x_px=x, y_px=y) is None
    ]
    assert away
    ground = Seed(target="ground", frame=0, x_px=away[0][0], y_px=away[0][1])
    request = AssessmentRequest(video=path, seeds=(*seeds, ground), settings=SETTINGS)
    outcome = assess(request, assessor)
    assert [target for target, _ in outcome.rejected] == ["ground"]
    assert "No head stands out at the click in frame 0" in str(outcome.rejected[0][1])
    by_hand = replace(ground, is_exact=True)
    for meant in (
        replace(request, seeds=(ground,), insist=True),
        replace(request, seeds=(by_hand,)),
    ):
        graded = assess(meant, assessor).assessments
        assert [one.target for one in graded] == ["ground"]
        assert "no_head_at_click" in {flag.code for flag in graded[0].flags}


@pytest.mark.requirement("R-20")
def test_the_clip_is_the_same_wherever_the_head_is_clicked(
    made: tuple[Path, tuple[Seed, ...], Assessor],
) -> None:
    path, seeds, _ = made
    tracks = [
        finish(track_video(path, seeds=[replace(seeds[0], x_px=x, y_px=y)]))[0]
        for x, y in [
            (seeds[0].x_px + dx, seeds[0].y_px + dy)
            for dx, dy in ((0, 0), (3, -2), (-4, 3), (2, 5))
        ]
    ]
    paths = np.array([[(p.x_px, p.y_px) for p in track.points] for track in tracks])
    assert abs(paths - paths[0]).max() == 0


def test_a_place_set_by_hand_is_kept(made: tuple[Path, tuple[Seed, ...], Assessor]) -> None:
    path, seeds, _ = made
    exact = replace(seeds[0], x_px=seeds[0].x_px + 6, is_exact=True)
    measured = finish(track_video(path, seeds=[seeds[0]]))[0]
    placed = finish(track_video(path, seeds=[exact]))[0]
    assert (placed.points[0].x_px, placed.points[0].y_px) == (exact.x_px, exact.y_px)
    first = placed.points[0].x_px - measured.points[0].x_px
    assert placed.points[10].x_px - measured.points[10].x_px == pytest.approx(first, abs=0.2)


@pytest.fixture
def leaving(tmp_path: Path) -> tuple[Path, Seed]:
    """A video in which a head swims out on the right, with the click on it."""
    rng = np.random.default_rng(1)
    frames = []
    for index in range(40):
        image = np.full((200, 240), 150, np.float32)
        cv2.ellipse(image, ((60 + 6 * index, 100), (22, 14), 0.0), 70, -1)
        noisy = cv2.GaussianBlur(image, (0, 0), 1.0) + rng.normal(0, 2, image.shape)
        frames.append(np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=2))
    write_video(tmp_path / "out.mp4", frames, fps=20)
    return tmp_path / "out.mp4", Seed(target="1", frame=0, x_px=62, y_px=101)


def test_clip_and_velocities_end_where_the_sperm_left_the_picture(
    made: tuple[Path, tuple[Seed, ...], Assessor], leaving: tuple[Path, Seed]
) -> None:
    _, _, assessor = made
    path, seed = leaving
    request = AssessmentRequest(video=path, seeds=(seed,), settings=SETTINGS)
    (one,) = assess(request, assessor).assessments
    left = one.track.left_frame
    assert left is not None
    assert 28 <= left <= 34  # its middle crosses the border in frame 30
    assert max(box.frame for box in one.clip.boxes) < left
    assert one.track.points[-1].frame == left - 1
    assert one.kinematics.span_s <= (left - 1) / 20
    assert one.kinematics.measured_points <= left
    codes = {flag.code for flag in one.flags}
    assert {"track_left", "crop_over_border"} <= codes
    assert "track_lost" not in codes


def test_a_place_set_by_hand_is_told(made: tuple[Path, tuple[Seed, ...], Assessor]) -> None:
    path, seeds, assessor = made
    exact = replace(seeds[0], x_px=seeds[0].x_px + 4, is_exact=True)
    request = AssessmentRequest(video=path, seeds=(exact, seeds[1]), settings=SETTINGS)
    told = [
        "placed_by_hand" in {flag.code for flag in one.flags}
        for one in assess(request, assessor).assessments
    ]
    assert told == [True, False]


def test_all_heads_are_looked_for_at_one_moment(
    woven: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[NDArray[np.uint8]] = []

    def search(image: NDArray[np.uint8]) -> LongJob[tuple[HeadMeasure, ...]]:
        searched.append(image)
        return find_heads(image)

    monkeypatch.setattr(pipeline, "find_heads", search)
    assert finish(track_video(woven, seeds=None))
    with open_video(woven) as video:
        assert np.array_equal(searched[0], one_field(video.frame(0).grey().image))
