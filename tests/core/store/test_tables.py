"""Seed and track tables: read tolerantly, refused precisely, never a formula."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostfine_core.domain import Seed, Track, TrackPoint, TrackStatus
from rostfine_core.errors import StoreError
from rostfine_core.store import read_seeds, read_tracks, write_tracks

TIMES = tuple(i / 15 for i in range(60))


def write(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("target,frame,x,y\n1,0,10.5,20\n", "utf-8"),
        ("target,frame,x,y\r\n1,0,10.5,20\r\n\r\n", "utf-8-sig"),
        ("target;frame;x;y\n1;0;10.5;20\n;;;\n", "utf-8"),
        ("note,y,x,frame,target\nhi,20,10.5,0,1\n", "utf-8"),
    ],
)
def test_seeds_as_spreadsheets_write_them(tmp_path: Path, text: str, encoding: str) -> None:
    seeds = read_seeds(write(tmp_path / "s.csv", text, encoding=encoding))
    assert seeds == (Seed(target="1", frame=0, x_px=10.5, y_px=20.0),)


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    text = "target,frame,x,y\n1,0,nan,2\n2,0,5,5\n3,-1,5,5\n4,0,5\n,0,1,1\n"
    with pytest.raises(StoreError) as error:
        read_seeds(write(tmp_path / "s.csv", text))
    sentence = str(error.value)
    assert all(f"line {n}" in sentence for n in (2, 4, 5, 6))
    assert "line 3" not in sentence


def test_a_binary_file_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(StoreError, match="not a text file"):
        read_seeds(tmp_path / "s.csv")


positions = st.floats(0, 5000)
names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    start = draw(st.integers(0, 30))
    points = []
    for frame in range(start, start + draw(st.integers(1, 20))):
        status = draw(st.sampled_from(TrackStatus))
        lost = status is TrackStatus.LOST
        points.append(
            TrackPoint(
                frame=frame,
                time_s=TIMES[frame],
                x_px=math.nan if lost else draw(positions),
                y_px=math.nan if lost else draw(positions),
                score=draw(st.floats(0, 1)),
                status=status,
            )
        )
    return Track(target=draw(names), points=tuple(points))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(tracks())
def test_tracks_come_back_as_written(tmp_path: Path, track: Track) -> None:
    write_tracks(tmp_path / "t.csv", [track])
    (found,) = read_tracks(tmp_path / "t.csv", timestamps_s=TIMES)
    assert found.target.lstrip("'") == track.target.lstrip("'")
    for got, given_point in zip(found.points, track.points, strict=True):
        assert (got.frame, got.status) == (given_point.frame, given_point.status)
        assert got.x_px == pytest.approx(given_point.x_px, abs=0.0051, nan_ok=True)
        assert got.y_px == pytest.approx(given_point.y_px, abs=0.0051, nan_ok=True)


def test_lost_positions_are_nan_and_names_no_formula(tmp_path: Path) -> None:
    lost = TrackPoint(
        frame=0, time_s=0, x_px=math.nan, y_px=math.nan, score=0, status=TrackStatus.LOST
    )
    write_tracks(tmp_path / "t.csv", [Track(target="=1+1", points=(lost,))])
    with (tmp_path / "t.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["target"] == "'=1+1"
    assert math.isnan(float(row["x_px"]))
    assert row["status"] == "lost"


def test_a_track_table_of_another_video_is_refused(tmp_path: Path) -> None:
    header = "target,frame,x_px,y_px,score,status\n"
    behind = write(tmp_path / "t.csv", header + "1,99,1,1,1,measured\n")
    with pytest.raises(StoreError, match="behind the end of the video"):
        read_tracks(behind, timestamps_s=TIMES)
    gap = write(tmp_path / "g.csv", header + "1,0,1,1,1,measured\n1,2,1,1,1,measured\n")
    with pytest.raises(StoreError, match="do not follow"):
        read_tracks(gap, timestamps_s=TIMES)
