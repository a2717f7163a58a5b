"""``rostfine batch`` fills a store and says what it could not do."""

import shutil
from pathlib import Path

import pytest

from rostfine_core.batch.work import ModelChoice
from rostfine_core.batch.workers import WorkHere
from rostfine_core.cli import main
from rostfine_core.domain import DISCLAIMER_AI_GRADE, Role
from rostfine_core.store import Store
from rostfine_core.store.people import add_operator

PASSPHRASE = "correct horse battery"


@pytest.fixture
def folder(tmp_path: Path, small_video: Path, heads: list[str]) -> Path:
    """A video with its clicks, and a list that also names one that is missing."""
    shutil.copy(small_video, tmp_path / "a.mp4")
    rows = [f"S{k},0,{head}" for k, head in enumerate(heads[:2])]
    (tmp_path / "a.seeds.csv").write_text("\n".join(["target,frame,x,y", *rows]) + "\n")
    (tmp_path / "list.csv").write_text("video,sample,um_per_px\na.mp4,S-1,0.2\ngone.mp4,S-2,\n")
    return tmp_path


def batch(place: Path, model: Path, *options: str) -> int:
    store = place if place.is_dir() else place.parent
    failures = str(store / "failures.csv")
    words = ["batch", str(place), "--store", str(store / "cases"), "--failures", failures]
    return main([*words, "--model", str(model), "--device", "cpu", *options])


def report(place: Path) -> None:
    """Keep a report of the only video, as it is."""
    with Store.open(place) as store:
        (case,) = store.case_list()
        identity = store.next_report(case.sample_id)
        store.add_report(
            case.sample_id, identity, video_ids=[case.video_id], content_sha256="ab" * 32
        )


def test_a_folder_and_a_list_go_into_one_store(
    folder: Path, small_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(folder, small_model) == 0
    said = capsys.readouterr()
    assert "1 video(s): 2 sperm graded, 0 graded before, 0 failure(s)." in said.out
    assert DISCLAIMER_AI_GRADE in said.out
    report(folder / "cases")
    assert batch(folder / "list.csv", small_model) == 1  # another scale, and a missing video
    said = capsys.readouterr()
    assert "report, which is out of date now: a.mp4. Write or amend" in said.err
    assert "2 video(s): 2 sperm graded, 0 graded before, 1 failure(s)." in said.out
    assert "gone.mp4: Cannot read" in said.err
    assert "gone.mp4" in (folder / "failures.csv").read_text()
    assert batch(folder, small_model) == 0  # the scale of the case counts where none is given
    said = capsys.readouterr()
    assert "0 sperm graded, 2 graded before" in said.out
    assert "out of date" not in said.err


def test_who_stops_a_batch_is_told_how_it_goes_on(
    folder: Path,
    small_model: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(self: WorkHere, model: ModelChoice) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(WorkHere, "model_sha256", stop)
    assert batch(folder, small_model) == 130
    assert "the same command goes on where it was" in capsys.readouterr().out


def test_a_store_with_operators_asks_who_it_is(
    folder: Path,
    small_model: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Store.open(folder / "cases") as store:
        who = {"name": "A. Sato", "role": Role.ADMINISTRATOR, "passphrase": PASSPHRASE}
        add_operator(store, login="sato", **who)  # type: ignore[arg-type]  # each of its own type
    assert batch(folder, small_model) == 1
    assert "has operators: say with --login" in capsys.readouterr().err
    monkeypatch.setenv("ROSTFINE_PASSPHRASE", "wrong")
    assert batch(folder, small_model, "--login", "sato") == 1
    monkeypatch.setenv("ROSTFINE_PASSPHRASE", PASSPHRASE)
    assert batch(folder, small_model, "--login", "sato") == 0


def test_wrong_use_is_said(
    folder: Path, small_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        batch(folder / "list.csv", small_model, "--watch")
    assert "--watch needs a folder" in capsys.readouterr().err
