"""Agreement against published worked examples."""

import numpy as np
import pytest

from rostfine_core.agreement import fleiss_kappa, krippendorff_alpha

# The worked example of Fleiss' kappa: 10 subjects, 14 raters, 5 categories, kappa = 0.210.
FLEISS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)

# Krippendorff's worked example (Computing Krippendorff's Alpha-Reliability, section C): four
# observers, twelve units, values 1 to 5, as counts a unit; alpha 0.743 nominal, 0.815 ordinal.
KRIPPENDORFF = np.array(
    [
        [3, 0, 0, 0, 0],
        [0, 3, 1, 0, 0],
        [0, 0, 4, 0, 0],
        [0, 0, 4, 0, 0],
        [0, 4, 0, 0, 0],
        [1, 1, 1, 1, 0],
        [0, 0, 0, 4, 0],
        [3, 1, 0, 0, 0],
        [0, 4, 0, 0, 0],
        [0, 0, 0, 0, 3],
        [2, 0, 0, 0, 0],
        [0, 0, 1, 0, 0],
    ]
)


def test_fleiss_worked_example() -> None:
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)


def test_krippendorffs_worked_example() -> None:
    assert krippendorff_alpha(KRIPPENDORFF, level="nominal") == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(KRIPPENDORFF, level="ordinal") == pytest.approx(0.815, abs=5e-4)


def test_full_agreement_and_unequal_panels() -> None:
    agreed = np.array([[10, 0, 0, 0, 0], [0, 0, 10, 0, 0]])
    assert fleiss_kappa(agreed) == pytest.approx(1)
    assert krippendorff_alpha(agreed, level="ordinal") == pytest.approx(1)
    with pytest.raises(ValueError, match="same number of votes"):
        fleiss_kappa(np.array([[3, 0, 0, 0, 0], [0, 2, 0, 0, 0]]))
