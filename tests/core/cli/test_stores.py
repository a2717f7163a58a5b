"""The verbs for a case store, with and without operators."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rostfine_core.cli import main
from rostfine_core.cli.stores import NEW_VARIABLE, PASSPHRASE_VARIABLE, STORE_VARIABLE
from rostfine_core.domain import Grade, Patient, Role
from rostfine_core.store import Store, people, trail, voting
from rostfine_core.store.engine import FILE_NAME
from rostfine_core.store_place import PLACE_VARIABLE
from rostfine_core.training.data.dataset import read_dataset

WORDS = "a quiet morning in May"
Said = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "store") as store:
        for number in range(3):
            store.set_patient(Patient(pseudonym=f"P-{number}"))
    return tmp_path / "store"


def test_verify_names_the_first_entry_that_was_changed(
    folder: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PLACE_VARIABLE, str(folder))
    assert main(["verify"]) == 0
    said = capsys.readouterr().out
    assert "is whole: 3 entries" in said
    head = said.split()[-1].rstrip(".")
    assert main(["verify", "--store", str(folder), "--hash", head[:16]]) == 0
    assert f"It holds the hash {head[:16]}, of entry 3." in capsys.readouterr().out
    assert main(["verify", "--store", str(folder.with_name("new"))]) == 0
    assert "The store is empty" in capsys.readouterr().out
    assert main(["verify", "--store", str(folder), "--hash", "0" * 16]) == 1
    assert main(["verify", "--store", str(folder), "--hash", "12"]) == 1
    assert "too short" in capsys.readouterr().err
    with closing(sqlite3.connect(folder / FILE_NAME)) as database:
        database.execute("DROP TRIGGER audit_update")
        database.execute("UPDATE audit SET after = replace(after, 'P-1', 'P-9') WHERE number = 2")
        database.commit()
    assert main(["verify", "--store", str(folder)]) == 1
    assert capsys.readouterr().out == "Entry 2 of the audit trail was changed.\n"


def test_in_a_store_with_operators_a_verb_asks_who_acts(
    folder: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(folder) as store:
        for role in (Role.ADMINISTRATOR, Role.READER):
            people.add_operator(
                store, login=role.value, name=role.value, role=role, passphrase=WORDS
            )
    verify = ["verify", "--store", str(folder)]
    assert main(verify) == 1
    assert "say with --login who you are" in capsys.readouterr().err
    assert main([*verify, "--login", "administrator"]) == 1
    assert f"put it into {PASSPHRASE_VARIABLE}" in capsys.readouterr().err
    monkeypatch.setenv(PASSPHRASE_VARIABLE, WORDS)
    assert main([*verify, "--login", "administrator"]) == 0
    assert main([*verify, "--login", "reader"]) == 1
    assert "may not do this (see the audit trail)" in capsys.readouterr().err
    table = ["cases", "--store", str(folder), "--out", str(folder / "all.csv")]
    assert main([*table, "--login", "reader"]) == 1
    assert "may not do this (export)" in capsys.readouterr().err
    assert main([*table, "--login", "administrator"]) == 0
    with Store.open(folder) as store:
        people.sign_in(store, login="administrator", passphrase=WORDS)
        assert [e.after for e in trail.entries(store) if e.action == "export"] == ["all.csv"]


def test_votes_become_a_data_set(
    tmp_path: Path,
    keep_case: Callable[[Store, int], str],
    capsys: Said,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, WORDS)
    with Store.open(tmp_path / "store") as store:
        keep_case(store, 1)
        people.add_operator(
            store, login="mori", name="Mori", role=Role.ADMINISTRATOR, passphrase=WORDS
        )
        panel = voting.add_panel(store, name="Spring", count=9)
        while (ballot := voting.next_ballot(store, panel.id)) is not None:
            voting.cast_vote(store, ballot.item_id, Grade.B, seconds=1)
    votes = ["votes", "--store", str(tmp_path / "store"), "--login", "mori"]
    assert main(votes) == 0
    assert capsys.readouterr().out == "Spring: 2 to vote on, 2 votes\n"
    assert main([*votes, "Spring", "--out", str(tmp_path / "spring")]) == 0
    assert "mori: 2 votes\n2 voted on by all: Fleiss' kappa undefined" in capsys.readouterr().out
    assert [c.votes for c in read_dataset(tmp_path / "spring").clips] == [(0, 1, 0, 0, 0)] * 2
    assert main([*votes, "Autumn"]) == 1
    assert "No panel is called Autumn" in capsys.readouterr().err


def test_a_store_is_encrypted_backed_up_and_restored(
    folder: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PLACE_VARIABLE, str(folder))
    assert main(["store", "backup"]) == 0
    plain = Path(capsys.readouterr().out.removeprefix("The backup is ").strip())
    assert main(["store", "encrypt"]) == 1
    assert f"put it into {NEW_VARIABLE}" in capsys.readouterr().err
    monkeypatch.setenv(NEW_VARIABLE, WORDS)
    assert main(["store", "encrypt"]) == 0
    assert "1 backup(s) made before are not encrypted, delete them" in capsys.readouterr().out
    assert main(["store", "info"]) == 1
    assert f"put it into {STORE_VARIABLE}" in capsys.readouterr().err
    monkeypatch.setenv(STORE_VARIABLE, "not " + WORDS)
    assert main(["store", "info"]) == 1
    assert "does not open the store" in capsys.readouterr().err
    monkeypatch.setenv(STORE_VARIABLE, WORDS)
    assert main(["store", "info"]) == 0
    assert "encrypted  yes\noperators  no, single-user mode" in capsys.readouterr().out
    assert main(["store", "backup", "--out", str(folder / "kept.sqlite")]) == 0
    assert main(["store", "decrypt"]) == 0
    assert main(["store", "restore", str(folder / "kept.sqlite")]) == 0
    assert main(["store", "restore", str(plain)]) == 0
    monkeypatch.delenv(STORE_VARIABLE)
    assert main(["verify"]) == 0
