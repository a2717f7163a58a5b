"""Old spellings of options are still read."""

from rostfine_core import cli
from rostfine_core.cli.arguments import RENAMED_OPTIONS, join_negative_values, rename_old_options


def test_former_options_are_read_as_the_present_ones() -> None:
    former = ["evaluate", "m", "d", "--flips", "--clip", "c1", "--clip=a=b", "--out", "x"]
    present = ["evaluate", "m", "d", "--tta", "--show-clip", "c1", "--show-clip=a=b", "--out", "x"]
    assert {word for word in former if word in RENAMED_OPTIONS["evaluate"]} == {"--flips", "--clip"}
    assert rename_old_options(former) == present
    parsed = cli.make_parser().parse_args(rename_old_options(former))
    assert (parsed.tta, parsed.show_clip) == (True, ["c1", "a=b"])


def test_a_click_left_of_the_picture_is_a_place_and_no_option() -> None:
    words = join_negative_values(["assess", "v", "--click", "-5,3", "--click", "-.5,-1", "--out"])
    assert words == ["assess", "v", "--click=-5,3", "--click=-.5,-1", "--out"]
    parsed = cli.make_parser().parse_args([*words, "x"])
    assert parsed.click == [(-5.0, 3.0), (-0.5, -1.0)]
    assert join_negative_values(["assess", "--click", "--out"]) == ["assess", "--click", "--out"]


def test_other_verbs_keep_their_words() -> None:
    assert rename_old_options(["track", "--clip", "--flips"]) == ["track", "--clip", "--flips"]
    assert rename_old_options([]) == []
