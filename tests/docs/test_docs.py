"""The documents fit the code: the picture of its folders, the decisions, links and changes."""

import re
from pathlib import Path

import pytest

from docs import number_decisions
from docs.draw_architecture import PICTURE, arrows, draw, layers
from docs.number_decisions import INDEX, index, number, records, renew_mentions

ROOT = Path(__file__).parents[2]
CHANGES = ("added", "changed", "removed", "fixed")
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "models").glob("*.md")]
)


def test_the_picture_is_that_of_the_import_graph() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(), "run `make architecture`"


def test_arrows_lead_downwards_alone() -> None:
    rows = [row for package in layers().values() for row in package]
    height = {box: number for number, row in enumerate(rows) for box in row}
    assert all(height[above] < height[below] for above, below in arrows(height))


def test_every_decision_stands_in_the_index_once() -> None:
    assert INDEX.read_text(encoding="utf-8") == index(), "run `make decisions`"
    numbers = [path.name[:4] for path in records()]
    assert len(set(numbers)) == len(numbers)


def test_a_decision_that_gets_its_number_is_found_where_it_is_mentioned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "decisions"
    folder.mkdir()
    (folder / "README.md").write_text("# Decisions\n")
    (folder / "0007-old.md").write_text("# 7. Old\n\nWhy.\n")
    (folder / "new-one.md").write_text("# New\n\nWhy, unlike another-new-one.md.\n")
    code = tmp_path / "code.py"
    code.write_text('"""See docs/decisions/new-one.md, and other-new-one.md."""\n')
    monkeypatch.setattr(number_decisions, "FOLDER", folder)
    monkeypatch.setattr(number_decisions, "INDEX", folder / "README.md")
    renamed = number()
    assert renamed == {"new-one.md": "0008-new-one.md"}
    assert (folder / "0008-new-one.md").read_text().startswith("# 8. New\n")
    renew_mentions([code], renamed)
    assert code.read_text() == '"""See docs/decisions/0008-new-one.md, and other-new-one.md."""\n'
    assert number() == {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    local = [t for t in targets if not t.startswith(("http:", "https:", "mailto:"))]
    assert [t for t in local if not (document.parent / t).exists()] == []


def test_every_change_is_of_a_known_kind() -> None:
    names = [p.name for p in (ROOT / "docs" / "changes").iterdir() if p.name != "README.md"]
    assert [n for n in names if not re.fullmatch(rf"\+.+\.({'|'.join(CHANGES)})\.md", n)] == []
