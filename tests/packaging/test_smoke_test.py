"""The test of a built folder notices a folder that does not work."""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "packaging" / "smoke_test.py"
NAMES = (
    *("version", "doctor", "demo", "assess", "decoding process", "batch", "encryption"),
    *("simulated data set", "acceptance", "training advice", "window"),
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")


def smoke_test(
    folder: Path, env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPT), str(folder), "--certificate", str(SCRIPT)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def test_programs_that_only_end_well_do_not_pass(tmp_path: Path) -> None:
    for name in ("rostfine", "rostfine-app"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / name).chmod(0o755)
    done = smoke_test(tmp_path)
    assert done.returncode == 1
    outcome = {line[:20].strip(): line[20:] for line in done.stdout.splitlines()}
    assert all("FAILED" in outcome[name] for name in NAMES)
    assert f"0 passed, {len(NAMES)} failed" in done.stdout


def test_the_programs_see_neither_the_caller_nor_a_place_to_write(tmp_path: Path) -> None:
    script = (
        '#!/bin/sh\necho "rostfine $HOME $SECRET" >&2\ntouch "$0" "$(dirname "$0")/x"\nexit 3\n'
    )
    for name in ("rostfine", "rostfine-app"):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    done = smoke_test(
        tmp_path, env={"SECRET": "of the caller", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    )
    assert "ended with 3" in done.stdout
    assert "of the caller" not in done.stdout
    assert done.stdout.count("x': Permission denied") >= 7
    assert not (tmp_path / "x").exists()


def test_a_warning_is_a_fault(tmp_path: Path) -> None:
    for warning, outcome in (("", "ok"), ("echo 'x.py:1: UserWarning: no source' >&2", "FAILED")):
        for name in ("rostfine", "rostfine-app"):
            (tmp_path / name).write_text(f"#!/bin/sh\necho rostfine 1\n{warning}\n")
            (tmp_path / name).chmod(0o755)
        version = smoke_test(tmp_path).stdout.splitlines()[0]
        assert outcome in version


def test_a_process_that_is_left_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = runpy.run_path(str(SCRIPT))
    program = module["Program"](tmp_path, tmp_path, certificate=SCRIPT)
    monkeypatch.setitem(module["Program"].expect_ended.__globals__, "ENDED_S", 0.0)
    own = Path(shutil.copy(shutil.which("sleep") or "", tmp_path / "rostfine"))
    with subprocess.Popen([own, "60"]) as left:
        try:
            with pytest.raises(AssertionError, match=r"still running: .*rostfine 60"):
                program.expect_ended()
        finally:
            left.kill()
    program.expect_ended()
