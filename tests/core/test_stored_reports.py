"""The report on a stored sample: all its videos, kept by version, signed and amended."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader

from rostfine_core.cli import main
from rostfine_core.cli.stores import PASSPHRASE_VARIABLE
from rostfine_core.domain import (
    AssessmentKey,
    Draft,
    Meaning,
    Patient,
    Role,
    SampleInfo,
    Selection,
    Sperm,
    StoredReport,
    Verdict,
    finish,
)
from rostfine_core.errors import StoreError
from rostfine_core.files import sha256_of
from rostfine_core.report.verification import check_report
from rostfine_core.store import Store, people, trail
from rostfine_core.stored_reports import keep_report, sign_kept_report
from rostfine_core.video import probe, write_video
from tests.core.report.conftest import build_assessment

WORDS = "a quiet morning in May"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A store with one sample of two videos; each has a chosen and a rejected sperm."""
    folder = tmp_path / "store"
    with Store.open(folder) as store:
        sample = None
        for name in ("a", "b"):
            id = keep_video(store, tmp_path / f"{name}.mp4", sample=sample)
            sample = sample or store.load_case(id).video.sample_id
        assert sample is not None
        patient = store.set_patient(Patient(pseudonym="P-7"))
        store.set_sample(replace(store.sample(sample), patient_id=patient))
        people.add_operator(
            store, login="mori", name="Dr. Mori", role=Role.ADMINISTRATOR, passphrase=WORDS
        )
    return folder


def keep_video(store: Store, path: Path, *, sample: str | None) -> str:
    grey = ord(path.stem)
    write_video(path, (np.full((200, 240, 3), grey + 2 * k, np.uint8) for k in range(9)), fps=20)
    sha256 = sha256_of(path)
    sperms = tuple(
        Sperm(key=n, name=name, seeds=build_assessment(str(n)).seeds)
        for n, name in ((1, "left"), (2, "right"))
    )
    chosen = replace(sperms[0], selection=Selection.CHOSEN, note="swims straight")
    rejected = replace(sperms[1], verdict=Verdict.REJECTED)
    draft = Draft(sperms=(chosen, rejected), sample=SampleInfo(sample="S-1", operator="Mori"))
    id = store.add_video(probe(path), sha256=sha256, draft=draft, sample_id=sample)
    for sperm in sperms:
        made = build_assessment(sperm.target)
        made = replace(
            made, provenance=replace(made.provenance, video_name=path.name, video_sha256=sha256)
        )
        key = AssessmentKey(
            target=sperm.target, seeds=sperm.seeds, fps=None, um_per_px=None, model_sha256="ab" * 32
        )
        store.keep_assessments(id, {key: made})
    return id


def versions(place: Path) -> tuple[StoredReport, ...]:
    with Store.open(place) as store:
        people.sign_in(store, login="mori", passphrase=WORDS)
        (row, _) = store.case_list()
        return store.reports(row.sample_id)


def pages_of(folder: Path) -> Iterator[str]:
    for page in PdfReader(folder / "report.pdf").pages:
        yield " ".join(page.extract_text().split())


@pytest.mark.requirement("R-47")
def test_a_report_over_all_videos_is_kept_signed_and_amended(
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, WORDS)
    first, second = tmp_path / "first", tmp_path / "second"
    verb = ["report", "S-1", "--store", str(place), "--login", "mori"]
    (tmp_path / "b.mp4").rename(tmp_path / "moved.mp4")
    assert main([*verb, "--out", str(first)]) == 0
    told, *_ = pages_of(first)
    for text in (
        "Version 1 · draft, not signed", "Patient P-7", "Video 1 of 2: a.mp4", "1-left", "2-left",
        "Video 2 of 2: b.mp4", "Note: swims straight", "a ring around every graded sperm",
        "the video was not at hand", "Sperm 2-right: track rejected by the operator.",
    ):  # fmt: skip
        assert text in told
    assert main([*verb, "--out", str(first), "--overwrite", "--sign", "approval"]) == 0
    told, *others = pages_of(first)
    assert "Version 2 · signed by Dr. Mori" in told
    assert "I approve this report" in told
    assert all("version 2, signed by Dr. Mori" in page for page in others)
    draft, signed = versions(place)
    assert draft.identity.signature is None
    assert signed.identity.signature is not None
    assert check_report(first / "report.pdf").content_sha256 == signed.content_sha256
    again = tmp_path / "again"
    assert main([*verb, "--version", "2", "--out", str(again)]) == 0
    kept = [p.relative_to(first) for p in first.rglob("*") if p.is_file()]
    assert Path("report.pdf") in kept
    assert {p.relative_to(again) for p in again.rglob("*") if p.is_file()} == {*kept}
    assert all((again / name).read_bytes() == (first / name).read_bytes() for name in kept)
    assert main([*verb, "--version", "2", "--out", str(again)]) == 1  # nothing is replaced
    assert main([*verb, "--version", "7", "--out", str(second)]) == 1
    assert "has no version 7 of this report, but 1, 2" in capsys.readouterr().err
    with Store.open(place) as store:
        people.sign_in(store, login="mori", passphrase=WORDS)
        assert "again" in {e.after for e in trail.entries(store) if e.action == "export"}

    capsys.readouterr()
    assert main([*verb, "--out", str(first), "--overwrite"]) == 1
    assert "holds a signed report, which is never replaced" in capsys.readouterr().err
    assert main([*verb, "--out", str(second)]) == 1
    assert "is signed and locked: amend it" in capsys.readouterr().err
    assert not (second / "report.pdf").exists()
    assert main([*verb, "--out", str(second), "--amends", "wrong scale"]) == 0
    told, *_ = pages_of(second)
    assert "Version 3 · draft, not signed Takes the place of version 2: wrong scale" in told
    with (second / "report.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {row["report_version"] for row in rows} == {"3"}
    assert {row["patient"] for row in rows} == {"P-7"}
    assert main([*verb[:1], "S-9", *verb[2:], "--out", str(second)]) == 1
    assert "No sample in the store is called S-9" in capsys.readouterr().err


def test_what_its_draft_does_not_show_is_not_signed(place: Path, tmp_path: Path) -> None:
    with Store.open(place) as store:
        people.sign_in(store, login="mori", passphrase=WORDS)
        sample = store.case_list()[0].sample_id
        finish(keep_report(store, sample, tmp_path / "out"))
        keep_video(store, tmp_path / "c.mp4", sample=sample)
        (draft,) = store.reports(sample)
        with pytest.raises(StoreError, match="another than version 1 now: write it again"):
            finish(sign_kept_report(store, draft, passphrase=WORDS, meaning=Meaning.APPROVAL))
        (draft,) = store.reports(sample)
        assert draft.identity.signature is None
