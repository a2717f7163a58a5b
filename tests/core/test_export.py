"""Replacing a report never mixes old and new files, whenever the program is killed."""

import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from rostfine_core import export
from rostfine_core.domain import (
    NOT_GRADED,
    LongJob,
    Meaning,
    Progress,
    ReportIdentity,
    SampleRecord,
    SampleReport,
    Signature,
    VideoSection,
    finish,
)
from rostfine_core.errors import StoreError
from rostfine_core.export import (
    REPORT,
    check_folder,
    export_sample,
    free_folder,
    sample_report,
)
from rostfine_core.files import write_text
from rostfine_core.outputs import Outputs
from rostfine_core.result_files import read_assessment, read_seeds
from tests.core.any_text import NASTY, filled
from tests.core.report.conftest import build_assessment

# How many files are moved or removed to replace a report of two sperm, and to write a first one.
NOTHING = SampleReport(videos=())
CHANGES, FIRST_CHANGES = 25, 15


class KilledError(BaseException):
    """The end of the program, which then cleans up nothing."""


def write_report(folder: Path, word: str, sperm: Sequence[str]) -> None:
    for name in ("report.pdf", "report.csv"):
        (folder / name).write_text(word)
    for number in sperm:
        (folder / f"sperm-{number}").mkdir(exist_ok=True)
        for name in ("assessment.json", "track.csv", "explanation.png"):
            (folder / f"sperm-{number}" / name).write_text(word)


def contents(folder: Path) -> dict[str, str]:
    """The visible files of a folder; hidden ones belong to the program."""
    names = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {name: p.read_text() for name, p in names.items() if not name.startswith(".")}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write files with one word each in place of a report."""

    def write(report: SampleReport, folder: Path, **_: object) -> Iterator[None]:
        write_report(folder, "new", "23")
        yield

    monkeypatch.setattr(export, "_write_all", write)


def kill_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the program at the given change to the folder, counted from 0."""
    left = [step]

    def counted(method: Any) -> Any:  # noqa: ANN401 # any method of a path
        def change(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            if left[0] == 0:
                raise KilledError
            left[0] -= 1
            return method(*arguments, **named)

        return change

    for name in ("replace", "rename", "rmdir", "unlink"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))


@pytest.mark.requirement("R-40")
@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("again", [None, 3])
@pytest.mark.parametrize("step", range(CHANGES + 1))
def test_a_crash_leaves_the_old_report_or_the_new_one(
    tmp_path: Path, step: int, again: int | None
) -> None:
    """``again``: the program is killed once more while it cleans up."""
    write_report(tmp_path, "old", "12")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "sperm-2" / "drawing.txt").write_text("mine")
    old = contents(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        patch.setattr(Outputs, "_settle", lambda *_: None)
        kill_at(step, patch)
        is_whole = False
        with suppress(KilledError):
            finish(export_sample(NOTHING, tmp_path, overwrite=True))
            is_whole = True
        assert is_whole == (step == CHANGES), "the changes are counted wrongly"
        assert len(set(contents(tmp_path).values()) - {"mine"}) <= 1
    if again is not None:
        with pytest.MonkeyPatch.context() as patch:
            kill_at(again, patch)
            with suppress(KilledError):
                REPORT.check(tmp_path, overwrite=True)
            assert len(set(contents(tmp_path).values()) - {"mine"}) <= 1
    REPORT.check(tmp_path, overwrite=True)
    after = contents(tmp_path)
    assert after.pop("notes.txt") == after.pop("sperm-2/drawing.txt") == "mine"
    assert after == {name: word for name, word in old.items() if word == "old"} or after == {
        name: "new" for name in after if "sperm-1" not in name
    }
    assert len(after) == 8


@pytest.mark.usefixtures("stand_in")
def test_a_replaced_report_leaves_nothing_behind(tmp_path: Path) -> None:
    write_report(tmp_path, "old", "12")
    finish(export_sample(NOTHING, tmp_path, overwrite=True))
    assert {p.name for p in tmp_path.iterdir()} == {
        "report.pdf", "report.csv", "sperm-2", "sperm-3"
    }  # fmt: skip
    assert set(contents(tmp_path).values()) == {"new"}


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("step", range(FIRST_CHANGES + 1))
def test_a_first_report_is_complete_or_absent(tmp_path: Path, step: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        patch.setattr(Outputs, "_settle", lambda *_: None)
        kill_at(step, patch)
        is_whole = False
        with suppress(KilledError):
            finish(export_sample(NOTHING, tmp_path))
            is_whole = True
        assert is_whole == (step == FIRST_CHANGES), "the changes are counted wrongly"
    with suppress(StoreError):  # a report that is there is not overwritten
        REPORT.check(tmp_path)
    assert len(contents(tmp_path)) in (0, 8)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.usefixtures("stand_in")
def test_two_programs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    first = export_sample(NOTHING, tmp_path)
    next(first)
    with pytest.raises(StoreError, match="Another program is writing"):
        REPORT.check(tmp_path)
    with pytest.raises(StoreError, match="Another program is writing"):
        finish(export_sample(NOTHING, tmp_path))
    finish(first)
    assert set(contents(tmp_path).values()) == {"new"}
    REPORT.check(tmp_path, overwrite=True)


@pytest.mark.usefixtures("stand_in")
def test_files_of_a_killed_program_are_removed_by_the_next_report(tmp_path: Path) -> None:
    (tmp_path / ".writing-left").mkdir()
    (tmp_path / ".writing-left" / "report.csv").write_text("half")
    finish(export_sample(NOTHING, tmp_path))
    assert {p.name for p in tmp_path.iterdir()} == {
        "report.pdf", "report.csv", "sperm-2", "sperm-3"
    }  # fmt: skip


@pytest.mark.usefixtures("stand_in")
def test_a_replaced_report_that_cannot_be_deleted_does_not_come_back(tmp_path: Path) -> None:
    """A virus scanner locks its files; later the new PDF is moved away."""
    write_report(tmp_path, "old", "12")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        finish(export_sample(NOTHING, tmp_path, overwrite=True))
    (tmp_path / "report.pdf").unlink()
    REPORT.check(tmp_path, overwrite=True)
    assert set(contents(tmp_path)) == {
        "report.csv",
        *(f"sperm-{n}/{f}" for n in "23" for f in ("assessment.json", "track.csv")),
        *(f"sperm-{n}/explanation.png" for n in "23"),
    }
    assert set(contents(tmp_path).values()) == {"new"}


@pytest.mark.requirement("R-40")
@pytest.mark.usefixtures("stand_in")
def test_a_full_disk_restores_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(tmp_path, "old", "12")
    before, replace = contents(tmp_path), Path.replace

    def is_full(self: Path, target: Path) -> Path:
        if self.parent.name == ".arriving-report" and self.name == "report.csv":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", is_full)
    with pytest.raises(StoreError, match="No space left"):
        finish(export_sample(NOTHING, tmp_path, overwrite=True))
    assert contents(tmp_path) == before
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("deleted", ["results", "results/.writing-*"])
def test_a_folder_that_is_deleted_meanwhile_is_a_failure(
    tmp_path: Path, deleted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes the next file makes the folder again, so that the rest would be there."""

    def write(report: SampleReport, folder: Path, **_: object) -> LongJob[None]:
        write_report(folder, "new", "2")
        yield Progress(stage="writing", done=1, total=2)
        write_text(folder / "sperm-3" / "assessment.json", "new")

    monkeypatch.setattr(export, "_write_all", write)
    job = export_sample(NOTHING, tmp_path / "results")
    next(job)
    (gone,) = tmp_path.glob(deleted)
    shutil.rmtree(gone)
    with pytest.raises(StoreError, match="was deleted or moved while results were written"):
        finish(job)
    assert not [*tmp_path.glob("results/*")]


@pytest.mark.parametrize("left", ["report.csv", "sperm-1/assessment.json"])
def test_results_without_their_pdf_are_not_overwritten(tmp_path: Path, left: str) -> None:
    """The PDF may have been moved, but the results behind it are still there."""
    file = tmp_path / left
    file.parent.mkdir(exist_ok=True)
    file.write_text("kept", encoding="utf-8")
    with pytest.raises(StoreError, match="already holds a report"):
        REPORT.check(tmp_path)
    assert file.read_text(encoding="utf-8") == "kept"


def report_over(*videos: str, identity: ReportIdentity | None = None) -> SampleReport:
    """Two sperm, called alike in each of the videos, and one that is left out."""
    sections = []
    for video in videos:
        made = [
            replace(a, provenance=replace(a.provenance, video_name=video, video_sha256=video * 8))
            for a in map(build_assessment, ("1", "left"))
        ]
        sections.append(VideoSection.of(made, left_out=[("3", NOT_GRADED)]))
    return sample_report(sections, identity=identity)


@pytest.mark.requirement("R-47")
def test_no_report_takes_the_place_of_another_videos_or_of_a_signed_one(tmp_path: Path) -> None:
    folder = tmp_path / "S-1"
    assert free_folder(folder, {"a" * 8}) == folder
    finish(export_sample(report_over("a"), folder))
    assert free_folder(folder, {"a" * 8}) == folder  # a draft of the same video
    assert free_folder(folder, {"a" * 8, "b" * 8}) == folder  # which holds all that was there
    second = free_folder(folder, {"b" * 8})
    assert second == tmp_path / "S-1-2"
    finish(export_sample(report_over("b"), second))
    assert free_folder(folder, {"c" * 8}) == tmp_path / "S-1-3"
    signature = Signature(
        name="Yamada", utc="2026-11-22T10:00:00+00:00", local_offset_minutes=540,
        meaning=Meaning.APPROVAL,
    )  # fmt: skip
    signed = report_over("a", identity=ReportIdentity(version=2, signature=signature))
    finish(export_sample(signed, folder, overwrite=True))
    before = (folder / "report.pdf").read_bytes()
    assert free_folder(folder, {"a" * 8}) == tmp_path / "S-1-3"
    for refused in (
        lambda: check_folder(folder, overwrite=True),
        lambda: finish(export_sample(report_over("a"), folder, overwrite=True)),
    ):
        with pytest.raises(StoreError, match="holds a signed report, which is never replaced"):
            refused()
    assert (folder / "report.pdf").read_bytes() == before
    (second / "report.csv").unlink()  # nobody knows any more what it is of
    assert free_folder(folder, {"b" * 8}) == tmp_path / "S-1-3"


def test_sperm_of_several_videos_are_told_apart(tmp_path: Path) -> None:
    finish(export_sample(report_over("a", "b"), tmp_path))
    with (tmp_path / "report.csv").open(encoding="utf-8-sig") as file:
        rows = [(row["video"], row["target"]) for row in csv.DictReader(file)]
    graded = [("a", "1-1"), ("a", "1-left"), ("b", "2-1"), ("b", "2-left")]
    assert rows == [*graded, ("a", "1-3"), ("b", "2-3")]
    for number, video in enumerate("ab", start=1):
        assert {s.target for s in read_seeds(tmp_path / f"clicks-{number}.csv")} == {
            name for of, name in graded if of == video
        }
    first = " ".join(PdfReader(tmp_path / "report.pdf").pages[0].extract_text().split())
    for told in ("Video 1 of 2: a", "Video 2 of 2: b", "2-left", "Left out of this report (1)"):
        assert told in first
    finish(export_sample(report_over("a"), tmp_path, overwrite=True))
    assert {p.name for p in tmp_path.iterdir()} == {
        "clicks.csv", "report.csv", "report.fhir.json", "report.pdf", "sperm-1", "sperm-left"
    }  # fmt: skip


@pytest.mark.parametrize("text", [NASTY[5], NASTY[7], NASTY[-1]])
def test_a_report_with_any_text_in_any_field_is_whole(tmp_path: Path, text: str) -> None:
    """Names that leave the folder, no valid Unicode, and longer than a file name or cell."""
    sections = [VideoSection.of([filled(build_assessment(flagged=True), text)])]
    signature = Signature(name=text, utc=text, local_offset_minutes=0, meaning=Meaning.REVIEW)
    report = sample_report(
        sections,
        sample=filled(SampleRecord(label="a", medium="b", note="c"), text),
        patient=text,
        identity=ReportIdentity(signature=signature),
    )
    finish(export_sample(report, tmp_path / "out"))
    (sperm,) = (tmp_path / "out").glob("sperm-*")
    assert {p.name for p in tmp_path.iterdir()} == {"out"}
    assert read_assessment(sperm).sample.sample == text
    content = json.loads((tmp_path / "out" / "report.fhir.json").read_text(encoding="utf-8"))
    assert content["entry"][0]["resource"]["status"] == "final"
