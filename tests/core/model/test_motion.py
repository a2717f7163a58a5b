"""What a network is told of a sperm's motion, and that it is told it wherever it grades."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.model import RoSTFine, measure_motion, preset
from rostfine_core.simulation.labelled_clips import simulate_clip

TINY = {"image_size": 28, "patch_size": 14, "embed_dim": 16, "depth": 2, "num_heads": 2,
        "branch_heads": 2, "top_k": 2, "selection_layers": 1}  # fmt: skip


def path(speed_um_s: float, *, span_s: float = 6.0, turn: float = 0.0) -> NDArray[np.float64]:
    """16 frames of a sperm that swims straight ahead, or in a circle of ``turn`` in all."""
    times = np.linspace(0, span_s, 16)
    heading = turn * times[:-1] / span_s
    steps = speed_um_s * np.diff(times)[:, None] * np.stack([np.cos(heading), np.sin(heading)], 1)
    places = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return np.concatenate([times[:, None], places], axis=1)


def motion(*paths: NDArray[np.float64]) -> NDArray[np.float64]:
    return measure_motion(torch.from_numpy(np.stack(paths))).numpy()


def test_a_straight_swimmer_has_one_speed_and_a_linearity_of_one() -> None:
    span, *speeds, linearity = motion(path(10.0))[0]
    assert span == pytest.approx(math.log1p(6))
    assert speeds == pytest.approx([math.log1p(10 / 5)] * 4)
    assert linearity == pytest.approx(1)


def test_a_circling_sperm_is_fast_on_its_path_and_slow_along_the_line() -> None:
    _, middle, curved, smooth, straight, linearity = motion(path(10.0, turn=2 * math.pi))[0]
    assert middle == pytest.approx(math.log1p(2))
    assert curved == pytest.approx(math.log1p(2))
    assert straight < 0.1 < smooth < curved
    assert linearity < 0.05


@given(st.floats(0, 30), st.floats(1, 12), st.floats(0, 2 * math.pi), st.floats(-500, 500))
def test_motion_has_neither_place_nor_direction(
    speed: float, span_s: float, turn: float, shift_um: float
) -> None:
    as_it_is = path(speed, span_s=span_s, turn=1.0)
    cos, sin = math.cos(turn), math.sin(turn)
    moved = as_it_is.copy()
    moved[:, 0] += 3.0
    moved[:, 1:] = as_it_is[:, 1:] @ np.array([[cos, sin], [-sin, cos]]) + shift_um
    mirrored = as_it_is * (1, 1, -1)
    one, two, three = motion(as_it_is, moved, mirrored)
    assert two == pytest.approx(one, abs=1e-6)
    assert three == pytest.approx(one, abs=1e-9)


def test_frames_that_repeat_do_not_slow_a_sperm_down() -> None:
    few = path(10.0)[:3]
    repeated = np.repeat(few, (6, 5, 5), axis=0)
    assert motion(repeated)[0, 1:] == pytest.approx(motion(few)[0, 1:], abs=1e-6)


def test_a_sperm_seen_in_one_frame_alone_is_still() -> None:
    assert np.array_equal(motion(np.repeat(path(10.0)[:1], 16, axis=0))[0, 1:], np.zeros(5))


def test_a_clip_is_told_what_the_simulated_sperm_did() -> None:
    """The head's centres are measured, so that the speed is that of the truth but for errors."""
    clip = simulate_clip(3, seed=5, span_s=4.0)
    told = measure_motion(torch.from_numpy(clip.path_um[None])).numpy()[0]
    true_um = clip.heads_px * clip.field.um_per_px
    line = np.linalg.norm(true_um[-1] - true_um[0]) / (
        (clip.frames[-1] - clip.frames[0]) / clip.field.fps
    )
    assert 5 * math.expm1(told[4]) == pytest.approx(line, rel=0.1, abs=0.2)


def told_network() -> RoSTFine:
    torch.manual_seed(1)
    return RoSTFine(preset("demo", **TINY, motion_width=8)).eval()


def test_a_new_network_grades_as_if_it_were_told_nothing() -> None:
    network = told_network()
    clips, told = torch.randn(2, 3, 4, 28, 28), torch.rand(2, 6)
    silent = RoSTFine(preset("demo", **TINY)).eval()
    weights = {k: v for k, v in network.state_dict().items() if not k.startswith("motion")}
    silent.load_state_dict(weights)
    assert torch.equal(network(clips, told).grade, silent(clips).grade)


def test_what_a_network_is_told_moves_its_grade_and_the_explained_one_alike() -> None:
    network = told_network()
    assert network.motion_embed is not None
    last = network.motion_embed[2]
    assert isinstance(last, torch.nn.Linear)
    torch.nn.init.normal_(last.weight)
    clips = torch.randn(1, 3, 4, 28, 28)
    slow, fast = torch.zeros(1, 6), torch.ones(1, 6)
    assert not torch.allclose(network(clips, slow).grade, network(clips, fast).grade)
    seen = network.inspect(clips, fast).output.grade
    assert torch.allclose(seen, network(clips, fast).grade, atol=1e-6)


@pytest.mark.parametrize("is_told", [True, False])
def test_a_network_refuses_to_be_told_what_it_does_not_ask_for(is_told: bool) -> None:
    """And to grade without what it was trained on: the answer would be another one."""
    network = RoSTFine(preset("demo", **TINY, motion_width=0 if is_told else 8))
    clips = torch.zeros(1, 3, 4, 28, 28)
    with pytest.raises(ValueError, match="told the motion"):
        network(clips, torch.zeros(1, 6) if is_told else None)
