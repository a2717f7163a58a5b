"""Long jobs behind a progress bar."""

import sys
from contextlib import closing

from tqdm import tqdm

from rostfine_core.domain import LongJob, Progress, Result, finish


def run_job(job: LongJob[Result], *, shows_progress: bool = True) -> Result:
    """Finish a long job behind a progress bar on stderr, which is hidden without a terminal."""
    hidden = None if shows_progress else True
    with closing(job), tqdm(disable=hidden, leave=False, file=sys.stderr) as bar:

        def show(progress: Progress) -> None:
            bar.set_description(progress.stage, refresh=False)
            bar.total = progress.total
            bar.update(progress.done - bar.n)

        return finish(job, on_progress=show)
