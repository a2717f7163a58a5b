"""The case store as a whole, backed up and read through beside the store's own thread."""

from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.domain import LongJob, Progress
from rostfine_core.marking import marked
from rostfine_core.messages import Message

if TYPE_CHECKING:
    from rostfine_core.store import Store


def back_up_daily(store: "Store") -> LongJob[Path | None]:
    """Back up a store whose last daily backup is older than a day.

    Raises:
        StoreError: the backup cannot be written.
    """
    yield Progress(stage=marked("backing up"), done=0, total=1)
    return store.back_up_when_due()


def back_up_now(store: "Store") -> LongJob[Path]:
    """Back up a store and return the file.

    Raises:
        StoreError: the backup cannot be written, or who is signed in may not.
    """
    yield Progress(stage=marked("backing up"), done=0, total=1)
    return store.back_up()


def check_store(store: "Store") -> LongJob[tuple[Message, ...]]:
    """Read through a store and return what is damaged.

    Raises:
        StoreError: it cannot be read.
    """
    yield Progress(stage=marked("checking the store"), done=0, total=1)
    return store.check()
