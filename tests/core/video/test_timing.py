"""A corrected frame rate changes the frame times and adds a note."""

from dataclasses import replace

import pytest

from rostfine_core.domain import VideoInfo
from rostfine_core.messages import Message
from rostfine_core.video.timing import with_fps

INFO = VideoInfo(
    path="a.mp4",
    width_px=4,
    height_px=4,
    frame_count=3,
    fps=29.97,
    duration_s=3 / 29.97,
    codec="h264",
    is_colour=False,
    bit_depth=8,
    timestamps_s=(0.0, 1 / 29.97, 2 / 29.97),
    notes=(Message("It ends early."),),
)


def test_without_a_correction_nothing_changes() -> None:
    assert with_fps(INFO, None) is INFO


@pytest.mark.requirement("R-13")
def test_a_correction_moves_every_frame_and_adds_a_note() -> None:
    corrected = with_fps(INFO, 15.0)
    assert corrected.fps == 15.0
    assert corrected.duration_s == pytest.approx(0.2)
    assert corrected.timestamps_s == (0.0, 1 / 15, 2 / 15)
    assert [*map(str, corrected.notes)] == [
        "It ends early.",
        "The frame rate was set to 15 per second; the file says 29.97.",
    ]


def test_a_rounded_rate_adds_no_note() -> None:
    assert with_fps(INFO, 30.0).notes == INFO.notes
    assert with_fps(replace(INFO, fps=30.2), 30.0).notes != INFO.notes
