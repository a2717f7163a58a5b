"""Draws ``architecture.svg`` from the import graph: ``python -m docs.draw_architecture``.

A box is a folder, or a module that lies beside the folders; its row is its layer in import-linter's
contracts. An arrow says "imports". One that other arrows lead along anyway is left out.
"""

import tomllib
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
PACKAGES = ("app", "rostfine_core")
WIDTH, ROW, MARGIN = 1080, 62, 12
BOX_HEIGHT, LETTER = 30, 7.2
LEFT = 116  # where the packages' names stand
FILLS = {"app": "#dbeafe", "rostfine_core": "#dcfce7"}
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
    'font-family="sans-serif" font-size="12">\n'
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>\n'
    '<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
)
ASIDE = (0, 150, -150, 75, -75)
Arrow = tuple[str, str]
Place = tuple[float, float, float]
"""The left edge, the top and the width of a box."""


def layers() -> dict[str, list[list[str]]]:
    """Each package's layers from the highest to the lowest, as lists of full names."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = table["tool"]["importlinter"]["contracts"]
    listed = {c["containers"][0]: c["layers"] for c in contracts if c["type"] == "layers"}
    return {
        package: [
            [f"{package}.{name.strip()}" for name in layer.split("|")] for layer in listed[package]
        ]
        for package in PACKAGES
    }


def arrows(boxes: Iterable[str]) -> set[Arrow]:
    """Which boxes import which, without the arrows that others lead along."""
    graph = grimp.build_graph(*PACKAGES)
    home = {
        module: box
        for box in boxes
        for module in graph.modules
        if module == box or module.startswith(f"{box}.")
    }
    direct: dict[str, set[str]] = {box: set() for box in home.values()}
    for module, box in home.items():
        imported = graph.find_modules_directly_imported_by(module)
        direct[box] |= {home[m] for m in imported if m in home} - {box}

    def reached(box: str) -> set[str]:
        return direct[box].union(*(reached(other) for other in direct[box]))

    return {
        (box, other)
        for box, others in direct.items()
        for other in others
        if not any(other in reached(between) for between in others - {other})
    }


def places(rows: list[list[str]]) -> dict[str, Place]:
    """Where each box stands: its row spread over the width.

    Short rows are moved aside by turns, so that no arrow runs behind a box that it passes by.
    """
    found: dict[str, Place] = {}
    for number, row in enumerate(rows):
        widths = [LETTER * len(name.rpartition(".")[2]) + 16 for name in row]
        gap = (WIDTH - LEFT - MARGIN - sum(widths)) / (len(row) + 1)
        x = LEFT + gap + (ASIDE[number % len(ASIDE)] if len(row) < 4 else 0)
        for name, width in zip(row, widths, strict=True):
            found[name] = (x, MARGIN + number * ROW, width)
            x += width + gap
    return found


def draw() -> str:
    """The picture as SVG."""
    rows = [row for package in PACKAGES for row in layers()[package]]
    boxes = places(rows)
    height = MARGIN + len(rows) * ROW
    return "".join(
        [
            HEAD.format(width=WIDTH, height=height),
            *(_line(boxes[a], boxes[b]) for a, b in sorted(arrows(boxes))),
            *_names(),
            *(_box(name, place) for name, place in boxes.items()),
            "</svg>\n",
        ]
    )


def _line(start: Place, end: Place) -> str:
    x1, y1, width1 = start
    x2, y2, width2 = end
    return (
        f'<line x1="{x1 + width1 / 2:.0f}" y1="{y1 + BOX_HEIGHT:.0f}" '
        f'x2="{x2 + width2 / 2:.0f}" y2="{y2:.0f}" '
        'stroke="#94a3b8" marker-end="url(#tip)"/>\n'
    )


def _names() -> Iterator[str]:
    top = MARGIN
    for package, rows in layers().items():
        yield (
            f'<text x="{MARGIN}" y="{top + 20}" font-weight="bold" fill="#0f172a">'
            f"{escape(package)}</text>\n"
        )
        top += len(rows) * ROW


def _box(name: str, place: Place) -> str:
    package, _, room = name.rpartition(".")
    x, y, width = place
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{BOX_HEIGHT}" rx="5" '
        f'fill="{FILLS[package]}" stroke="#475569"/>\n'
        f'<text x="{x + width / 2:.0f}" y="{y + 20:.0f}" text-anchor="middle" '
        f'fill="#0f172a">{escape(room)}</text>\n'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
