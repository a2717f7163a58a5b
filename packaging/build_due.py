"""Says whether the installed program should be built and tested anew: it prints why, or nothing.

    python packaging/build_due.py

It is due when what decides over it has changed since the last tag: how it is packed, what it
depends on, or where its programs start.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WATCHED = (
    "packaging",
    "Makefile",
    "pyproject.toml",
    "app/__main__.py",
    "app/self_test.py",
    "rostfine_core/bundled.py",
    "rostfine_core/cli/__main__.py",
    "rostfine_core/decoder_process.py",
    "rostfine_core/store/migrations",
)
SHOWN = 5


def reason(root: Path) -> str:
    """Why a build is due, in one sentence; empty if none is."""
    tag = _git(root, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*").strip()
    if not tag:
        return "A build of the installed program is due: no version is tagged here."
    changed = _git(root, "diff", "--name-only", tag, "--", *WATCHED).splitlines()
    if not changed:
        return ""
    more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
    return (
        f"A build of the installed program is due, as since {tag} these have changed: "
        f"{', '.join(changed[:SHOWN])}{more}."
    )


def _git(root: Path, *arguments: str) -> str:
    """What git prints; nothing where it fails, as without a tag."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    print(reason(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
