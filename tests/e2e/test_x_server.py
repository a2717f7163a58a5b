"""A sperm is clicked on a real X server, where Qt's real platform code runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHOICE = "tests/e2e/test_grading.py::test_with_track_and_grade_at_once_a_click_is_enough"
TIMEOUT_S = 240


def test_a_click_is_enough_under_xvfb() -> None:
    if shutil.which("Xvfb") is None or shutil.which("xvfb-run") is None:
        pytest.skip("Xvfb is not installed: packaging/system_packages.sh --for-tests")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WAYLAND")}
    done = subprocess.run(
        [
            *("xvfb-run", "--auto-servernum", "--server-args=-screen 0 1920x1080x24"),
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", CHOICE),
        ],
        cwd=ROOT,
        env={**environment, "QT_QPA_PLATFORM": "xcb"},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout
