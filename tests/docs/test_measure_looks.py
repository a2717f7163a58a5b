"""The measures of how crops look find what was drawn."""

import numpy as np
import pytest

from docs.measure_looks import measure_look


def test_a_look_is_measured_as_drawn() -> None:
    rng = np.random.default_rng(4)
    distance = np.hypot(*(np.indices((150, 150)) - 74.5))
    inside = 0.5 - 0.5 * np.tanh((distance - 10) / 1.5)
    red = 150 - 60 * inside[..., None] * (1, 0.5, 0.5)
    first, then = (
        np.rint(red + rng.normal(0, 4, (150, 150, 1))).astype(np.uint8) for _ in range(2)
    )
    found = measure_look(first, then)
    assert found.level == pytest.approx(150 / 255, abs=0.01)
    assert found.head_contrast == pytest.approx(40 / 150, abs=0.03)
    assert found.noise == pytest.approx(4, rel=0.1)
    assert found.noise_in_time == pytest.approx(4, rel=0.1)
    assert found.colour_noise < 0.3
    assert abs(found.grain) < 0.1
    assert found.tail < 0.3
    assert found.fringe > 0.2 > measure_look(first[..., [1, 1, 2]], None).fringe
    woven = first.copy()
    woven[1::2] = np.roll(first, 6, axis=1)[1::2]
    assert measure_look(woven, None).combing > 1.3 * found.combing
