"""Puts what a release gives away into one folder: ``make release``.

    python packaging/release.py --check            is this commit a release? Before the long build
    python packaging/release.py BUILD OUT          collect it from the folder BUILD in OUT

OUT/VERSION then holds the installers, the manuals, the SBOM, the release's notes from the
changelog, and SHA256SUMS, which ``sha256sum -c`` reads.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from about import NAME, NO_ADDRESS, ROOT, TITLE, maintainer, version

INSTALLERS = ("{name}_{version}_amd64.deb", "{name}-{version}-linux-x86_64.run")
MANUALS = ("manual/manual-en.pdf", "manual/manual-ja.pdf")
SBOM = f"package/{NAME}/_internal/licences/sbom.cdx.json"
SUMS = "SHA256SUMS"


def faults(root: Path, released: str) -> Iterator[str]:
    """Why the commit of the checkout ``root`` is no release of the version, one sentence each."""
    if _git(root, "status", "--porcelain"):
        yield "the tree holds changes that are not committed"
    tag = f"v{released}"
    if tag not in _git(root, "tag", "--points-at", "HEAD").split():
        yield f"the commit has no tag {tag}: make it as CONTRIBUTING.md says under Releasing"
    waiting = sorted(p.name for p in (root / "docs/changes").glob("+*.md"))
    if waiting:
        yield f"docs/changes still holds {len(waiting)} changes: run `make changelog`"
    if notes(root, released) is None:
        yield f"CHANGELOG.md has no section {released}: run `make changelog`"


def notes(root: Path, released: str) -> str | None:
    """The changelog's section of the version without its heading; None if it has none."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = rf"^## \[{re.escape(released)}\] - \S+\n"
    found = re.search(heading + r"(.*?)(?=^## \[|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1].strip() + "\n" if found else None


def collect(root: Path, build: Path, out: Path, released: str) -> Path:
    """Copy everything into a new folder ``out``/VERSION and return it.

    Raises:
        FileNotFoundError: an installer, a manual or the SBOM was not built.
        ValueError: the SBOM is another version's.
    """
    names = [name.format(name=NAME, version=released) for name in INSTALLERS]
    stated = json.loads((build / SBOM).read_text(encoding="utf-8"))
    built = stated["metadata"]["component"]["version"]
    if built != released:
        raise ValueError(f"{build / SBOM} is that of version {built}, not {released}: build again")
    missing = [name for name in (*names, *MANUALS) if not (build / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{build} lacks {', '.join(missing)}: run `make manual deb archive`"
        )
    folder = out / released
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in names:
        shutil.copy(build / name, folder)
    for name in MANUALS:
        shutil.copy(build / name, folder / f"{NAME}-{released}-{Path(name).name}")
    shutil.copy(build / SBOM, folder / f"{NAME}-{released}.cdx.json")
    text = f"# {TITLE} {released}\n\n{notes(root, released)}"
    (folder / "notes.md").write_text(text, encoding="utf-8")
    files = sorted(folder.iterdir())
    sums = "".join(f"{_sha256(file)}  {file.name}\n" for file in files)
    (folder / SUMS).write_text(sums, encoding="ascii")
    return folder


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main(argv: Sequence[str] | None = None) -> int:
    """Check, and collect if asked; 1 if this is no release or something is missing."""
    parser = argparse.ArgumentParser(description="Collects what a release gives away.")
    parser.add_argument(
        "build", type=Path, nargs="?", help="what make package, manual, deb, archive built"
    )
    parser.add_argument("out", type=Path, nargs="?", default=Path("dist"))
    parser.add_argument("--check", action="store_true", help="look at the commit alone")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    arguments = parser.parse_args(argv)
    if arguments.check == (arguments.build is not None):
        parser.error("give the folder of the build, or --check")
    released = version(arguments.root)
    found = list(faults(arguments.root, released))
    for fault in found:
        print(f"release: {released} cannot be released: {fault}", file=sys.stderr)
    if found:
        return 1
    if arguments.build is not None:
        try:
            folder = collect(arguments.root, arguments.build, arguments.out, released)
        except (OSError, ValueError) as error:
            print(f"release: {error}", file=sys.stderr)
            return 1
        print(f"{folder}:\n{(folder / SUMS).read_text(encoding='ascii')}", end="")
    if "@" not in maintainer():
        print(NO_ADDRESS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
