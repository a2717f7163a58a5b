"""Tables of seeds and tracks, as spreadsheets change them, with every mistake named by line."""

import csv
import math
import re
import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostfine_core.domain import Doubt, DoubtKind, Seed, Track, TrackPoint, TrackStatus
from rostfine_core.errors import StoreError
from rostfine_core.result_files import read_seeds, write_seeds, write_tracks
from rostfine_core.result_files.tables import _protected, _unprotected, tracks_table

TIMES_S = [k / 15 for k in range(300)]
TARGETS = st.text(
    st.sampled_from(string.ascii_letters + string.digits + "'=+-@;,\" \näé精"), min_size=1
).filter(lambda t: t == t.strip())


def table(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding, newline="")
    return path


@st.composite
def tracks(draw: st.DrawFn) -> tuple[Track, ...]:
    pixels = st.integers(-5000, 2_000_000).map(lambda n: n / 1000)
    made = []
    for target in draw(st.lists(TARGETS, min_size=1, max_size=4, unique=True)):
        first = draw(st.integers(0, 250))
        points = []
        for offset in range(draw(st.integers(1, 6))):
            status = draw(st.sampled_from(TrackStatus))
            is_lost = status is TrackStatus.LOST
            points.append(
                TrackPoint(
                    frame=first + offset,
                    time_s=TIMES_S[first + offset],
                    x_px=math.nan if is_lost else draw(pixels),
                    y_px=math.nan if is_lost else draw(pixels),
                    score=draw(st.integers(0, 1000)) / 1000,
                    status=status,
                )
            )
        made.append(Track(target=target, points=tuple(points)))
    return tuple(made)


@given(tracks())
@settings(max_examples=60, deadline=None)
def test_a_script_can_read_every_point_of_a_track_table(written: tuple[Track, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tracks.csv"
        write_tracks(path, written)
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    points = [(track.target, p) for track in written for p in track.points]
    for row, (target, p) in zip(rows, points, strict=True):
        assert (_unprotected(row["target"]), row["frame"]) == (target, str(p.frame))
        assert [float(row[name]) for name in ("x_px", "y_px", "score")] == pytest.approx(
            [p.x_px, p.y_px, p.score], abs=1e-9, nan_ok=True
        )
        assert row["status"] == p.status
        assert not row["target"].lstrip(" ").startswith(("=", "+", "-", "@"))


@given(st.text())
def test_protected_names_are_restored(text: str) -> None:
    assert _unprotected(_protected(text)) == text


def test_the_track_table_has_the_documented_format(tmp_path: Path) -> None:
    points = (
        TrackPoint(
            frame=3, time_s=0.2, x_px=1.23456, y_px=-0.5, score=0.98765, status=TrackStatus.MANUAL
        ),
        TrackPoint(
            frame=4, time_s=0.3, x_px=math.nan, y_px=math.nan, score=0, status=TrackStatus.LOST
        ),
    )
    write_tracks(tmp_path / "out.csv", [Track(target="7", points=points)])
    assert (tmp_path / "out.csv").read_bytes() == (
        b"target,frame,x_px,y_px,score,status\n"
        b"7,3,1.235,-0.500,0.988,manual\n"
        b"7,4,nan,nan,0.000,lost\n"
    )


SEEDS = (
    Seed(target="1", frame=0, x_px=10.5, y_px=20),
    Seed(target="b", frame=7, x_px=0, y_px=3.25),
)


def test_the_reason_for_a_doubt_stands_in_a_last_column_where_it_is_asked_for() -> None:
    point = TrackPoint(
        frame=9, time_s=0.6, x_px=1, y_px=2, score=0.8, status=TrackStatus.PREDICTED,
        doubt=Doubt(DoubtKind.MEETING, 7),
    )  # fmt: skip
    track = Track(target="1", points=(point,))
    head, row = tracks_table([track], with_doubt=True).splitlines()
    assert head == "target,frame,x_px,y_px,score,status,doubt"
    assert row == '1,9,1.000,2.000,0.800,predicted,"met another, see frame 7"'
    assert "doubt" not in tracks_table([track])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("target,frame,x,y\n1,0,10.5,20\nb,7,0,3.25\n", "utf-8"),
        ("target,frame,x,y\r\n1,0,10.5,20\r\nb,7,0,3.25\r\n", "utf-8-sig"),
        ("target;frame;x;y\r\n1;0;10,5;20\r\nb;7;0;3,25\r\n", "utf-8-sig"),
        ("target;frame;x;y\n1;0;10.5;20\nb;7;0;3.25\n", "utf-8"),
        ("target\tframe\tx\ty\n1\t0\t10.5\t20\nb\t7\t0\t3.25", "utf-8"),
        (' Target , FRAME,y,x,note\n"1",0, 20 ,10.5,first\n\n,,,,\nb,7,3.25,0\n', "utf-8"),
    ],
)
def test_seeds_saved_by_spreadsheets_are_read(tmp_path: Path, text: str, encoding: str) -> None:
    assert read_seeds(table(tmp_path / "seeds.csv", text, encoding)) == SEEDS


def test_every_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    rows = [
        "1,0,nan,2",
        "1,0,5,inf",
        "1,1,-3,2",
        ",0,1,1",
        "2,-1,1,1",
        "2,1.5,1,1",
        "3,0,,x",
        "4,0,1,1",
        "4,0,2,2",
    ]
    path = table(tmp_path / "seeds.csv", "target,frame,x,y\n" + "\n".join(rows))
    with pytest.raises(StoreError) as caught:
        read_seeds(path)
    sentence = str(caught.value)
    for line, words in {
        2: "x 'nan' must be a number from 0 up",
        3: "y 'inf' must be a number from 0 up",
        4: "x '-3' must be a number from 0 up",
        5: "target is empty",
        6: "frame '-1' must be a whole number from 0 up",
        7: "frame '1.5' must be a whole number from 0 up",
        8: "x '' must be a number from 0 up",
    }.items():
        assert f"line {line}: {words}" in sentence
    table(path, "target,frame,x,y\n4,0,1,1\n5,0,1,1\n4,0,2,2\n")
    with pytest.raises(
        StoreError, match=r"line 4: target 4 already has a click in frame 0 \(line 2\)"
    ):
        read_seeds(path)


@given(
    st.lists(
        st.builds(
            Seed,
            target=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1),
            frame=st.integers(0, 10**6),
            x_px=st.floats(0, 10**5),
            y_px=st.floats(0, 10**5),
            is_exact=st.booleans(),
        ),
        min_size=1,
        unique_by=lambda seed: (seed.target, seed.frame),
    )
)
@settings(deadline=None)
def test_clicks_are_read_as_they_were_written(seeds: list[Seed]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clicks.csv"
        write_seeds(path, seeds)
        assert list(read_seeds(path)) == seeds


def test_points_placed_by_hand_are_told_by_a_last_column(tmp_path: Path) -> None:
    path = table(
        tmp_path / "seeds.csv", "target,frame,x,y,exact\n1,0,1,1,1\n2,0,1,1,\n3,0,1,1,YES\n"
    )
    assert [seed.is_exact for seed in read_seeds(path)] == [True, False, True]
    table(path, "target,frame,x,y,exact\n1,0,1,1,maybe\n")
    with pytest.raises(StoreError, match="line 2: exact 'maybe' must be 0 or 1"):
        read_seeds(path)


def test_only_the_first_mistakes_are_listed(tmp_path: Path) -> None:
    path = table(tmp_path / "seeds.csv", "target,frame,x,y\n" + "1,0,bad,1\n" * 30)
    with pytest.raises(StoreError, match=r"line 11: .*; and 20 more\.$"):
        read_seeds(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "lacks the column target, frame, x, y"),
        (b"target,frame,x\n1,0,3\n", "lacks the column y: its first line must name"),
        (b"target,frame,x,y\n", "holds no rows"),
        (b"\xff\xfet\x00a\x00r\x00", "lacks the column target"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a table"),
        (b'target,frame,x,y\n"' + b"a" * 200_000 + b'",0,1,1\n', "is not a table"),
    ],
)
def test_other_files_are_refused_with_one_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "seeds.csv"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=sentence) as caught:
        read_seeds(path)
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(StoreError, match="Cannot read"):
            read_seeds(path)


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_any_bytes_give_seeds_or_a_sentence(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seeds.csv"
        path.write_bytes(b"target,frame,x,y\n" + content)
        try:
            seeds = read_seeds(path)
        except StoreError:
            return
        assert all(s.target and s.frame >= 0 and s.x_px >= 0 and s.y_px >= 0 for s in seeds)
