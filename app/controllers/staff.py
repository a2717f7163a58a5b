"""Who acts in the case store: signing in, locking, the operators, and the audit trail."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.jobs.store_door import StoreDoor
from app.jobs.store_thread import StoreThread
from app.state.settings import Settings
from rostfine_core.domain import Action, AuditEntry, Operator, Role, TrailCheck

if TYPE_CHECKING:
    from rostfine_core.store import Store

MS_A_MINUTE = 60_000


class Staff(QObject):
    """Asks the store in its own thread; ``refused`` carries what the store says instead.

    While the window is locked the store still knows who was signed in, so that what they began is
    kept under their name until somebody else signs in.

    Signals:
        sign_in_wanted(str, bool): login of who was here before, and whether the window is locked.
        key_wanted(str): the store is encrypted; the sentence says so.
        signed_in(): ``operator`` may act, None in single-user mode.
        passphrase_changed(): who is signed in has a new passphrase.
        refused(str): something was not done; the sentence is for the user.
        operators_found(tuple): everybody, after ``find_operators`` and each change.
        entries_found(tuple): the newest entries that ``search`` asked for.
        older_found(tuple): those that ``search_older`` asked for.
        checked(TrailCheck): what ``check`` found.
    """

    sign_in_wanted = Signal(str, bool)
    key_wanted = Signal(str)
    signed_in = Signal()
    passphrase_changed = Signal()
    refused = Signal(str)
    operators_found = Signal(tuple)
    entries_found = Signal(tuple)
    older_found = Signal(tuple)
    checked = Signal(object)

    def __init__(
        self,
        thread: StoreThread,
        door: StoreDoor,
        settings: Settings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._thread, self._door, self._settings = thread, door, settings
        self.operator: Operator | None = None
        self.is_in = False
        """Whether somebody may act: who signed in, or anybody in single-user mode."""
        self.is_locked = False
        self.is_asking = False
        """Whether the store waits for somebody to sign in, or for its key."""
        self._idle = QTimer(self, singleShot=True)
        self._idle.timeout.connect(self.lock)

    def may(self, action: Action) -> bool:
        """Whether who is here may do something."""
        return self.is_in and (self.operator is None or self.operator.may(action))

    # Signing in ----------------------------------------------------------------------------

    @Slot()
    def begin(self) -> None:
        """Find out whether somebody must sign in."""

        def ask(store: "Store") -> bool:
            from rostfine_core.store import people

            return people.has_operators(store)

        self._thread.ask(ask, self._on_opened, self._on_not_opened)

    def _on_opened(self, has_operators: bool) -> None:
        self.is_asking = has_operators
        if has_operators:
            self.sign_in_wanted.emit("", False)
        else:
            self._let_in(None)

    def _on_not_opened(self, sentence: str) -> None:
        self.is_asking = self._door.needs_key
        if self._door.needs_key:
            self.key_wanted.emit(sentence)

    @Slot(str)
    def unlock_store(self, passphrase: str) -> None:
        """Open an encrypted store."""
        self._door.passphrase = passphrase
        self.begin()

    @Slot(str, str)
    def sign_in(self, login: str, passphrase: str) -> None:
        """Make somebody the one who acts from now on."""

        def enter(store: "Store") -> Operator:
            from rostfine_core.store import people

            return people.sign_in(store, login=login, passphrase=passphrase)

        self._thread.ask_first(enter, self._let_in, self.refused.emit)

    @Slot(str, str)
    def change_passphrase(self, old: str, new: str) -> None:
        """Give who is signed in a new passphrase."""

        def change(store: "Store") -> None:
            from rostfine_core.store import people

            people.change_passphrase(store, old=old, new=new)

        self._thread.ask(change, lambda _: self.passphrase_changed.emit(), self.refused.emit)

    def leave(self) -> None:
        """Sign out, as the last thing before the store is closed."""
        if self.operator is not None:

            def sign_out(store: "Store") -> None:
                from rostfine_core.store import people

                people.sign_out(store)

            self._idle.stop()
            self._thread.ask(sign_out, lambda _: None, lambda _: None)

    def _let_in(self, operator: Operator | None) -> None:
        self.operator, self.is_in = operator, True
        self.is_locked = self.is_asking = False
        if operator is not None:
            self._settings.set_operator(operator.name)
        self.note_activity()
        self._thread.retry()  # what waited for somebody who may keep it
        self.signed_in.emit()

    @Slot()
    def lock(self) -> None:
        """Hide everything until somebody signs in."""
        if self.operator is not None and not self.is_locked:
            self.is_locked = True
            self._idle.stop()
            self.sign_in_wanted.emit(self.operator.login, True)

    @Slot()
    def note_activity(self) -> None:
        """Somebody is at the window: begin to count idle minutes anew."""
        minutes = self._settings.number("lock_minutes")
        if minutes and self.operator is not None and not self.is_locked:
            self._idle.start(minutes * MS_A_MINUTE)
        else:
            self._idle.stop()

    # Operators -----------------------------------------------------------------------------

    @Slot()
    def find_operators(self) -> None:
        """Ask for everybody."""
        self._change(lambda people, store: None)

    @Slot(str, str, object, str)
    def add(self, login: str, name: str, role: Role, passphrase: str) -> None:
        """Add an operator; the first is signed in at once."""
        self._change(
            lambda people, store: people.add_operator(
                store, login=login, name=name, role=role, passphrase=passphrase
            )
        )

    @Slot(str, object)
    def set_role(self, operator_id: str, role: Role) -> None:
        """Give an operator another role."""
        self._change(lambda people, store: people.set_role(store, operator_id, role))

    @Slot(str, bool)
    def set_active(self, operator_id: str, is_active: bool) -> None:
        """Let an operator sign in, or not any more."""
        self._change(lambda people, store: people.set_active(store, operator_id, is_active))

    @Slot(str, str)
    def reset_passphrase(self, operator_id: str, passphrase: str) -> None:
        """Give an operator a new passphrase."""
        self._change(
            lambda people, store: people.reset_passphrase(store, operator_id, passphrase=passphrase)
        )

    def _change(self, change: Callable[[Any, "Store"], object]) -> None:
        """Change something about operators, and ask who is there then."""

        def do(store: "Store") -> tuple[tuple[Operator, ...], Operator | None]:
            from rostfine_core.store import people

            change(people, store)
            return people.all_operators(store), store.operator

        self._thread.ask(do, self._on_changed, self.refused.emit)

    def _on_changed(self, found: tuple[tuple[Operator, ...], Operator | None]) -> None:
        operators, operator = found
        self.operators_found.emit(operators)
        if operator is not None and self.operator is None:
            self._let_in(operator)

    # The audit trail -----------------------------------------------------------------------

    @Slot(str)
    def search(self, text: str) -> None:
        """Ask for the newest entries that hold a text."""
        self._thread.ask(_entries(text, None), self.entries_found.emit, self.refused.emit)

    @Slot(str, int)
    def search_older(self, text: str, before: int) -> None:
        """Ask for entries that hold a text, below a number."""
        self._thread.ask(_entries(text, before), self.older_found.emit, self.refused.emit)

    @Slot(str)
    def check(self, head: str) -> None:
        """Check the trail, and that it holds a hash if one is given."""

        def verify(store: "Store") -> TrailCheck:
            from rostfine_core.store import trail

            return trail.verify(store, known_heads=(head,) if head else ())

        self._thread.ask(verify, self.checked.emit, self.refused.emit)


def _entries(text: str, before: int | None) -> Callable[["Store"], tuple[AuditEntry, ...]]:
    def read(store: "Store") -> tuple[AuditEntry, ...]:
        from rostfine_core.store import trail

        return trail.entries(store, containing=text, before=before)

    return read
