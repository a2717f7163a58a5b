"""What the system refuses is one sentence: no folder, no room to print, names that are too long."""

import os
import sys
from pathlib import Path

import pytest

from rostfine_core.cli import main

LONG = "a" * 300


@pytest.mark.parametrize(
    "words",
    [
        ["describe-dataset", "{folder}/" + LONG],
        ["simulate", "--out", "{folder}/" + LONG, "--count", "1"],
        ["track", "{video}", "--all", "--out", "{folder}/" + LONG + ".csv"],
        ["assess", "{video}", "--click", "100,90", "--out", "{folder}/" + LONG],
        ["train", "{folder}/" + LONG + ".toml"],
        ["convert", "{folder}/" + LONG + ".bin", "{folder}/model.safetensors"],
    ],
    ids=lambda words: words[0],
)
def test_a_name_that_is_too_long(
    words: list[str], small_video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([w.format(folder=tmp_path, video=small_video) for w in words]) == 1
    sentence = capsys.readouterr().err
    assert sentence.startswith("rostfine: ")
    assert "File name too long" in sentence
    assert not list(tmp_path.iterdir())


def test_a_working_folder_that_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main(["track", "v.mp4", "--all", "--out", "t.csv"]) == 1
    expected = "rostfine: The folder that you are in was deleted: change to another one.\n"
    assert capsys.readouterr().err == expected


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's device without room")
def test_no_room_for_the_output(
    small_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "tracks.csv"
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["track", str(small_video), "--all", "--out", str(out)]) == 1
    assert "rostfine: The output cannot be printed (No space left" in capsys.readouterr().err
    assert out.is_file()


def test_a_reader_of_the_output_that_has_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As ``rostfine doctor | head -1``, which is no failure to talk about."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as broken:
        monkeypatch.setattr(sys, "stdout", broken)
        assert main(["doctor"]) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_a_pipe_or_device_is_not_replaced_by_a_file(
    small_video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "tracks.csv"
    os.mkfifo(pipe)
    assert main(["track", str(small_video), "--all", "--out", str(pipe)]) == 1
    assert "is a folder, device or pipe, which is not replaced" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["tracks.csv"]
    assert pipe.is_fifo()
