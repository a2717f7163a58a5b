"""One field of a picture: its even lines stay, those between are made of them."""

import numpy as np
import pytest

from rostfine_core.interlace import one_field


@pytest.mark.parametrize("shape", [(6, 5), (7, 5), (6, 5, 3), (1, 4), (2, 4)])
def test_odd_lines_are_the_means_of_their_neighbours(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    found = one_field(image)
    assert found.dtype == np.uint8
    assert np.array_equal(found[::2], image[::2])
    for line in range(1, len(image), 2):
        below = image[min(line + 1, (len(image) - 1) // 2 * 2)].astype(int)
        assert np.array_equal(found[line], (image[line - 1] + below + 1) // 2)


def test_what_was_taken_at_another_moment_is_gone() -> None:
    image = np.full((8, 8), 100, np.uint8)
    image[1::2] = 20
    assert (one_field(image) == 100).all()
