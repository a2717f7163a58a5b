"""What reports of the open video show, and how their files are named."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pypdf import PdfReader

from app.jobs import report_tasks, video_tasks
from app.state import drafts
from app.state.session import Session
from rostfine_core.attention import Paint
from rostfine_core.domain import NOT_GRADED, finish
from rostfine_core.export import export_sample
from rostfine_core.report import ReportStyle, explanation_figure
from rostfine_core.result_files import read_assessment

if TYPE_CHECKING:
    from tests.app.jobs.conftest import FootageOf


def order_of(
    session: Session, colour_map: str, footage: video_tasks.Footage | None = None
) -> report_tasks.ReportOrder:
    return report_tasks.ReportOrder(
        assessments=session.reportable,
        names=session.names,
        left_out=session.left_out,
        footage=footage,
        colour_map=colour_map,
        language="en",
        model_sha256="",
    )


def write(order: report_tasks.ReportOrder, folder: Path) -> None:
    """Write what the preview shows of a video that no store holds."""
    style = ReportStyle(paint=Paint(colour_map=order.colour_map))
    finish(export_sample(report_tasks.report_of(order), folder, style=style))


def test_a_report_shows_the_video_while_it_can_be_read(
    graded: Session, path: Path, tmp_path: Path, footage_of: FootageOf
) -> None:
    """And says so where the file has gone meanwhile, though the grades are still there."""
    footage = footage_of(path, kept=0)

    def told(name: str) -> str:
        write(order_of(graded, "cividis", footage), tmp_path / name)
        return PdfReader(tmp_path / name / "report.pdf").pages[0].extract_text()

    assert "a ring around every graded sperm" in told("there")
    path.rename(tmp_path / "moved.mp4")
    assert "the video was not at hand" in told("gone")


def test_files_bear_the_present_names_and_never_a_target(graded: Session, tmp_path: Path) -> None:
    """A report is made of records that no renaming touched; sperm 1 was also in sperm 3's batch."""
    clicks = [{"target": t, "frame": 0, "x_px": 1.0, "y_px": 2.0} for t in ("1", "2", "3")]
    for sperm in graded.sperms:
        key = graded.assessment_key(sperm)
        found = graded.results.assessments[key]
        made = replace(
            found.provenance,
            settings_json=json.dumps({"cpu_threads": 2, "clicks_in_batch": clicks}),
        )
        graded.add_assessments({key: replace(found, provenance=made)}, {})
    draft = graded.draft
    for number, name in ((1, "left"), (2, "1"), (1, "3")):
        draft = drafts.renamed(draft, number, name) or draft
    graded.set_draft(draft)
    before = graded.reportable
    order = replace(order_of(graded, "magma"), left_out=(("x", NOT_GRADED),))
    write(order, tmp_path / "out")
    assert graded.reportable == before  # the very records
    folders = sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_dir())
    assert folders == ["sperm-1", "sperm-3"]
    for name in ("1", "3"):
        record = read_assessment(tmp_path / "out" / f"sperm-{name}")
        assert {record.target, record.track.target, *(s.target for s in record.seeds)} == {name}
        batch = json.loads(record.provenance.settings_json)["clicks_in_batch"]
        assert [c["target"] for c in batch] == ["3", "1", "removed 3"]
        table = (tmp_path / "out" / f"sperm-{name}" / "track.csv").read_text().splitlines()
        assert {line.split(",")[0] for line in table[1:]} == {name}
    with (tmp_path / "out" / "report.csv").open(encoding="utf-8-sig") as file:
        assert [row["target"] for row in csv.DictReader(file)] == ["3", "1", "x"]
    pages = PdfReader(tmp_path / "out" / "report.pdf").pages
    text = "\n".join(page.extract_text() for page in pages)
    assert re.findall(r"^Sperm (\d)$", text, re.MULTILINE) == ["3", "1"]


def test_a_report_has_the_colours_of_the_screen(graded: Session, tmp_path: Path) -> None:
    def exported(colour_map: str) -> NDArray[np.uint8]:
        out = tmp_path / colour_map
        write(order_of(graded, colour_map), out)
        return np.asarray(Image.open(out / "sperm-1" / "explanation.png"))

    shown = graded.reportable[0]
    for colour_map in ("cividis", "magma"):
        expected = explanation_figure(shown, style=ReportStyle(paint=Paint(colour_map=colour_map)))
        np.testing.assert_array_equal(exported(colour_map), np.asarray(expected))
