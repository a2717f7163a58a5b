"""Edits make a new draft and leave the old one as it was."""

from hypothesis import given
from hypothesis import strategies as st

from app.state import drafts
from rostfine_core.domain import Draft, Verdict

NAMES = st.text(min_size=0, max_size=6)


def some(count: int) -> Draft:
    draft = Draft()
    for key in range(1, count + 1):
        draft = drafts.added(draft, key=key, frame=0, x_px=float(key), y_px=2.0)
    return draft


def test_new_sperm_get_the_number_after_the_highest() -> None:
    renamed = drafts.renamed(some(3), 2, "7")
    assert renamed is not None
    assert drafts.free_name(renamed, key=4) == "8"
    assert drafts.free_name(some(0), key=1) == "1"


@given(st.sets(st.integers(1, 4)))
def test_the_number_of_a_removed_sperm_is_not_given_again(gone: set[int]) -> None:
    draft = some(4)
    for key in gone:
        draft = drafts.removed(draft, key)  # a report may hold it
    assert drafts.free_name(draft, key=5) == "5"


def test_a_name_is_never_empty_or_used_twice_whatever_its_case() -> None:
    draft = drafts.renamed(some(2), 1, " B7 ")
    assert draft is not None
    assert [s.name for s in draft.sperms] == ["B7", "2"]
    assert [seed.target for s in draft.sperms for seed in s.seeds] == ["1", "2"]
    assert drafts.renamed(draft, 2, "b7") is None
    assert drafts.renamed(draft, 2, "  ") is None


@given(st.lists(st.tuples(st.integers(1, 4), NAMES), max_size=12))
def test_names_stay_distinct_under_any_renaming(renamings: list[tuple[int, str]]) -> None:
    draft = some(4)
    for key, name in renamings:
        draft = drafts.renamed(draft, key, name) or draft
    folded = [s.name.casefold() for s in draft.sperms]
    assert len(set(folded)) == 4
    assert [s.seeds for s in draft.sperms] == [s.seeds for s in some(4).sperms]


@given(st.integers(1, 4), st.integers(-9, 9))
def test_moving_keeps_every_sperm_and_clamps_the_place(key: int, to: int) -> None:
    moved = drafts.moved(some(4), key, to=to)
    assert sorted(s.key for s in moved.sperms) == [1, 2, 3, 4]
    assert [s.key for s in moved.sperms].index(key) == min(max(to, 0), 3)


def test_a_correction_replaces_the_click_of_its_frame_and_reopens_the_verdict() -> None:
    draft = drafts.judged(some(1), 1, Verdict.ACCEPTED)
    draft = drafts.corrected(draft, 1, frame=5, x_px=9.0, y_px=9.0)
    draft = drafts.corrected(draft, 1, frame=5, x_px=8.0, y_px=7.0)
    assert draft.sperms[0].places == ((0, 1.0, 2.0), (5, 8.0, 7.0))
    assert draft.sperms[0].verdict is Verdict.OPEN
