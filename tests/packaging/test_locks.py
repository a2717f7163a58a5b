"""The installed program's locks hold every package that the program asks for."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OF_CUDA = ("nvidia-", "cuda-", "triton")
"""What torch's wheel for GPUs asks for; the lock for CPUs has another wheel."""
LEFT_OUT = {"lxml"}
"""pyHanko, openpyxl and fhir.resources do without it; it takes 10 MB and holds libiconv (LGPL)."""


def needed() -> set[str]:
    """All packages that the program needs on this machine, by what the installed ones ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: set[str] = set()
    waiting = [Requirement(text) for text in project["dependencies"]]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        try:
            needs = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue
        waiting += [
            need
            for need in needs
            if need.marker is None
            or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        ]
    return found


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_a_lock_holds_what_the_program_needs(kind: str) -> None:
    lines = (ROOT / "packaging" / f"requirements-{kind}.lock").read_text(encoding="utf-8")
    held = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+) *[=@]", lines, re.M)}
    missing = needed() - held - LEFT_OUT
    assert {name for name in missing if not name.startswith(OF_CUDA)} == set()
