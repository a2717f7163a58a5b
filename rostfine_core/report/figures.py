"""The explanation of one sperm as a picture: film strip, scales, grade distribution and notes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from rostfine_core.attention import DEFAULT_PAINT, Paint
from rostfine_core.domain import (
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    Assessment,
    Severity,
    with_micro_sign,
)
from rostfine_core.files import atomic_write
from rostfine_core.report.film import (
    ROW_TITLES,
    AttentionFilm,
    frame_label,
    paint_film,
    range_in_words,
    scale_bar,
)
from rostfine_core.report.fonts import draw_text, one_line, picture_width, wrap_for_picture
from rostfine_core.report.wording import (
    PROGRAM,
    by_severity,
    expected_in_words,
    spread_in_words,
    standing_notes,
    time_in_words,
    votes_in_words,
)

PANEL_PX = 216
GAP_PX = 8
MARGIN_PX = 36
LABEL_PX = 216
COLUMNS = 8
TITLE_PX, TEXT_PX, SMALL_PX = 34, 24, 20
GREY = "#555555"
WIDTH_PX = 2 * MARGIN_PX + LABEL_PX + COLUMNS * (PANEL_PX + GAP_PX)


def write_explanation(path: Path, assessment: Assessment, *, paint: Paint = DEFAULT_PAINT) -> None:
    """Write ``explanation_figure`` as PNG; the notes also stand in the file's metadata.

    Raises:
        StoreError: the file cannot be written.
    """
    facts = PngInfo()
    facts.add_itxt("Software", f"{PROGRAM} {assessment.provenance.software_version}")
    facts.add_itxt("Title", one_line(_title(assessment)))
    facts.add_itxt("Disclaimer", " ".join(_notes(assessment)))
    figure = explanation_figure(assessment, paint=paint)
    with atomic_write(path) as temporary:
        figure.save(temporary, format="PNG", pnginfo=facts, compress_level=3)


def explanation_figure(assessment: Assessment, *, paint: Paint = DEFAULT_PAINT) -> Image.Image:
    """Draw where the network looked: frames, rollout and selected patches, with all notes.

    Rows hold at most eight frames; a network that sees more gets further bands below.
    """
    film = paint_film(assessment, edge_px=PANEL_PX, paint=paint)
    total = len(film.boxes)
    bands = [range(i, min(i + COLUMNS, total)) for i in range(0, total, COLUMNS)]
    page = _Page(height_px=_height(len(bands), flags=len(assessment.flags)))
    _write_head(page, assessment)
    for band in bands:
        _draw_band(page, assessment, film, band)
    _write_scales(page, film)
    _write_notes(page, assessment)
    return page.finish()


class _Page:
    """A white picture that is filled from the top; ``y`` is where the next line begins."""

    def __init__(self, *, height_px: int) -> None:
        self.image = Image.new("RGB", (WIDTH_PX, height_px), "white")
        self.draw = ImageDraw.Draw(self.image)
        self.y = MARGIN_PX

    def write(
        self, text: str, *, size_px: int, bold: bool = False, fill: str = "black", lines: int = 2
    ) -> None:
        """Write wrapped lines over the full width."""
        width = WIDTH_PX - 2 * MARGIN_PX
        for line in wrap_for_picture(
            text, size_px=size_px, width_px=width, max_lines=lines, bold=bold
        ):
            self.y += round(1.35 * size_px)
            baseline = self.y - round(0.35 * size_px)
            draw_text(self.draw, (MARGIN_PX, baseline), line, size_px=size_px, bold=bold, fill=fill)

    def finish(self) -> Image.Image:
        """The picture, cut below the last line."""
        return self.image.crop((0, 0, WIDTH_PX, self.y + MARGIN_PX))


def _height(bands: int, *, flags: int) -> int:
    """Enough for everything; what is too much is cut off at the end."""
    return 1000 + bands * (3 * (PANEL_PX + GAP_PX) + 3 * TEXT_PX) + flags * 3 * SMALL_PX


def _title(assessment: Assessment) -> str:
    sample = assessment.sample.sample
    return f"Sperm {assessment.target}" + (f" · sample {sample}" if sample else "")


def _notes(assessment: Assessment) -> tuple[str, ...]:
    return (*standing_notes([assessment]), DISCLAIMER_ATTENTION)


def _write_head(page: _Page, assessment: Assessment) -> None:
    prediction = assessment.prediction
    grade = prediction.grade
    spread = spread_in_words(prediction)
    if prediction.ensemble_spread is not None:
        spread = f"model spread {spread}"
    page.write(_title(assessment), size_px=TITLE_PX, bold=True)
    page.write(f"Predicted votes of the panel: {votes_in_words(grade)}", size_px=TEXT_PX)
    page.write(
        f"Expected grade {expected_in_words(grade)}; votes for A or B {grade.p_a_or_b:.1%}; "
        f"disagreement {grade.entropy_bits:.2f} bits; {spread}",
        size_px=TEXT_PX,
    )
    for flag in by_severity(assessment.flags):  # the picture goes about without the report
        is_warning = flag.severity is Severity.WARNING
        said = f"{flag.severity.capitalize()}: {with_micro_sign(str(flag.reason))}"
        page.write(said, size_px=SMALL_PX, bold=is_warning)
    page.y += TEXT_PX


def _draw_band(
    page: _Page, assessment: Assessment, film: AttentionFilm, columns: Sequence[int]
) -> None:
    """Three rows of panels with the frames' numbers and times above them."""
    baseline = page.y + SMALL_PX
    draw_text(page.draw, (MARGIN_PX, baseline), "Frame · time", size_px=SMALL_PX, fill=GREY)
    for x, column in zip(_lefts(), columns, strict=False):
        label = frame_label(film.boxes[column])
        _write_centred(page, label, x + PANEL_PX / 2, baseline)
    page.y += round(1.6 * SMALL_PX)
    for title, panels in zip(ROW_TITLES, film.rows, strict=True):
        _write_row_title(page, title)
        for x, column in zip(_lefts(), columns, strict=False):
            page.image.paste(Image.fromarray(panels[column]), (x, page.y))
        if panels is film.rows[0] and 0 in columns:
            _draw_scale_bar(page, assessment)
        page.y += PANEL_PX + GAP_PX
    page.y += SMALL_PX // 2


def _lefts() -> Iterator[int]:
    return (MARGIN_PX + LABEL_PX + i * (PANEL_PX + GAP_PX) for i in range(COLUMNS))


def _write_centred(page: _Page, text: str, centre: float, baseline: float) -> None:
    size = SMALL_PX
    while size > 10 and picture_width(text, size_px=size) > PANEL_PX:
        size -= 1
    left = centre - picture_width(text, size_px=size) / 2
    draw_text(page.draw, (left, baseline), text, size_px=size)


def _write_row_title(page: _Page, title: str) -> None:
    lines = wrap_for_picture(
        title, size_px=TEXT_PX, width_px=LABEL_PX - 2 * GAP_PX, max_lines=4, bold=True
    )
    first = page.y + PANEL_PX / 2 - 0.65 * TEXT_PX * len(lines) + TEXT_PX
    for i, line in enumerate(lines):
        at = MARGIN_PX, first + i * 1.3 * TEXT_PX
        draw_text(page.draw, at, line, size_px=TEXT_PX, bold=True)


def _draw_scale_bar(page: _Page, assessment: Assessment) -> None:
    """Black on a white field, in the first frame's lower left corner."""
    part, label = scale_bar(assessment.clip.images.shape[1], assessment.provenance.um_per_px)
    length, text = part * PANEL_PX, picture_width(label, size_px=SMALL_PX)
    left, bottom = MARGIN_PX + LABEL_PX + 14, page.y + PANEL_PX - 14
    field = left - 7, bottom - 34, left + max(length, text) + 7, bottom + 7
    page.draw.rectangle(field, fill="white")
    page.draw.rectangle((left, bottom - 5, left + length, bottom), fill="black")
    draw_text(page.draw, (left, bottom - 13), label, size_px=SMALL_PX)


def _write_scales(page: _Page, film: AttentionFilm) -> None:
    """One colour bar with its two ends in words, then what they mean for each row."""
    bar = Image.fromarray(np.ascontiguousarray(film.bar[None])).resize((4 * PANEL_PX, 22))
    baseline = page.y + 20
    x: float = MARGIN_PX
    x += draw_text(page.draw, (x, baseline), "lower", size_px=SMALL_PX) + 12
    page.image.paste(bar, (round(x), page.y))
    x += bar.width + 12
    draw_text(page.draw, (x, baseline), "higher attention", size_px=SMALL_PX)
    page.y += 34
    for title, meaning in zip(ROW_TITLES[1:], range_in_words(film), strict=True):
        page.write(f"{title}: {meaning}", size_px=SMALL_PX, fill=GREY)
    page.write("Outline in row two: over half of the scale.", size_px=SMALL_PX, fill=GREY)
    page.y += SMALL_PX


def _write_notes(page: _Page, assessment: Assessment) -> None:
    made = assessment.provenance
    for note in _notes(assessment):
        if note == DISCLAIMER_DEMONSTRATION:
            lines = round(1.35 * TEXT_PX)
            page.draw.rectangle(
                (MARGIN_PX - 10, page.y, WIDTH_PX - MARGIN_PX, page.y + lines), "black"
            )
            page.write(note, size_px=TEXT_PX, bold=True, fill="white")
        else:
            page.write(note, size_px=TEXT_PX, bold=True)
    page.write(
        f"{PROGRAM} {made.software_version} · model {made.model.file_name} · "
        f"video {made.video_name} · {time_in_words(made.created_utc)}",
        size_px=SMALL_PX,
        fill=GREY,
    )
