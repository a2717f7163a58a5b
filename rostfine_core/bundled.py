"""Finds the models and resources that come with the program.

They lie beside the packages, so their place depends on how the program was installed: as a
checkout (editable install), a wheel (under the environment's ``share``) or a frozen program.
"""

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


def _roots() -> tuple[Path, ...]:
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        return (Path(frozen),)
    checkout = Path(__file__).resolve().parent.parent
    return (checkout, Path(sysconfig.get_path("data")) / "share" / "rostfine-assist")
