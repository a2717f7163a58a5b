"""The video canvas shows the session and asks; nothing is decided in it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.state import drafts
from app.state.records import Display, ModelState, OpenedVideo, Overlay, OverlayKind, Tool
from app.state.session import Session
from app.views.canvas.canvas_bar import CanvasBar
from app.views.canvas.loupe import Loupe
from app.views.canvas.video_canvas import VideoCanvas
from rostfine_core.domain import (
    Draft,
    HeadMeasure,
    Track,
    VideoInfo,
)

# The offscreen platform says this of every window; it has no window manager to tell.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
Show = Callable[[QWidget], None]


def texts(widget: QWidget) -> str:
    return "\n".join(w.text() for w in widget.findChildren(QLabel) if w.isVisible())


def place(canvas: VideoCanvas, x_px: float, y_px: float) -> QPointF:
    assert canvas.centralWidget is not None
    return QPointF(canvas.mapFromScene(canvas.centralWidget.mapViewToScene(QPointF(x_px, y_px))))


class TestCanvas:
    def test_a_click_selects_what_it_hits_and_else_asks_for_a_new_sperm(
        self, qtbot: QtBot, graded: Session, show: Show
    ) -> None:
        canvas = VideoCanvas(graded)
        show(canvas)
        new, old = QSignalSpy(canvas.place_clicked), QSignalSpy(canvas.sperm_clicked)
        left = Qt.MouseButton.LeftButton
        qtbot.mouseClick(canvas.viewport(), left, pos=place(canvas, 120, 120).toPoint())
        qtbot.mouseClick(canvas.viewport(), left, pos=place(canvas, 200, 40).toPoint())
        assert [old.at(k) for k in range(old.count())] == [[2]]
        assert new.count() == 1
        assert new.at(0) == pytest.approx([200, 40], abs=1)

    def test_markers_follow_the_track_and_vanish_where_it_is_lost(
        self,
        qtbot: QtBot,
        graded: Session,
        show: Show,
        make_track: Callable[..., Track],
    ) -> None:
        canvas = VideoCanvas(graded)
        show(canvas)
        assert graded.image is not None
        assert graded.grey is not None
        graded.set_frame(10, graded.image, graded.grey)
        assert [(m.key, m.x_px) for m in canvas.markers()] == [(1, 70.0), (2, 70.0)]
        graded.add_tracks({graded.track_key(graded.sperms[0]): make_track("1", lost=(10,))})
        assert [m.key for m in canvas.markers()] == [2]

    @pytest.mark.parametrize("ground", [0, 90, 165, 255])
    def test_a_path_is_seen_on_dark_and_on_bright_video(
        self, qtbot: QtBot, graded: Session, show: Show, ground: int
    ) -> None:
        canvas = VideoCanvas(graded)
        show(canvas)
        assert graded.image is not None
        assert graded.grey is not None
        graded.set_frame(23, np.full_like(graded.image, ground), graded.grey)
        picture = canvas.grab().toImage()
        for y_px in (80, 120):  # the paths, the second of a sperm that is not selected
            spots = [place(canvas, 62, y_px + step / 10).toPoint() for step in range(-20, 21)]
            levels = [picture.pixelColor(spot) for spot in spots]
            far = max(max(abs(c.red() - ground), abs(c.green() - ground)) for c in levels)
            assert far > 75

    @pytest.mark.parametrize(("clip_px", "crop_px"), [(150, 150), (200, 200), (100, 80)])
    def test_the_frame_shows_what_the_models_crop_holds_and_the_loupe_half_of_it(
        self, qtbot: QtBot, graded: Session, show: Show, clip_px: int, crop_px: int
    ) -> None:
        """Clips are resampled to the scale of the training, here from 0.25 to 0.2 um/px."""
        canvas = VideoCanvas(graded)
        loupe = Loupe(graded, canvas)
        show(canvas)
        assert graded.model.info is not None
        trained = 0.25 * crop_px / clip_px
        other = replace(graded.model.info, sha256="b" * 64, trained_um_per_px=trained)
        graded.set_model(replace(graded.model, info=other, crop_px=clip_px))
        calibration = replace(graded.calibration, um_per_px=0.25)
        graded.set_draft(replace(graded.draft, calibration=calibration))
        assert canvas._crop.rect().width() == crop_px
        loupe.look_at(30, 40)
        source = loupe._view._source
        assert source.width() == crop_px / 2
        assert source.center().toTuple() == (30.5, 40.5)  # pixel 30 ends at 31

    def test_the_loupes_caption_has_room_in_a_large_picture(
        self, qtbot: QtBot, graded: Session, show: Show
    ) -> None:
        """With or without a head it was cut, in the middle of a word."""
        canvas = VideoCanvas(graded)
        show(canvas)
        loupe = Loupe(graded, canvas)
        graded.image = np.zeros((976, 1392, 3), dtype=np.uint8)
        loupe.look_at(1390, 970)
        assert "1390, 970 px" in loupe.caption.text()
        graded.set_head(
            HeadMeasure(
                x_px=1390.4, y_px=970.2, length_px=25, width_px=15, angle_rad=0, confidence=0.9
            )
        )
        assert loupe.caption.text().split("\n") == ["Head of 25 x 15 px", "at 1390.4, 970.2"]
        needed, room = loupe.caption.sizeHint(), loupe.caption.size()
        assert needed.width() <= room.width()
        assert needed.height() <= room.height()

    def test_the_correcting_tool_asks_for_a_correction_of_the_selected(
        self, qtbot: QtBot, graded: Session, show: Show
    ) -> None:
        canvas = VideoCanvas(graded)
        show(canvas)
        graded.set_tool(Tool.CORRECT)
        asked = QSignalSpy(canvas.selected_correction_requested)
        for modifier in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
            spot = place(canvas, 61, 90).toPoint()
            qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, modifier, spot)
        assert asked.at(0)[:2] == pytest.approx([61, 90], abs=1)
        assert [asked.at(0)[2], asked.at(1)[2]] == [False, True]

    def test_it_works_without_a_mouse(self, qtbot: QtBot, graded: Session, show: Show) -> None:
        canvas = VideoCanvas(graded)
        show(canvas)
        canvas.zoom_fit()
        asked = QSignalSpy(canvas.place_clicked)
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up):
            qtbot.keyClick(canvas, key)
        qtbot.keyClick(canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        qtbot.keyClick(canvas, Qt.Key.Key_Return)
        assert asked.at(0) == pytest.approx([119.5 + 2, 99.5 + 9], abs=0.6)

    def test_the_cross_stays_in_the_video_and_in_sight(
        self, qtbot: QtBot, graded: Session, show: Show
    ) -> None:
        canvas = VideoCanvas(graded)
        show(canvas)
        for _ in range(12):
            canvas.zoom_in()
        assert graded.info is not None
        for _ in range(30):
            qtbot.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
            at = place(canvas, canvas._cross.pos().x(), canvas._cross.pos().y())
            assert canvas.rect().contains(at.toPoint())
        assert canvas._cross.pos().x() == graded.info.width_px - 1
        away = QSignalSpy(canvas.left)
        qtbot.keyClick(canvas, Qt.Key.Key_Escape)
        assert not canvas._cross.isVisible()
        assert away.count() == 1

    def test_a_double_click_is_one_click(self, qtbot: QtBot, graded: Session, show: Show) -> None:
        canvas = VideoCanvas(graded)
        show(canvas)
        new, left = QSignalSpy(canvas.place_clicked), Qt.MouseButton.LeftButton
        at = place(canvas, 200, 40).toPoint()
        qtbot.mouseClick(canvas.viewport(), left, pos=at)
        qtbot.mouseDClick(canvas.viewport(), left, pos=at)
        qtbot.mouseRelease(canvas.viewport(), left, pos=at)
        assert new.count() == 1

    def test_markers_bear_the_names_of_panel_and_report(
        self, qtbot: QtBot, graded: Session, show: Show
    ) -> None:
        """A number by place in the list would be another sperm's name after one is removed."""
        canvas = VideoCanvas(graded)
        show(canvas)
        draft = drafts.removed(graded.draft, 1)
        graded.set_draft(drafts.added(draft, key=3, frame=0, x_px=50.0, y_px=80.0))
        names = {s.key: s.name for s in graded.sperms}
        assert names == {2: "2", 3: "3"}
        assert {key: drawn.marker.name for key, drawn in canvas._drawn.items()} == names


def test_the_empty_canvas_says_what_to_do(qtbot: QtBot, show: Show, info: VideoInfo) -> None:
    session = Session()
    canvas = VideoCanvas(session)
    show(canvas)
    session.set_model(ModelState())
    assert texts(canvas) == "Open a video, or drop one here."
    session.set_video(OpenedVideo(path=Path("small.mp4"), info=info), Draft())
    assert texts(canvas) == "Click the head of a sperm."


def test_a_lost_sperm_is_said_with_what_to_do(
    qtbot: QtBot, graded: Session, show: Show, make_track: Callable[..., Track]
) -> None:
    canvas = VideoCanvas(graded)
    show(canvas)
    assert texts(canvas) == ""
    graded.add_tracks({graded.track_key(graded.sperms[0]): make_track("1", lost=(5,))})
    assert texts(canvas) == ""
    assert graded.image is not None
    assert graded.grey is not None
    graded.set_frame(5, graded.image, graded.grey)
    assert "Sperm 1 is lost in this frame: press C" in texts(canvas)
    graded.set_tool(Tool.CORRECT)
    assert texts(canvas) == "Click where the selected sperm's head is in this frame."


def test_attention_of_another_frame_names_it(qtbot: QtBot, graded: Session, show: Show) -> None:
    canvas = VideoCanvas(graded)
    show(canvas)
    graded.set_overlay(Overlay(kind=OverlayKind.ROLLOUT))
    assert texts(canvas) == ""  # the network saw frame 0
    assert graded.image is not None
    assert graded.grey is not None
    graded.set_frame(20, graded.image, graded.grey)
    assert "Attention of frame 15" in texts(canvas)
    graded.set_overlay(Overlay(kind=OverlayKind.NONE))
    assert texts(canvas) == ""


def test_the_views_brightness_is_asked_for(qtbot: QtBot, graded: Session, show: Show) -> None:
    bar = CanvasBar(graded)
    show(bar)
    asked = QSignalSpy(bar.display_edited)
    bar.brightness.setValue(30)
    assert asked.at(0) == [Display(brightness=0.3)]
    graded.set_display(Display(contrast=0.5))
    assert (bar.brightness.value(), bar.contrast.value()) == (0, 50)
