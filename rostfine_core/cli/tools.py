"""Tools around the program: converting model files, checking and accepting an installation."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rostfine_core.cli.arguments import Verbs, count
from rostfine_core.cli.progress import run_job


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
    _add_validate(verbs)


def _add_validate(verbs: Verbs) -> None:
    validate = verbs.add_parser(
        "validate",
        help="check installation, operation and a model's performance, with an acceptance report",
        description="Runs the checks of an acceptance plan on this machine and writes a report as "
        "PDF and JSON. The exit status is 1 unless every check ran and passed.",
    )
    validate.add_argument("plan", type=Path, metavar="PLAN", help="TOML; see --example")
    validate.add_argument(
        "--model", type=Path, required=True, help="model file, or folder of several"
    )
    validate.add_argument("--out", type=Path, required=True, help="new folder for the report")
    validate.add_argument(
        "--example", action=_PrintExample, help="print a plan for simulated clips, and end"
    )
    validate.set_defaults(run=_validate)


class _PrintExample(argparse.Action):
    """Prints the example of a plan and ends the program."""

    def __init__(self, option_strings: Sequence[str], dest: str, **named: object) -> None:
        super().__init__(option_strings, dest, nargs=0, help=str(named["help"]))

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from rostfine_core.acceptance.plan import example_plan

        sys.stdout.write(example_plan())
        parser.exit()


def _validate(arguments: argparse.Namespace) -> int:
    from rostfine_core.acceptance.record import CheckOutcome
    from rostfine_core.acceptance.validate import ACCEPTANCE_PDF, validate

    acceptance = run_job(validate(arguments.plan, model=arguments.model, out=arguments.out))
    for check in acceptance.checks:
        print(f"{check.outcome.value:8}{check.stage.value}  {check.name}: {check.measured}")
        if check.outcome is not CheckOutcome.NOTED:
            print(f"{'':12}expected: {check.expected}")
    print(acceptance.verdict)
    print(acceptance.notice)
    print(f"Report: {arguments.out / ACCEPTANCE_PDF}")
    return 0 if acceptance.is_passed else 1


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
