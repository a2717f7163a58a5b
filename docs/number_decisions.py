"""Numbers the decisions that have no number yet, and renews their index: ``make decisions``."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "decisions"
INDEX = FOLDER / "README.md"
ENTRY = "- {number:04d} [{title}]({file})"


def records() -> list[Path]:
    """The records that have a number, in their order."""
    return sorted(FOLDER.glob("[0-9]*.md"))


def number() -> None:
    """Give each record without a number the next one."""
    last = int(records()[-1].name[:4])
    for path in sorted(set(FOLDER.glob("*.md")) - {INDEX, *records()}):
        last += 1
        title, _, text = path.read_text(encoding="utf-8").partition("\n")
        title = re.sub(r"^#\s*", "", title)
        path.write_text(f"# {last}. {title}\n\n{text.strip()}\n", encoding="utf-8")
        path.rename(FOLDER / f"{last:04d}-{path.name}")


def index() -> str:
    """The index: what stands above the list, and one line for each record."""
    preface, _, _ = INDEX.read_text(encoding="utf-8").partition("\n- ")
    return "\n".join([preface.rstrip("\n"), "", *map(_entry, records())]) + "\n"


def _entry(path: Path) -> str:
    title = path.read_text(encoding="utf-8").partition("\n")[0]
    number, _, words = title.removeprefix("# ").partition(". ")
    return ENTRY.format(number=int(number), title=words, file=path.name)


if __name__ == "__main__":
    number()
    INDEX.write_text(index(), encoding="utf-8")
