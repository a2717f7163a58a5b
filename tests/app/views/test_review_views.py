"""The reviewing page shows the session and asks; nothing is computed or decided in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QLabel, QLineEdit, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from app import drafts
from app.records import (
    Calibration,
    Display,
    Draft,
    ModelState,
    ModelStatus,
    OpenedVideo,
    Overlay,
    OverlayKind,
    Tool,
    Work,
)
from app.session import Session
from app.views.canvas_bar import CanvasBar
from app.views.film_strip import FilmStrip
from app.views.grade_panel import GradePanel
from app.views.loupe import Loupe
from app.views.notice_bar import NoticeBar
from app.views.sample_bar import SampleBar
from app.views.sperm_list import LONGEST_NAME, SpermList
from app.views.status_bar import StatusBar
from app.views.timeline import Timeline
from app.views.video_canvas import VideoCanvas
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    ModelInfo,
    Progress,
    QualityFlag,
    SampleInfo,
    Severity,
    Track,
    Verdict,
    VideoInfo,
)

# The offscreen platform says this of every window; it has no window manager to tell.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
Show = Callable[[QWidget], None]


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Show]:
    def shown(widget: QWidget) -> None:
        qtbot.addWidget(widget)
        widget.resize(700, 500)
        widget.show()

    return shown  # type: ignore[return-value]  # a plain value is enough


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
        graded.set_frame(10, graded.image)
        assert [(m.key, m.x_px) for m in canvas.markers()] == [(1, 70.0), (2, 70.0)]
        graded.add_tracks({graded.track_key(graded.sperms[0]): make_track("1", lost=(10,))})
        assert [m.key for m in canvas.markers()] == [2]

    def test_the_correcting_tool_asks_for_a_correction_of_the_selected(
        self, qtbot: QtBot, graded: Session, show: Show
    ) -> None:
        canvas = VideoCanvas(graded)
        show(canvas)
        graded.set_tool(Tool.CORRECT)
        asked = QSignalSpy(canvas.selected_correction_requested)
        qtbot.mouseClick(
            canvas.viewport(), Qt.MouseButton.LeftButton, pos=place(canvas, 61, 90).toPoint()
        )
        assert asked.at(0) == pytest.approx([61, 90], abs=1)

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
    graded.set_frame(5, graded.image)
    assert "Sperm 1 is lost in this frame: press C" in texts(canvas)
    graded.set_tool(Tool.CORRECT)
    assert texts(canvas) == "Click where the selected sperm's head is in this frame."


def test_attention_of_another_frame_names_it(qtbot: QtBot, graded: Session, show: Show) -> None:
    canvas = VideoCanvas(graded)
    show(canvas)
    graded.set_overlay(Overlay(kind=OverlayKind.ROLLOUT))
    assert texts(canvas) == ""  # the network saw frame 0
    assert graded.image is not None
    graded.set_frame(20, graded.image)
    assert "Attention of frame 15" in texts(canvas)
    graded.set_overlay(Overlay(kind=OverlayKind.NONE))
    assert texts(canvas) == ""


def test_the_list_tells_the_state_of_each_sperm(
    qtbot: QtBot, graded: Session, show: Show, make_track: Callable[..., Track]
) -> None:
    sperm_list = SpermList(graded)
    show(sperm_list)
    model = sperm_list.view.model()
    role = Qt.ItemDataRole.AccessibleTextRole
    assert model.index(0, 0).data(role) == "1: 1 warning"
    graded.add_tracks({graded.track_key(graded.sperms[0]): make_track("1", lost=(5,), weak=(7,))})
    assert "lost!" in model.index(0, 0).data(role)
    graded.set_draft(drafts.judged(graded.draft, 1, Verdict.REJECTED))
    assert model.index(0, 0).data(role) == "1: track rejected"
    graded.set_draft(drafts.added(graded.draft, key=3, frame=0, x_px=1.0, y_px=1.0))
    assert model.index(2, 0).data(role) == "3: not tracked"


def test_the_list_asks_for_another_name_and_selection(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    sperm_list = SpermList(graded)
    show(sperm_list)
    chosen, renamed = QSignalSpy(sperm_list.selected), QSignalSpy(sperm_list.rename_requested)
    model = sperm_list.view.model()
    sperm_list.view.setCurrentIndex(model.index(1, 0))
    assert chosen.at(0) == [2]
    model.setData(model.index(1, 0), "best")
    qtbot.waitUntil(lambda: renamed.count() == 1)
    assert renamed.at(0) == [2, "best"]
    assert graded.sperms[1].name == "2"


def test_a_name_holds_what_fits_a_report(qtbot: QtBot, graded: Session, show: Show) -> None:
    sperm_list = SpermList(graded)
    show(sperm_list)
    sperm_list.view.setCurrentIndex(sperm_list.view.model().index(0, 0))
    sperm_list.edit_name()
    (editor,) = sperm_list.view.findChildren(QLineEdit)
    qtbot.keyClicks(editor, "x" * 60)
    assert editor.text() == "x" * LONGEST_NAME


def test_a_name_that_is_typed_ends_with_the_list_it_was_for(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    sperm_list = SpermList(graded)
    show(sperm_list)
    sperm_list.view.setCurrentIndex(sperm_list.view.model().index(0, 0))
    renamed = QSignalSpy(sperm_list.rename_requested)
    sperm_list.edit_name()
    sperm_list.edit_name()  # F2 again
    (editor,) = sperm_list.view.findChildren(QLineEdit)
    qtbot.keyClicks(editor, "best")
    graded.set_draft(drafts.removed(graded.draft, 1))
    qtbot.waitUntil(lambda: sperm_list.view.findChildren(QLineEdit) == [])
    assert renamed.count() == 0
    sperm_list.edit_name()
    assert len(sperm_list.view.findChildren(QLineEdit)) == 1


def test_the_panel_never_shows_a_letter_without_its_distribution(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    panel = GradePanel(graded)
    show(panel)
    assert panel.numbers.values["expected"].text() == "2.65"
    assert panel.numbers.values["a_or_b"].text() == "50%"
    assert panel.numbers.values["spread"].text() == "– one model"
    assert "Out of focus." in texts(panel)
    assert "BCF: 20 fps is below 50 fps" in texts(panel)
    assert "20 fps, 24 measured points over 1.15 s, window 100 ms" in texts(panel)
    assert not {"A", "B", "C", "D", "E"} & set(texts(panel).split("\n"))
    graded.select(None)
    assert not panel.histogram.isVisible()


def test_the_panel_begins_at_its_top_for_another_sperm(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    panel = GradePanel(graded)
    show(panel)
    panel.resize(300, 200)
    scroll = panel.findChild(QScrollArea)
    assert isinstance(scroll, QScrollArea)
    bar = scroll.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    # From now on every look at the assessment is at a relabelled copy.
    graded.set_draft(replace(graded.draft, sample=SampleInfo(sample="S-9")))
    bar.setValue(bar.maximum())
    graded.works_changed.emit()
    assert bar.value() == bar.maximum()
    graded.select(2)
    assert bar.value() == 0


def test_the_panel_says_why_there_is_no_grade(qtbot: QtBot, graded: Session, show: Show) -> None:
    panel = GradePanel(graded)
    show(panel)
    draft = drafts.corrected(graded.draft, 1, frame=3, x_px=9.0, y_px=9.0)
    graded.set_draft(draft)
    assert "Not tracked yet" in texts(panel)
    graded.set_draft(drafts.judged(draft, 1, Verdict.REJECTED))
    assert "rejected" in texts(panel)
    graded.select(2)
    graded.set_model(ModelState(status=ModelStatus.FAILED, problem="The model is damaged."))
    assert "The model is damaged." in texts(panel)


def test_the_notices_stand_over_every_page(
    qtbot: QtBot, graded: Session, show: Show, lab_model: ModelInfo
) -> None:
    bar = NoticeBar(graded)
    show(bar)
    assert {DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION} <= set(texts(bar).split("\n"))
    graded.set_model(ModelState(status=ModelStatus.READY, info=lab_model))
    assert set(texts(bar).split("\n")) == {DISCLAIMER_AI_GRADE, DISCLAIMER_VALIDATION}


@pytest.mark.parametrize("kind", [OverlayKind.ROLLOUT, OverlayKind.BRANCH])
def test_the_colours_of_attention_say_how_far_they_reach(
    qtbot: QtBot, graded: Session, show: Show, kind: OverlayKind
) -> None:
    strip = FilmStrip(graded)
    show(strip)
    assert "mean" not in texts(strip)
    graded.set_overlay(Overlay(kind=kind))
    seen = graded.reportable[0].explanation
    maps = seen.encoder_rollout if kind is OverlayKind.ROLLOUT else seen.branch_attention
    low, high = maps.min() / maps.mean(), maps.max() / maps.mean()
    assert f"{low:.2f}–{high:.2f} × mean." in texts(strip)


def test_what_shows_no_head_is_asked_about(qtbot: QtBot, graded: Session, show: Show) -> None:
    sperm_list = SpermList(graded)
    show(sperm_list)
    key = graded.assessment_key(graded.sperms[0])
    flags = tuple(
        QualityFlag(code=code, severity=Severity.WARNING, reason="No head.")
        for code in ("no_head_at_click", "head_not_found")
    )
    role = Qt.ItemDataRole.AccessibleTextRole
    for count, is_asked in ((1, False), (2, True)):
        made = replace(graded.results.assessments[key], flags=flags[:count])
        graded.add_assessments({key: made}, {})
        assert ("no sperm?" in sperm_list.view.model().index(0, 0).data(role)) is is_asked


def test_the_film_strip_says_that_attention_is_not_a_cause(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    strip = FilmStrip(graded)
    show(strip)
    assert DISCLAIMER_ATTENTION in texts(strip)
    plain = strip.frames.grab().toImage()
    graded.set_overlay(Overlay(kind=OverlayKind.ROLLOUT, opacity=1.0))
    assert strip.frames.grab().toImage() != plain
    seek = QSignalSpy(strip.seek_requested)
    qtbot.mouseClick(strip.frames, Qt.MouseButton.LeftButton, pos=QPointF(3, 3).toPoint())
    assert seek.at(0) == [0]


def test_the_timeline_marks_what_to_check_and_seeks(
    qtbot: QtBot, graded: Session, show: Show, make_track: Callable[..., Track]
) -> None:
    timeline = Timeline(graded)
    show(timeline)
    graded.add_tracks({graded.track_key(graded.sperms[0]): make_track("1", lost=(5, 6), weak=(9,))})
    assert sorted(r.getRegion() for r in timeline._regions) == [(4.5, 6.5), (8.5, 9.5)]
    seek = QSignalSpy(timeline.seek_requested)
    timeline._playhead.setValue(12.3)
    assert seek.at(0) == [12]
    assert graded.frame == 0


def test_the_timeline_underlines_the_frames_that_are_kept(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    timeline = Timeline(graded)
    show(timeline)
    graded.set_cached(((0, 1), (9, 12)), 24)
    assert graded.cached_frames == (6, 24)
    assert timeline._cached.getData()[0].tolist() == [0, 2, 9, 13]
    assert timeline._cached.opts["connect"] == "pairs"
    graded.set_cached(((0, 23),), 24)
    assert timeline._cached.getData()[0].tolist() == []


def test_the_status_bar_shows_decoding_until_what_is_to_be_kept_is_there(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    bar = StatusBar(graded)
    show(bar)
    graded.set_cached(((0, 7),), 24)
    for done, is_shown in ((7, True), (8, False), (3, True)):
        progress = Progress(stage="decoding", done=done, total=8)
        graded.set_works((Work(kind="frames", progress=progress),))
        assert bar._progress.isVisible() is is_shown


def test_typing_asks_for_an_edit_and_the_session_is_shown(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    bar = SampleBar(graded)
    show(bar)
    typed, calibrated = QSignalSpy(bar.sample_edited), QSignalSpy(bar.calibration_edited)
    qtbot.keyClicks(bar.sample, "S")
    assert typed.at(0) == ["S", ""]
    assert bar.fps.text() == "(20 fps)"
    bar.um_per_px.setValue(0.25)
    bar.um_per_px.editingFinished.emit()
    assert calibrated.at(0)[0].um_per_px == 0.25
    graded.set_draft(
        replace(graded.draft, calibration=replace(graded.calibration, um_per_px=0.5, fps=15.0))
    )
    assert (bar.um_per_px.text(), bar.fps.text()) == ("0.5 µm/px", "15 fps")


@pytest.mark.parametrize("typed", ["20", "20 fps", "20.0"])
def test_the_files_own_rate_can_be_typed(
    qtbot: QtBot, graded: Session, show: Show, typed: str
) -> None:
    bar = SampleBar(graded)
    show(bar)
    assert bar.fps.text() == "(20 fps)"
    asked = QSignalSpy(bar.calibration_edited)
    bar.fps.selectAll()
    qtbot.keyClicks(bar.fps, typed)
    bar.commit()
    assert asked.at(0)[0].fps == 20.0


@pytest.mark.parametrize("name", ["fps", "um_per_px"])
@pytest.mark.parametrize("cleared", [False, True])
def test_a_number_can_be_typed_where_the_mouse_was_clicked(
    qtbot: QtBot, graded: Session, show: Show, name: str, cleared: bool
) -> None:
    bar = SampleBar(graded)
    show(bar)
    field = getattr(bar, name)
    qtbot.mouseClick(field.lineEdit(), Qt.MouseButton.LeftButton)
    assert not field.lineEdit().hasSelectedText()
    if cleared:
        qtbot.keyClick(field, Qt.Key.Key_Backspace)
    qtbot.keyClicks(field, "0.25")
    bar.commit()
    assert field.value() == 0.25
    qtbot.keyClick(field, Qt.Key.Key_End)
    qtbot.keyClicks(field, "5")  # among the digits keys go where the cursor is
    assert not field.lineEdit().text().startswith("5")


@pytest.mark.parametrize("name", ["fps", "um_per_px"])
def test_an_emptied_number_is_none(qtbot: QtBot, graded: Session, show: Show, name: str) -> None:
    graded.set_draft(replace(graded.draft, calibration=Calibration(fps=15.0, um_per_px=0.25)))
    bar = SampleBar(graded)
    show(bar)
    asked = QSignalSpy(bar.calibration_edited)
    field = getattr(bar, name)
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    bar.commit()
    assert getattr(asked.at(0)[0], name) is None
    assert field.text() == field.specialValueText()


def test_a_microscope_is_called_what_was_typed(qtbot: QtBot, graded: Session, show: Show) -> None:
    """Nikon is no beginning of Nikon 40x, with that one's numbers."""
    bar = SampleBar(graded)
    bar.set_profiles((Calibration(profile="Nikon 40x", fps=15.0, um_per_px=0.5),))
    show(bar)
    qtbot.keyClicks(bar.profile, "Nikon")
    assert bar.profile.currentText() == "Nikon"


def test_numbers_of_the_microscope_are_seen_whole(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    bar = SampleBar(graded)
    show(bar)
    calibration = Calibration(profile="A microscope of a long name", fps=119.88, um_per_px=0.1234)
    graded.set_draft(replace(graded.draft, calibration=calibration))
    for field, text in ((bar.fps, "119.88 fps"), (bar.um_per_px, "0.1234 µm/px")):
        assert field.text() == text
        line = field.lineEdit()
        margins = line.textMargins().left() + line.textMargins().right()
        assert line.fontMetrics().horizontalAdvance(text) <= line.width() - margins
    profile = bar.profile.lineEdit()
    assert profile is not None
    assert profile.cursorPosition() == 0


def test_the_views_brightness_is_asked_for(qtbot: QtBot, graded: Session, show: Show) -> None:
    bar = CanvasBar(graded)
    show(bar)
    asked = QSignalSpy(bar.display_edited)
    bar.brightness.setValue(30)
    assert asked.at(0) == [Display(brightness=0.3)]
    graded.set_display(Display(contrast=0.5))
    assert (bar.brightness.value(), bar.contrast.value()) == (0, 50)


def test_the_loupe_shows_the_place_under_the_pointer(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    loupe = Loupe(graded)
    show(loupe)
    loupe.look_at(30, 40)
    assert "30, 40 px" in texts(loupe)
    loupe.look_away()
    assert "30, 40 px" not in texts(loupe)
    loupe.hide()


def test_a_long_name_does_not_widen_the_loupe(qtbot: QtBot, graded: Session, show: Show) -> None:
    loupe = Loupe(graded)
    show(loupe)
    width_px = loupe.minimumSizeHint().width()
    named = drafts.renamed(graded.draft, 1, "one of a very long name " * 3)
    assert named is not None
    graded.set_draft(named)
    loupe._show()
    assert "one of a very long name" in loupe.caption.text()
    assert loupe.minimumSizeHint().width() == width_px


def test_the_loupe_shows_no_other_sperm_where_one_is_lost(
    qtbot: QtBot, graded: Session, show: Show, make_track: Callable[..., Track]
) -> None:
    loupe = Loupe(graded)
    show(loupe)
    graded.add_tracks({graded.track_key(graded.sperms[1]): make_track("2", lost=(0,))})
    assert not loupe._view._image.isNull()
    graded.select(2)
    assert loupe._view._image.isNull()


def test_the_panel_tells_at_once_that_a_sperm_is_there_twice(
    qtbot: QtBot, graded: Session, show: Show, make_track: Callable[..., Track]
) -> None:
    panel = GradePanel(graded)
    show(panel)
    assert "is the same one" not in texts(panel)
    graded.add_tracks({graded.track_key(graded.sperms[1]): make_track("2")})
    told = "Sperm 2 is the same one: count it once."
    qtbot.waitUntil(lambda: told in texts(panel))
    graded.set_draft(drafts.removed(graded.draft, 2))
    assert "is the same one" not in texts(panel)


def test_a_screen_reader_hears_the_values(qtbot: QtBot, graded: Session, show: Show) -> None:
    panel = GradePanel(graded)
    show(panel)
    assert panel.numbers.values["expected"].accessibleName() == "expected grade (1 … 5): 2.65"
    assert panel.kinematics.values["vcl"].accessibleName() == "VCL: 40.0 px/s"


def test_the_status_bar_names_device_model_and_its_notice(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    bar = StatusBar(graded)
    show(bar)
    said = "CPU · demo.safetensors (demonstration, not for clinical use)"
    assert said in texts(bar)
    assert "small.mp4 · 240 × 200 · 20 fps · 1.2 s" in texts(bar)
    assert not bar.cancel.isVisible()


def test_progress_is_painted_with_everything_else(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    class Counted(StatusBar):
        paints = 0

        def paintEvent(self, event: QPaintEvent) -> None:
            self.paints += 1
            super().paintEvent(event)

    bar = Counted(graded)
    show(bar)
    qtbot.waitExposed(bar)
    qtbot.waitUntil(lambda: bar.paints > 0)
    before = bar.paints
    bar.update()  # as when another panel has changed
    for done in range(3):
        progress = Progress(stage="tracking", done=done, total=3)
        graded.set_works((Work(kind="track", progress=progress, is_cancelling=False),))
    assert bar.paints == before
    qtbot.waitUntil(lambda: bar.paints > before)


@pytest.mark.parametrize("text", ["0.19", "0,19"])
def test_a_decimal_comma_is_no_other_number(
    qtbot: QtBot, graded: Session, show: Show, text: str
) -> None:
    bar = SampleBar(graded)
    show(bar)
    bar.um_per_px.selectAll()
    qtbot.keyClicks(bar.um_per_px, text)
    bar.um_per_px.interpretText()
    assert bar.um_per_px.value() == 0.19
