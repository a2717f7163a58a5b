"""The demonstration, real clips and long videos in the real window."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.state.records import ModelStatus
from app.state.session import Session
from rostfine_core.bundled import DEMO_SEEDS, DEMO_VIDEO, bundled_path
from rostfine_core.domain import Calibration
from rostfine_core.result_files import read_seeds
from rostfine_core.video import write_video

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
WAIT_MS = 180_000
Drive = Callable[..., None]
CLIPS = (
    ("svia/S_0001.mp4", 23.0, 169.5),
    ("icsi/leaves_field.mp4", 150.0, 150.0),
)


def until(qtbot: QtBot, condition: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(condition()), timeout=WAIT_MS)


def is_decoded(session: Session) -> bool:
    return session.info is not None and session.cached_frames[0] == session.info.frame_count


def is_shown(session: Session, frame: int) -> bool:
    return session.frame == frame


def test_the_demonstration_is_graded_with_the_bundled_model(qtbot: QtBot, drive: Drive) -> None:
    def script(window: MainWindow, answers: object) -> None:
        session = window.session
        window.settings.set_value("model_path", "")
        until(qtbot, lambda: session.model.status is not ModelStatus.LOADING)
        until(qtbot, lambda: is_decoded(session))
        count = len(read_seeds(bundled_path(DEMO_SEEDS)))
        assert len(session.sperms) == count > 1
        assert not window.controller.reporter.has_unexported  # nothing has been done yet
        window.actions_by_id["grade"].trigger()
        until(qtbot, lambda: len(session.reportable) == count)
        assert all(a.provenance.model.is_demonstration for a in session.reportable)
        assert {a.kinematics.unit for a in session.reportable} == {"um/s"}
        window.controller.open_video(bundled_path(DEMO_VIDEO))
        until(qtbot, lambda: session.sperms == ())
        assert (
            session.calibration == Calibration()
        )  # the demo's calibration does not apply to another video

    drive(script, "--demo")


@pytest.mark.parametrize(("name", "x_px", "y_px"), CLIPS)
def test_real_clips_are_tracked_and_graded(
    qtbot: QtBot, drive: Drive, shared: Path, name: str, x_px: float, y_px: float
) -> None:
    def script(window: MainWindow, answers: object) -> None:
        session = window.session
        until(qtbot, lambda: is_decoded(session))
        window.controller.editor.add_sperm(x_px, y_px)
        window.actions_by_id["grade"].trigger()
        until(qtbot, lambda: session.reportable or session.rejection(session.sperms[0]))
        info = session.info
        assert info is not None
        for frame in (info.frame_count - 1, info.frame_count // 2, 0):
            window.controller.player.seek(frame)
            assert session.frame == frame

    drive(script, str(shared / "data" / name))


def test_a_video_longer_than_the_cache_is_stepped_and_tracked(
    qtbot: QtBot, drive: Drive, tmp_path: Path
) -> None:
    frames, width, height = 1300, 160, 120  # the cache holds 1,165 of them
    y, x = np.mgrid[:height, :width]

    def picture(index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        at = 60 + 30 * np.sin(index / 100), 60 + 20 * np.cos(index / 150)
        image = 180 - 120 * np.exp(-(((x - at[0]) / 5) ** 2 + ((y - at[1]) / 4) ** 2))
        return np.repeat(image.astype(np.uint8)[..., None], 3, axis=2)

    path = tmp_path / "long.mp4"
    write_video(path, (picture(k) for k in range(frames)), fps=60)

    def script(window: MainWindow, answers: object) -> None:
        session, player = window.session, window.controller.player

        def shows(frame: int) -> bool:
            return session.frame == frame

        window.settings.set_value("cache_mib", 64)
        window.controller.open_video(path)
        until(qtbot, lambda: session.image is not None)
        window.controller.editor.add_sperm(60, 80)
        window.actions_by_id["track"].trigger()
        for frame in (frames - 1, 3, 350, 351):
            player.seek(frame)
            until(qtbot, partial(shows, frame))
        until(qtbot, lambda: session.track(session.sperms[0]))
        track = session.track(session.sperms[0])
        assert track is not None
        assert track.points[-1].frame == frames - 1
        point = track.at(1000)
        assert point is not None
        assert (point.x_px, point.y_px) == pytest.approx(
            (60 + 30 * np.sin(10), 60 + 20 * np.cos(1000 / 150)), abs=2
        )
        assert session.cached_frames[0] * width * height * 3 <= 64 * 2**20
        until(qtbot, lambda: session.film(session.sperms[0]))
        film = session.film(session.sperms[0])
        assert film is not None
        assert (film.frames[0], film.frames[-1]) == (0, 22 * 59)  # every 22nd, whether kept or not
        until(qtbot, lambda: not window.status._progress.isVisible())
        ((first, last),) = session.cached_spans
        assert 0 < first < 351 < last < frames - 1

    drive(script)
