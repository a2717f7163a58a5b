"""Tests a built folder as a user gets it.

    python packaging/smoke_test.py FOLDER --certificate FILE.p12 [--answer REPORT]

It needs nothing but these and Python's standard library. The folder is copied to a read-only place
whose name has a space and a letter that is not ASCII. Everything runs with an empty environment;
started by root also as a user without rights and without a network. No check may leave a process.
"""

import argparse
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

IS_WINDOWS = sys.platform == "win32"
PLACE = "Grüße from the lab"
TOLERANCE = 0.005
"""How far a click in the window, on a pixel of the screen, may move a share."""
PASSPHRASE = "four words of passphrase"
"""It opens the certificate, as make_certificate.py writes it, and locks a store."""
PROCESSES = Path("/proc")
DECODER = "--decode-for-another-process"
"""By this a decoding process is known."""
ENDED_S = 20
"""How long a process may go on after the program that it works for."""
PLAIN_SQLITE = b"SQLite format 3"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
NOBODY = "65534"
LIMIT_S = 600
ANSWER_FILES = ("report.csv", "sperm-1/assessment.json", "sperm-1/track.csv")
PLAN = """
lab = "Smoke test"
operator = "Nobody"
data = "data"
[installation]
software = "{version}"
[operation]
[performance]
better_than_mean = false
unseen = false
limits = {{ mse = {{ max = 0.1 }} }}
"""
REPORT_FILES = (*ANSWER_FILES, "report.pdf", "sperm-1/explanation.png")


class Program:
    """The two programs of a folder, run where they can harm nothing and lean on nothing."""

    def __init__(
        self, folder: Path, home: Path, *, certificate: Path, answer: Path | None = None
    ) -> None:
        """Set where they are.

        Args:
            folder: of the programs.
            home: of the user who runs them.
            certificate: seals a report.
            answer: the report that the source makes of the demonstration, if known.
        """
        self._folder, self.home, self.answer = folder, home, answer
        self.certificate = certificate
        self.contents = folder / "_internal"

    def run(self, name: str, *arguments: str, status: int = 0, **variables: str) -> str:
        """What a program prints, which must end with the status."""
        with self.start(name, *arguments, **variables) as process:
            try:
                told, _ = process.communicate(timeout=LIMIT_S)
            finally:
                process.kill()
        if process.returncode != status:
            raise AssertionError(
                f"{name} {' '.join(arguments)} ended with {process.returncode}:\n{told}"
            )
        assert "Warning:" not in told, told
        return told

    def start(self, name: str, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        """A program that runs, with further environment variables."""
        program = self._folder / (f"{name}.exe" if IS_WINDOWS else name)
        return subprocess.Popen(
            [*_without_rights(), str(program), *arguments],
            cwd=self.home,
            env=_environment(self.home) | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def processes(self) -> list[str]:
        """The command lines of all that runs from the folder, as far as the system tells."""
        found = []
        for place in PROCESSES.glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                if (place / "exe").readlink().is_relative_to(self._folder):
                    found.append((place / "cmdline").read_text().replace("\0", " "))
        return found

    def expect_ended(self) -> None:
        """Nothing that was started may be left."""
        until = time.monotonic() + ENDED_S
        while (left := self.processes()) and time.monotonic() < until:
            time.sleep(0.05)
        assert not left, f"still running: {'; '.join(left)}"


def _environment(home: Path) -> dict[str, str]:
    """No more than a program needs to start."""
    if not IS_WINDOWS:
        own = {"HOME": str(home), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    else:
        system = os.environ["SYSTEMROOT"]
        folders = ("USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP")
        own = {"SYSTEMROOT": system, "PATH": rf"{system}\System32"}
        own |= dict.fromkeys(folders, str(home))
    return own | {"QT_QPA_PLATFORM": "offscreen"}


def _is_root() -> bool:
    return not IS_WINDOWS and os.geteuid() == 0


def _without_rights() -> list[str]:
    """Words before a command that take root's rights and the network away."""
    if not _is_root():
        return []
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
    alone = ["unshare", "--net"]
    can = subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0
    return [*(alone if can else []), *drop]


def check_version(program: Program) -> None:
    """The command starts at all."""
    assert program.run("rostfine", "--version").startswith("rostfine ")


def check_doctor(program: Program) -> None:
    """Nothing but a GPU may be missing."""
    told = program.run("rostfine", "doctor")
    lines = told.splitlines()
    works = {line.split()[1] for line in lines if line.startswith("ok")}
    broken = {line.split()[1] for line in lines if line.startswith("LOOK")}
    assert works >= {"Python", "Packages", "Codecs", "Window", "Bundled", "Demo", "Write"}, told
    assert broken <= {"GPU"}, told


def check_demo(program: Program) -> None:
    """The answer must be the source's to the last digit, but for the time."""
    program.run("rostfine", "demo", "--out", "demo", "--device", "cpu")
    _expect_report(program.home / "demo")
    if program.answer is not None:
        _expect_same(program.home / "demo", program.answer)


def check_assess(program: Program) -> None:
    """A video that the program wrote itself, so that no other file is needed."""
    program.run(
        *("rostfine", "simulate", "--out", "scenes", "--size", "640x480"),
        *("--frames", "90", "--sperm", "3"),
    )
    scene = program.home / "scenes" / "scene-0000"
    with (scene / "seeds.csv").open(newline="") as file:
        seed = next(csv.DictReader(file))
    click = f"--click={float(seed['x']):.0f},{float(seed['y']):.0f}"
    video = str(scene / "scene.mp4")
    program.run("rostfine", "assess", video, click, "--um-per-px", "0.19", "--out", "assessed")
    _expect_report(program.home / "assessed")


def check_decoding_process(program: Program) -> None:
    """Videos are read in a process of its own, which ends also when the program is killed."""
    if not PROCESSES.is_dir():
        return  # Windows tells no command lines
    with program.start("rostfine", "demo", "--out", "killed", "--device", "cpu") as demo:
        try:
            while not any(DECODER in line for line in program.processes()):
                if demo.poll() is not None:
                    raise AssertionError("no decoding process was seen")
                time.sleep(0.02)
        finally:
            demo.kill()
    program.expect_ended()


def check_batch(program: Program) -> None:
    """Two videos at once into a new case store, with sealed report, records and tables."""
    size = ("--count", "2", "--size", "320x240", "--frames", "60", "--sperm", "2")
    program.run("rostfine", "simulate", "--out", "recordings", *size)
    rows = [f"recordings/scene-000{n}" for n in range(2)]
    table = program.home / "batch.csv"
    table.write_text("video,clicks\n" + "".join(f"{r}/scene.mp4,{r}/seeds.csv\n" for r in rows))
    store = ("--store", "store")
    program.run(
        *("rostfine", "batch", "batch.csv", *store, "--jobs", "2", "--device", "cpu"),
        *("--sample", "BATCH", "--um-per-px", "0.19"),
    )
    _expect_kept(program, "store", "2, with 4 sperm")
    program.run("rostfine", "verify", *store)
    program.run(
        *("rostfine", "report", "BATCH", *store, "--out", "sample", "--certificate"),
        str(program.certificate),
        ROSTFINE_CERTIFICATE_PASSPHRASE=PASSPHRASE,
    )
    told = program.run("rostfine", "check-report", "sample/report.pdf")
    assert "Unchanged since it was sealed" in told, told
    assert json.loads((program.home / "sample" / "report.fhir.json").read_text("utf-8"))["entry"]
    program.run("rostfine", "cases", *store, "--out", "cases.xlsx")
    assert (program.home / "cases.xlsx").stat().st_size > 4_000
    program.run("rostfine", "reproduce", "BATCH", *store)


def check_encryption(program: Program) -> None:
    """The store of the batch is encrypted and written plainly again."""
    store, file = ("--store", "store"), program.home / "store" / "cases.sqlite"
    program.run("rostfine", "store", "encrypt", *store, ROSTFINE_NEW_STORE_PASSPHRASE=PASSPHRASE)
    assert not file.read_bytes().startswith(PLAIN_SQLITE)
    told = program.run("rostfine", "verify", *store, status=1)
    assert "is encrypted" in told, told
    _expect_kept(program, "store", "2, with 4 sperm", ROSTFINE_STORE_PASSPHRASE=PASSPHRASE)
    program.run("rostfine", "store", "decrypt", *store, ROSTFINE_STORE_PASSPHRASE=PASSPHRASE)
    assert file.read_bytes().startswith(PLAIN_SQLITE)
    program.run("rostfine", "verify", *store)


def check_simulated_data_set(program: Program) -> None:
    """Worker processes must be workers, not second programs."""
    program.run("rostfine", "simulate", "--kind", "dataset", "--count", "21", "--out", "data")
    with (program.home / "data" / "labels.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 21


def check_acceptance(program: Program) -> None:
    """A lab's acceptance of the program: it must find itself as good as the release."""
    plan, model = program.home / "plan.toml", program.contents / "models" / "demo.safetensors"
    version = program.run("rostfine", "--version").removeprefix("rostfine ").strip()
    plan.write_text(PLAN.format(version=version), encoding="utf-8")
    program.run("rostfine", "validate", str(plan), "--model", str(model), "--out", "accepted")
    assert (program.home / "accepted" / "acceptance.pdf").stat().st_size > 5_000


def check_training_advice(program: Program) -> None:
    """What the program cannot do it must say in one true sentence."""
    for words in (("train", "no.toml"), ("batch", "scenes", "--find-all", "--scheduler", "x")):
        told = program.run("rostfine", *words, status=1)
        assert told.startswith("rostfine: "), told
        assert "from its source" in told, told
        assert "pip install" not in told, told


def check_window(program: Program) -> None:
    """The real window, from the click to the report."""
    program.run("rostfine-app", "--self-test", "window")
    folder = program.home / "window"
    graded = json.loads((folder / "self-test.json").read_text())["graded"]
    _expect_shares(graded, _shares(program.home / "demo"))
    assert (folder / "window.png").stat().st_size > 50_000
    assert (folder / "reports" / "SELF-TEST" / "report.pdf").is_file()
    _expect_kept(program, "window/cases", f"1, with {len(graded)} sperm")
    program.run("rostfine", "verify", "--store", "window/cases")


CHECKS: tuple[Callable[[Program], None], ...] = (
    check_version,
    check_doctor,
    check_demo,
    check_assess,
    check_decoding_process,
    check_batch,
    check_encryption,
    check_simulated_data_set,
    check_acceptance,
    check_training_advice,
    check_window,
)


def _expect_report(folder: Path) -> None:
    missing = [name for name in REPORT_FILES if not (folder / name).is_file()]
    assert not missing, f"{folder} lacks {missing}"


def _expect_kept(program: Program, store: str, videos: str, **variables: str) -> None:
    told = program.run("rostfine", "store", "info", "--store", store, **variables)
    assert re.search(rf"^videos +{videos}$", told, re.MULTILINE), told


def _shares(folder: Path) -> list[dict[str, float]]:
    with (folder / "report.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    return [{g: float(row[f"share_{g}"]) for g in "ABCDE"} for row in rows]


def _expect_same(folder: Path, answer: Path) -> None:
    mine, right = _timeless(folder), _timeless(answer)
    for name in ANSWER_FILES:
        assert mine[name] == right[name], (
            f"{folder / name} is not what the source answers in {answer / name}"
        )


def _timeless(folder: Path) -> dict[str, str]:
    """A report's files without what hangs on when it was made."""
    texts = {name: (folder / name).read_text("utf-8-sig") for name in ANSWER_FILES}
    hashes = {row["report_sha256"] for row in csv.DictReader(io.StringIO(texts["report.csv"]))}
    moment = re.compile("|".join((TIME.pattern, *hashes)))
    return {name: moment.sub("", text) for name, text in texts.items()}


def _expect_shares(graded: list[dict[str, float]], of_demo: list[dict[str, float]]) -> None:
    assert len(graded) == len(of_demo), f"the window graded {len(graded)} sperm"
    for sperm, (mine, right) in enumerate(zip(graded, of_demo, strict=True), start=1):
        worst = max(abs(mine[g] - right[g]) for g in right)
        assert worst <= TOLERANCE, f"sperm {sperm}: {worst:.4f} from the command's answer"


@contextmanager
def installed(folder: Path, *, certificate: Path, answer: Path | None) -> Iterator[Program]:
    """A read-only copy of the folder, and a home for its user, who has the certificate."""
    with tempfile.TemporaryDirectory(prefix="smoke-") as name:
        root = Path(name)
        root.chmod(0o755)
        copy, home = root / PLACE, root / "home"
        shutil.copytree(folder, copy, symlinks=True)
        home.mkdir()
        own = Path(shutil.copy(certificate, home))
        if _is_root():
            for path in (home, own):
                os.chown(path, int(NOBODY), int(NOBODY))
        _protect(copy)
        try:
            yield Program(copy, home, certificate=own, answer=answer)
        finally:
            _free(copy)


def _protect(folder: Path) -> None:
    """Readable by all and writable by nobody, as an installed program is to its user."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o555 if path.stat().st_mode & 0o100 else 0o444)


def _free(folder: Path) -> None:
    """Let the copy be removed."""
    for path in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
        if not path.is_symlink():
            path.chmod(0o755)


def main(argv: Sequence[str] | None = None) -> int:
    """Run every check; 1 if one fails."""
    parser = argparse.ArgumentParser(description="Tests a built folder as a user gets it.")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--certificate", type=Path, required=True, help="what make_certificate.py wrote"
    )
    parser.add_argument(
        "--answer", type=Path, help="the report that the source makes of the demonstration"
    )
    parser.add_argument("--keep", type=Path, help="copy what the programs wrote to this folder")
    arguments = parser.parse_args(argv)
    failed = 0
    given = {"certificate": arguments.certificate, "answer": arguments.answer}
    with installed(arguments.folder, **given) as program:
        for check in CHECKS:
            start = time.monotonic()
            try:
                check(program)
                program.expect_ended()
                outcome = "ok"
            except (AssertionError, OSError, KeyError, subprocess.TimeoutExpired) as error:
                outcome, failed = f"FAILED: {error}", failed + 1
            name = check.__name__.removeprefix("check_").replace("_", " ")
            print(f"{name:20} {time.monotonic() - start:6.1f} s  {outcome}", flush=True)
        if arguments.keep is not None:
            shutil.copytree(program.home, arguments.keep, dirs_exist_ok=True)
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
