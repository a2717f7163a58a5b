"""The command ``rostfine``: one verb for each thing the core does.

Exit status: 0 good, 1 a failure that the user can mend (one sentence on stderr), 2 wrong use.
Heavy imports stand inside the verbs, so that ``rostfine track`` starts without torch.
"""

import argparse
import math
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from rostfine_core import __version__
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    Grade,
    LongJob,
    Result,
    SampleInfo,
    Seed,
)
from rostfine_core.errors import RostfineError

if TYPE_CHECKING:
    from rostfine_core.pipeline import AssessmentRequest, Outcome


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except RostfineError as error:
        print(f"rostfine: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("rostfine: stopped; what was saved before is untouched.", file=sys.stderr)
        return 130
    return status


def _track(arguments: argparse.Namespace) -> int:
    from rostfine_core.pipeline import track_video
    from rostfine_core.store import read_seeds, write_tracks

    seeds = read_seeds(arguments.seeds)
    tracks = _run(track_video(arguments.video, seeds=seeds, fps=arguments.fps))
    write_tracks(arguments.out, tracks)
    print(f"{len(tracks)} track(s) written to {arguments.out}")
    return 0


def _assess(arguments: argparse.Namespace) -> int:
    from rostfine_core.pipeline import AssessmentRequest

    request = AssessmentRequest(
        video=arguments.video,
        seeds=tuple(
            Seed(target=str(number), frame=arguments.frame, x_px=x, y_px=y)
            for number, (x, y) in enumerate(arguments.click, start=1)
        ),
        sample=SampleInfo(sample=arguments.sample, operator=arguments.operator),
        um_per_px=arguments.um_per_px,
        fps=arguments.fps,
    )
    return _assess_into(arguments, request)


def _demo(arguments: argparse.Namespace) -> int:
    from rostfine_core.bundled import DEMO_SEEDS, DEMO_VIDEO, bundled_path
    from rostfine_core.pipeline import AssessmentRequest
    from rostfine_core.store import read_seeds

    request = AssessmentRequest(
        video=bundled_path(DEMO_VIDEO),
        seeds=read_seeds(bundled_path(DEMO_SEEDS)),
        sample=SampleInfo(sample="DEMO", operator="demonstration"),
        um_per_px=DEMO_UM_PER_PX,
    )
    # The demonstration's own folder is made anew each time; any other may hold a sample's report.
    arguments.overwrite |= arguments.out == DEMO_FOLDER
    return _assess_into(arguments, request)


DEMO_FOLDER = Path("demo-report")
DEMO_UM_PER_PX = 0.19  # the magnification the demo video was simulated at


def _assess_into(arguments: argparse.Namespace, request: "AssessmentRequest") -> int:
    from rostfine_core.export import check_folder, export_sample
    from rostfine_core.pipeline import assess_video, check_seeds
    from rostfine_core.video import probe

    # What is wrong with the call is told before torch and the model are loaded.
    check_seeds(request.seeds, probe(request.video))
    check_folder(arguments.out, overwrite=arguments.overwrite)

    from rostfine_core.assessor import Assessor
    from rostfine_core.bundled import DEMO_MODEL, bundled_path

    model = arguments.model or bundled_path(DEMO_MODEL)
    assessor = Assessor.load(model, device=arguments.device)
    outcome = _run(assess_video(request, assessor=assessor))
    _run(export_sample(outcome.assessments, arguments.out, overwrite=arguments.overwrite))
    _print_outcome(outcome)
    print(f"Report: {arguments.out / 'report.pdf'}")
    for target, reason in outcome.rejected:
        print(f"rostfine: sperm {target} was not graded: {reason}", file=sys.stderr)
    return 1 if outcome.rejected else 0


def _print_outcome(outcome: "Outcome") -> None:
    """One line a sperm: the whole distribution, never a letter alone."""
    shares = "  ".join(f"{g.name:>4}" for g in Grade)
    print(f"sperm  {shares}  expected (A=1..E=5)  P(A or B)  flags")
    for one in outcome.assessments:
        grade = one.prediction.grade
        shares = "  ".join(f"{p:4.0%}" for p in grade.probabilities)
        flags = ", ".join(f.code for f in one.flags) or "none"
        numbers = f"{grade.expected_grade:19.2f}  {grade.p_a_or_b:9.0%}"
        print(f"{one.target:>5}  {shares}  {numbers}  {flags}")
    print(DISCLAIMER_AI_GRADE)
    if outcome.assessments[0].provenance.model.is_demonstration:
        print(DISCLAIMER_DEMONSTRATION)


def _simulate(arguments: argparse.Namespace) -> int:
    from rostfine_core.simulation import SceneSettings, write_dataset, write_scene
    from rostfine_core.video import write_video

    if arguments.kind == "dataset":
        count = arguments.count or 100
        processes = os.cpu_count() or 1
        _run(
            write_dataset(
                arguments.out,
                count=count,
                seed=arguments.seed,
                with_masks=arguments.masks,
                processes=processes,
            )
        )
        print(f"{count} labelled clips written to {arguments.out}")
        return 0
    for number in range(arguments.count or 1):
        width, height = arguments.size
        settings = SceneSettings(
            width_px=width,
            height_px=height,
            frame_count=arguments.frames,
            fps=arguments.fps,
            sperm_count=arguments.sperm,
            seed=arguments.seed + number,
        )
        folder = arguments.out / f"scene-{settings.seed:04d}"
        _run(write_scene(folder, settings=settings, write_video=write_video))
        print(f"Video and truth written to {folder}")
    return 0


def _train(arguments: argparse.Namespace) -> int:
    from rostfine_core.training import train

    # Of the processes that torchrun starts one speaks for all; errors each tells itself.
    is_main = os.environ.get("RANK", "0") == "0"
    result = _run(train(arguments.config), shows_progress=is_main)
    if is_main:
        print(result.summary)
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    from rostfine_core.training import evaluate

    result = _run(
        evaluate(
            arguments.model,
            arguments.dataset,
            out=arguments.out,
            flips=arguments.flips,
            calibrate_on=arguments.calibrate_on,
            shown_clips=arguments.clip,
            faithfulness_clips=arguments.faithfulness,
        )
    )
    print(result.summary)
    if arguments.out is not None:
        print(f"Report: {arguments.out / 'report.html'}")
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    from rostfine_core.training import compare

    print(_run(compare(arguments.config)).summary)
    return 0


def _build_dataset(arguments: argparse.Namespace) -> int:
    from rostfine_core.training.build import build_dataset

    job = build_dataset(
        arguments.plan, out=arguments.out, name=arguments.name, panel_size=arguments.panel_size
    )
    print(_run(job).summary)
    return 0


def _import_official(arguments: argparse.Namespace) -> int:
    from rostfine_core.training.official_data import import_official

    job = import_official(
        arguments.folder, out=arguments.out, name=arguments.name, panel_size=arguments.panel_size
    )
    _run(job)
    print(f"Data set written to {arguments.out}: every sperm is a sample of its own.")
    print("Correct the column `sample` of labels.csv before any result is trusted.")
    return 0


def _describe_dataset(arguments: argparse.Namespace) -> int:
    from rostfine_core.training.datasets import read_datasets
    from rostfine_core.training.statistics import describe_dataset

    print(describe_dataset(read_datasets(arguments.dataset)).summary)
    return 0


def _convert(arguments: argparse.Namespace) -> int:
    from rostfine_core.model import convert

    convert(
        arguments.input,
        arguments.output,
        gather=arguments.gather,
        top_k=arguments.top_k,
        selection_layers=arguments.selection_layers,
        branch=arguments.branch,
        branch_heads=arguments.branch_heads,
        dataset_kind=arguments.dataset,
    )
    print(f"Model written to {arguments.output}")
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from rostfine_core.doctor import examine

    findings = list(examine(arguments.folder))
    for finding in findings:
        print(f"{'ok  ' if finding.works else 'LOOK'}  {finding.subject:13}  {finding.detail}")
        if finding.advice:
            print(f"{'':21}{finding.advice}")
    return 0


def _run(job: LongJob[Result], *, shows_progress: bool = True) -> Result:
    """Exhaust a long job behind a progress bar on stderr (none where stderr is no terminal)."""
    hidden = None if shows_progress else True
    with closing(job), tqdm(disable=hidden, leave=False, file=sys.stderr) as bar:
        while True:
            try:
                progress = next(job)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            bar.set_description(progress.stage, refresh=False)
            bar.total = progress.total
            bar.update(progress.done - bar.n)


def _position(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not X,Y, such as 640,480") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise argparse.ArgumentTypeError(f"'{text}' holds a number that is not finite")
    return x, y


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above zero")
    return value


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 on")
    return int(text)


def _count(text: str) -> int:
    value = _whole(text)
    if value == 0:
        raise argparse.ArgumentTypeError("ask for at least 1")
    return value


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 16):
        raise argparse.ArgumentTypeError(f"'{text}' is not a size like 1392x976, 16x16 or larger")
    return int(width), int(height)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rostfine", description=__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=f"rostfine {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for add in (_add_working_verbs, _add_training_verbs, _add_care_verbs):
        add(verbs)
    return parser


Verbs = argparse._SubParsersAction  # argparse has no public name for it


def _add_working_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    track = verbs.add_parser("track", help="follow sperm through a video")
    track.add_argument("video", type=Path, help="video file or folder of numbered pictures")
    track.add_argument("--seeds", type=Path, required=True, help="CSV: target,frame,x,y")
    track.add_argument(
        "--out", type=Path, required=True, help="CSV: target,frame,x_px,y_px,score,status"
    )
    track.add_argument("--fps", type=_positive, help="true frame rate, if the file's is wrong")
    track.set_defaults(run=_track)

    assess = verbs.add_parser("assess", help="grade and explain sperm of a video")
    assess.add_argument("video", type=Path, help="video file or folder of numbered pictures")
    assess.add_argument(
        "--click",
        type=_position,
        action="append",
        required=True,
        metavar="X,Y",
        help="pixel on the head of a sperm (repeat for several sperm)",
    )
    assess.add_argument("--frame", type=_whole, default=0, help="frame of the clicks (default 0)")
    assess.add_argument("--um-per-px", type=_positive, help="calibration; speeds are px/s without")
    assess.add_argument("--fps", type=_positive, help="true frame rate, if the file's is wrong")
    assess.add_argument("--sample", default="", help="identity of the sample, for the report")
    assess.add_argument("--operator", default="", help="who looks, for the report")
    assess.add_argument("--out", type=Path, required=True, help="folder for the results")
    _add_grading_options(assess)
    assess.set_defaults(run=_assess)

    demo = verbs.add_parser("demo", help="assess the bundled demo video")
    demo.add_argument("--out", type=Path, default=DEMO_FOLDER, help="folder for the results")
    _add_grading_options(demo)
    demo.set_defaults(run=_demo)


def _add_grading_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, help="model file, or folder of several (default: the bundled one)"
    )
    parser.add_argument("--device", choices=("auto", "cuda", "cpu"), default="auto")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the results that the folder holds"
    )


def _add_training_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    simulate = verbs.add_parser("simulate", help="make videos or labelled clips with known truth")
    simulate.add_argument("--out", type=Path, required=True, help="folder for what is made")
    simulate.add_argument(
        "--kind",
        choices=("scene", "dataset"),
        default="scene",
        help="whole videos with true positions, or labelled clips to train on",
    )
    simulate.add_argument("--count", type=_count, help="videos (default 1) or clips (default 100)")
    simulate.add_argument("--seed", type=_whole, default=0, help="another seed, other sperm")
    simulate.add_argument(
        "--masks", action="store_true", help="keep where head, neck and tail are (data sets)"
    )
    scene = simulate.add_argument_group("of a scene")
    scene.add_argument("--size", type=_size, metavar="WxH", default=(1392, 976), help="in pixels")
    scene.add_argument("--frames", type=_count, default=175)
    scene.add_argument("--fps", type=_positive, default=15.0)
    scene.add_argument("--sperm", type=_whole, default=12, help="how many swim in it")
    simulate.set_defaults(run=_simulate)

    train = verbs.add_parser("train", help="train a model from a recipe; run again to resume")
    train.add_argument("config", type=Path, metavar="CONFIG.toml")
    train.set_defaults(run=_train)

    compare = verbs.add_parser("compare", help="train and score several methods, with tables")
    compare.add_argument("config", type=Path, metavar="CONFIG.toml")
    compare.set_defaults(run=_compare)

    build = verbs.add_parser("build-dataset", help="labelled clips from videos, clicks and votes")
    build.add_argument(
        "plan", type=Path, help="CSV: clip,sample,video,frame,x,y,votes_A,...,votes_E"
    )
    build.add_argument("--out", type=Path, required=True)
    build.add_argument("--name", required=True, help="what reports call the data")
    build.add_argument("--panel-size", type=_whole, default=40, help="votes a clip (default 40)")
    build.set_defaults(run=_build_dataset)

    official = verbs.add_parser(
        "import-official", help="labelled clips from the official implementation's pickles"
    )
    official.add_argument("folder", type=Path, help="holds grades.pkl and 16frame.pkl or td.pkl")
    official.add_argument("--out", type=Path, required=True)
    official.add_argument("--name", required=True, help="what reports call the data")
    official.add_argument("--panel-size", type=_count, default=40, help="experts (default 40)")
    official.set_defaults(run=_import_official)

    describe = verbs.add_parser(
        "describe-dataset", help="what labelled clips hold, and how far the experts agree"
    )
    describe.add_argument("dataset", type=Path, nargs="+")
    describe.set_defaults(run=_describe_dataset)

    evaluate = verbs.add_parser("evaluate", help="score a model on a labelled data set")
    evaluate.add_argument("model", type=Path, help="model file, or folder of several")
    evaluate.add_argument("dataset", type=Path)
    evaluate.add_argument("--out", type=Path, help="folder for the report and the tables")
    evaluate.add_argument(
        "--flips", action="store_true", help="answer by the mean over the clip's mirror images"
    )
    evaluate.add_argument(
        "--calibrate-on",
        type=Path,
        metavar="DATASET",
        help="fit a temperature on these held-back votes first",
    )
    evaluate.add_argument(
        "--clip",
        action="append",
        default=[],
        metavar="NAME",
        help="clip whose attention the report shows (repeat; default: three by their error)",
    )
    evaluate.add_argument(
        "--faithfulness",
        type=_count,
        default=0,
        metavar="N",
        help="measure the attention maps on N clips too (simulate --masks tells the parts)",
    )
    evaluate.set_defaults(run=_evaluate)


def _add_care_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    convert = verbs.add_parser(
        "convert", help="official RoSTFine .bin or TimeSformer .pyth to ours"
    )
    convert.add_argument("input", type=Path)
    convert.add_argument("output", type=Path, metavar="OUTPUT.safetensors")
    convert.add_argument(
        "--gather",
        choices=("official", "corrected"),
        default="corrected",
        help="official: fetch the patches that the official code fetched, for weights that were "
        "trained with it; corrected (default): those that were selected",
    )
    convert.add_argument(
        "--top-k", type=_count, default=3, help="patches selected in each frame (default 3)"
    )
    convert.add_argument(
        "--selection-layers",
        type=_count,
        default=1,
        help="last encoder blocks that the selection sums (default 1, as the official code; the "
        "paper says 2)",
    )
    convert.add_argument(
        "--branch",
        choices=("official", "paper"),
        default="official",
        help="kind of the branches (default official, the only one that official weights fit)",
    )
    convert.add_argument(
        "--branch-heads",
        type=_count,
        default=8,
        help="attention heads of the branches (default 8)",
    )
    convert.add_argument(
        "--dataset",
        default="not stated",
        help="name of the data that the weights were trained on, for every report (default: not "
        "stated)",
    )
    convert.set_defaults(run=_convert)

    doctor = verbs.add_parser("doctor", help="what works on this machine, and what to do about it")
    doctor.add_argument("--folder", type=Path, default=Path(), help="where results will be written")
    doctor.set_defaults(run=_doctor)


if __name__ == "__main__":
    sys.exit(main())
