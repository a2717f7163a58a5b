"""Times how long the built program takes to start, beside the source's.

    xvfb-run -s "-screen 0 1920x1080x24 -noreset" python packaging/time_start.py FOLDER [SOURCE]

FOLDER is the built folder, SOURCE the folder of the commands of an environment with the same
packages (build/package-venv/bin). Both are measured alike and in turn: from the start until
xdotool sees a visible window, and until ``rostfine --version`` ends. It needs a screen and xdotool.
Without -noreset the screen starts anew whenever xdotool, for a moment its only client, leaves it.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

RUNS = 5
WAIT_S = 120
POLL_S = 0.02
WINDOW_RATIO = 1.3
VERSION_S = 0.5


def time_window(program: Path) -> float:
    """Seconds until its window is visible."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "settings.ini"
        began = time.perf_counter()
        process = subprocess.Popen([program, "--settings", settings], stderr=subprocess.DEVNULL)
        try:
            while not _sees_window(process.pid):
                if process.poll() is not None or time.perf_counter() - began > WAIT_S:
                    raise RuntimeError(f"{program} showed no window")
                time.sleep(POLL_S)
            return time.perf_counter() - began
        finally:
            process.kill()
            process.wait()


def _sees_window(pid: int) -> bool:
    ask = ["xdotool", "search", "--all", "--onlyvisible", "--pid", str(pid), "--name", "RoSTFine"]
    return subprocess.run(ask, capture_output=True, check=False).returncode == 0


def time_version(program: Path) -> float:
    """Seconds until it has told its version."""
    began = time.perf_counter()
    subprocess.run([program, "--version"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _medians(measure: Callable[[Path], float], built: Path, source: Path) -> tuple[float, float]:
    times: dict[Path, list[float]] = {built: [], source: []}
    for program in (built, source):
        measure(program)  # the first one reads the disk
    for _ in range(RUNS):
        for program, seconds in times.items():
            seconds.append(measure(program))
    return statistics.median(times[built]), statistics.median(times[source])


def main(argv: Sequence[str] | None = None) -> int:
    """Print both figures with their budgets; nothing is asserted."""
    parser = argparse.ArgumentParser(description="Times how long a built program takes to start.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("source", type=Path, nargs="?", default=Path("build/package-venv/bin"))
    arguments = parser.parse_args(argv)
    built, source = _medians(time_window, *_both("rostfine-app", arguments))
    ratio = built / source
    print(
        f"window visible: built {built:.2f} s, source {source:.2f} s, {ratio:.2f} times as long "
        f"(budget {WINDOW_RATIO})"
    )
    built, source = _medians(time_version, *_both("rostfine", arguments))
    print(f"--version: built {built:.2f} s (budget {VERSION_S} s), source {source:.2f} s")
    return 0


def _both(name: str, arguments: argparse.Namespace) -> tuple[Path, Path]:
    return arguments.folder.resolve() / name, arguments.source.resolve() / name


if __name__ == "__main__":
    sys.exit(main())
