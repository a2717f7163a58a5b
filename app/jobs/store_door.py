"""Opens the case store for the window, also one that is encrypted."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rostfine_core.store import Store


class StoreDoor:
    """Where the store is, and the passphrase that was typed for it, if any.

    ``needs_key`` is True after the store could not be opened for want of the right passphrase.
    """

    def __init__(self, place: Callable[[], str]) -> None:
        self._place = place
        self.passphrase: str | None = None
        self.needs_key = False

    def open(self) -> "Store":
        """Open the store, or make it; called in the store's own thread.

        Raises:
            StoreError: it cannot be used.
        """
        from rostfine_core.store import Store
        from rostfine_core.store.encryption import LockedStoreError

        try:
            store = Store.open(self._place(), passphrase=self.passphrase)
        except LockedStoreError:
            self.needs_key = True
            raise
        self.needs_key = False
        return store
