"""A PDF's pages become pictures of themselves."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from reportlab.pdfgen.canvas import Canvas

from rostfine_core.errors import StoreError
from rostfine_core.report.page_images import draw_page, draw_pages

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """Two pages of 144 by 72 points: a red left half, then a blue left half."""
    path = tmp_path / "two.pdf"
    canvas = Canvas(str(path), pagesize=(144, 72))
    for colour in ((1, 0, 0), (0, 0, 1)):
        canvas.setFillColorRGB(*colour)
        canvas.rect(0, 0, 72, 72, stroke=0, fill=1)
        canvas.showPage()
    canvas.save()
    return path


def test_pages_come_in_order_in_true_colours_at_the_size_asked_for(pdf: Path) -> None:
    pages = list(draw_pages(pdf, dpi=144))
    assert [p.shape for p in pages] == [(144, 288, 3)] * 2
    assert all(p.dtype == np.uint8 for p in pages)
    assert [tuple(p[72, 72]) for p in pages] == [RED, BLUE]
    assert all(tuple(p[72, 216]) == (255, 255, 255) for p in pages)


def test_a_broken_pdf_is_told_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.4 nothing follows")
    with pytest.raises(StoreError, match=r"broken\.pdf cannot be read as a PDF"):
        next(draw_pages(path))


def test_a_page_is_drawn_without_what_is_cut_off(pdf: Path) -> None:
    page = draw_page(pdf.read_bytes(), scale=2, cut_pt=12)
    assert page.shape == (120, 288, 3)
    assert tuple(page[-1, 72]) == RED


def test_pages_are_drawn_by_several_threads(pdf: Path) -> None:
    """A preview may be drawn while a report is exported; PDFium itself knows one thread only."""
    content = pdf.read_bytes()

    def draw(number: int) -> int:
        if number % 2:
            return sum(len(p) for p in draw_pages(pdf, dpi=144))
        return len(draw_page(content, scale=4, cut_pt=0))

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(draw, range(80))) == {288}
