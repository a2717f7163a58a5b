"""Panels and blind reviews in a store, up to the data set that training reads."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from rostfine_core.blind_review import BlindReview
from rostfine_core.domain import (
    Clip,
    Grade,
    GradeDistribution,
    Role,
    finish,
)
from rostfine_core.errors import DatasetError, StoreError
from rostfine_core.panel import VotedClip
from rostfine_core.store import Store, people, reviewing, trail, voting
from rostfine_core.training.data.clip_file import load_clip, load_path
from rostfine_core.training.data.dataset import LabelledClip, read_dataset
from rostfine_core.training.data.voted import write_voted_clips

TO_SECOND_FORM = (
    "DROP INDEX ix_review_assessment_id",
    "ALTER TABLE review DROP COLUMN assessment_id",
    "UPDATE alembic_version SET version_num = '0002'",
)
TO_FIRST_FORM = (
    *TO_SECOND_FORM,
    "DROP INDEX ix_panel_item_assessment_id",
    "ALTER TABLE panel_item DROP COLUMN assessment_id",
    "UPDATE alembic_version SET version_num = '0001'",
)
UNSURE = GradeDistribution((0.0, 0.0, 0.1, 0.9, 0.0))
WORDS = "a quiet morning in May"
KeepCase = Callable[[Store, int], str]


@pytest.fixture
def graded(place: str, keep_case: KeepCase) -> Iterator[Store]:
    """Two samples of two graded sperm, the second of each unsure; nobody signs in yet."""
    with Store.open(place) as store:
        for n in range(2):
            keep_case(store, n)
        yield store


def add_staff(store: Store) -> None:
    for login, role in (("mori", Role.ADMINISTRATOR), ("sato", Role.OPERATOR)):
        people.add_operator(store, login=login, name=login, role=role, passphrase=WORDS)


def vote_all(
    store: Store, login: str, panel_id: str, grade: dict[int, str], *, total: int = 3
) -> list[int]:
    """Vote on everything; clips are known by their grey, which is returned as they came."""
    people.sign_in(store, login=login, passphrase=WORDS)
    seen = []
    while (ballot := voting.next_ballot(store, panel_id)) is not None:
        seen.append(int(ballot.images[0, 0, 0, 0]))
        assert (ballot.number, ballot.total) == (len(seen), total)
        voting.cast_vote(store, ballot.item_id, Grade[grade.get(seen[-1], "A")], seconds=2.5)
        with pytest.raises(StoreError, match="voted on this sperm already"):
            voting.cast_vote(store, ballot.item_id, Grade.A, seconds=1)
    return seen


@pytest.mark.requirement("R-74")
def test_a_panel_votes_blind_and_becomes_a_data_set(graded: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="add operators"):
        voting.next_ballot(graded, voting.add_panel(graded, name="Alone", count=1).id)
    add_staff(graded)
    panel = voting.add_panel(graded, name="Spring", count=9)
    seen = vote_all(graded, "sato", panel.id, {2: "B", 12: "B"})
    with pytest.raises(StoreError, match="may not do this"):
        voting.agreement_so_far(graded, panel.id)
    assert sorted(seen) == sorted(vote_all(graded, "mori", panel.id, {2: "C", 12: "C"}))
    agreement = voting.agreement_so_far(graded, panel.id)
    assert agreement.complete == 3
    assert [(v.voter, v.voted) for v in agreement.voters] == [("mori", 3), ("sato", 3)]

    clips = voting.voted_clips(graded, panel.id)
    out = tmp_path / "data"
    assert finish(write_voted_clips(clips, out=out, name="Lab")) == 3
    dataset = read_dataset(out)
    assert (dataset.headers[0].panel_size, dataset.headers[0].abstentions) == (2, False)
    votes = {int(load(c)[0, 0, 0, 0]): (c.sample, c.votes) for c in dataset.clips}
    assert votes.keys() == set(seen)
    (unsure,) = {2, 12} & votes.keys()  # the other was voted on before
    assert votes[unsure] == (f"S-{unsure // 10}", (0, 1, 1, 0, 0))
    assert votes[11] == ("S-1", (2, 0, 0, 0, 0))
    with pytest.raises(StoreError, match="already holds a data set"):
        finish(write_voted_clips(clips, out=out, name="Lab"))
    assert [(p.votes, p.mine) for p in voting.panels(graded)] == [(6, 3), (0, 0)]
    with pytest.raises(StoreError, match="no graded sperm that no panel"):
        voting.add_panel(graded, name="Rest", count=9)
    assert trail.verify(graded).fault is None


def load(clip: LabelledClip) -> NDArray[np.uint8]:
    return load_clip(clip.path, frames=2, size_px=8)


def grade_again(
    store: Store,
    *,
    x_px: float,
    grey: int,
    um_per_px: float | None = None,
    grade: GradeDistribution | None = None,
) -> tuple[str, Clip]:
    """Grade the first sperm of video 0 by a click at ``x_px``; its clip is of one grey then."""
    video = store.find_video(f"{0:064x}")
    assert video is not None
    key, made = next(a for a in store.load_case(video).assessments.items() if a[0].seeds[0].x_px)
    seed = replace(key.seeds[0], x_px=x_px)
    again = replace(
        made,
        clip=replace(made.clip, images=np.full_like(made.clip.images, grey)),
        prediction=replace(made.prediction, grade=grade or made.prediction.grade),
        provenance=replace(made.provenance, created_utc="2099-01-01T00:00:00+00:00"),
    )
    store.keep_assessments(video, {replace(key, seeds=(seed,), um_per_px=um_per_px): again})
    return key.target, again.clip


@pytest.mark.requirement("R-74")
def test_a_vote_belongs_to_the_clip_that_was_shown(graded: Store) -> None:
    add_staff(graded)
    panel = voting.add_panel(graded, name="Spring", count=9)
    greys = sorted(vote_all(graded, "sato", panel.id, {}, total=4))
    grade_again(graded, x_px=55.5, grey=99)  # other clicks: another assessment of the sperm
    assert sorted(vote_all(graded, "mori", panel.id, {}, total=4)) == greys
    clips = voting.voted_clips(graded, panel.id)
    assert sorted(int(clip.images[0, 0, 0, 0]) for clip in clips) == greys
    assert {sum(clip.votes) for clip in clips} == {2}


def test_a_clip_that_is_made_anew_leaves_the_panel_with_its_votes(graded: Store) -> None:
    add_staff(graded)
    panel = voting.add_panel(graded, name="Spring", count=9)
    vote_all(graded, "sato", panel.id, {}, total=4)
    people.sign_in(graded, login="mori", passphrase=WORDS)
    while (ballot := voting.next_ballot(graded, panel.id)) is not None:
        if int(ballot.images[0, 0, 0, 0]) == 1:
            break
        voting.cast_vote(graded, ballot.item_id, Grade.A, seconds=1)
    assert ballot is not None
    grade_again(graded, x_px=10.0, grey=1)  # the same clip: nothing is lost
    grade_again(graded, x_px=10.0, grey=99)
    with pytest.raises(StoreError, match="made anew meanwhile"):
        voting.cast_vote(graded, ballot.item_id, Grade.A, seconds=1)
    (now,) = voting.panels(graded)
    assert (now.items, now.withdrawn) == (panel.items - 1, 1)
    assert 99 not in {int(c.images[0, 0, 0, 0]) for c in voting.voted_clips(graded, panel.id)}
    assert voting.add_panel(graded, name="Again", count=9).items == 1


def test_a_panel_of_the_first_form_names_its_clips_where_they_are_known(
    graded: Store, place: str
) -> None:
    add_staff(graded)
    panel = voting.add_panel(graded, name="Spring", count=9)
    vote_all(graded, "sato", panel.id, {}, total=4)
    grade_again(graded, x_px=55.5, grey=99)
    with graded.engine.begin() as connection:
        for statement in TO_FIRST_FORM:
            connection.execute(text(statement))
    with Store.open(place) as opened:
        people.sign_in(opened, login="mori", passphrase=WORDS)
        (kept,) = voting.panels(opened)
        assert (kept.items, kept.withdrawn) == (panel.items - 1, 1)  # 99 came after the votes
        greys = {int(c.images[0, 0, 0, 0]) for c in voting.voted_clips(opened, panel.id)}
        assert len(greys) == panel.items - 1
        assert not greys & {1, 99}


def test_voted_clips_keep_where_the_sperm_was_if_the_scale_is_known(
    graded: Store, tmp_path: Path
) -> None:
    """A network that is told the motion can be trained on them."""
    add_staff(graded)
    _, shown = grade_again(graded, x_px=55.5, grey=99, um_per_px=0.36)
    panel = voting.add_panel(graded, name="Spring", count=9)
    vote_all(graded, "mori", panel.id, {}, total=4)
    out = tmp_path / "data"
    finish(write_voted_clips(voting.voted_clips(graded, panel.id), out=out, name="Lab"))
    dataset = read_dataset(out)
    (known,) = (c for c in dataset.clips if int(load(c)[0, 0, 0, 0]) == 99)
    assert known.numbers["um_per_px"] == pytest.approx(0.36 / shown.magnification)
    path = load_path(known.path, frames=len(shown.boxes))
    assert path[:, 1] == pytest.approx([0.36 * box.centre_x_px for box in shown.boxes])
    (other, *_) = (c for c in dataset.clips if c is not known)
    assert "um_per_px" not in other.numbers
    with pytest.raises(DatasetError, match="does not hold the sperm's path"):
        load_path(other.path, frames=2)


def test_a_panel_takes_the_unsure_of_every_patient_first(graded: Store) -> None:
    add_staff(graded)
    panel = voting.add_panel(graded, name="Two", count=2)
    clips = []
    people.sign_in(graded, login="mori", passphrase=WORDS)
    while (ballot := voting.next_ballot(graded, panel.id)) is not None:
        clips.append(int(ballot.images[0, 0, 0, 0]))
        voting.cast_vote(graded, ballot.item_id, Grade.D, seconds=1)
    assert sorted(clips) == [2, 12]


def test_nothing_is_written_without_votes_or_from_clips_of_two_sizes(
    graded: Store, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match="Nobody has voted"):
        finish(write_voted_clips((), out=tmp_path / "data", name="Lab"))
    one = VotedClip(
        name="a", patient="P", images=np.zeros((2, 8, 8, 3), np.uint8), votes=(1, 0, 0, 0, 0),
        is_simulated=False, path_um=None, um_per_px=None,
    )  # fmt: skip
    other = replace(one, images=np.zeros((3, 8, 8, 3), np.uint8))
    with pytest.raises(DatasetError, match="differ in size"):
        finish(write_voted_clips((one, other), out=tmp_path / "data", name="Lab"))
    assert not (tmp_path / "data").exists()


@pytest.mark.requirement("R-74")
def test_a_review_is_a_second_persons_and_shows_the_model_only_then(graded: Store) -> None:
    video = graded.case_list()[0].video_id
    with pytest.raises(StoreError, match="second person"):
        reviewing.next_review(graded, video)
    add_staff(graded)
    people.sign_in(graded, login="sato", passphrase=WORDS)
    assert [(t.sample, t.left) for t in reviewing.to_review(graded)] == [("S-1", 2), ("S-0", 2)]
    found: list[BlindReview] = []
    while (clip := reviewing.next_review(graded, video)) is not None:
        assert clip.left == 2 - len(found)
        found.append(reviewing.cast_review(graded, clip, Grade.A))
        with pytest.raises(StoreError, match="reviewed this sperm already"):
            reviewing.cast_review(graded, clip, Grade.B)
    assert [round(r.expected_grade, 3) for r in found] == [1.1, 3.9]
    assert [t.left for t in reviewing.to_review(graded)] == [2]
    last = reviewing.review_trend(graded)[-1]
    assert (last.count, last.within_one) == (2, 0.5)
    assert last.distance == pytest.approx(1.5)


def review_first(store: Store, grade: Grade) -> BlindReview:
    """Review the first sperm of video 0, whose clip is grey 1 and graded 1.1 by the model."""
    video = store.find_video(f"{0:064x}")
    assert video is not None
    clip = reviewing.next_review(store, video)
    assert clip is not None
    assert int(clip.images[0, 0, 0, 0]) == 1
    return reviewing.cast_review(store, clip, grade)


@pytest.mark.requirement("R-74")
def test_a_review_belongs_to_the_clip_that_was_shown(graded: Store) -> None:
    add_staff(graded)
    people.sign_in(graded, login="sato", passphrase=WORDS)
    assert review_first(graded, Grade.A).expected_grade == pytest.approx(1.1)
    people.sign_in(graded, login="mori", passphrase=WORDS)
    grade_again(graded, x_px=55.5, grey=99, grade=UNSURE)  # the newest assessment since
    people.sign_in(graded, login="sato", passphrase=WORDS)
    (point,) = reviewing.review_trend(graded)
    assert point.distance == pytest.approx(0.1)


def test_a_review_of_a_clip_that_is_made_anew_does_not_count(graded: Store) -> None:
    add_staff(graded)
    people.sign_in(graded, login="sato", passphrase=WORDS)
    review_first(graded, Grade.A)
    people.sign_in(graded, login="mori", passphrase=WORDS)
    grade_again(graded, x_px=10.0, grey=1)  # the same clip: nothing is lost
    assert len(reviewing.review_trend(graded)) == 1
    grade_again(graded, x_px=10.0, grey=99)
    assert reviewing.review_trend(graded) == ()


def test_a_review_is_refused_if_its_clip_was_made_anew_meanwhile(graded: Store) -> None:
    add_staff(graded)
    people.sign_in(graded, login="sato", passphrase=WORDS)
    video = graded.find_video(f"{0:064x}")
    assert video is not None
    clip = reviewing.next_review(graded, video)
    assert clip is not None
    people.sign_in(graded, login="mori", passphrase=WORDS)
    grade_again(graded, x_px=10.0, grey=99)
    people.sign_in(graded, login="sato", passphrase=WORDS)
    with pytest.raises(StoreError, match="made anew meanwhile"):
        reviewing.cast_review(graded, clip, Grade.A)
    now = reviewing.next_review(graded, video)
    assert now is not None
    assert int(now.images[0, 0, 0, 0]) == 99
    reviewing.cast_review(graded, now, Grade.A)


def test_reviews_of_the_second_form_name_their_clips_where_they_are_known(
    graded: Store, place: str
) -> None:
    add_staff(graded)
    people.sign_in(graded, login="sato", passphrase=WORDS)
    for case in graded.case_list():
        clip = reviewing.next_review(graded, case.video_id)
        assert clip is not None
        reviewing.cast_review(graded, clip, Grade.A)
    people.sign_in(graded, login="mori", passphrase=WORDS)
    grade_again(graded, x_px=55.5, grey=99)  # after its review: nobody knows what was shown
    with graded.engine.begin() as connection:
        for statement in TO_SECOND_FORM:
            connection.execute(text(statement))
    with Store.open(place) as opened:
        people.sign_in(opened, login="mori", passphrase=WORDS)
        (point,) = reviewing.review_trend(opened)
        assert point.distance == pytest.approx(0.1)


def test_who_graded_a_video_does_not_review_it(graded: Store, keep_case: KeepCase) -> None:
    add_staff(graded)
    video = keep_case(graded, 7)
    with pytest.raises(StoreError, match="graded this video yourself"):
        reviewing.next_review(graded, video)
    assert video not in {t.video_id for t in reviewing.to_review(graded)}
    people.sign_in(graded, login="sato", passphrase=WORDS)
    clip = reviewing.next_review(graded, video)
    assert clip is not None
    assert int(clip.images[0, 0, 0, 0]) == 71
