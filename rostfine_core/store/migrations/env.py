"""What Alembic runs: the steps, on the connection handed over and in one transaction."""

from alembic import context

from rostfine_core.store.schema import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    transactional_ddl=True,  # SQLite's too, since the engine begins transactions itself
)
with context.begin_transaction():
    context.run_migrations()
