"""The official pickles: arrays and plain containers come in, anything else is refused."""

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rostfine_core.domain import finish
from rostfine_core.errors import DatasetError
from rostfine_core.training.data.dataset import read_dataset
from rostfine_core.training.data.import_official import import_official, load_plain, votes_of


class Harmful:
    """Would create a file when unpickled carelessly."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def write(path: Path, content: object) -> None:
    path.write_bytes(pickle.dumps(content))


def test_the_official_folder_becomes_a_data_set(tmp_path: Path) -> None:
    clips = {i: np.full((16, 30, 30, 3), i * 20, np.uint8) for i in range(4)}
    write(tmp_path / "16frame.pkl", clips)
    write(tmp_path / "grades.pkl", {i: np.array([0.25, 0.5, 0.25, 0, 0]) for i in range(4)})
    finish(import_official(tmp_path, out=tmp_path / "out", name="official"))
    dataset = read_dataset(tmp_path / "out")
    assert [c.votes for c in dataset.clips] == [(10, 20, 10, 0, 0)] * 4
    assert len(set(dataset.samples)) == 4


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_arrays_of_any_protocol_come_in(tmp_path: Path, protocol: int) -> None:
    array = np.arange(12.0).reshape(3, 4)
    content = [array, {"a": (1, "x")}, array[0, 1]]
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content, protocol=protocol))
    loaded = load_plain(tmp_path / "a.pkl")
    assert np.array_equal(loaded[0], array)
    assert loaded[1:] == content[1:]


def test_code_in_a_pickle_is_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    write(tmp_path / "a.pkl", {"x": Harmful(trap)})
    with pytest.raises(DatasetError, match="is refused"):
        load_plain(tmp_path / "a.pkl")
    assert not trap.exists()
    write(tmp_path / "b.pkl", eval)
    with pytest.raises(DatasetError, match=r"asks for builtins\.eval"):
        load_plain(tmp_path / "b.pkl")
    (tmp_path / "c.pkl").write_bytes(b"\x80\x04\x95nonsense")
    with pytest.raises(DatasetError, match="is refused"):
        load_plain(tmp_path / "c.pkl")


def test_votes_in_every_form() -> None:
    letters = ["A"] * 10 + ["C"] * 30
    numbers = np.array([1] * 10 + [3] * 30)
    for value in (letters, numbers, [10, 0, 30, 0, 0], [0.25, 0, 0.75, 0, 0]):
        assert votes_of(value, panel_size=40, key="0") == [10, 0, 30, 0, 0]
    with pytest.raises(DatasetError, match="sperm 7 are not understood"):
        votes_of(["X"], panel_size=40, key="7")


@pytest.mark.parametrize(
    "value", [[math.nan, 0, 1, 0, 0], [math.inf, 0, 1, 0, 0], [10**400, 0, 1, 0, 0], None, [[1], 2]]
)
def test_grades_that_are_no_numbers_are_said(tmp_path: Path, value: object) -> None:
    write(tmp_path / "grades.pkl", {"a": value})
    write(tmp_path / "td.pkl", {"a": np.zeros((16, 9, 9, 3), np.uint8)})
    with pytest.raises(DatasetError, match=r"sperm a are not understood|Sperm a is not understood"):
        finish(import_official(tmp_path, out=tmp_path / "out", name="x"))


def test_a_clip_without_numbers_is_said(tmp_path: Path) -> None:
    write(tmp_path / "grades.pkl", {"a": [40, 0, 0, 0, 0]})
    write(tmp_path / "td.pkl", {"a": np.full((16, 9, 9, 3), np.nan)})
    with pytest.raises(DatasetError, match="clip of sperm a holds values that are not finite"):
        finish(import_official(tmp_path, out=tmp_path / "out", name="x"))


def test_grades_and_clips_of_other_sperm(tmp_path: Path) -> None:
    write(tmp_path / "grades.pkl", {"a": [40, 0, 0, 0, 0]})
    with pytest.raises(DatasetError, match="holds neither"):
        finish(import_official(tmp_path, out=tmp_path / "out", name="x"))
    write(tmp_path / "td.pkl", {"b": np.zeros((16, 9, 9, 3), np.uint8)})
    with pytest.raises(DatasetError, match="not of the same sperm"):
        finish(import_official(tmp_path, out=tmp_path / "out", name="x"))


def test_five_experts_are_not_taken_for_five_counts() -> None:
    assert votes_of([3, 3, 2, 1, 5], panel_size=5, key="7") == [1, 1, 2, 0, 1]
    assert votes_of([0, 2, 3, 0, 0], panel_size=5, key="7") == [0, 2, 3, 0, 0]
    assert votes_of(["A"] * 5, panel_size=5, key="7") == [5, 0, 0, 0, 0]
    with pytest.raises(DatasetError, match="sperm 7 can be read as one vote for each grade or"):
        votes_of([1, 1, 1, 1, 1], panel_size=5, key="7")
