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
from dataclasses import dataclass
from pathlib import Path

from rostfine_core.bundled import DEMO_MODEL, DEMO_VIDEO, bundled_path, is_frozen
from rostfine_core.errors import RostfineError

CODECS = {"h264": "MP4/MOV", "mpeg4": "MPEG-4", "mjpeg": "AVI (MJPG)", "rawvideo": "raw AVI"}
REINSTALL = "Install RoSTFine Assist again."
WINDOW_PROGRAM = "rostfine-app"
PROBE_S = 60
"""How long a window may take to open on a busy machine."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check; ``advice`` says what to do if it failed.

    What is not needed, such as a GPU, may fail without anything being broken.
    """

    subject: str
    works: bool
    detail: str
    advice: str = ""
    is_needed: bool = True


def examine(results_folder: Path) -> Iterator[Finding]:
    """Check everything the program needs, one finding at a time.

    Args:
        results_folder: where results will be written.
    """
    yield Finding(
        subject="Python", works=True, detail=f"{platform.python_version()} on {platform.platform()}"
    )
    for check in (_packages, _gpu, _codecs, _qt, _model, _demo_video):
        yield check()
    yield _write_access(results_folder)


def _packages() -> Finding:
    names = ("torch", "av", "opencv-python-headless", "PySide6-Essentials", "pyqtgraph")
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            return Finding(
                subject="Packages",
                works=False,
                detail=f"{name} is missing",
                advice=REINSTALL,
            )
    return Finding(subject="Packages", works=True, detail=", ".join(versions))


def _gpu() -> Finding:
    from rostfine_core.assessor import built_for_gpu, describe_gpu

    gpu, driver = describe_gpu(), _driver_version()
    if gpu is not None:
        return Finding(subject="GPU", works=True, detail=f"{gpu}, driver {driver or 'not stated'}")
    if driver is not None:
        return Finding(
            subject="GPU",
            works=False,
            detail=f"the NVIDIA driver {driver} is there, but its GPU cannot be used; grading runs "
            "on the CPU",
            advice="Install the current driver and start again."
            if built_for_gpu()
            else _advice_without_cuda(),
            is_needed=False,
        )
    return Finding(
        subject="GPU",
        works=False,
        detail="no NVIDIA GPU can be used; grading runs on the CPU",
        advice="With an NVIDIA GPU in the machine, install its current driver and start again."
        if built_for_gpu()
        else "",
        is_needed=False,
    )


def _advice_without_cuda() -> str:
    if is_frozen():
        return "This program is built for CPUs: install the build for NVIDIA GPUs."
    return "The installed PyTorch has no CUDA: install one that has (pytorch.org)."


def _driver_version() -> str | None:
    """The version from ``nvidia-smi``, which comes with every driver; None without one."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    ask = [tool, "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(ask, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter(done.stdout.split()), None)


def _codecs() -> Finding:
    import av

    missing = [
        f"{name} ({kind})" for name, kind in CODECS.items() if name not in av.codecs_available
    ]
    return Finding(
        subject="Codecs",
        works=not missing,
        detail=f"missing: {', '.join(missing)}" if missing else ", ".join(CODECS.values()),
        advice=_advice_on_codecs() if missing else "",
    )


def _advice_on_codecs() -> str:
    if is_frozen():
        return REINSTALL
    return "Install the package `av` again: its own build has all of them."


def _qt() -> Finding:
    """Start Qt in a separate process, since a failing platform plugin would end this one."""
    folder = Path(sys.executable).parent if is_frozen() else sysconfig.get_path("scripts")
    program = shutil.which(WINDOW_PROGRAM, path=str(folder))
    if program is None:
        return Finding(
            subject="Window",
            works=False,
            detail=f"{WINDOW_PROGRAM} is missing in {folder}",
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
        return Finding(subject="Window", works=True, detail=f"Qt platform {detail}")
    asked = os.environ.get("QT_QPA_PLATFORM", "the default platform")
    return Finding(
        subject="Window",
        works=False,
        detail=f"Qt cannot open a window on {asked}",
        advice=advice_on_window(),
    )


def advice_on_window() -> str:
    """What to do where Qt cannot open a window."""
    if not is_frozen():
        return "Start from a desktop session; on Linux run packaging/system_packages.sh."
    if platform.system() == "Linux":
        return (
            "Start from a desktop session; on Debian or Ubuntu install libegl1, libgl1, "
            "libxkbcommon-x11-0 and libxcb-cursor0."
        )
    return "Start from a desktop session; if that does not help, install RoSTFine Assist again."


def _model() -> Finding:
    from rostfine_core.model import load_models

    def load() -> str:
        info = load_models(bundled_path(DEMO_MODEL))[0].info
        kind = "demonstration" if info.is_demonstration else info.dataset_kind
        trained = f", trained on {info.trained_clips:,} clips" if info.trained_clips else ""
        return f"{info.file_name} ({kind}{trained}), sha256 {info.sha256[:12]}"

    return _attempt("Bundled model", load)


def _demo_video() -> Finding:
    from rostfine_core.video import probe

    def read() -> str:
        info = probe(bundled_path(DEMO_VIDEO))
        return f"{info.width_px}x{info.height_px}, {info.frame_count} frames"

    return _attempt("Demo video", read)


def _write_access(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding(subject="Write access", works=True, detail=str(folder.resolve()))
    except OSError as error:
        return Finding(
            subject="Write access",
            works=False,
            detail=f"{folder}: {error.strerror or error}",
            advice="Choose a results folder that can be written to.",
        )


def _attempt(subject: str, work: Callable[[], str]) -> Finding:
    try:
        return Finding(subject=subject, works=True, detail=work())
    except RostfineError as error:
        return Finding(
            subject=subject,
            works=False,
            detail=str(error),
            advice=REINSTALL,
        )
