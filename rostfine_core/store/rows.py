"""Rows of the tables by their ids."""

import json
from typing import TypeVar

from sqlalchemy.orm import Session

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store.schema import Table

Row = TypeVar("Row", bound=Table)


def row_of(session: Session, table: type[Row], id: str) -> Row:
    """The row with an id.

    Raises:
        StoreError: there is none.
    """
    row = session.get(table, id)
    if row is None:
        raise StoreError(
            Message(
                "What was asked for ({kind}) is not in this store: open the list again.",
                kind=table.__tablename__,
            )
        )
    return row


def as_json(value: object) -> str:
    """A value as JSON in one line."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
