"""The verbs around the program: other people's model files, and what works on this machine."""

import argparse
from pathlib import Path

from rostfine_core.cli.arguments import Verbs, count


def add_tool_verbs(verbs: Verbs) -> None:
    """Add the verbs of this module."""
    convert = verbs.add_parser(
        "convert", help="official RoSTFine .bin or TimeSformer .pyth to ours"
    )
    convert.add_argument("input", type=Path)
    convert.add_argument("output", type=Path, metavar="OUTPUT.safetensors")
    rostfine = convert.add_argument_group("of a RoSTFine .bin alone")
    rostfine.add_argument(
        "--gather",
        choices=("official", "corrected"),
        help="official: fetch the patches that the official code fetched, for weights that were "
        "trained with it; corrected (default): those that were selected",
    )
    rostfine.add_argument("--top-k", type=count, help="patches selected in each frame (default 3)")
    rostfine.add_argument(
        "--selection-layers",
        type=count,
        help="last encoder blocks that the selection sums (default 1, as the official code; the "
        "paper says 2)",
    )
    rostfine.add_argument(
        "--branch-heads",
        type=count,
        help="attention heads of the branches (default 8)",
    )
    convert.add_argument(
        "--dataset",
        default="not stated",
        help="name of the data that the weights were trained on, for every report (default: not "
        "stated)",
    )
    convert.set_defaults(run=_convert, wrong_use=convert.error)

    doctor = verbs.add_parser("doctor", help="what works on this machine, and what to do about it")
    doctor.add_argument("--folder", type=Path, default=Path(), help="where results will be written")
    doctor.set_defaults(run=_doctor)


def _convert(arguments: argparse.Namespace) -> int:
    from rostfine_core.model import convert
    from rostfine_core.model.official import UnusedOptionsError

    try:
        convert(
            arguments.input,
            arguments.output,
            gather=arguments.gather,
            top_k=arguments.top_k,
            selection_layers=arguments.selection_layers,
            branch_heads=arguments.branch_heads,
            dataset_kind=arguments.dataset,
        )
    except UnusedOptionsError as error:
        # Only the file tells which options are right: parsing alone could not refuse them.
        flags = ["--" + name.replace("_", "-") for name in error.options]
        arguments.wrong_use(
            f"{' and '.join(flags)} cannot be kept: {arguments.input} is a TimeSformer, an encoder "
            "alone, without a RoSTFine's patches and branches"
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
