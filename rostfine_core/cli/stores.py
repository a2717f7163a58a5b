"""The verbs for a case store itself: keeping and checking it, and its panels' votes."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.cli.arguments import Verbs
from rostfine_core.cli.passphrases import can_type, passphrase
from rostfine_core.cli.progress import run_job
from rostfine_core.errors import StoreError

if TYPE_CHECKING:
    from rostfine_core.panel import PanelAgreement
    from rostfine_core.store import Store

PASSPHRASE_VARIABLE = "ROSTFINE_PASSPHRASE"
"""The environment variable that holds an operator's passphrase where none can be typed."""
STORE_VARIABLE = "ROSTFINE_STORE_PASSPHRASE"
"""The same for the passphrase of an encrypted store, and NEW_VARIABLE for one that it is to get."""
NEW_VARIABLE = "ROSTFINE_NEW_STORE_PASSPHRASE"


def add_store_verbs(verbs: Verbs) -> None:
    """Add the verbs of this module."""
    _add_keeping(verbs)
    verify = verbs.add_parser(
        "verify",
        help="check a store's database and its audit trail",
        description="Reads everything in a store and checks its audit trail. The exit status is 1 "
        "if something is damaged or an entry was changed, which is named.",
    )
    add_store_options(verify)
    verify.add_argument(
        "--hash",
        action="append",
        default=[],
        metavar="HEX",
        help="the trail must hold this hash, which stands on a report; may be given again",
    )
    verify.set_defaults(run=_verify)
    votes = verbs.add_parser(
        "votes",
        help="list a store's panels, or write a panel's votes as a data set",
        description="Without PANEL, lists the panels. With it, shows how far its voters agree, and "
        "with --out writes its clips and votes as a data set that `rostfine train` reads.",
    )
    votes.add_argument("panel", nargs="?", metavar="PANEL", help="the panel's name")
    add_store_options(votes)
    votes.add_argument("--out", type=Path, help="new folder for the data set")
    votes.set_defaults(run=_votes)


def _add_keeping(verbs: Verbs) -> None:
    store = verbs.add_parser(
        "store", help="show a case store, back it up, restore it, encrypt it or write it plainly"
    )
    steps = store.add_subparsers(required=True, metavar="STEP")
    info = steps.add_parser("info", help="where the store is, how it is kept and what it holds")
    info.set_defaults(run=_info)
    backup = steps.add_parser("backup", help="copy the store to a file")
    backup.add_argument("--out", type=Path, help="default: a new file among the store's backups")
    backup.set_defaults(run=_backup)
    restore = steps.add_parser(
        "restore", help="put a backup in the store's place, which is backed up before"
    )
    restore.add_argument("backup", type=Path, metavar="BACKUP")
    restore.set_defaults(run=_restore)
    encrypt = steps.add_parser(
        "encrypt", help="encrypt the store with a passphrase, or give it another one"
    )
    encrypt.add_argument(
        "--keyring",
        action="store_true",
        help="let this computer's keyring keep a passphrase that is made up and shown once",
    )
    encrypt.set_defaults(run=_encrypt)
    decrypt = steps.add_parser("decrypt", help="write the store plainly again")
    decrypt.set_defaults(run=_decrypt)
    for step in (info, backup, restore, encrypt, decrypt):
        add_store_options(step)


def add_store_options(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told the store, and who acts in it."""
    parser.add_argument(
        "--store",
        metavar="PLACE",
        help="folder of the store, or PostgreSQL URL (default: the window's)",
    )
    parser.add_argument(
        "--login",
        metavar="LOGIN",
        help=f"who acts, in a store with operators; the passphrase is asked for, or taken from "
        f"{PASSPHRASE_VARIABLE}",
    )


@contextmanager
def opened_store(arguments: argparse.Namespace) -> Iterator["Store"]:
    """The store that a verb was told, with its operator signed in.

    Raises:
        StoreError: it cannot be opened, or nobody is let in.
    """
    from rostfine_core.store import people
    from rostfine_core.store_place import usual_place

    with _open(arguments.store or usual_place()) as store:
        if arguments.login is not None:
            people.sign_in(store, login=arguments.login, passphrase=typed_passphrase())
        elif people.has_operators(store):
            raise StoreError("This store has operators: say with --login who you are.")
        yield store


def _open(place: str) -> "Store":
    """The store at a place; its passphrase is asked for if it needs one."""
    from rostfine_core.store import Store
    from rostfine_core.store.encryption import LockedStoreError

    try:
        return Store.open(place)
    except LockedStoreError:
        if not can_type(STORE_VARIABLE):
            raise _untyped("store", place) from None
        return Store.open(
            place, passphrase=passphrase("The store's passphrase: ", variable=STORE_VARIABLE)
        )


def _untyped(kind: str, place: object) -> StoreError:
    return StoreError(
        f"The {kind} {place} is encrypted, its key is not in this computer's keyring, and nobody "
        f"can type its passphrase here: put it into {STORE_VARIABLE}."
    )


def _info(arguments: argparse.Namespace) -> int:
    from rostfine_core.store import people
    from rostfine_core.store.backups import backups_of
    from rostfine_core.store.engine import key_of

    with opened_store(arguments) as store:
        cases, backups = store.case_list(limit=sys.maxsize), backups_of(store.engine)
        print(f"place      {store.place}")
        print(f"encrypted  {'yes' if key_of(store.engine) else 'no'}")
        print(f"operators  {'yes' if people.has_operators(store) else 'no, single-user mode'}")
        print(f"videos     {len(cases)}, with {sum(c.sperm_count for c in cases)} sperm")
        print(f"backups    {len(backups)}{f', the last {backups[-1]}' if backups else ''}")
    return 0


def _backup(arguments: argparse.Namespace) -> int:
    with opened_store(arguments) as store:
        print(f"The backup is {store.back_up(arguments.out)}")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from rostfine_core.store.encryption import LockedStoreError

    with opened_store(arguments) as store:
        try:
            before = store.restore(arguments.backup)
        except LockedStoreError:
            if not can_type(STORE_VARIABLE):
                raise _untyped("backup", arguments.backup) from None
            words = passphrase("The backup's passphrase: ", variable=STORE_VARIABLE)
            before = store.restore(arguments.backup, passphrase=words)
        print(f"{arguments.backup} is restored; what was there before is in {before}")
    return 0


def _encrypt(arguments: argparse.Namespace) -> int:
    from rostfine_core.store import locking

    with opened_store(arguments) as store:
        if arguments.keyring:
            words = locking.encrypt_with_keyring(store)
            print("This computer's keyring keeps the passphrase. Write it down and keep it safe,")
            print(f"since without it nobody else opens the store or its backups: {words}")
        else:
            locking.encrypt_with_passphrase(store, _new_passphrase())
            print("The store is encrypted. Without its passphrase nobody opens it any more.")
        plain = locking.plain_backups(store)
    if plain:
        print(f"{len(plain)} backup(s) made before are not encrypted, delete them if they must be:")
        for path in plain:
            print(f"  {path}")
    return 0


def _new_passphrase() -> str:
    words = passphrase("New passphrase for the store: ", variable=NEW_VARIABLE)
    if passphrase("The same again: ", variable=NEW_VARIABLE) != words:
        raise StoreError("The two passphrases differ: start again.")
    return words


def _decrypt(arguments: argparse.Namespace) -> int:
    from rostfine_core.store import locking

    with opened_store(arguments) as store:
        locking.decrypt(store)
    print("The store is written plainly: whoever gets hold of its file can read it.")
    return 0


def typed_passphrase(prompt: str = "Your passphrase: ") -> str:
    """The passphrase of who acts in a store."""
    return passphrase(prompt, variable=PASSPHRASE_VARIABLE)


def _verify(arguments: argparse.Namespace) -> int:
    from rostfine_core.store import trail

    with opened_store(arguments) as store:
        found = trail.verify(store, known_heads=arguments.hash)
        damage = [part for part in store.check() if part != found.fault]
    for part in damage:
        print(part)
    print(found.message)
    return 1 if damage or found.fault is not None else 0


def _votes(arguments: argparse.Namespace) -> int:
    from rostfine_core.store import voting

    with opened_store(arguments) as store:
        panels = voting.panels(store)
        if arguments.panel is None:
            for panel in panels:
                gone = f", {panel.withdrawn} withdrawn (clip made anew)" if panel.withdrawn else ""
                print(f"{panel.name}: {panel.items} to vote on, {panel.votes} votes{gone}")
            return 0
        panel_id = next((p.id for p in panels if p.name == arguments.panel), None)
        if panel_id is None:
            raise StoreError(f"No panel is called {arguments.panel}: see `rostfine votes`.")
        _print_agreement(voting.agreement_so_far(store, panel_id))
        if arguments.out is not None:
            from rostfine_core.training.data.voted import write_voted_clips

            store.note_export(arguments.out.name)
            clips = voting.voted_clips(store, panel_id)
            count = run_job(write_voted_clips(clips, out=arguments.out, name=arguments.panel))
            print(f"{count} clips with their votes written to {arguments.out}")
    return 0


def _print_agreement(found: "PanelAgreement") -> None:
    for voter in found.voters:
        same = f", {voter.same} of {voter.repeats} repeats alike" if voter.repeats else ""
        print(f"{voter.voter}: {voter.voted} votes{same}")
    kappa, alpha = (
        f"{v:.3f}" if v is not None else "undefined" for v in (found.kappa, found.alpha)
    )
    print(f"{found.complete} voted on by all: Fleiss' kappa {kappa}, Krippendorff's alpha {alpha}")
