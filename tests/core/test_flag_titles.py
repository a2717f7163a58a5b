"""Every flag has a short title."""

from typing import get_args

from rostfine_core.flag_titles import FLAG_TITLES, FlagCode


def test_every_code_has_a_title() -> None:
    assert set(FLAG_TITLES) == set(get_args(FlagCode))
    assert all(FLAG_TITLES.values())
