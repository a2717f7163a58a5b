"""Lays out where the network looked, for both the PDF report and ``explanation.png``."""

from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table
from reportlab.platypus.flowables import Flowable, KeepTogether

from rostfine_core.attention import Paint
from rostfine_core.domain import Assessment
from rostfine_core.messages import Message, Say, joined
from rostfine_core.report.film import OUTLINE, ROW_TITLES, paint_film, range_in_words, scale_bar
from rostfine_core.report.layout import FLUSH, WIDTH_PT, text, titled
from rostfine_core.report.pictures import COLUMNS, ColourBar, DrawPicture, FilmBand, draw_jpeg

TITLE = Message("Where the network looked (above each column: frame · time)")
GUTTER_PT = 4 * mm


def attention_block(
    assessment: Assessment,
    say: Say,
    *,
    paint: Paint,
    edge_px: int,
    draw_picture: DrawPicture = draw_jpeg,
    has_room: bool = False,
) -> list[Flowable]:
    """The film in bands of eight frames, with a legend of its colours.

    The legend is beside the film if there is room, otherwise below it.

    Args:
        assessment: the sperm to show.
        say: words messages in the report's language.
        paint: the colours of attention.
        edge_px: the side of a panel in pixels.
        draw_picture: draws a row of the film on the page.
        has_room: whether there is room for a fourth row, see ``paint_film``.
    """
    film = paint_film(assessment, edge_px=edge_px, paint=paint, has_room=has_room)
    bar = scale_bar(assessment.clip.boxes[0].size_px, assessment.provenance.um_per_px)
    total = len(film.boxes)
    first, *others = (
        FilmBand(film, say, range(i, min(i + COLUMNS, total)), scale=bar, draw_picture=draw_picture)
        for i in range(0, total, COLUMNS)
    )
    ranges = zip(ROW_TITLES[1:], range_in_words(film), strict=False)
    notices = map(Message, assessment.provenance.model.attention_notices)
    note = joined((*notices, OUTLINE), " ")
    legend: list[Flowable] = [
        ColourBar(film, say),
        *(text(say(joined(row, ": ")), "tiny") for row in ranges),
        text(say(note), "small"),
    ]
    beside_pt = WIDTH_PT - first.width
    if beside_pt >= GUTTER_PT + legend[0].width:
        row = [first, "", [Spacer(1, first.height / 3), *legend]]
        widths = [first.width, GUTTER_PT, beside_pt - GUTTER_PT]
        return [titled(say(TITLE), Table([row], colWidths=widths, style=FLUSH))]
    return [titled(say(TITLE), first), *others, KeepTogether(legend)]
