"""A sperm's colour is never taken for a grade, nor for that of another sperm."""

from itertools import combinations, product

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QColor, QPalette

from app.presentation.theme import GRADE_COLOURS, SPERM_COLOURS, sperm_colour

LIGHT, DARK = QPalette(QColor("#eef1f4")), QPalette(QColor("#15181c"))


def difference(first: QColor, second: QColor) -> float:
    """How far apart two colours look (CIE 1976; some 2 can just be seen)."""
    rgb = np.array([[(c.redF(), c.greenF(), c.blueF()) for c in (first, second)]], dtype=np.float32)
    one, other = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0]
    return float(np.linalg.norm(one - other))


@pytest.mark.parametrize("ground", [LIGHT, DARK, None])
def test_no_sperm_has_the_colour_of_a_grade_or_of_another_sperm(ground: QPalette | None) -> None:
    colours = [sperm_colour(key, ground) for key in range(1, len(SPERM_COLOURS) + 1)]
    for colour, grade in product(colours, map(QColor, GRADE_COLOURS)):
        assert difference(colour, grade) > 28
    assert min(difference(a, b) for a, b in combinations(colours, 2)) > 20
