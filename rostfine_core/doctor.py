"""The doctor finds out what works on this machine and what to do about the rest."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.bundled import DEMO_MODEL, DEMO_VIDEO, bundled_path, is_frozen
from rostfine_core.errors import RostfineError
from rostfine_core.finding import Finding, Words
from rostfine_core.marking import marked
from rostfine_core.messages import Message

if TYPE_CHECKING:
    from rostfine_core.gpu import InstalledGpu

CODECS = {"h264": "MP4/MOV", "mpeg4": "MPEG-4", "mjpeg": "AVI (MJPG)", "rawvideo": "raw AVI"}
REINSTALL = marked("Install RoSTFine Assist again.")
GPU = marked("GPU")
WINDOW_PROGRAM = "rostfine-app"
PROBE_S = 60
"""How long a window may take to open on a busy machine."""


def examine(results_folder: Path, *, has_window: bool = False) -> Iterator[Finding]:
    """Check everything the program needs, one finding at a time.

    Args:
        results_folder: where results will be written.
        has_window: whether a window is open, which needs no check then.
    """
    version = Message(
        "{version} on {platform}", version=platform.python_version(), platform=platform.platform()
    )
    yield Finding(subject=marked("Python"), works=True, detail=version)
    yield _packages()
    yield _gpu()
    yield _codecs()
    if not has_window:
        yield _qt()
    yield _model()
    yield _demo_video()
    yield _write_access(results_folder)


def _packages() -> Finding:
    names = ("torch", "av", "opencv-python-headless", "PySide6-Essentials", "pyqtgraph")
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            return Finding(
                subject=marked("Packages"),
                works=False,
                detail=Message("{name} is missing", name=name),
                advice=REINSTALL,
            )
    return Finding(subject=marked("Packages"), works=True, detail=", ".join(versions))


def _gpu() -> Finding:
    from rostfine_core import gpu
    from rostfine_core.assessor import describe_gpu

    used, installed = describe_gpu(), gpu.installed_gpu()
    if used is not None:
        driver = installed.driver if installed else Message(marked("not stated"))
        told = Message("{gpu}, driver {driver}", gpu=used, driver=driver)
        return Finding(subject=GPU, works=True, detail=told)
    detail, advice = _missing_gpu() if installed is None else _unused_gpu(installed)
    return Finding(subject=GPU, works=False, detail=detail, advice=advice, is_needed=False)


def _missing_gpu() -> tuple[Message, Words]:
    """What is said, and advised, where no driver describes a GPU."""
    from rostfine_core.gpu import built_for_gpu, has_nvidia_card

    if has_nvidia_card():
        detail = Message("the NVIDIA GPU has no working driver; grading runs on the CPU")
        return detail, _advice_on_driver() if built_for_gpu() else _advice_without_cuda()
    detail = Message("no NVIDIA GPU can be used; grading runs on the CPU")
    if not built_for_gpu():
        return detail, ""
    return detail, marked(
        "With an NVIDIA GPU in the machine, install its current driver and start again."
    )


def _unused_gpu(found: "InstalledGpu") -> tuple[Message, Words]:
    """What is said, and advised, where a driver is there but PyTorch cannot use its GPU."""
    from rostfine_core.gpu import TURING, built_for_gpu, least_driver, oldest_capability

    oldest = oldest_capability() if built_for_gpu() else TURING
    if found.capability is not None and found.capability < oldest:
        detail = Message(
            "the GPU {name} is too old (compute capability {found}, {oldest} or more is needed); "
            "grading runs on the CPU",
            name=found.name,
            found="{}.{}".format(*found.capability),
            oldest="{}.{}".format(*oldest),
        )
        return detail, marked(
            "The program works without it; for faster grading use an NVIDIA GPU of the Turing "
            "generation (2018) or newer."
        )
    if not built_for_gpu():
        detail = Message(
            "the NVIDIA driver {driver} is there, but this program cannot use its GPU; grading "
            "runs on the CPU",
            driver=found.driver,
        )
        return detail, _advice_without_cuda()
    if found.driver_release < least_driver():
        detail = Message(
            "the NVIDIA driver {driver} is too old ({least} or newer is needed); grading runs on "
            "the CPU",
            driver=found.driver,
            least=least_driver(),
        )
        return detail, _advice_on_driver()
    detail = Message(
        "the NVIDIA driver {driver} is there, but its GPU cannot be used; grading runs on the CPU",
        driver=found.driver,
    )
    return detail, marked("Install the current driver and start again.")


def _advice_on_driver() -> Words:
    from rostfine_core.gpu import least_driver

    if platform.system() == "Linux":
        return Message(
            "Install NVIDIA's driver {least} or newer (on Ubuntu: `sudo ubuntu-drivers install`; "
            "on Debian the package nvidia-driver), and start the computer again.",
            least=least_driver(),
        )
    return Message(
        "Install NVIDIA's driver {least} or newer from nvidia.com/drivers, and start the computer "
        "again.",
        least=least_driver(),
    )


def _advice_without_cuda() -> str:
    if is_frozen():
        return marked("This program is built for CPUs: install the build for NVIDIA GPUs.")
    return marked("The installed PyTorch has no CUDA: install one that has (pytorch.org).")


def _codecs() -> Finding:
    import av

    missing = [
        f"{name} ({kind})" for name, kind in CODECS.items() if name not in av.codecs_available
    ]
    return Finding(
        subject=marked("Codecs"),
        works=not missing,
        detail=Message("missing: {names}", names=", ".join(missing))
        if missing
        else ", ".join(CODECS.values()),
        advice=_advice_on_codecs() if missing else "",
    )


def _advice_on_codecs() -> str:
    if is_frozen():
        return REINSTALL
    return marked("Install the package `av` again: its own build has all of them.")


def _qt() -> Finding:
    """Start Qt in a separate process, since a failing platform plugin would end this one."""
    folder = Path(sys.executable).parent if is_frozen() else sysconfig.get_path("scripts")
    program = shutil.which(WINDOW_PROGRAM, path=str(folder))
    if program is None:
        return Finding(
            subject=marked("Window"),
            works=False,
            detail=Message("{name} is missing in {folder}", name=WINDOW_PROGRAM, folder=folder),
            advice=REINSTALL,
        )
    try:
        done = subprocess.run(
            [program, "--probe"], capture_output=True, text=True, timeout=PROBE_S, check=False
        )
        works, detail = done.returncode == 0, done.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        works, detail = False, ""
    if works:
        told = Message("Qt platform {name}", name=detail)
        return Finding(subject=marked("Window"), works=True, detail=told)
    asked = os.environ.get("QT_QPA_PLATFORM", "the default platform")
    return Finding(
        subject=marked("Window"),
        works=False,
        detail=Message("Qt cannot open a window on {platform}", platform=asked),
        advice=advice_on_window(),
    )


def advice_on_window() -> str:
    """What to do where Qt cannot open a window."""
    if not is_frozen():
        return marked("Start from a desktop session; on Linux run packaging/system_packages.sh.")
    if platform.system() == "Linux":
        return marked(
            "Start from a desktop session; on Debian or Ubuntu install libegl1, libgl1, "
            "libfontconfig1, libxkbcommon-x11-0 and libxcb-cursor0."
        )
    return marked(
        "Start from a desktop session; if that does not help, install RoSTFine Assist again."
    )


def _model() -> Finding:
    from rostfine_core.model import load_models

    def load() -> Message:
        info = load_models(bundled_path(DEMO_MODEL))[0].info
        return Message(
            "{file} (demonstration), sha256 {sha256}", file=info.file_name, sha256=info.sha256[:12]
        )

    return _attempt(marked("Bundled model"), load)


def _demo_video() -> Finding:
    from rostfine_core.video import probe

    def read() -> Message:
        info = probe(bundled_path(DEMO_VIDEO))
        return Message(
            "{width}x{height}, {frames} frames",
            width=info.width_px,
            height=info.height_px,
            frames=info.frame_count,
        )

    return _attempt(marked("Demo video"), read)


def _write_access(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding(subject=marked("Write access"), works=True, detail=str(folder.resolve()))
    except OSError as error:
        return Finding(
            subject=marked("Write access"),
            works=False,
            detail=f"{folder}: {error.strerror or error}",
            advice=marked("Choose a results folder that can be written to."),
        )


def _attempt(subject: str, work: Callable[[], Message]) -> Finding:
    try:
        return Finding(subject=subject, works=True, detail=work())
    except RostfineError as error:
        return Finding(
            subject=subject,
            works=False,
            detail=error.message,
            advice=REINSTALL,
        )
