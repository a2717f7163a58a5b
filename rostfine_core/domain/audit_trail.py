"""Entries of a store's audit trail, and what checking them finds."""

import hashlib
import json
from dataclasses import asdict, dataclass

from rostfine_core.messages import Message, joined


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One entry; ``before`` and ``after`` are JSON or "", ``utc`` is ISO 8601.

    ``operator`` is a login, or the name of the computer's account in single-user mode.
    """

    number: int
    utc: str
    local_offset_minutes: int
    operator: str
    action: str
    subject_kind: str
    subject_id: str
    before: str
    after: str
    reason: str
    previous_hash: str
    hash: str = ""

    @property
    def own_hash(self) -> str:
        """SHA-256 of all fields but ``hash``, as a JSON list in ASCII in the order above."""
        values = list(asdict(self).values())[:-1]
        return hashlib.sha256(json.dumps(values, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class TrailCheck:
    """What ``verify`` found: ``fault`` names the first broken entry, None if there is none.

    ``held`` are the hashes that were asked for, each with the number of the entry that has it.
    """

    entries: int
    head: str
    broken: int | None = None
    fault: Message | None = None
    held: tuple[tuple[str, int], ...] = ()

    @property
    def message(self) -> Message:
        """The outcome, with a sentence for each hash that was asked for."""
        if self.fault is not None:
            return self.fault
        if not self.entries:
            return Message("The store is empty: its audit trail has no entries yet.")
        whole = Message(
            "The audit trail is whole: {entries} entries, the newest with hash {head}.",
            entries=self.entries,
            head=self.head,
        )
        found = (
            Message("It holds the hash {hash}, of entry {number}.", hash=hash, number=number)
            for hash, number in self.held
        )
        return joined((whole, *found), " ")
