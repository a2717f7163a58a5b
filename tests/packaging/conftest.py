"""A built folder that is small: two programs that answer, a file, a link and the licences."""

from pathlib import Path

import pytest

VERSION = "1.2.3"
PROGRAM = """#!/bin/sh
case "$1" in
--version) echo "{name} {version}" ;;
--help) printf 'usage: {name} [-h]\\n\\n.dangerous line\\n' ;;
esac
"""


def write_built(folder: Path, *, version: str = VERSION) -> None:
    """Write such a folder, as ``make package`` leaves one."""
    (folder / "_internal" / "licences").mkdir(parents=True)
    (folder / "_internal" / "data").write_bytes(bytes(5 * 2**20))
    (folder / "_internal" / "licences" / f"{'long' * 40}.txt").write_text("text")
    (folder / "_internal" / "link").symlink_to("data")
    for name in ("rostfine", "rostfine-app"):
        (folder / name).write_text(PROGRAM.format(name=name, version=version))
        (folder / name).chmod(0o700)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of version 1.2.3."""
    folder = tmp_path_factory.mktemp("built") / "rostfine-assist"
    write_built(folder)
    return folder
