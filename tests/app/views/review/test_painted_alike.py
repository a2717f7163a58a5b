"""Attention has the same pixels in the window and in the exported picture."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.state.records import Overlay, OverlayKind
from app.state.session import Session
from app.views.review.film_strip import FilmFrames
from rostfine_core.attention import COLOUR_MAPS, Paint
from rostfine_core.domain import Assessment
from rostfine_core.report import ReportStyle, explanation_figure
from rostfine_core.report.explanation import MARGIN_PT, PANEL_PX, PX_PER_PT
from rostfine_core.report.pictures import LABEL_PT, STEP_PT

GRID = 14
MIDDLE = 6.5 / GRID  # in the middle of a patch
LEVELS = (0.0, 0.3, 0.8, 1.0)


@pytest.fixture
def assessment(make_assessment: Callable[..., Assessment]) -> Assessment:
    """Grey frames; the map of a frame has one value over the whole crop."""
    made = make_assessment("1")
    maps = np.zeros((8, GRID, GRID), np.float32)
    maps[: len(LEVELS)] = np.array(LEVELS, np.float32)[:, None, None]
    explanation = replace(
        made.explanation,
        encoder_rollout=maps,
        branch_attention=maps,
        selected_patches=np.tile(np.arange(GRID * GRID), (8, 1)),
    )
    clip = replace(made.clip, images=np.full_like(made.clip.images, 128))
    return replace(made, explanation=explanation, clip=clip)


def in_the_window(qtbot: QtBot, session: Session, slot: int) -> tuple[int, ...]:
    """The colour in the middle of a frame of the film strip."""
    frames = FilmFrames(session)
    qtbot.addWidget(frames)
    frames.resize(1900, 132)
    frames.refresh()
    picture = frames.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    place = session.reportable[0].explanation.clip_frames[slot]
    area = frames._areas()[place]
    x, y = (round(start + MIDDLE * area.width()) for start in (area.left(), 0))
    colour = picture.pixelColor(x, y)
    return colour.red(), colour.green(), colour.blue()


def in_the_picture(assessment: Assessment, *, row: int, slot: int, paint: Paint) -> tuple[int, ...]:
    """The colour at the same place of ``explanation.png``: the last row but one or the last."""
    pixels = np.asarray(explanation_figure(assessment, style=ReportStyle(paint=paint)))
    left = round((MARGIN_PT + LABEL_PT + slot * STEP_PT) * PX_PER_PT)
    inside = pixels[:, left + 20 : left + PANEL_PX - 20]
    is_grey = (inside == 128).all(axis=(1, 2))  # the first row, of frames without attention
    top = int(np.flatnonzero(is_grey)[0])
    x, y = (start + round(MIDDLE * PANEL_PX) for start in (left, top))
    return tuple(int(v) for v in pixels[y + row * round(STEP_PT * PX_PER_PT), x])


@pytest.mark.parametrize("colour_map", COLOUR_MAPS)
@pytest.mark.parametrize(("kind", "row"), [(OverlayKind.ROLLOUT, 1), (OverlayKind.PATCHES, 2)])
def test_a_value_has_one_colour(
    qtbot: QtBot,
    graded: Session,
    assessment: Assessment,
    colour_map: str,
    kind: OverlayKind,
    row: int,
) -> None:
    graded.add_assessments({graded.assessment_key(graded.sperms[0]): assessment}, {})
    shown = Overlay(kind=kind, colour_map=colour_map)
    graded.set_overlay(shown)
    for slot in range(len(LEVELS)):
        expected = in_the_picture(assessment, row=row, slot=slot, paint=shown.paint)
        assert in_the_window(qtbot, graded, slot) == expected
        assert len(set(expected)) > 1  # it is coloured
