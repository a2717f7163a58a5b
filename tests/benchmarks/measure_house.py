"""How large the house is, and how far one walks through it.

Run ``python tests/benchmarks/measure_house.py`` from the root of the checkout that is to be
measured, which may be an older one; the recipe and the video are those of ``tests/compatibility``.
Printed are:

- for each folder its rooms (files and folders in it) and the imports between them,
- functions of more than 40 lines, lines of source and of tests,
- the stays of two ways through the code: a recipe through ``train``, and a click until the
  histogram shows its grade. A stay is a call that leads into another file of the project; each pair
  of calling and called file counts once. A stay in a file that was visited before is a return.
"""

import ast
import importlib
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from inspect import CO_OPTIMIZED
from io import StringIO
from pathlib import Path
from types import CodeType, FrameType, SimpleNamespace
from typing import Any

import grimp

ROOT = Path.cwd()
PACKAGES = ("rostfine_core", "app")
MADE = Path(__file__).parents[1] / "compatibility" / "made_by_0_0"
LONG = 40
WAIT_S = 120
CLICK_PX = (166, 40)


def print_rooms() -> None:
    """Per folder: its rooms, and how many pairs of them import one another."""
    graph = grimp.build_graph(*PACKAGES)
    modules = graph.modules
    arrows = [(m, other) for m in modules for other in graph.find_modules_directly_imported_by(m)]
    folders = sorted(m for m in modules if graph.find_children(m))
    print(f"files {len(modules)}, imports between files {len(arrows)}")
    pairs = {tuple(folder_of(m, folders) for m in arrow) for arrow in arrows}
    print(f"folders {len(folders)}, imports between folders {sum(a != b for a, b in pairs)}")
    print(f"{'folder':34} rooms arrows")
    for folder in folders:
        rooms = graph.find_children(folder)
        inside = {(room_of(a, rooms), room_of(b, rooms)) for a, b in arrows}
        between = sum(a != b and bool(a) and bool(b) for a, b in inside)
        print(f"{folder:34} {len(rooms):5} {between:6}")


def folder_of(module: str, folders: list[str]) -> str:
    """The folder that a module lies in."""
    return module if module in folders else module.rpartition(".")[0]


def room_of(module: str, rooms: set[str]) -> str:
    """The room of a folder that a module is or lies in; empty if it lies elsewhere."""
    return next((r for r in rooms if module == r or module.startswith(f"{r}.")), "")


def print_lines() -> None:
    """Lines of source and tests, and the long functions."""
    source = [f for package in PACKAGES for f in (ROOT / package).rglob("*.py")]
    tests = list((ROOT / "tests").rglob("*.py"))
    for name, files in (("source", source), ("tests", tests)):
        lines = sum(len(f.read_text(encoding="utf-8").splitlines()) for f in files)
        print(f"lines of {name} {lines} in {len(files)} files")
    lengths = Counter(length > LONG for f in source for length in function_lengths(f))
    print(f"functions {lengths.total()}, of more than {LONG} lines {lengths[True]}")


def function_lengths(file: Path) -> Iterator[int]:
    """The lines of each function."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


class Walk:
    """Notes which files are entered, in all threads that it is set for."""

    def __init__(self) -> None:
        self._calls: set[tuple[str, str]] = set()
        self._files: set[str] = set()
        self._is_on = False
        self.stays = self.returns = 0

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what this thread does, and those that ``step`` is set for."""
        self._is_on = True
        threading.setprofile(self.step)
        sys.setprofile(self.step)
        yield
        sys.setprofile(None)
        threading.setprofile(None)
        self._is_on = False

    def step(self, frame: FrameType, event: str, _argument: object) -> None:
        """Look at one call."""
        if event != "call" or not self._is_on or not is_ours(frame.f_code):
            return
        caller = frame.f_back
        while caller is not None and not is_ours(caller.f_code):
            caller = caller.f_back
        call = (caller.f_code.co_filename if caller else "", frame.f_code.co_filename)
        if call in self._calls or call[0] == call[1]:
            return
        self._calls.add(call)
        self.stays += 1
        self.returns += call[1] in self._files
        self._files.add(call[1])

    def __str__(self) -> str:
        return f"stays {self.stays} in {len(self._files)} files, {self.returns} of them returns"


def is_ours(code: CodeType) -> bool:
    """Whether it is a function of the project; the body of a module or class is none."""
    folders = tuple(f"{ROOT / package}{os.sep}" for package in PACKAGES)
    return bool(code.co_flags & CO_OPTIMIZED) and code.co_filename.startswith(folders)


def walk_through_train(folder: Path) -> Walk:
    """Follow a small recipe through the command."""
    from rostfine_core.cli import main

    os.chdir(folder)
    walk = Walk()
    with redirect_stdout(StringIO()):
        main(["train", "recipe.toml"])  # imports what it needs, and answers from its finished run
        shutil.rmtree(folder / "run")
        with walk.noted():
            main(["train", "recipe.toml"])
    return walk


def walk_from_click_to_histogram(folder: Path) -> Walk:
    """Click a sperm of an open video and wait until its grade is drawn."""
    from PySide6.QtCore import QPointF, Qt, QThread
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    application = QApplication([])
    main_window = importlib.import_module("app.main_window")
    settings = class_of_app("Settings")(folder / "settings-of-walk.ini")
    settings.set_value("model_path", str(folder / "run" / "model.safetensors"))
    window = main_window.MainWindow(settings)
    window.show()
    window.controller.start()
    window.controller.open_video(folder / "video.mp4")
    session, walk = window.session, Walk()

    def until(condition: Callable[[], object]) -> None:
        end = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end
            QTest.qWait(10)

    until(lambda: session.info and session.image is not None)
    until(lambda: session.cached_frames[0] == session.cached_frames[1] > 0)
    until(lambda: session.model.status.name == "READY")
    for kind in [k for k in QThread.__subclasses__() if k.__module__.startswith("app.")]:
        note_in_thread(kind, walk)
    canvas = window.review.canvas
    place = canvas.mapFromScene(canvas.centralWidget.mapViewToScene(QPointF(*CLICK_PX)))
    with walk.noted():
        QTest.mouseClick(
            canvas.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place
        )
        until(lambda: session.reportable and not window.controller.is_busy)
        QTest.qWait(50)
    leaving = importlib.import_module("app.state.records").Leaving
    window.questions = SimpleNamespace(
        before_leaving=lambda _, **__: leaving.DISCARD, may_stop=lambda: True
    )
    window.close()
    application.quit()
    return walk


def class_of_app(name: str) -> Any:  # noqa: ANN401 - the module differs between versions
    """A class by its name alone."""
    modules = [m for n, m in sys.modules.items() if n.startswith("app.")]
    return next(getattr(m, name) for m in modules if hasattr(m, name))


def note_in_thread(kind: Any, walk: Walk) -> None:  # noqa: ANN401 - any class with a run
    """Have the threads of a class noted, which Qt starts."""
    run = kind.run

    def noted_run(self: object) -> None:
        sys.setprofile(walk.step)
        try:
            run(self)
        finally:
            sys.setprofile(None)

    kind.run = noted_run


def main() -> None:
    """Print all figures."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print_rooms()
    print_lines()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "made"
        shutil.copytree(MADE, folder)
        print("recipe through train:", walk_through_train(folder))
        print("click to histogram:", walk_from_click_to_histogram(folder))
        os.chdir(ROOT)


if __name__ == "__main__":
    main()
