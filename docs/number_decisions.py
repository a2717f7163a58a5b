"""Numbers the decisions that have no number yet, and renews their index: ``make decisions``."""

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "decisions"
INDEX = FOLDER / "README.md"
ENTRY = "- {number:04d} [{title}]({file})"


def records() -> list[Path]:
    """The records that have a number, in their order."""
    return sorted(FOLDER.glob("[0-9]*.md"))


def number() -> dict[str, str]:
    """Give each record without a number the next one, and return new file names by former ones."""
    renamed = {}
    last = int(records()[-1].name[:4])
    for path in sorted(set(FOLDER.glob("*.md")) - {INDEX, *records()}):
        last += 1
        title, _, text = path.read_text(encoding="utf-8").partition("\n")
        title = re.sub(r"^#\s*", "", title)
        path.write_text(f"# {last}. {title}\n\n{text.strip()}\n", encoding="utf-8")
        renamed[path.name] = f"{last:04d}-{path.name}"
        path.rename(FOLDER / renamed[path.name])
    return renamed


def renew_mentions(files: Iterable[Path], renamed: Mapping[str, str]) -> None:
    """Write the new names of records where ``files`` mention the former ones."""
    for file in files:
        text = renewed = file.read_text(encoding="utf-8")
        for former, name in renamed.items():
            renewed = re.sub(rf"(?<![\w-]){re.escape(former)}", name, renewed)
        if renewed != text:
            file.write_text(renewed, encoding="utf-8")


def _files() -> list[Path]:
    """The code and the documents of this checkout."""
    ask = ["git", "-C", str(ROOT), "ls-files", "*.py", "*.md"]
    names = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.splitlines()
    files = {ROOT / name for name in names} | set(records())
    return [path for path in files if path.is_file()]


def index() -> str:
    """The index: what stands above the list, and one line for each record."""
    preface, _, _ = INDEX.read_text(encoding="utf-8").partition("\n- ")
    return "\n".join([preface.rstrip("\n"), "", *map(_entry, records())]) + "\n"


def _entry(path: Path) -> str:
    title = path.read_text(encoding="utf-8").partition("\n")[0]
    number, _, words = title.removeprefix("# ").partition(". ")
    return ENTRY.format(number=int(number), title=words, file=path.name)


if __name__ == "__main__":
    renamed = number()
    renew_mentions(_files(), renamed)
    INDEX.write_text(index(), encoding="utf-8")
