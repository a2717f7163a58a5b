"""Reading and checking a store's audit trail, for who has the right to it."""

from collections.abc import Iterable

from rostfine_core.domain import Action, AuditEntry, TrailCheck
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store import audit
from rostfine_core.store.audit import SHORTEST_HEAD
from rostfine_core.store.store import Store


def entries(
    store: Store, *, containing: str = "", before: int | None = None, limit: int = 200
) -> tuple[AuditEntry, ...]:
    """Entries from the newest on: those that hold a text, with numbers below ``before``.

    Raises:
        StoreError: who is signed in may not see the audit trail.
    """
    with store.reading(Action.SEE_AUDIT) as session:
        return audit.newest_entries(session, containing=containing, before=before, limit=limit)


def verify(store: Store, *, known_heads: Iterable[str] = ()) -> TrailCheck:
    """Check every entry, and that the heads that reports carry are among them.

    ``known_heads`` are hashes from printed reports, as much as ``SHORTEST_HEAD`` characters each.

    Raises:
        StoreError: a head is too short to be told apart, or who is signed in may not see the
            audit trail.
    """
    heads = [head.strip().lower() for head in known_heads]
    for head in heads:
        if len(head) < SHORTEST_HEAD:
            raise StoreError(
                Message(
                    "The hash {hash} is too short: type at least {count} of its characters.",
                    hash=head,
                    count=SHORTEST_HEAD,
                )
            )
    with store.reading(Action.SEE_AUDIT) as session:
        return audit.check_chain(session, known_heads=heads)
