"""The command ``rostfine``: one verb for each thing the core does.

Exit status: 0 success, 1 a failure that the user can fix (one sentence on stderr), 2 wrong use.
Heavy imports are inside the verbs, so that ``rostfine track`` starts without torch.
"""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from rostfine_core import __version__
from rostfine_core.cli import assess, batch, reports, results, stores, tools, train
from rostfine_core.cli.arguments import join_negative_values, rename_old_options
from rostfine_core.errors import RostfineError

OUTPUT_ERRORS = (errno.ENOSPC, errno.EPIPE, errno.EIO, errno.EDQUOT)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status."""
    words = sys.argv[1:] if argv is None else argv
    arguments = make_parser().parse_args(join_negative_values(rename_old_options(words)))
    try:
        os.getcwd()  # many libraries ask for it when they are imported
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except RostfineError as error:
        print(f"rostfine: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        return _end_refused(error)
    except KeyboardInterrupt:
        print("rostfine: stopped; everything saved before is untouched.", file=sys.stderr)
        return 130
    return status


def _end_refused(error: OSError) -> int:
    """Say what the system refuses that no verb can go on without, and return the exit status."""
    reason = error.strerror or error
    if error.filename is None and error.errno in OUTPUT_ERRORS:  # files are named in their errors
        # Python would write what is left of the output when it ends, and fail again.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # who read the output has ended, as `head` does
            return 1
        sentence = f"The output cannot be printed ({reason}): free some space. Files stay."
    elif not _has_folder():
        sentence = "The folder that you are in was deleted: change to another one."
    elif error.filename is not None:
        sentence = f"Cannot use {error.filename} ({reason}): check its name, place and rights."
    else:
        raise error
    print(f"rostfine: {sentence}", file=sys.stderr)
    return 1


def _has_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="rostfine",
        description="Tracks sperm, grades them as a panel of experts would, and trains the models.",
    )
    parser.add_argument("--version", action="version", version=f"rostfine {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    assess.add_video_verbs(verbs)
    batch.add_batch_verb(verbs)
    reports.add_report_verbs(verbs)
    results.add_result_verbs(verbs)
    stores.add_store_verbs(verbs)
    train.add_training_verbs(verbs)
    tools.add_tool_verbs(verbs)
    return parser
