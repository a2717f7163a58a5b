"""Makes the table of requirements from the tests that name them: ``make requirements``."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENTS, TABLE = ROOT / "docs" / "requirements.toml", ROOT / "docs" / "requirements.md"
MARK = "pytest.mark.requirement"
HEAD = """# Requirements

What the program must do, the risk if it does not, and the tests that show it. `make requirements` \
makes this page of [requirements.toml](requirements.toml) and of the tests' marks; a test fails \
when a requirement has no test or the page is out of date.
"""


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One thing that the program must do."""

    id: str
    topic: str
    text: str
    risk: str


@dataclass(frozen=True, kw_only=True)
class MarkedTest:
    """A test that names a requirement; ``file`` is relative to the repository."""

    requirement: str
    file: str
    name: str

    @property
    def link(self) -> str:
        """Its name as words, which lead to its file."""
        words = self.name.removeprefix("test_").replace("_", " ")
        return f"[{words}](../{self.file})"


def requirements() -> tuple[Requirement, ...]:
    """All requirements, in their order."""
    table = tomllib.loads(REQUIREMENTS.read_text(encoding="utf-8"))
    return tuple(Requirement(**row) for row in table["requirement"])


def marked_tests() -> Iterator[MarkedTest]:
    """The tests that name a requirement, file by file."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        file = path.relative_to(ROOT).as_posix()
        for id, name in marks_of(path.read_text(encoding="utf-8")):
            yield MarkedTest(requirement=id, file=file, name=name)


def marks_of(source: str) -> Iterator[tuple[str, str]]:
    """The marks in a file of tests: requirement and test; only what pytest collects."""
    if MARK not in source:
        return
    nodes = ast.parse(source).body
    inside = (part for node in nodes if isinstance(node, ast.ClassDef) for part in node.body)
    for node in (*nodes, *inside):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == MARK:
                    yield from ((str(ast.literal_eval(a)), node.name) for a in mark.args)


def table() -> str:
    """The page."""
    tests = list(marked_tests())
    parts = [HEAD]
    for topic, rows in groupby(requirements(), key=lambda r: r.topic):
        parts.append(f"## {topic}\n\n| | requirement | risk | shown by |\n|---|---|---|---|")
        for one in rows:
            shown = "; ".join(t.link for t in tests if t.requirement == one.id)
            parts.append(f"| {one.id} | {one.text} | {one.risk} | {shown} |")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
