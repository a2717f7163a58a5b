"""The verbs for a case store itself: checking it, and its panels' votes."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.cli.arguments import Verbs
from rostfine_core.cli.passphrases import passphrase
from rostfine_core.cli.progress import run_job
from rostfine_core.errors import StoreError

if TYPE_CHECKING:
    from rostfine_core.panel import PanelAgreement
    from rostfine_core.store import Store

PASSPHRASE_VARIABLE = "ROSTFINE_PASSPHRASE"
"""The environment variable that holds an operator's passphrase where none can be typed."""


def add_store_verbs(verbs: Verbs) -> None:
    """Add the verbs of this module."""
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
    from rostfine_core.store import Store, people
    from rostfine_core.store_place import usual_place

    with Store.open(arguments.store or usual_place()) as store:
        if arguments.login is not None:
            people.sign_in(store, login=arguments.login, passphrase=_passphrase())
        elif people.has_operators(store):
            raise StoreError("This store has operators: say with --login who you are.")
        yield store


def _passphrase() -> str:
    return passphrase("Passphrase: ", variable=PASSPHRASE_VARIABLE)


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
                print(f"{panel.name}: {panel.items} to vote on, {panel.votes} votes")
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
