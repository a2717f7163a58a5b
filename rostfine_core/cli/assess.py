"""The verbs for a lab's own videos: track, assess, and the demonstration."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.cli.arguments import (
    OF_FILE,
    Verbs,
    add_mode_options,
    count,
    position,
    positive,
    scale,
    whole,
)
from rostfine_core.cli.progress import run_job
from rostfine_core.cli.reports import (
    add_certificate_option,
    add_style_options,
    chosen_style,
    opened_certificate,
)
from rostfine_core.decoder_process import decoders
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    Assessment,
    Grade,
    Overview,
    QualityFlag,
    SampleInfo,
    Seed,
    Severity,
    Track,
    TrackStatus,
    VideoInfo,
    VideoSection,
    overview_frame,
)
from rostfine_core.errors import StoreError, TrackingError, VideoError

if TYPE_CHECKING:
    from rostfine_core.pipeline import AssessmentRequest, Outcome


def add_video_verbs(verbs: Verbs) -> None:
    """Add the verbs of this module."""
    _add_track(verbs)
    _add_assess(verbs)
    demo = verbs.add_parser("demo", help="assess the bundled demo video")
    demo.add_argument("--out", type=Path, default=DEMO_FOLDER, help="folder for the results")
    _add_grading_options(demo)
    demo.set_defaults(run=_demo, patient="")


def _add_track(verbs: Verbs) -> None:
    track = verbs.add_parser("track", help="follow sperm through a video")
    track.add_argument("video", type=Path, help="video file or folder of numbered pictures")
    which = track.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--seeds",
        type=Path,
        help="CSV: target,frame,x,y; 1 in a further column exact keeps a point placed by hand",
    )
    which.add_argument(
        "--all", action="store_true", help="follow every sperm head of the first frame"
    )
    track.add_argument(
        "--out", type=Path, required=True, help="CSV: target,frame,x_px,y_px,score,status"
    )
    track.add_argument(
        "--doubt", action="store_true", help="add a column with the reason why a frame is doubtful"
    )
    _add_video_options(track)
    track.set_defaults(run=_track)


def _add_assess(verbs: Verbs) -> None:
    assess = verbs.add_parser("assess", help="grade and explain sperm of a video")
    assess.add_argument("video", type=Path, help="video file or folder of numbered pictures")
    assess.add_argument(
        "--click",
        type=position,
        action="append",
        required=True,
        metavar="X,Y",
        help="pixel on a sperm's head (repeat for several sperm)",
    )
    assess.add_argument("--frame", type=whole, default=0, help="frame of the clicks (default 0)")
    assess.add_argument(
        "--insist",
        action="store_true",
        help="grade what was clicked even if no head stands out there, with a warning",
    )
    assess.add_argument(
        "--um-per-px",
        type=scale,
        metavar="F",
        help='calibration, or "file" for the scale that the file states; speeds are px/s without',
    )
    _add_video_options(assess)
    assess.add_argument("--sample", default="", help="name of the sample, for the report")
    assess.add_argument("--patient", default="", help="the patient's pseudonym, for the report")
    assess.add_argument("--operator", default="", help="who made the assessment, for the report")
    assess.add_argument("--out", type=Path, required=True, help="folder for the results")
    _add_grading_options(assess)
    assess.set_defaults(run=_assess)


def _add_video_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fps", type=positive, help="true frame rate, if the file's is wrong")
    parser.add_argument("--channel", help="name or number (from 1) of the channel to read")
    parser.add_argument("--z", type=count, help="number (from 1) of the plane in depth to read")


def _add_grading_options(parser: argparse.ArgumentParser) -> None:
    add_style_options(parser)
    parser.add_argument(
        "--model", type=Path, help="model file, or folder of several (default: the bundled one)"
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cuda", "cpu"),
        default="auto",
        help="where the network runs: cuda (an NVIDIA GPU), cpu, or auto (default): the GPU if "
        "there is one",
    )
    add_mode_options(parser)
    parser.add_argument(
        "--overwrite", action="store_true", help="replace results already in the folder"
    )
    add_certificate_option(parser)


def _track(arguments: argparse.Namespace) -> int:
    decoders.warm_up()  # while the rest is imported
    from rostfine_core.pipeline import track_video
    from rostfine_core.quality.same_head import same_head_flags
    from rostfine_core.result_files import read_seeds, write_tracks
    from rostfine_core.video import PlaneChoice

    for name, source in (("video", arguments.video), ("table of clicks", arguments.seeds)):
        if source is not None and arguments.out.resolve() == source.resolve():
            raise StoreError(f"{arguments.out} is the {name}: give --out another name.")
    seeds = None if arguments.all else read_seeds(arguments.seeds)
    choice = PlaneChoice(channel=arguments.channel, plane=arguments.z)
    tracks = run_job(track_video(arguments.video, seeds=seeds, fps=arguments.fps, choice=choice))
    write_tracks(arguments.out, tracks, with_doubt=arguments.doubt)
    for track in tracks:
        print(f"Sperm {track.target}: {_followed(track)}")
    for reason in dict.fromkeys(flag.reason for flag in same_head_flags(tracks).values()):
        print(f"rostfine: {reason}", file=sys.stderr)
    print(f"Written to {arguments.out}")
    return 0


def _followed(track: Track) -> str:
    """Describe how far a sperm was followed."""
    lost = [p.frame for p in track.points if p.status is TrackStatus.LOST]
    said = f"{len(track.points)} frame(s) from frame {track.first_frame} on"
    if lost:
        said = f"lost in {len(lost)} of {said}, first in frame {lost[0]}"
    else:
        said = f"followed in {said}"
    if track.left_frame is not None:
        said += f"; left the picture in frame {track.left_frame}"
    if track.doubts:
        said += f"; doubtful, check frame {', '.join(str(d.frame) for d in track.doubts)}"
    return said


def _assess(arguments: argparse.Namespace) -> int:
    from rostfine_core.pipeline import AssessmentRequest
    from rostfine_core.video import PlaneChoice

    request = AssessmentRequest(
        video=arguments.video,
        seeds=tuple(
            Seed(target=str(number), frame=arguments.frame, x_px=x, y_px=y)
            for number, (x, y) in enumerate(arguments.click, start=1)
        ),
        sample=SampleInfo(sample=arguments.sample, operator=arguments.operator),
        um_per_px=None if arguments.um_per_px == OF_FILE else arguments.um_per_px,
        fps=arguments.fps,
        choice=PlaneChoice(channel=arguments.channel, plane=arguments.z),
        insist=arguments.insist,
    )
    return _assess_into(arguments, request, is_scale_of_file=arguments.um_per_px == OF_FILE)


def _demo(arguments: argparse.Namespace) -> int:
    from rostfine_core.pipeline import demo_request

    request = demo_request()
    # The demonstration's own folder is replaced each time; any other may hold a sample's report.
    arguments.overwrite |= arguments.out == DEMO_FOLDER
    return _assess_into(arguments, request)


DEMO_FOLDER = Path("demo-report")


def _assess_into(
    arguments: argparse.Namespace, request: "AssessmentRequest", *, is_scale_of_file: bool = False
) -> int:
    decoders.warm_up()  # while the rest is imported
    from rostfine_core.export import check_folder, export_sample, sample_report
    from rostfine_core.pipeline import assess_video
    from rostfine_core.tracking import check_seeds
    from rostfine_core.video import open_video

    with open_video(request.video, request.choice) as video:
        if is_scale_of_file:
            request = replace(request, um_per_px=_scale_of(video.info))
        # Report a wrong call before torch and the model are loaded.
        check_seeds(request.seeds, video.info)
        check_folder(arguments.out, overwrite=arguments.overwrite)
        certificate = opened_certificate(arguments.certificate)
        _warn_of_letters(request.sample)

        from rostfine_core.assessor import Assessor
        from rostfine_core.bundled import DEMO_MODEL, bundled_path

        model = arguments.model or bundled_path(DEMO_MODEL)
        assessor = Assessor.load(model, device=arguments.device, mode=arguments.mode)
        outcome = run_job(assess_video(request, video=video, assessor=assessor))
        if not outcome.assessments:
            target, reason = outcome.rejected[0]
            raise TrackingError(f"Sperm {target} was not graded: {reason}")
        frame = overview_frame([a.track for a in outcome.assessments])
        overview = Overview(frame=frame, image=video.frame(frame).rgb(exact=False))
    section = VideoSection.of(outcome.assessments, left_out=outcome.rejected, overview=overview)
    run_job(
        export_sample(
            sample_report([section], patient=arguments.patient),
            arguments.out,
            style=chosen_style(arguments),
            overwrite=arguments.overwrite,
            certificate=certificate,
        )
    )
    _print_outcome(outcome)
    print(f"Report: {arguments.out / 'report.pdf'}")
    for target, reason in outcome.rejected:
        print(f"rostfine: sperm {target} was not graded: {reason}", file=sys.stderr)
    return 1 if outcome.rejected else 0


def _warn_of_letters(sample: SampleInfo) -> None:
    """Say before anything is signed which letters the report cannot show."""
    from rostfine_core.report.fonts import unprintable

    for name, text in (("sample", sample.sample), ("operator", sample.operator)):
        if letters := unprintable(text):
            print(
                f"rostfine: the report has no letters for {letters!r} in the {name} and prints "
                "their code points: use Latin, Greek, Cyrillic or Japanese letters to have it "
                "readable.",
                file=sys.stderr,
            )


def _scale_of(video: VideoInfo) -> float:
    if video.um_per_px is None:
        raise VideoError(f"{video.path} states no scale: give --um-per-px as a number.")
    return video.um_per_px


def _print_outcome(outcome: "Outcome") -> None:
    """Print a line per sperm with the whole distribution, never a letter alone; then the flags."""
    from rostfine_core.report.wording import flag_counts

    shares = "  ".join(f"{g.name:>4}" for g in Grade)
    print(f"sperm  {shares}  expected grade (A=1..E=5)  votes A or B  flags")
    for one in outcome.assessments:
        grade = one.prediction.grade
        shares = "  ".join(f"{p:4.0%}" for p in grade.probabilities)
        numbers = f"{grade.expected_grade:25.2f}  {grade.p_a_or_b:12.0%}"
        print(f"{one.target:>5}  {shares}  {numbers}  {flag_counts(one.flags)}")
    _print_flags(outcome.assessments)
    print(DISCLAIMER_AI_GRADE)
    print(outcome.assessments[0].provenance.model.notice)


def _print_flags(assessments: Sequence[Assessment]) -> None:
    """Print every flag once with the sperm that it concerns, warnings first."""
    targets: dict[QualityFlag, list[str]] = {}
    for one in assessments:
        for flag in one.flags:
            targets.setdefault(flag, []).append(one.target)
    for flag in sorted(targets, key=lambda f: f.severity is not Severity.WARNING):
        print(f"{flag.severity.capitalize()}, sperm {', '.join(targets[flag])}: {flag.reason}")
