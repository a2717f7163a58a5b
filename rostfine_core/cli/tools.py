"""Tools around the program: converting model files and checking this machine."""

import argparse
from pathlib import Path

from rostfine_core.cli.arguments import Verbs, count


def add_tool_verbs(verbs: Verbs) -> None:
    """Add the verbs of this module."""
    _add_convert(verbs)
    doctor = verbs.add_parser(
        "doctor",
        help="check what works on this machine and what to do about the rest",
        description="Checks what works on this machine. The exit status is 1 if something that the "
        "program needs is broken; a GPU is none of that.",
    )
    doctor.add_argument(
        "--folder", type=Path, default=Path(), help="folder that results will be written to"
    )
    doctor.set_defaults(run=_doctor)


def _add_convert(verbs: Verbs) -> None:
    convert = verbs.add_parser(
        "convert", help="convert an official RoSTFine .bin or TimeSformer .pyth"
    )
    convert.add_argument("input", type=Path)
    convert.add_argument("output", type=Path, metavar="OUTPUT.safetensors")
    rostfine = convert.add_argument_group("RoSTFine .bin only")
    rostfine.add_argument(
        "--gather",
        choices=("official", "corrected"),
        help="official: gather patches as the official code does, for weights trained with it; "
        "corrected (default): gather the selected patches",
    )
    rostfine.add_argument("--top-k", type=count, help="patches selected in each frame (default 3)")
    rostfine.add_argument(
        "--selection-layers",
        type=count,
        help="number of last encoder blocks whose attention selects patches (default 1, as in the "
        "official code; the paper says 2)",
    )
    rostfine.add_argument(
        "--branch-heads",
        type=count,
        help="attention heads of the branches (default 8)",
    )
    convert.add_argument(
        "--dataset",
        default="not stated",
        help="name of the data that the weights were trained on, shown in every report (default: "
        "not stated)",
    )
    convert.set_defaults(run=_convert, wrong_use=convert.error)


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
        # Which options apply depends on the file, so the parser cannot reject them.
        flags = ["--" + name.replace("_", "-") for name in error.options]
        arguments.wrong_use(
            f"{' and '.join(flags)} cannot be kept: {arguments.input} is a TimeSformer, an encoder "
            "without RoSTFine's patch selection and branches"
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
    return 0 if all(f.works for f in findings if f.is_needed) else 1
