"""How a model file asks to answer: views, calibration and ranges, kept in the file."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from rostfine_core.domain import AnswerMode
from rostfine_core.errors import ModelError
from rostfine_core.model import (
    Answering,
    Preprocessing,
    Ranges,
    RoSTFine,
    Views,
    VoteCalibration,
    load_model,
    load_models,
    save_model,
    write_answering,
)
from rostfine_core.model.model_file import METADATA_NAME
from rostfine_core.model.views import turned

RANGES = Ranges(
    coverage=0.8, scale="none", radii=(0.1,) * 5, floors=(0.0,) * 5, clips=90, samples=9
)
HALVED = VoteCalibration.of_temperature(0.5, clips=90, samples=9)
WHOLE = Answering(
    views=Views(orientations=8), calibration=HALVED, ranges=RANGES, samples_seen=("0123456789ab",)
)


def test_a_temperature_matches_a_calculation_by_hand() -> None:
    shares = np.array([[0.5, 0.25, 0.25, 0.0, 0.0]])
    assert HALVED.temperature == 0.5
    # Squared, 0.25, 0.0625 and 0.0625, and divided by their sum.
    assert HALVED.apply(shares) == pytest.approx(np.array([[2 / 3, 1 / 6, 1 / 6, 0, 0]]), abs=1e-9)


def test_a_bias_moves_votes_as_calculated_by_hand() -> None:
    even = np.full((1, 5), 0.2)
    moved = replace(HALVED, method="dirichlet", bias=(np.log(6.0), 0.0, 0.0, 0.0, 0.0))
    assert moved.apply(even) == pytest.approx(np.array([[0.6, 0.1, 0.1, 0.1, 0.1]]))


def test_ranges_match_a_calculation_by_hand() -> None:
    shares, deviations = np.array([[0.5, 0.5, 0.0, 0.0, 0.0]]), np.full((1, 5), 0.02)
    around = RANGES.around(shares, deviations)[0]
    assert around[0] == pytest.approx([0.4, 0.6])
    assert around[4] == pytest.approx([0.0, 0.1])
    by_views = replace(RANGES, scale="views", radii=(2.0,) * 5, floors=(0.01,) * 5)
    assert by_views.around(shares, deviations)[0, 0] == pytest.approx([0.44, 0.56])
    by_votes = replace(RANGES, scale="votes", radii=(0.4,) * 5)
    assert by_votes.around(shares, deviations)[0, 0] == pytest.approx([0.3, 0.7])


def test_an_answer_is_the_calibrated_mean_of_its_views() -> None:
    views = np.array([[[0.6, 0.4, 0, 0, 0], [0.2, 0.8, 0, 0, 0]]])
    answer = WHOLE.answer(views)
    assert answer.uncalibrated == pytest.approx(np.array([[0.4, 0.6, 0, 0, 0]]))
    assert answer.shares == pytest.approx(np.array([[4 / 13, 9 / 13, 0, 0, 0]]))
    assert answer.views[0, 0] == pytest.approx([9 / 13, 4 / 13, 0, 0, 0])
    assert answer.ranges is not None
    assert answer.ranges[0, 0] == pytest.approx([4 / 13 - 0.1, 4 / 13 + 0.1])


def test_what_a_mode_leaves() -> None:
    assert WHOLE.reduced(AnswerMode.FULL) == WHOLE
    left = WHOLE.reduced(AnswerMode.UNCALIBRATED)
    assert (left.views, left.calibration, left.ranges) == (WHOLE.views, None, None)
    assert WHOLE.reduced(AnswerMode.SINGLE_VIEW) == Answering()


@given(size=st.integers(1, 6), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_the_orientations_are_all_turns_and_mirror_images(size: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    clip = torch.randint(0, 256, (1, 2, size, size, 3), generator=generator, dtype=torch.uint8)
    ours = {turned(clip, n).numpy().tobytes() for n in range(8)}
    theirs = {
        image.rot90(turns, (2, 3)).contiguous().numpy().tobytes()
        for image in (clip, clip.flip(3))
        for turns in range(4)
    }
    assert ours == theirs
    assert turned(clip, 0) is clip


@given(frames=st.integers(1, 20), used=st.integers(1, 20), count=st.integers(1, 6))
def test_choices_of_frames_are_in_order_and_begin_with_those_of_training(
    frames: int, used: int, count: int
) -> None:
    prepared = Preprocessing(clip_frames=frames, num_frames=used)
    if count > 1 and count * used > frames:
        with pytest.raises(ValueError, match="do not give"):
            prepared.frame_subsets(count)
        return
    subsets = prepared.frame_subsets(count)
    assert len(set(subsets)) == len(subsets) == count
    assert subsets[0] == prepared.frame_indices
    for subset in subsets:
        assert len(subset) == used
        assert list(subset) == sorted(subset)
        assert set(subset) <= set(range(frames))


@pytest.fixture
def plain(tmp_path: Path, tiny_network: RoSTFine) -> Path:
    """A model file that asks for nothing."""
    path = tmp_path / "plain.safetensors"
    save_model(
        path,
        tiny_network,
        preprocessing=Preprocessing.of(tiny_network.config),
        training={"fps": 15},
        dataset_kind="simulated",
    )
    return path


def test_a_model_file_keeps_how_it_answers_and_all_else(plain: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.safetensors"
    write_answering(answers, plain, WHOLE)
    before, after = load_model(plain), load_model(answers)
    assert (before.answering, before.info.answering_json) == (Answering(), "")
    assert after.answering == WHOLE
    kept = json.loads(after.info.answering_json)
    assert kept["views"] == {"orientations": 8, "frame_subsets": 1}
    assert kept["ranges"]["samples"] == 9
    assert "samples_seen" not in kept
    assert (after.training, after.preprocessing) == (before.training, before.preprocessing)
    for name, tensor in before.network.state_dict().items():
        assert torch.equal(tensor, after.network.state_dict()[name])


def test_a_program_that_does_not_know_it_refuses(plain: Path, tmp_path: Path) -> None:
    """Versions before it read format version 1 alone, which files without it still have."""
    answers = tmp_path / "answers.safetensors"
    write_answering(answers, plain, WHOLE)
    assert _header(plain)["format_version"] == 1
    assert _header(answers)["format_version"] == 2


@pytest.mark.parametrize(
    "damage",
    [
        {"views": {"orientations": 5}},
        {"views": {"orientations": 8, "frame_subsets": 99}},
        {"views": {"shifts": 3}},
        {"magic": 1},
        {"calibration": {"method": "temperature"}},
        {"calibration": HALVED.__dict__ | {"bias": [0, 0, 0, 0, float("nan")]}},
        {"ranges": RANGES.__dict__ | {"coverage": 1.5}},
        {"ranges": RANGES.__dict__ | {"radii": [[0.1]]}},
        {"ranges": RANGES.__dict__ | {"samples": 0}},
        [1],
    ],
)
def test_a_damaged_table_is_refused(plain: Path, damage: object) -> None:
    write_answering(plain, plain, WHOLE)
    header = _header(plain) | {"answering": damage}
    plain.write_bytes(save(load(plain.read_bytes()), {METADATA_NAME: json.dumps(header)}))
    with pytest.raises(ModelError, match="is damaged"):
        load_model(plain)


def test_models_that_look_differently_are_no_ensemble(plain: Path, tmp_path: Path) -> None:
    write_answering(tmp_path / "answers.safetensors", plain, WHOLE)
    with pytest.raises(ModelError, match="do not belong together"):
        load_models(tmp_path)


def _header(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(
        json.loads(data[8 : 8 + length])["__metadata__"][METADATA_NAME]
    )
    return header
