"""A light that changes moves the demonstration model's answer by less than ten points."""

from dataclasses import replace

import numpy as np
import pytest

from rostfine_core.assessor import Assessor
from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.domain import Clip, CropBox, TrackStatus, finish
from rostfine_core.simulation import simulate_clip

TIMES = np.linspace(0, 1, 16)


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return Assessor.load(bundled_path(DEMO_MODEL), device="cpu")


def clip(number: int) -> Clip:
    made = simulate_clip(number, seed=77)
    boxes = tuple(
        CropBox(
            frame=frame,
            time_s=frame / 15,
            centre_x_px=300,
            centre_y_px=300,
            size_px=150,
            padded_share=0.0,
            status=TrackStatus.MEASURED,
        )
        for frame in made.frames
    )
    return Clip(target=str(number), images=made.images, boxes=boxes)


@pytest.mark.requirement("R-35")
def test_a_fade_and_a_drop_of_the_exposure_change_little(assessor: Assessor) -> None:
    steady = [clip(number) for number in (0, 10, 40)]
    lights = (1 - 0.35 * TIMES, np.where(TIMES < 0.5, 1, 0.65))
    changed = [
        replace(one, images=np.rint(one.images * light[:, None, None, None]).astype(np.uint8))
        for light in lights
        for one in steady
    ]
    answers = finish(assessor.assess(steady + changed))
    shares = np.array([answer.prediction.grade.p_a_or_b for answer in answers]).reshape(3, 3)
    assert abs(shares[1:] - shares[0]).max() < 0.1
