"""Every flag has a short title, and what it checks is named to readers."""

from typing import get_args

import pytest

from rostfine_core.flag_titles import FLAG_TITLES, FLAGS, NOTE, FlagCode


@pytest.mark.requirement("R-37")
def test_every_code_has_a_title_and_a_check() -> None:
    assert set(FLAGS) == set(get_args(FlagCode))
    assert all(FLAG_TITLES.values())
    assert {code for code, (_, check) in FLAGS.items() if check is NOTE} == {
        "placed_by_hand",
        "video",
        "device",
    }
