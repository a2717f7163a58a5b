"""What is copied holds every number that was computed, its warnings and its notices."""

from collections.abc import Callable
from dataclasses import replace

from app.presentation.clipboard import numbers_text
from rostfine_core.domain import DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, Assessment


def test_the_numbers_come_with_warnings_and_notices(
    make_assessment: Callable[..., Assessment],
) -> None:
    made = make_assessment()
    kinematics = replace(made.kinematics, vcl=41.239, alh_mean=None)
    lines = numbers_text("left one", replace(made, kinematics=kinematics)).splitlines()
    rows = dict(line.split("\t") for line in lines if "\t" in line)
    assert rows[""] == "left one"
    shares = [float(v.rstrip("%")) for k, v in rows.items() if k[1:2] == " "]
    assert shares == [10.0, 40.0, 30.0, 15.0, 5.0]
    assert (rows["Expected grade"], rows["Votes A or B"]) == ("2.65", "50.0%")
    assert rows["VCL"] == "41.24 px/s"
    assert "ALH" not in rows
    assert {"Out of focus.", DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION} <= set(lines)
    assert "No um/px." not in lines
    assert rows["View spread"] == "graded once: no view spread"
    assert rows["Ranges"] == "the model gives no ranges"
