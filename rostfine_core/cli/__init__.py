"""The command ``rostfine``: one verb for each thing the core does.

Exit status: 0 success, 1 a failure that the user can fix (one sentence on stderr), 2 wrong use.
Heavy imports are inside the verbs, so that ``rostfine track`` starts without torch.
"""

import argparse
import sys
from collections.abc import Sequence

from rostfine_core import __version__
from rostfine_core.cli import assess, tools, train
from rostfine_core.cli.arguments import rename_old_options
from rostfine_core.errors import RostfineError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status."""
    words = sys.argv[1:] if argv is None else argv
    arguments = make_parser().parse_args(rename_old_options(words))
    try:
        status: int = arguments.run(arguments)
    except RostfineError as error:
        print(f"rostfine: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("rostfine: stopped; everything saved before is untouched.", file=sys.stderr)
        return 130
    return status


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="rostfine",
        description="Tracks sperm, grades them as a panel of experts would, and trains the models.",
    )
    parser.add_argument("--version", action="version", version=f"rostfine {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    assess.add_video_verbs(verbs)
    train.add_training_verbs(verbs)
    tools.add_tool_verbs(verbs)
    return parser
