"""Jobs about the program itself: its imports, its model, its machine and its manual."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.domain import AnswerMode, LongJob, Progress
from rostfine_core.finding import Finding
from rostfine_core.marking import marked

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from rostfine_core.assessor import Assessor, DeviceChoice

LOAD_STEPS = 5


def import_core() -> None:
    """Import what opening, tracking and exporting need, so that their first use does not wait.

    Loading compiled modules holds Python's lock; it is best done while nobody clicks yet.
    """
    import cattrs  # the store imports it late  # noqa: F401 - importing is the purpose

    import rostfine_core.export
    import rostfine_core.pipeline
    import rostfine_core.video  # noqa: F401


def load_model(
    path: Path | None, *, device: "DeviceChoice", mode: AnswerMode = AnswerMode.FULL
) -> LongJob["Assessor"]:
    """Import torch, load the model (None: the bundled one) and warm it up.

    Raises:
        RostfineError: the model is missing, foreign or damaged, or the device is not there.
    """
    from app.jobs.preload import imports_uncollected, preload_torch

    is_first = "torch" not in sys.modules  # later there is nothing to import, only to collect
    with imports_uncollected() if is_first else nullcontext():
        yield Progress(stage=marked("model"), done=0, total=LOAD_STEPS)
        import_core()
        yield Progress(stage=marked("model"), done=1, total=LOAD_STEPS)
        preload_torch()
        yield Progress(stage=marked("model"), done=2, total=LOAD_STEPS)
        from rostfine_core.assessor import Assessor
        from rostfine_core.bundled import DEMO_MODEL, bundled_path

    yield Progress(stage=marked("model"), done=3, total=LOAD_STEPS)
    assessor = Assessor.load(path or bundled_path(DEMO_MODEL), device=device, mode=mode)
    yield Progress(stage=marked("model"), done=4, total=LOAD_STEPS)
    assessor.warm_up()
    return assessor


def examine_machine(folder: Path) -> LongJob[tuple[Finding, ...]]:
    """The doctor's findings, but for the window; ``folder`` may have to be made."""
    from rostfine_core.doctor import examine

    findings = []
    existing = next((p for p in (folder, *folder.absolute().parents) if p.exists()), folder)
    for finding in examine(existing, has_window=True):
        findings.append(finding)
        yield Progress(stage=marked("examining"), done=len(findings), total=0)
    return tuple(findings)


def write_manual(language: str, file: Path, font: "QFont") -> LongJob[Path]:
    """Write the manual as PDF and return the file.

    Raises:
        StoreError: it cannot be written.
    """
    from app.presentation.manual_pdf import write_manual_pdf

    yield Progress(stage=marked("writing"), done=0, total=1)
    write_manual_pdf(language, file, font)
    return file
