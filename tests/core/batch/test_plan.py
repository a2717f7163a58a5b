"""Folders and lists say what is to be graded; every mistake in a list is named with its line."""

from dataclasses import replace
from pathlib import Path

import pytest

from rostfine_core.batch.plan import OF_FILE, BatchItem, read_batch
from rostfine_core.errors import StoreError
from rostfine_core.video import PlaneChoice

LIKE = BatchItem(video=Path(), sample="day", operator="A. Sato", um_per_px=0.2)


def test_a_list_says_what_differs_from_the_options(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "Video;clicks;sample;patient;um_per_px;fps;channel;z;remark\n"
        "a.avi;c/a.csv;=S-1;P 7;0,25;30;phase;2;x\n\n"
        "sub/b.avi;;;;FILE;;;;\n",
        encoding="utf-8",
    )
    a, b = read_batch(path, LIKE)
    assert a == replace(
        LIKE, video=tmp_path / "a.avi", clicks=tmp_path / "c" / "a.csv", sample="=S-1",
        patient="P 7", um_per_px=0.25, fps=30.0, choice=PlaneChoice(channel="phase", plane=2),
    )  # fmt: skip
    assert b == replace(LIKE, video=tmp_path / "sub" / "b.avi", um_per_px=OF_FILE)


def test_all_mistakes_of_a_list_are_named(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "video,um_per_px,fps,z\na.avi,0,,\n,1,,\nb.avi,,fast,\nc.avi,,,0\nd.avi,,,\nd.avi,,,\n"
    )
    with pytest.raises(StoreError) as refused:
        read_batch(path, LIKE)
    for part in (
        "line 2: um_per_px 0 must", "line 3: video is empty", "line 4: fps fast must",
        "line 5: z 0 must", "line 7: the video d.avi is listed before",
    ):  # fmt: skip
        assert part in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [("name\na.avi\n", "lacks the column video"), ("video\n", "lists no video")],
)
def test_a_list_without_videos_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(StoreError, match=said):
        read_batch(tmp_path / "list.csv", LIKE)


def test_a_patient_needs_a_sample(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("video,patient\na.avi,P 7\n")
    with pytest.raises(StoreError, match="line 2: the patient has no sample"):
        read_batch(tmp_path / "list.csv", replace(LIKE, sample=""))


def test_a_folder_gives_its_recordings_with_the_clicks_beside_them(recordings: Path) -> None:
    found = read_batch(recordings, LIKE)
    assert [i.video.name for i in found] == ["a.mp4", "b.mp4"]
    assert [i.seeds_file for i in found] == [recordings / f"{n}.seeds.csv" for n in "ab"]
    with pytest.raises(StoreError, match="holds no videos"):
        read_batch(Path(__file__).parent, LIKE)
