"""The migrations make the tables that the program uses."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from rostfine_core.store import Store
from rostfine_core.store.migration import FOLDER, REVISIONS, revision_of
from rostfine_core.store.schema import Table


def test_the_steps_lead_to_the_tables_of_this_version(place: str) -> None:
    with Store.open(place) as store, store.engine.connect() as connection:
        assert revision_of(connection) == REVISIONS[-1]
        made = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(made, Table.metadata) == []


def test_the_list_of_forms_is_that_of_the_steps() -> None:
    steps = ScriptDirectory(str(FOLDER)).walk_revisions()
    assert tuple(step.revision for step in steps)[::-1] == REVISIONS
