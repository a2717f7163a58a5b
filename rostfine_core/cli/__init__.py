"""The command ``rostfine``: one verb for each thing the core does.

Exit status: 0 good, 1 a failure that the user can mend (one sentence on stderr), 2 wrong use.
Heavy imports stand inside the verbs, so that ``rostfine track`` starts without torch.
"""

import argparse
import sys
from collections.abc import Sequence

from rostfine_core import __version__
from rostfine_core.cli import assessing, care, learning
from rostfine_core.errors import RostfineError


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rostfine",
        description="Grades tracked sperm as a panel of experts would, and all that leads there.",
    )
    parser.add_argument("--version", action="version", version=f"rostfine {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    assessing.add_video_verbs(verbs)
    learning.add_training_verbs(verbs)
    care.add_tool_verbs(verbs)
    return parser
