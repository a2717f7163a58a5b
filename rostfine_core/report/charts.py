"""The report's histograms as vector drawings.

Bars are dark grey with their values above, so that nothing is lost in a print without colour; those
of a grade that should not be trusted are hatched. Lines with caps are ranges, dots single views.
"""

from collections.abc import Sequence

from reportlab.graphics.shapes import Circle, Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor, black, white

from rostfine_core.domain import Grade, GradeDistribution, Prediction
from rostfine_core.report.fonts import REGULAR, pdf_width, runs

BAR = HexColor("#3A4654")
LINE = HexColor("#B5BBC2")
DOT = HexColor("#8A929B")
CAP_PT, DOTS_PT = 2.5, 6
"""Half the width of a range's ends, and how far from the line the dots stand."""
HATCH_PT = 3
"""From line to line of a hatched bar."""
TICK_SIZE_PT, TICKS_PT = 6, 17
"""The labels of the scale, and the room for them beside the bars."""


def histogram(
    distribution: GradeDistribution,
    *,
    width_pt: float,
    height_pt: float,
    size_pt: float,
    meanings: Sequence[str] = (),
    prediction: Prediction | None = None,
    is_doubtful: bool = False,
) -> Drawing:
    """Five bars on a fixed scale of 0 to 100%, each with its share above and its grade below.

    Args:
        distribution: what the bars show.
        width_pt: width of the drawing.
        height_pt: its height.
        size_pt: font size.
        meanings: a word for each grade, written under its letter.
        prediction: whose ranges, or else whose models' lowest and highest share, are drawn as
            lines, and whose single views as dots.
        is_doubtful: whether the grade has warnings, so that its bars are hatched.
    """
    drawing = Drawing(width_pt, height_pt)
    foot = size_pt * (2.7 if meanings else 1.4)
    full = height_pt - foot - 1.4 * size_pt
    step = (width_pt - TICKS_PT * bool(meanings)) / len(Grade)
    if meanings:
        _add_ticks(drawing, foot=foot, full=full)
    for i, (grade, p) in enumerate(zip(Grade, distribution.probabilities, strict=True)):
        centre = (i + 0.5) * step
        add_bar = _add_hatched_bar if is_doubtful else _add_bar
        add_bar(drawing, centre - 0.32 * step, foot, 0.64 * step, p * full)
        top = p
        if prediction is not None:
            top = _add_marks(drawing, prediction, i, centre=centre, foot=foot, full=full)
        label_y = foot + top * full + 0.35 * size_pt
        _add_ground(drawing, f"{p:.1%}", centre, label_y, size_pt)
        _add_text(drawing, f"{p:.1%}", centre, label_y, size_pt)
        _add_text(drawing, grade.name, centre, foot - 1.1 * size_pt, size_pt, bold=True)
        if meanings:
            _add_text(drawing, meanings[i], centre, foot - 2.3 * size_pt, 0.9 * size_pt)
    drawing.add(Line(0, foot, width_pt, foot, strokeColor=black, strokeWidth=0.7))
    return drawing


def sparkline(
    distribution: GradeDistribution, *, width_pt: float, height_pt: float, is_doubtful: bool = False
) -> Drawing:
    """Five small bars on a scale of 0 to 100%, for a table that also shows the numbers."""
    add_bar = _add_hatched_bar if is_doubtful else _add_bar
    drawing = Drawing(width_pt, height_pt)
    step = width_pt / len(Grade)
    for i, p in enumerate(distribution.probabilities):
        add_bar(drawing, (i + 0.15) * step, 0, 0.7 * step, p * height_pt)
    drawing.add(Line(0, 0, width_pt, 0, strokeColor=black, strokeWidth=0.5))
    _add_dots(drawing, height_pt)
    return drawing


def _add_bar(drawing: Drawing, x: float, y: float, width: float, height: float) -> None:
    bar = Rect(x, y, width, height)
    bar.fillColor, bar.strokeColor = BAR, None
    drawing.add(bar)


def _add_hatched_bar(drawing: Drawing, x: float, y: float, width: float, height: float) -> None:
    """An outline with lines that rise to the right by as much as they run."""
    bar = Rect(x, y, width, height)
    bar.fillColor, bar.strokeColor, bar.strokeWidth = white, LINE, 0.5
    drawing.add(bar)
    for k in range(1, int((width + height) / HATCH_PT) + 1):
        down = k * HATCH_PT  # where the line, prolonged, meets the left edge from the top down
        left, right = max(0.0, down - height), min(down, width)
        line = Line(x + left, y + height - down + left, x + right, y + height - down + right)
        line.strokeColor, line.strokeWidth = LINE, 0.6
        drawing.add(line)


def _add_dots(drawing: Drawing, y: float) -> None:
    dots = Line(0, y, drawing.width, y, strokeColor=LINE, strokeWidth=0.4, strokeDashArray=[1, 2])
    drawing.add(dots)


def _add_ticks(drawing: Drawing, *, foot: float, full: float) -> None:
    for tick in (0.5, 1.0):
        y, right = foot + tick * full, drawing.width
        _add_dots(drawing, y)
        label = String(right, y + 1.5, f"{tick:.0%}", fontName=REGULAR, fontSize=TICK_SIZE_PT)
        label.textAnchor = "end"
        drawing.add(label)


def _add_marks(
    drawing: Drawing,
    prediction: Prediction,
    index: int,
    *,
    centre: float,
    foot: float,
    full: float,
) -> float:
    """Draw a grade's line and dots; the highest share that they reach."""
    members = [m.probabilities[index] for m in prediction.ensemble]
    views = [v.probabilities[index] for v in prediction.views]
    if prediction.ranges:
        low, high = prediction.ranges[index]
    else:
        low, high = min(members, default=0.0), max(members, default=0.0)
    for place in (foot + view * full for view in views):
        dot = Circle(centre - DOTS_PT, place, 0.9)
        dot.fillColor, dot.strokeColor, dot.strokeWidth = DOT, white, 0.3
        drawing.add(dot)
    if prediction.ranges or members:
        cap = CAP_PT if prediction.ranges else 0.0
        _add_line(drawing, centre, foot + low * full, foot + high * full, cap=cap)
    return max(prediction.grade.probabilities[index], high, *views, 0.0)


def _add_line(drawing: Drawing, x: float, low: float, high: float, *, cap: float) -> None:
    """A black line on a wider white one, so that it is seen on bar and paper."""
    parts = [(x, low, x, high), *((x - cap, y, x + cap, y) for y in (low, high) if cap)]
    for colour, width in ((white, 2.2), (black, 0.9)):
        for part in parts:
            drawing.add(Line(*part, strokeColor=colour, strokeWidth=width))


def _add_ground(drawing: Drawing, text: str, x: float, y: float, size_pt: float) -> None:
    """White paper under a text, so that no line of the scale strikes it through."""
    width = pdf_width(text, size_pt=size_pt) + 2
    ground = Rect(x - width / 2, y - 0.2 * size_pt, width, size_pt)
    ground.fillColor, ground.strokeColor = white, None
    drawing.add(ground)


def _add_text(
    drawing: Drawing, text: str, x: float, y: float, size_pt: float, *, bold: bool = False
) -> None:
    x -= pdf_width(text, size_pt=size_pt, bold=bold) / 2
    for font, stretch in runs(text, bold=bold):
        drawing.add(String(x, y, stretch, fontName=font, fontSize=size_pt))
        x += pdf_width(stretch, size_pt=size_pt, bold=bold)
