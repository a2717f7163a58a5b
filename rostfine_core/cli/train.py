"""The verbs that lead to a model: simulation, data sets, training, evaluation, comparison."""

import argparse
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rostfine_core.cli.arguments import (
    Verbs,
    add_mode_options,
    count,
    fraction,
    positive,
    size,
    whole,
)
from rostfine_core.cli.progress import run_job
from rostfine_core.errors import ConfigError, how_to_add

Run = Callable[[argparse.Namespace], int]


def add_training_verbs(verbs: Verbs) -> None:
    """Add the verbs of this module."""
    _add_simulate(verbs)
    _add_data_sets(verbs)
    train = verbs.add_parser("train", help="train a model from a recipe; run it again to resume")
    train.add_argument("config", type=Path, metavar="CONFIG.toml")
    train.set_defaults(run=_with_extra(_train))
    pretrain = verbs.add_parser(
        "pretrain", help="let an encoder learn from clips without votes; run it again to resume"
    )
    pretrain.add_argument("config", type=Path, metavar="CONFIG.toml")
    pretrain.set_defaults(run=_with_extra(_pretrain))
    compare = verbs.add_parser("compare", help="train and compare several methods")
    compare.add_argument("config", type=Path, metavar="CONFIG.toml")
    compare.add_argument(
        "--plan", action="store_true", help="only print the runs and the hours they will take"
    )
    compare.add_argument(
        "--tflops",
        type=positive,
        metavar="N",
        help="your GPU's sustained speed in training, in 10^12 operations a second (with --plan)",
    )
    compare.set_defaults(run=_with_extra(_compare), wrong_use=compare.error)
    _add_evaluate(verbs)
    _add_calibrate(verbs)


def _add_simulate(verbs: Verbs) -> None:
    simulate = verbs.add_parser("simulate", help="make videos or labelled clips with known truth")
    simulate.add_argument("--out", type=Path, required=True, help="output folder")
    simulate.add_argument(
        "--kind",
        choices=("scene", "dataset"),
        default="scene",
        help="whole videos with true positions, or labelled clips to train on",
    )
    simulate.add_argument("--count", type=count, help="videos (default 1) or clips (default 100)")
    simulate.add_argument("--seed", type=whole, default=0, help="another seed gives other sperm")
    simulate.add_argument(
        "--masks", action="store_true", help="save masks of head, neck and tail (data sets)"
    )
    simulate.add_argument(
        "--look",
        choices=("clean", "camera", "negative"),
        help="a good microscope (default of scenes), the faults of everyday ones and their cameras "
        "(data sets by default have half of each), or negative phase contrast",
    )
    scene = simulate.add_argument_group("scenes only")
    scene.add_argument("--size", type=size, metavar="WxH", help="pixels (default 1392x976)")
    scene.add_argument("--frames", type=count, metavar="N", help="default 175")
    scene.add_argument("--fps", type=positive, metavar="F", help="default 15")
    scene.add_argument("--sperm", type=whole, metavar="N", help="number of sperm (default 12)")
    simulate.set_defaults(run=_simulate, wrong_use=simulate.error)


def _add_data_sets(verbs: Verbs) -> None:
    build = verbs.add_parser(
        "build-dataset", help="make labelled clips from videos, clicks and votes"
    )
    build.add_argument(
        "plan",
        type=Path,
        help="CSV: clip,sample,video,frame,x,y,votes_A,...,votes_E; without votes for pretrain",
    )
    _add_data_set_options(build)
    build.add_argument(
        "--abstentions", action="store_true", help="a clip may have fewer votes than experts"
    )
    build.add_argument(
        "--um-per-px",
        type=positive,
        metavar="S",
        help="resample all clips to this scale; the plan's column um_per_px says each video's",
    )
    build.set_defaults(run=_with_extra(_build_dataset))

    official = verbs.add_parser(
        "import-official", help="convert the official implementation's pickles to a data set"
    )
    official.add_argument(
        "folder", type=Path, help="folder with grades.pkl and 16frame.pkl or td.pkl"
    )
    _add_data_set_options(official)
    official.set_defaults(run=_with_extra(_import_official))

    describe = verbs.add_parser(
        "describe-dataset", help="describe labelled clips and how far the experts agree"
    )
    describe.add_argument("dataset", type=Path, nargs="+", help="data set folders")
    describe.set_defaults(run=_with_extra(_describe_dataset))


def _add_data_set_options(parser: argparse.ArgumentParser) -> None:
    """Where a new data set goes, its name and its panel."""
    parser.add_argument("--out", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--name", required=True, help="name of the data in reports")
    parser.add_argument(
        "--panel-size", type=count, default=40, help="number of experts (default 40)"
    )


def _add_evaluate(verbs: Verbs) -> None:
    evaluate = verbs.add_parser("evaluate", help="score a model on a labelled data set")
    evaluate.add_argument("model", type=Path, help="model file, or folder of several")
    evaluate.add_argument("dataset", type=Path, help="data set folder (with dataset.toml)")
    evaluate.add_argument("--out", type=Path, help="folder for the report and the tables")
    evaluate.add_argument(
        "--overwrite", action="store_true", help="replace the evaluation that the folder holds"
    )
    evaluate.add_argument(
        "--tta",
        action="store_true",
        help="test-time augmentation: average over the clip's mirror images (evaluate only)",
    )
    evaluate.add_argument(
        "--calibrate-on",
        type=Path,
        metavar="DATASET",
        help="fit a temperature on this held-back data set first (evaluate only)",
    )
    add_mode_options(evaluate)
    evaluate.add_argument(
        "--show-clip",
        action="append",
        default=[],
        metavar="NAME",
        help="clip whose attention the report shows (repeatable; default: three by error)",
    )
    evaluate.add_argument(
        "--faithfulness",
        type=count,
        default=0,
        metavar="N",
        help="also measure the attention maps on N clips (simulate --masks adds body parts)",
    )
    evaluate.set_defaults(run=_with_extra(_evaluate))


def _add_calibrate(verbs: Verbs) -> None:
    calibrate = verbs.add_parser(
        "calibrate",
        help="make a model's answers surer and say how sure, from votes on held-back patients",
        description="Writes a copy of a model that answers from several views of a clip, "
        "calibrated on these votes if that helps, with a range for each share, and with a gate "
        "that tells clips that look unlike these.",
    )
    calibrate.add_argument("model", type=Path, help="model file")
    calibrate.add_argument(
        "dataset", type=Path, help="data set of samples that the model was not trained on"
    )
    calibrate.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the new model file (default: beside the model, as NAME-calibrated.safetensors)",
    )
    calibrate.add_argument(
        "--coverage",
        type=fraction,
        default=0.9,
        metavar="P",
        help="how often the panel's share is to lie in its range (default %(default)s)",
    )
    calibrate.add_argument(
        "--views",
        type=count,
        metavar="N",
        help="answer from N views of a clip: turned, mirrored, and of other frames (default: as "
        "many as there are, up to 32; 1 for the clip as it is)",
    )
    calibrate.set_defaults(run=_with_extra(_calibrate))


def _with_extra(run: Run) -> Run:
    """Wrap a verb so that it says how to install a missing package of the extra."""

    def checked(arguments: argparse.Namespace) -> int:
        try:
            return run(arguments)
        except ModuleNotFoundError as error:
            if str(error.name).startswith("rostfine_core"):
                raise
            raise ConfigError(
                f"This verb needs {error.name}, which is not installed: {how_to_add('training')}."
            ) from error

    return checked


def _need(*packages: str) -> None:
    """Notice before a long job, not after it, that the extra is missing.

    Raises:
        ModuleNotFoundError: naming the package.
    """
    for name in packages:
        if find_spec(name) is None:
            raise ModuleNotFoundError(name=name)


def _simulate(arguments: argparse.Namespace) -> int:
    from rostfine_core.simulation import LookFamily, SceneSettings, write_dataset, write_scene
    from rostfine_core.video import default_codec, write_video

    chosen: dict[str, Any] = {
        "frame_count": arguments.frames,
        "fps": arguments.fps,
        "sperm_count": arguments.sperm,
        **dict(zip(("width_px", "height_px"), arguments.size or (None, None), strict=True)),
    }
    chosen = {name: value for name, value in chosen.items() if value is not None}
    look = None if arguments.look is None else LookFamily(arguments.look)
    if arguments.kind == "dataset" and chosen:
        arguments.wrong_use("--size, --frames, --fps and --sperm apply to scenes, not to data sets")
    if arguments.kind == "scene" and arguments.masks:
        arguments.wrong_use("--masks applies to data sets: add --kind dataset")
    if arguments.kind == "dataset":
        count = arguments.count or 100
        processes = os.cpu_count() or 1
        run_job(
            write_dataset(
                arguments.out,
                count=count,
                seed=arguments.seed,
                with_masks=arguments.masks,
                look=look,
                processes=processes,
            )
        )
        print(f"{count} labelled clips written to {arguments.out}")
        return 0
    if default_codec() != "h264":
        print("This program has no H.264 encoder: videos are written as MPEG-4.")
    for number in range(arguments.count or 1):
        settings = SceneSettings(
            seed=arguments.seed + number, family=look or LookFamily.CLEAN, **chosen
        )
        folder = arguments.out / f"scene-{settings.seed:04d}"
        run_job(write_scene(folder, settings=settings, write_video=write_video))
        print(f"Video and truth written to {folder}")
    return 0


FOR_REPORTS = ("scipy", "matplotlib", "markdown_it")
"""What only evaluations with a report need."""


def _train(arguments: argparse.Namespace) -> int:
    _need(*FOR_REPORTS)
    from rostfine_core.training.train import train

    # Of the processes started by torchrun, one reports for all; each reports its own errors.
    is_main = os.environ.get("RANK", "0") == "0"
    result = run_job(train(arguments.config), shows_progress=is_main)
    if is_main:
        print(result.summary)
    return 0


def _pretrain(arguments: argparse.Namespace) -> int:
    from rostfine_core.training.pretraining.pretrain import pretrain

    is_main = os.environ.get("RANK", "0") == "0"
    result = run_job(pretrain(arguments.config), shows_progress=is_main)
    if is_main:
        print(result.summary)
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    if arguments.out is not None or arguments.calibrate_on is not None:
        _need(*FOR_REPORTS)
    from rostfine_core.training.evaluation.evaluate import REPORT_HTML, evaluate

    out = arguments.out
    result = run_job(
        evaluate(
            arguments.model,
            arguments.dataset,
            out=out,
            tta=arguments.tta,
            mode=arguments.mode,
            calibrate_on=arguments.calibrate_on,
            shown_clips=arguments.show_clip,
            faithfulness_clips=arguments.faithfulness,
            overwrite=arguments.overwrite,
        )
    )
    print(result.summary)
    if out is not None:
        print(f"Report: {out / REPORT_HTML}")
    return 0


def _calibrate(arguments: argparse.Namespace) -> int:
    _need("scipy")
    from rostfine_core.training.calibration.calibrate import calibrate

    model: Path = arguments.model
    out = arguments.out or model.with_name(f"{model.stem}-calibrated{model.suffix}")
    job = calibrate(
        model, arguments.dataset, out=out, coverage=arguments.coverage, views=arguments.views
    )
    print(run_job(job).summary)
    print(f"Written to {out}")
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    _need(*FOR_REPORTS)
    if arguments.plan:
        return _plan(arguments)
    if arguments.tflops is not None:
        arguments.wrong_use("--tflops belongs to --plan")
    from rostfine_core.training.comparison.compare import compare

    print(run_job(compare(arguments.config)).summary)
    return 0


def _plan(arguments: argparse.Namespace) -> int:
    from rostfine_core.training.comparison.config import read_compare_config
    from rostfine_core.training.comparison.plan import plan_comparison

    speed = None if arguments.tflops is None else arguments.tflops * 1e12
    print(plan_comparison(read_compare_config(arguments.config), speed=speed).summary)
    return 0


def _build_dataset(arguments: argparse.Namespace) -> int:
    from rostfine_core.training.data.build import build_dataset

    job = build_dataset(
        arguments.plan,
        out=arguments.out,
        name=arguments.name,
        panel_size=arguments.panel_size,
        abstentions=arguments.abstentions,
        um_per_px=arguments.um_per_px,
    )
    print(run_job(job).summary)
    return 0


def _import_official(arguments: argparse.Namespace) -> int:
    from rostfine_core.training.data.import_official import import_official

    job = import_official(
        arguments.folder, out=arguments.out, name=arguments.name, panel_size=arguments.panel_size
    )
    run_job(job)
    print(f"Data set written to {arguments.out}: every sperm is a sample of its own.")
    print("Correct the column `sample` of labels.csv before trusting any result.")
    return 0


def _describe_dataset(arguments: argparse.Namespace) -> int:
    from rostfine_core.training.data.dataset import read_datasets
    from rostfine_core.training.data.statistics import describe_dataset

    print(describe_dataset(read_datasets(arguments.dataset)).summary)
    return 0
