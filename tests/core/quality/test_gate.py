"""A gate lets clips like those of the training through and tells the others, with reasons."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.domain import Gate
from rostfine_core.messages import Message
from rostfine_core.quality.gate_fit import FALSE_ALARMS, FEWEST_CLIPS, SIDED, fit_gate
from rostfine_core.quality.gate_flags import REASONS, gate_flags
from rostfine_core.quality.looks import HEAD, JOINT, SIDE, Looks, looks_of

NAMES = tuple(sorted({*JOINT, *SIDED}))
USUAL = {n: 0.0 if n == SIDE else 30.0 if n == HEAD else 1.0 for n in NAMES}
RNG = np.random.default_rng(3)


def drawn(count: int) -> list[Looks]:
    """Clips that look alike, but that all measures vary together, and each by itself."""
    common = RNG.normal(0, 0.1, (count, 1))
    values = common + RNG.normal(0, 0.1, (count, len(NAMES)))
    return [
        {
            n: float(v if n == SIDE else USUAL[n] * np.exp(v))
            for n, v in zip(NAMES, row, strict=True)
        }
        for row in values
    ]


@pytest.fixture(scope="module")
def gate() -> Gate:
    return fit_gate(drawn(600), [str(i // 10) for i in range(600)])


def codes(looks: Looks, gate: Gate) -> set[str]:
    flags = list(gate_flags(looks, gate))
    assert all(str(flag.reason).endswith(".") for flag in flags)
    return {flag.code for flag in flags}


@pytest.mark.requirement("R-34")
def test_of_further_clips_like_the_training_few_are_flagged(gate: Gate) -> None:
    flagged = [bool(codes(looks, gate)) for looks in drawn(1000)]
    assert np.mean(flagged) <= 2 * FALSE_ALARMS + 0.005


@pytest.mark.requirement("R-34")
@given(st.sampled_from(list(REASONS)), st.floats(1.2, 20))
@settings(max_examples=40)
def test_a_measure_beyond_the_training_is_told_with_its_value(
    gate: Gate, which: tuple[str, bool], beyond: float
) -> None:
    name, is_high = which
    low, high = gate.limits[name]
    end = high if is_high else low
    assert end is not None
    value = end + beyond if name == SIDE and is_high else end - beyond if name == SIDE else 0.0
    if name != SIDE:
        value = end * beyond if is_high else end / beyond
    assert REASONS[which][0] in codes(USUAL | {name: value}, gate)


@pytest.mark.requirement("R-34")
def test_measures_that_are_usual_alone_but_not_together_are_told(gate: Gate) -> None:
    assert codes(USUAL, gate) == set()
    odd = {n: float(USUAL[n] * np.exp(0.25 * (-1) ** k)) for k, n in enumerate(NAMES) if n != SIDE}
    (flag,) = gate_flags({SIDE: 0.0, **odd}, gate)
    assert flag.code == "unlike_training"
    assert "most of all in" in str(flag.reason)
    assert codes(USUAL | {JOINT[0]: np.nan, "span_s": np.nan}, gate) == set()  # unknown


@pytest.mark.requirement("R-34")
@pytest.mark.parametrize("which", [key for key in REASONS if key[0] != SIDE])
def test_a_reason_never_tells_a_value_that_reads_like_its_limit(
    gate: Gate, which: tuple[str, bool]
) -> None:
    name, is_high = which
    end = gate.limits[name][is_high]
    assert end is not None
    for share in (1e-6, 1e-4, 1e-3, 1e-2, 0.1):
        value = end * (1 + share if is_high else 1 - share)
        for flag in gate_flags(USUAL | {name: value}, gate):
            said = dict(flag.reason.values)
            assert flag.reason != Message(flag.reason.template, **said | {"value": end})


def oval(**change: float) -> NDArray[np.uint8]:
    """A dark head on a textured ground, in 16 frames."""
    canvas = np.full((150, 150), 140.0)
    cv2.ellipse(canvas, (75, 75), (13, 8), 30, 0, 360, 80, -1)
    smooth = cv2.GaussianBlur(canvas, (0, 0), change.get("blur", 0.8))
    noisy = smooth + np.random.default_rng(1).normal(0, change.get("noise", 1), (16, 150, 150))
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=3)


def with_neck(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same with a line from the head's end."""
    ends = [tuple(np.round(75 + d * np.array([np.cos(0.52), np.sin(0.52)])).astype(int).tolist())
            for d in (12, 40)]  # fmt: skip
    drawn = [cv2.line(image.copy(), ends[0], ends[1], (90, 90, 90), 3) for image in images]
    return np.stack(drawn).astype(np.uint8)


def shifted(images: NDArray[np.uint8], by_px: int) -> NDArray[np.uint8]:
    return np.roll(images, by_px, axis=2)


def test_where_the_head_lies_and_what_leaves_it_are_measured() -> None:
    plain, necked = looks_of(oval()), looks_of(with_neck(oval()))
    assert plain["off_centre"] < 0.05
    assert looks_of(shifted(oval(), 6))["off_centre"] == pytest.approx(6 / 26, rel=0.25)
    assert plain["neck"] < 0.15 < 0.5 < necked["neck"]
    assert necked["beside_head"] < 0.4
    barred = [cv2.rectangle(i.copy(), (66, 40), (72, 110), (80, 80, 80), -1) for i in oval()]
    assert looks_of(np.stack(barred).astype(np.uint8))["beside_head"] > 0.8
    assert plain["inside_head"] < 0.2
    empty = np.full((16, 150, 150, 3), 140, np.uint8)
    assert all(np.isnan(looks_of(empty)[n]) for n in ("off_centre", "neck", "beside_head"))


def test_blur_noise_contrast_and_side_are_measured() -> None:
    sharp = looks_of(oval(), span_s=2.0)
    assert sharp["span_s"] == 2.0
    assert sharp["head_length_px"] == pytest.approx(26, rel=0.15)
    assert looks_of(oval(blur=3))["focus"] < 0.6 * sharp["focus"]
    assert looks_of(oval(noise=10))["noise"] > 3 * sharp["noise"]
    pale = (140 + 0.4 * (oval().astype(float) - 140)).astype(np.uint8)
    assert looks_of(pale)["contrast"] == pytest.approx(0.4 * sharp["contrast"], rel=0.1)
    assert np.sign(looks_of(255 - oval())["side"]) == -np.sign(sharp["side"])


def test_a_gate_is_not_fitted_to_few_clips_nor_made_of_odd_numbers(gate: Gate) -> None:
    with pytest.raises(ValueError, match=f"at least {FEWEST_CLIPS} clips"):
        fit_gate(drawn(FEWEST_CLIPS - 1), ["1"] * (FEWEST_CLIPS - 1))
    with pytest.raises(ValueError, match="other numbers of means"):
        replace(gate, mean=gate.mean[1:])
    table = gate.to_dict()
    damages: list[object] = [[], {**table, "mean": 3}, {**table, "farthest": float("nan")}, {}]
    for damaged in damages:
        with pytest.raises(ValueError, match="gate"):
            Gate.from_dict(damaged)
