"""Finds the models and resources that come with the program.

They lie beside the packages, so their place depends on how the program was installed: as a
checkout (editable install), a wheel (under the environment's ``share``) or a frozen program.
"""

import os
import sys
import sysconfig
from pathlib import Path

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

DEMO_MODEL = "models/demo.safetensors"
DEMO_VIDEO = "resources/demo.mp4"
DEMO_SEEDS = "resources/demo.seeds.csv"
DEMO_UM_PER_PX = 0.19  # the scale at which the demo video was simulated


def bundled_path(name: str) -> Path:
    """Find a file or folder that comes with the program, such as ``models/demo.safetensors``.

    Raises:
        StoreError: the installation lacks it.
    """
    for root in _roots():
        if (root / name).exists():
            return root / name
    raise StoreError(
        Message(
            "The installation lacks {name}: install RoSTFine Assist again.",
            name=name,
        )
    )


def is_demo_video(path: Path) -> bool:
    """Whether a video is the demonstration that comes with the program."""
    return any(path == root / DEMO_VIDEO for root in _roots())


def is_frozen() -> bool:
    """Whether this is the installed program, which carries its own Python."""
    return getattr(sys, "frozen", False)


def free_children() -> None:
    """Let programs started from the installed one load the system's libraries, not its own.

    Its starter points ``LD_LIBRARY_PATH`` at the program's folder, where for example the file
    manager that shows a report would find libraries of other versions than its own. A child that is
    a program of ours is told to start afresh, or it would take the path for set.
    """
    if is_frozen():
        before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
        os.environ.pop("LD_LIBRARY_PATH", None)
        os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
        if before:
            os.environ["LD_LIBRARY_PATH"] = before


def _roots() -> tuple[Path, ...]:
    if is_frozen():
        return (Path(sys._MEIPASS),)  # type: ignore[attr-defined]  # PyInstaller's
    checkout = Path(__file__).resolve().parent.parent
    return (checkout, Path(sysconfig.get_path("data")) / "share" / "rostfine-assist")
