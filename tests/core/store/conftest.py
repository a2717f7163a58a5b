"""Stores of both kinds: an SQLite file and a database of a real PostgreSQL server."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from rostfine_core.store import Store

USER = "rostfine"
OPTIONS = (
    "listen_addresses=",
    "fsync=off",  # the tests end the server, never the machine
    "shared_buffers=16MB",
    "max_connections=20",
)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server that only listens in its own folder."""

    programs: Path
    folder: Path
    account: str | None

    def run(self, program: str, *arguments: str) -> None:
        """Run one of its programs, as root as somebody else: PostgreSQL refuses root."""
        command = [str(self.programs / program), *arguments]
        if self.account is not None:
            command = ["runuser", "-u", self.account, "--", *command]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        options = [*OPTIONS, f"unix_socket_directories={self.folder}"]
        # The server must not hold the pipes of the command that starts it.
        self.run(
            "pg_ctl", "start", "--wait", "--pgdata", str(self.data), "--log",
            str(self.folder / "log"), "--options", " ".join(f"-c {o}" for o in options),
        )  # fmt: skip

    def stop(self) -> None:
        """End it at once, as a crash would."""
        self.run("pg_ctl", "stop", "--mode", "immediate", "--pgdata", str(self.data))

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}@/{database}?unix_sock={self.folder}/.s.PGSQL.5432"


def programs_of_postgresql() -> Path | None:
    """The folder with initdb: in PATH, or where Debian keeps it."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return kept[-1].parent if kept else None


def account() -> str | None:
    """Who runs the server; None for the user who runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A running server, one for each worker whose tests need it."""
    programs = programs_of_postgresql()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: packaging/system_packages.sh --for-tests")
    folder = Path(tempfile.mkdtemp(prefix="rostfine-pg-"))
    made = Server(programs, folder, account())
    if made.account is not None:
        shutil.chown(folder, made.account)
    try:
        made.run(
            "initdb", "--pgdata", str(made.data), "--username", USER, "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C", "--no-sync",
        )  # fmt: skip
        made.start()
        yield made
        made.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store may be made."""
    if request.param == "sqlite":
        return str(tmp_path / "store")
    url: str = request.getfixturevalue("url")
    return url


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    """A database on the server, without anything in it."""
    url = server.url()
    yield url
    with Store.open(url) as used, used.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    """A new store, empty."""
    with Store.open(place) as opened:
        yield opened
