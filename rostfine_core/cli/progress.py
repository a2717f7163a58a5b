"""Runs a long job behind a progress bar."""

import sys
from contextlib import closing

from tqdm import tqdm

from rostfine_core.domain import LongJob, Result


def run_job(job: LongJob[Result], *, shows_progress: bool = True) -> Result:
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
