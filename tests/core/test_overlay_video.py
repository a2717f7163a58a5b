"""An overlay video shows where the sperm was in each frame, and how sure that is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rostfine_core.domain import Doubt, DoubtKind, Track, TrackPoint, TrackStatus, finish
from rostfine_core.overlay_video import SURE, UNSURE, write_overlay_video
from rostfine_core.result_files import AssessmentRecord
from rostfine_core.video import encode, open_video, write_video
from tests.core.report.conftest import build_assessment

WIDTH, HEIGHT, RING = 701, 401, 19.5
DOUBT = Doubt(DoubtKind.MEETING, 3)
STATES = (
    (TrackStatus.MEASURED, None),
    (TrackStatus.MANUAL, None),
    (TrackStatus.LOST, None),
    (TrackStatus.PREDICTED, DOUBT),
)
FIRST = 2


@pytest.fixture
def record() -> AssessmentRecord:
    """A sperm that goes from left to right, measured, set by hand, lost and doubtful."""
    points = tuple(
        TrackPoint(
            frame=FIRST + k,
            time_s=(FIRST + k) / 15,
            x_px=np.nan if status is TrackStatus.LOST else 150.0 + 100 * k,
            y_px=np.nan if status is TrackStatus.LOST else 200.0,
            score=0.9,
            status=status,
            doubt=doubt,
        )
        for k, (status, doubt) in enumerate(STATES)
    )
    plain = build_assessment("精子 1", flagged=True)
    return replace(AssessmentRecord.of(plain), track=Track(target="1", points=points))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A grey video of odd size."""
    path = tmp_path / "grey.mkv"
    frames = [np.full((HEIGHT, WIDTH, 3), 128, np.uint8) for _ in range(8)]
    write_video(path, frames, fps=15, codec="ffv1")
    return path


def drawn(path: Path) -> list[NDArray[np.uint8]]:
    with open_video(path) as video:
        assert video.info.fps == pytest.approx(15)
        return [frame.rgb() for frame in video.frames()]


def is_near(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture.astype(int) - colour).max(axis=-1) < 60)


@pytest.mark.requirement("R-05")
@pytest.mark.parametrize("codec", ["h264", "mpeg4"])
def test_each_frame_rings_the_head_in_the_colour_of_its_state(
    record: AssessmentRecord,
    source: Path,
    tmp_path: Path,
    codec: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if codec == "mpeg4":  # as in the installed program
        monkeypatch.setattr(encode, "_opens", lambda encoder: False)
    path = tmp_path / "overlay.mp4"
    with open_video(source) as video:
        finish(write_overlay_video(path, record, video=video, language="ja"))
    pictures = drawn(path)
    assert len(pictures) == len(STATES)
    for point, picture in zip(record.track.points, pictures, strict=True):
        assert picture.shape[0] % 2 == picture.shape[1] % 2 == 0
        field, caption = picture[:400], picture[404:]
        assert is_near(caption, (255, 255, 255)).sum() > 500
        assert is_near(caption, UNSURE).any()  # the warning
        if point.status is TrackStatus.LOST:
            ring = is_near(field, SURE) | is_near(field, UNSURE)
            assert not ring[:185].any()  # only the path so far
            continue
        x, top = round(point.x_px), round(point.y_px - RING)
        colour = UNSURE if point.doubt else SURE
        around = is_near(field, colour)[top - 3 : top + 8, x - 20 : x + 20]
        assert around.any()
    dashed, whole = (is_near(pictures[k], c).sum() for k, c in ((3, UNSURE), (0, SURE)))
    assert dashed < whole  # told apart without colours


def test_a_window_goes_with_the_head(
    record: AssessmentRecord, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "overlay.mp4"
    with open_video(source) as video:
        finish(write_overlay_video(path, record, video=video, window_px=80))
    for picture, point in zip(drawn(path), record.track.points, strict=True):
        colour = UNSURE if point.doubt else SURE
        rows, columns = np.nonzero(is_near(picture[:640], colour))
        if point.status is TrackStatus.MEASURED:
            assert (rows.min() + rows.max()) / 2 == pytest.approx(319.5, abs=4)
            assert (columns.min() + columns.max()) / 2 == pytest.approx(319.5, abs=4)


def test_a_cancelled_video_leaves_nothing(
    record: AssessmentRecord, source: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    with open_video(source) as video:
        job = write_overlay_video(folder / "overlay.mp4", record, video=video)
        next(job)
        assert next(job).total == len(STATES)
        job.close()
    assert not list(folder.iterdir())
