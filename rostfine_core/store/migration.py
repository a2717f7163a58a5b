"""Brings a store's tables to the form that this version uses."""

from pathlib import Path

from sqlalchemy import Connection, Inspector, inspect, text

REVISIONS = ("0001", "0002", "0003")
"""The forms of the store, oldest first; the last is this version's."""
FOLDER = Path(__file__).with_name("migrations")
VERSION_TABLE = "alembic_version"


def revision_of(connection: Connection) -> str | None:
    """The form of a store; None where there are no tables yet."""
    tables: Inspector = inspect(connection)
    if not tables.has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()


def bring_up_to_date(connection: Connection, revision: str = "head") -> None:
    """Take the steps to a form that are missing, in the connection's transaction."""
    from alembic import command  # needed only where there are steps to take
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
