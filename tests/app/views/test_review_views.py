"""The reviewing page shows the session and asks; nothing is computed or decided in it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPaintEvent
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from app.presentation.theme import GRADE_COLOURS
from app.state import drafts
from app.state.records import (
    ModelState,
    ModelStatus,
    Overlay,
    OverlayKind,
    RunningJob,
    Tool,
)
from app.state.session import Session
from app.views.canvas.loupe import Loupe
from app.views.canvas.video_canvas import VideoCanvas
from app.views.compare.compare import Candidate, ComparePage
from app.views.elided_label import ElidedLabel
from app.views.histogram import Histogram
from app.views.notice_bar import NoticeBar
from app.views.review.film_strip import FilmStrip
from app.views.review.grade_panel import GradePanel
from app.views.review.sperm_film import SpermFilm
from app.views.review.sperm_list import SpermList
from app.views.review.thumbnails import Thumbnails
from app.views.review.timeline import Timeline, TimelinePlot
from app.views.status_bar import StatusBar
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    ModelInfo,
    Prediction,
    Progress,
    QualityFlag,
    SampleInfo,
    Severity,
    Track,
    Verdict,
)
from rostfine_core.messages import Message

# The offscreen platform says this of every window; it has no window manager to tell.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
Show = Callable[[QWidget], None]


def texts(widget: QWidget) -> str:
    return "\n".join(w.text() for w in widget.findChildren(QLabel) if w.isVisible())


@pytest.mark.requirement("R-05")
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
    sampling = "20 different frames per second, 24 measured points over 1.15 s, window 100 ms"
    assert sampling in texts(panel)
    letters = re.findall(r"\b[A-E]\b", texts(panel).replace("Votes A or B", ""))
    assert letters == []  # the histogram paints its own beside their shares
    graded.select(None)
    assert not panel.histogram.isVisible()


@pytest.mark.requirement("R-07")
def test_the_panel_tells_how_sure_the_model_is_apart_from_the_experts_disagreement(
    qtbot: QtBot, graded: Session, show: Show, make_prediction: Callable[..., Prediction]
) -> None:
    panel = GradePanel(graded)
    show(panel)
    words = {name: label.text() for name, label in panel.numbers.values.items()}
    assert (words["views"], words["ranges"], words["calibration"]) == (
        "– one view",
        "– none given",
        "no",
    )
    assert "global" in texts(panel)
    sure = make_prediction(sure=True)
    key = graded.assessment_key(graded.sperms[0])
    made = graded.results.assessments[key]
    before = panel.histogram.plot.grab().toImage()
    graded.add_assessments({key: replace(made, prediction=sure)}, {})
    words = {name: label.text() for name, label in panel.numbers.values.items()}
    assert words["views"] == f"± {sure.view_spread:.2f} (2 views)"
    assert (words["ranges"], words["calibration"]) == ("90% of cases", "yes")
    assert "A 8.0%–40.0%" in panel.numbers.values["ranges"].toolTip()
    assert "Dots: 2 single views." in texts(panel)
    assert "global" not in texts(panel)
    assert panel.histogram.top > max(high for _, high in sure.ranges)
    assert panel.histogram.plot.grab().toImage() != before


@pytest.mark.requirement("R-90")
@pytest.mark.parametrize("severity", Severity)
def test_a_grade_with_a_warning_is_grey_and_hatched_wherever_it_is_shown(
    qtbot: QtBot, graded: Session, show: Show, severity: Severity
) -> None:
    for sperm in graded.sperms:
        key = graded.assessment_key(sperm)
        made = graded.results.assessments[key]
        flags = tuple(replace(flag, severity=severity) for flag in made.flags)
        graded.add_assessments({key: replace(made, flags=flags)}, {})
    graded.set_compared((1, 2))
    views = GradePanel(graded), SpermList(graded), ComparePage(graded)
    for view in views:
        show(view)
        view.resize(1280, 700)
    views[2].table.refresh()
    qtbot.waitUntil(lambda: len(views[2].findChildren(Candidate)) == 2)
    is_doubtful = severity is Severity.WARNING
    assert views[0].numbers.values["expected"].isEnabled() is not is_doubtful
    cell = views[2].table.model().index(0, 2)
    assert (cell.data(Qt.ItemDataRole.ForegroundRole) is not None) is is_doubtful
    for widget in (views[0].histogram, *views[2].findChildren(Histogram), views[2].table, views[1]):
        seen = {colour.rgb() for colour in _colours(widget)}
        has_colours = QColor(GRADE_COLOURS[1]).rgb() in seen
        assert has_colours is not is_doubtful, widget


def _colours(widget: QWidget) -> Iterator[QColor]:
    picture = widget.grab().toImage()
    for y in range(0, picture.height(), 3):
        for x in range(0, picture.width(), 2):
            yield picture.pixelColor(x, y)


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
    graded.running_changed.emit()
    assert bar.value() == bar.maximum()
    graded.select(2)
    assert bar.value() == 0


def test_a_first_grade_is_painted_in_its_place_at_once(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    """It was painted once squeezed into the height that the empty panel had."""

    class Spy(QObject):
        def __init__(self) -> None:
            super().__init__()
            self.places: list[list[QRect]] = []

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() is QEvent.Type.Paint:
                labels = [label for label in panel.findChildren(QLabel) if label.isVisible()]
                self.places.append(
                    [QRect(one.mapTo(panel, QPoint()), one.size()) for one in labels]
                )
            return False

    graded.select(None)
    panel = GradePanel(graded)
    show(panel)
    panel.resize(320, 420)
    QCoreApplication.processEvents()
    spy = Spy()
    for widget in panel.findChildren(QWidget):
        widget.installEventFilter(spy)
    graded.select(1)
    panel.repaint()  # as it happens where a paint was asked for before the grade was there
    qtbot.wait(50)
    assert spy.places
    assert all(places == spy.places[-1] for places in spy.places)


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


@pytest.mark.requirement("R-01")
def test_the_notices_stand_over_every_page(
    qtbot: QtBot, graded: Session, show: Show, lab_model: ModelInfo
) -> None:
    bar = NoticeBar(graded)
    show(bar)
    assert {DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION} <= set(texts(bar).split("\n"))
    graded.set_model(ModelState(status=ModelStatus.READY, info=lab_model))
    assert {DISCLAIMER_AI_GRADE, DISCLAIMER_VALIDATION} <= set(texts(bar).split("\n"))
    assert DISCLAIMER_DEMONSTRATION not in texts(bar)


def test_what_concerns_the_whole_video_is_said_once_in_a_banner(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    bar, panel, sperm_list = NoticeBar(graded), GradePanel(graded), SpermList(graded)
    for widget in (bar, panel, sperm_list):
        show(widget)

    def give(key: int, *flags: QualityFlag) -> None:
        place = graded.assessment_key(graded.sperms[key - 1])
        graded.add_assessments({place: replace(graded.results.assessments[place], flags=flags)}, {})

    height = bar.sizeHint().height()
    both = QualityFlag.warning("fps_unlike_training", Message("15 fps is unlike the training."))
    moves = [
        QualityFlag.notice("field_moves", Message("It moves by {px} px.", px=px)) for px in (3, 9)
    ]
    for key in (1, 2):
        give(key, both, moves[key - 1])
    assert texts(bar).count("15 fps is unlike the training.") == 1
    assert bar.sizeHint().height() == height  # else the picture would move under the pointer
    assert bar.video.property("warns")
    assert "15 fps" not in texts(panel)
    qtbot.waitUntil(lambda: "It moves by 3 px." in texts(panel))  # not the same for the other
    assert "moves" not in texts(bar)
    row = sperm_list.view.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "(doubtful)" in row
    assert "warning" not in row
    give(2, moves[1])
    qtbot.waitUntil(lambda: "15 fps is unlike the training." in texts(panel))
    assert not bar.video.isVisible()


def test_list_and_panel_have_one_headline_and_the_panel_takes_a_note(
    qtbot: QtBot, graded: Session, show: Show
) -> None:
    panel, sperm_list = GradePanel(graded), SpermList(graded)
    show(panel)
    show(sperm_list)
    role = Qt.ItemDataRole.AccessibleTextRole
    for key, sentence in ((1, "Votes A or B: 50% (doubtful)"), (2, "Votes A or B: 90% (doubtful)")):
        graded.select(key)
        assert sentence in texts(panel)
        assert sentence in sperm_list.view.model().index(key - 1, 0).data(role)
    noted = QSignalSpy(panel.note_edited)
    panel.edit_note()
    qtbot.keyClicks(panel.note, "ok")
    assert [noted.at(k) for k in range(noted.count())] == [[2, "o"], [2, "ok"]]
    graded.set_draft(drafts.noted(graded.draft, 1, "swims straight"))
    graded.select(1)
    assert panel.note.text() == "swims straight"


def test_each_row_has_a_picture_of_its_own_sperm(graded: Session) -> None:
    thumbnails = Thumbnails(graded, side_px=46)
    for sperm, level in zip(graded.sperms, (40, 200), strict=True):
        key = graded.assessment_key(sperm)
        made = graded.results.assessments[key]
        clip = replace(made.clip, images=np.full_like(made.clip.images, level))
        graded.add_assessments({key: replace(made, clip=clip)}, {})
    pictures = [thumbnails.picture(sperm) for sperm in graded.sperms]
    assert [p.toImage().pixelColor(20, 20).red() for p in pictures if p] == [40, 200]
    graded.set_draft(drafts.added(graded.draft, key=3, frame=0, x_px=5.0, y_px=5.0))
    assert graded.image is not None
    graded.image[:] = 90
    new = thumbnails.picture(graded.sperms[2])  # at the picture's corner, and not tracked yet
    assert new is not None
    assert new.toImage().pixelColor(20, 20).red() == 90
    assert thumbnails.picture(graded.sperms[0]) is pictures[0]  # made once


def test_the_hint_fits_the_tool(qtbot: QtBot, graded: Session, show: Show) -> None:
    canvas = VideoCanvas(graded)
    show(canvas)
    graded.set_draft(replace(graded.draft, sperms=()))
    for tool, hint in (
        (Tool.SELECT, "Click the head of a sperm."),
        (Tool.CORRECT, "Select the sperm whose track is to be corrected."),
        (Tool.MEASURE, "Drag a line to measure."),
    ):
        graded.set_tool(tool)
        assert texts(canvas) == hint


@pytest.mark.parametrize("text", ["short", "a name of some length " * 6])
def test_a_line_is_shortened_and_whole_in_its_tool_tip(qtbot: QtBot, show: Show, text: str) -> None:
    label = ElidedLabel(text)
    show(label)
    label.resize(200, 20)
    is_cut = label.shown != text
    assert is_cut is (len(text) > 10)
    assert label.toolTip() == (text if is_cut else "")
    assert label.fontMetrics().horizontalAdvance(label.shown) <= 200
    assert label.minimumSizeHint().width() < 60


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


@pytest.mark.requirement("R-06")
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
    left, plot = Qt.MouseButton.LeftButton, timeline.plot
    qtbot.mousePress(plot.viewport(), left, pos=_at_frame(timeline, 3))
    # Dragged over the axis, and out of the plot.
    for place in (_at_frame(timeline, 12), QPoint(_at_frame(timeline, 7).x(), plot.height() - 2)):
        _drag(plot, place)
    _drag(plot, QPoint(plot.width() + 50, 5))
    qtbot.mouseRelease(plot.viewport(), left)
    _drag(plot, _at_frame(timeline, 9), button=Qt.MouseButton.NoButton)
    assert [seek.at(k) for k in range(seek.count())] == [[3], [12], [7], [23]]
    assert graded.frame == 0


def _at_frame(timeline: Timeline, frame: int) -> QPoint:
    box = timeline.plot.getViewBox()
    return QPoint(timeline.plot.mapFromScene(box.mapViewToScene(QPointF(frame, 0.5))))


def _drag(
    plot: TimelinePlot, place: QPoint, *, button: Qt.MouseButton = Qt.MouseButton.LeftButton
) -> None:
    none = Qt.MouseButton.NoButton
    seen = QPointF(place), QPointF(plot.mapToGlobal(place))
    kind, modifier = QEvent.Type.MouseMove, Qt.KeyboardModifier.NoModifier
    QCoreApplication.sendEvent(plot.viewport(), QMouseEvent(kind, *seen, none, button, modifier))


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
        graded.set_running_jobs((RunningJob(kind="frames", progress=progress),))
        assert bar._progress.isVisible() is is_shown


@pytest.mark.parametrize(("x_px", "y_px"), [(3, 3), (120, 100), (236, 196)])
def test_the_loupe_floats_beside_the_pointer_and_marks_its_place(
    qtbot: QtBot, graded: Session, show: Show, x_px: float, y_px: float
) -> None:
    canvas = VideoCanvas(graded)
    show(canvas)
    loupe = Loupe(graded, canvas)
    loupe.look_at(x_px, y_px)
    assert f"{x_px}, {y_px} px" in texts(loupe)
    assert canvas.rect().contains(loupe.geometry())
    assert not loupe.geometry().contains(canvas.on_screen(x_px, y_px))
    middle = loupe._view.grab().toImage()
    arm = middle.pixelColor(middle.width() // 2, round(0.3 * middle.height()))
    beside = middle.pixelColor(middle.width() // 2 + 8, round(0.3 * middle.height()))
    assert arm.lightness() > beside.lightness() + 100  # the cross-hair on a black picture
    loupe.look_away()
    assert not loupe.isVisible()
    loupe.look_at(-40, 10)  # beside the picture
    assert not loupe.isVisible()


def test_the_film_shows_no_other_sperm_where_one_is_lost(
    qtbot: QtBot, graded: Session, show: Show, make_track: Callable[..., Track]
) -> None:
    film = SpermFilm(graded)
    show(film)
    graded.add_tracks({graded.track_key(graded.sperms[1]): make_track("2", lost=(0,))})
    assert not film._image.isNull()
    graded.select(2)
    assert film._image.isNull()


def test_the_panel_tells_at_once_that_a_sperm_is_there_twice(
    qtbot: QtBot, graded: Session, show: Show, make_track: Callable[..., Track]
) -> None:
    panel = GradePanel(graded)
    show(panel)
    assert "the same one" not in texts(panel)
    graded.add_tracks({graded.track_key(graded.sperms[1]): make_track("2")})
    told = "Sperm 1 and 2 are the same one: count it once."
    qtbot.waitUntil(lambda: told in texts(panel))
    graded.set_draft(drafts.removed(graded.draft, 2))
    assert "the same one" not in texts(panel)


def test_a_screen_reader_hears_the_values(qtbot: QtBot, graded: Session, show: Show) -> None:
    panel = GradePanel(graded)
    show(panel)
    assert panel.numbers.values["expected"].accessibleName() == "Expected grade (1 … 5): 2.65"
    assert panel.kinematics.values["vcl"].accessibleName() == "VCL: 40.0 px/s"


def test_the_status_bar_names_device_model_and_its_notice(
    qtbot: QtBot, graded: Session, show: Show, lab_model: ModelInfo
) -> None:
    bar = StatusBar(graded)
    show(bar)
    said = "CPU · demo.safetensors (demonstration, not for clinical use)"
    assert said in texts(bar)
    assert "small.mp4 · 240 × 200 · 20 fps · 1.2 s" in texts(bar)
    assert not bar.cancel.isVisible()
    graded.set_model(replace(graded.model, info=lab_model))
    assert f"{lab_model.file_name} ({lab_model.dataset_kind})" in texts(bar)
    assert "demonstration" not in texts(bar)


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
        graded.set_running_jobs((RunningJob(kind="track", progress=progress, is_cancelling=False),))
    assert bar.paints == before
    qtbot.waitUntil(lambda: bar.paints > before)
