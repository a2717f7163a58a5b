"""The picture of a video's frame with a ring and the name of every sperm, and the chosen ones."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image
from reportlab.lib.colors import black, white
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus.flowables import Flowable

from rostfine_core.attention import enlarged
from rostfine_core.domain import (
    Assessment,
    Overview,
    Selection,
    VideoSection,
    overview_frame,
    place_in,
)
from rostfine_core.report.fonts import cut_to_width, pdf_width, printable
from rostfine_core.report.layout import FAINT, SHADE
from rostfine_core.report.notice import write_line
from rostfine_core.report.pictures import as_jpeg
from rostfine_core.report.wording import share

LONGEST_SIDE_PX = 1200
RING_SHARE = 0.16
"""The ring's radius as a part of the crop's side."""
SMALLEST_RING_PT = 3.5
LABEL_PT, LONGEST_LABEL_PT = 7.0, 20 * mm
CROP_PX, CAPTION_PT = 260, 9
Box = tuple[float, float, float, float]
"""Left, bottom, right and top."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One sperm in the overview, in points of the picture; y is upwards.

    ``is_elsewhere``: it is not to be seen in the picture's frame, only where it was in another.
    """

    name: str
    x_pt: float
    y_pt: float
    radius_pt: float
    is_elsewhere: bool
    is_chosen: bool

    @property
    def box(self) -> Box:
        """The square around the ring."""
        r = self.radius_pt
        return (self.x_pt - r, self.y_pt - r, self.x_pt + r, self.y_pt + r)


class OverviewPicture(Flowable):
    """A video's frame as large as fits, or a blank in its place, with all sperm of the report."""

    def __init__(self, section: VideoSection, *, width_pt: float, height_pt: float) -> None:
        super().__init__()
        video = section.assessments[0].video
        self._scale = min(width_pt / video.width_px, height_pt / video.height_px)
        self.width = video.width_px * self._scale
        self.height = video.height_px * self._scale
        self._picture = section.overview and as_jpeg(_reduced(section.overview))
        frame = overview_of(section)
        named = zip(section.assessments, labels_of(section), strict=True)
        self._marks = [self._mark(a, label, frame) for a, label in named]
        self.has_elsewhere = any(m.is_elsewhere for m in self._marks)

    def draw(self) -> None:
        """Draw at the flowable's place."""
        canvas, area = self.canv, (0, 0, self.width, self.height)
        if self._picture is None:
            canvas.setFillColor(SHADE)
            canvas.rect(*area, stroke=0, fill=1)
        else:
            canvas.drawImage(self._picture, *area)
        canvas.setStrokeColor(black)
        canvas.setLineWidth(0.4)
        canvas.rect(*area, stroke=1, fill=0)
        for mark in self._marks:
            _draw_ring(canvas, mark)
        for mark, box in zip(self._marks, self._label_boxes(), strict=True):
            _draw_label(canvas, mark, box)

    def _mark(self, assessment: Assessment, label: str, frame: int) -> Mark:
        here = place_in(assessment.track, frame)
        point = here or assessment.track.points[0]
        side_px = assessment.clip.boxes[0].size_px
        return Mark(
            name=printable(label),
            x_pt=(point.x_px + 0.5) * self._scale,
            y_pt=self.height - (point.y_px + 0.5) * self._scale,
            radius_pt=max(RING_SHARE * side_px * self._scale, SMALLEST_RING_PT),
            is_elsewhere=here is None,
            is_chosen=assessment.selection is Selection.CHOSEN,
        )

    def _label_boxes(self) -> list[Box]:
        """A place beside each ring, off all rings and other labels as far as there is room."""
        placed: list[Box] = []
        rings = [mark.box for mark in self._marks]
        for mark in self._marks:
            places = list(self._places_beside(mark))
            costs = [sum(_overlap(place, other) for other in (*placed, *rings)) for place in places]
            placed.append(places[costs.index(min(costs))])
        return placed

    def _places_beside(self, mark: Mark) -> Iterator[Box]:
        """Places for a label around a ring and inside the picture, the best first."""
        width = pdf_width(mark.name, size_pt=LABEL_PT, bold=True) + 3
        height = LABEL_PT + 1.5
        for far in (1.0, 2.5):
            for turn in (0.0, 0.25, -0.25, 1.0, 0.75, -0.75, 0.5, -0.5):
                along = mark.radius_pt + far
                x = mark.x_pt + math.cos(math.pi * turn) * (along + width / 2) - width / 2
                y = mark.y_pt + math.sin(math.pi * turn) * (along + height / 2) - height / 2
                x = min(max(x, 0), max(self.width - width, 0))
                y = min(max(y, 0), max(self.height - height, 0))
                yield (x, y, x + width, y + height)


class ChosenPictures(Flowable):
    """The pictures of the sperm that were chosen, each over its label and headline."""

    def __init__(
        self, chosen: Sequence[tuple[Assessment, str]], *, width_pt: float, height_pt: float
    ) -> None:
        super().__init__()
        self.width, self.height = width_pt, height_pt
        self._edge_pt, self._columns = _grid(len(chosen), width_pt, height_pt)
        self._shown = [
            (
                as_jpeg(Image.fromarray(enlarged(a.clip.images[0], edge_px=CROP_PX))),
                f"{label} · {share(a.prediction.grade.p_a_or_b)}",
                FAINT if a.has_warnings else black,
            )
            for a, label in chosen
        ]

    def draw(self) -> None:
        """Draw at the flowable's place."""
        edge = self._edge_pt
        for place, (picture, caption, colour) in enumerate(self._shown):
            row, column = divmod(place, self._columns)
            x, top = column * (edge + 3), self.height - row * (edge + CAPTION_PT)
            self.canv.drawImage(picture, x, top - edge, edge, edge)
            line = cut_to_width(caption, size_pt=6.5, width_pt=edge)
            self.canv.setFillColor(colour)
            write_line(self.canv, x, top - edge - 7, line, size_pt=6.5)


def labels_of(section: VideoSection) -> tuple[str, ...]:
    """What the sperm are called in the overview: their names or, where one is long, numbers."""
    names = tuple(a.target for a in section.assessments)
    if all(pdf_width(n, size_pt=LABEL_PT, bold=True) <= LONGEST_LABEL_PT for n in names):
        return names
    return tuple(str(number) for number, _ in enumerate(names, start=1))


def overview_of(section: VideoSection) -> int:
    """The frame of a section's overview, also where its picture is missing."""
    if section.overview is not None:
        return section.overview.frame
    return overview_frame([a.track for a in section.assessments])


def _grid(count: int, width_pt: float, height_pt: float) -> tuple[float, int]:
    """The largest edge of ``count`` squares with captions in an area, and how many fit in a row."""
    edges = (
        (
            min(
                (width_pt + 3) / columns - 3,
                height_pt / math.ceil(count / columns) - CAPTION_PT,
                30 * mm,
            ),
            columns,
        )
        for columns in range(1, count + 1)
    )
    return max(edges)


def _reduced(overview: Overview) -> Image.Image:
    """The frame with at most ``LONGEST_SIDE_PX``, more than a page can show."""
    picture = Image.fromarray(overview.image)
    picture.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    return picture


def _draw_ring(canvas: Canvas, mark: Mark) -> None:
    """A dark ring with a light one inside, to be seen on any ground."""
    canvas.saveState()
    if mark.is_elsewhere:
        canvas.setDash(2, 1.5)
    for colour, width in ((white, 2.4 if mark.is_chosen else 1.8), (black, 1.2)):
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(width if colour is white or not mark.is_chosen else 1.7)
        canvas.circle(mark.x_pt, mark.y_pt, mark.radius_pt, stroke=1, fill=0)
    canvas.restoreState()


def _draw_label(canvas: Canvas, mark: Mark, box: Box) -> None:
    """The name, white on black for a chosen sperm."""
    left, bottom, right, top = box
    ground, ink = (black, white) if mark.is_chosen else (white, black)
    canvas.setFillColor(ground)
    canvas.rect(left, bottom, right - left, top - bottom, stroke=0, fill=1)
    canvas.setFillColor(ink)
    write_line(canvas, left + 1.5, bottom + 2, mark.name, size_pt=LABEL_PT, bold=True)
    canvas.setFillColor(black)


def _overlap(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)
