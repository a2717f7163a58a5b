"""Panels in the store: what is voted on, the votes, and the labelled clips that come of them."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from rostfine_core.domain import Action, Clip, Grade, Operator, Prediction
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.panel import (
    Ballot,
    Candidate,
    PanelAgreement,
    PanelItem,
    PanelSummary,
    PanelVote,
    VotedClip,
    least_sure,
    next_item,
    panel_agreement,
    repeated_places,
    votes_by_sperm,
)
from rostfine_core.store.audit import AuditEvent
from rostfine_core.store.coding import coder, unpacked, unpacked_images
from rostfine_core.store.results import clip_of, info_of
from rostfine_core.store.rows import as_json, row_of
from rostfine_core.store.schema import (
    AssessmentRow,
    OperatorRow,
    PanelItemRow,
    PanelRow,
    PatientRow,
    SampleRow,
    SpermRow,
    VideoRow,
    VoteRow,
    new_id,
)
from rostfine_core.store.store import Store

REPEAT_EVERY = 6
"""One sperm of so many comes a second time."""
GRADES = "".join(g.name for g in Grade)
_IS_SHOWN = PanelItemRow.assessment_id.is_not(None)
"""An item whose clip was not made anew."""


def add_panel(
    store: Store, *, name: str, count: int, repeat_every: int = REPEAT_EVERY
) -> PanelSummary:
    """Begin a panel on the graded sperm that the model is least sure of, balanced over patients.

    Sperm of earlier panels are left out.

    Raises:
        StoreError: no name, no graded sperm left to vote on, or no right to it.
    """
    if not name.strip():
        raise StoreError(Message("A panel needs a name: enter one."))
    with store.writing(Action.MANAGE_PANELS) as session:
        chosen = least_sure(_candidates(session), count=count)
        if not chosen:
            raise StoreError(
                Message("There is no graded sperm that no panel has voted on: grade some first.")
            )
        panel = PanelRow(id=new_id(), name=name.strip(), grades=GRADES, created_utc=store.utc)
        session.add(panel)
        session.flush()
        again = [chosen[n] for n in repeated_places(len(chosen), every=repeat_every)]
        for place, candidate in enumerate((*chosen, *again)):
            session.add(
                PanelItemRow(
                    id=new_id(),
                    panel_id=panel.id,
                    sperm_id=candidate.sperm_id,
                    assessment_id=candidate.assessment_id,
                    place=place,
                    is_repeat=place >= len(chosen),
                )
            )
        after = as_json({"name": panel.name, "sperm": len(chosen), "repeats": len(again)})
        _enter(store, session, Action.MANAGE_PANELS, "panel", panel.id, after=after)
        session.flush()
        return _summary(session, panel, voter=store.operator)


def panels(store: Store) -> tuple[PanelSummary, ...]:
    """All panels, the newest first."""
    with store.reading(Action.VOTE) as session:
        rows = session.scalars(select(PanelRow).order_by(PanelRow.created_utc.desc()))
        return tuple(_summary(session, row, voter=store.operator) for row in rows)


def next_ballot(store: Store, panel_id: str) -> Ballot | None:
    """What who is signed in votes on next; None when they are through.

    Raises:
        StoreError: nobody is signed in, or they have no right to vote.
    """
    with store.reading(Action.VOTE) as session:
        voter = _voter(store)
        items = _items(session, panel_id)
        mine = {v.item_id for v in _votes(session, panel_id) if v.voter == voter.id}
        item = next_item(items, voter=voter.id, voted=mine)
        if item is None:
            return None
        return Ballot(
            item_id=item.id,
            number=len(mine) + 1,
            total=len(items),
            images=_clip(session, item),
        )


def cast_vote(store: Store, item_id: str, grade: Grade, *, seconds: float) -> None:
    """Keep a vote; it cannot be taken back.

    Raises:
        StoreError: they voted on it before, its clip was made anew, nobody is signed in, or they
            may not vote.
    """
    with store.writing(Action.VOTE) as session:
        voter = _voter(store)
        if row_of(session, PanelItemRow, item_id).assessment_id is None:
            raise StoreError(
                Message(
                    "The clip of this sperm was made anew meanwhile, so it left the panel: go back "
                    "to the list and vote on the next."
                )
            )
        before = select(VoteRow.id).filter_by(panel_item_id=item_id, operator_id=voter.id)
        if session.scalars(before).first() is not None:
            raise StoreError(Message("You voted on this sperm already: go on with the next."))
        session.add(
            VoteRow(
                id=new_id(),
                panel_item_id=item_id,
                operator_id=voter.id,
                grade=grade.name,
                seconds=seconds,
                created_utc=store.utc,
            )
        )
        after = as_json({"grade": grade.name, "seconds": round(seconds, 1)})
        _enter(store, session, Action.VOTE, "panel_item", item_id, after=after)


def agreement_so_far(store: Store, panel_id: str) -> PanelAgreement:
    """How far a panel agrees; voters are called by their logins.

    Raises:
        StoreError: this needs somebody who manages panels, since voters must not know.
    """
    with store.reading(Action.MANAGE_PANELS) as session:
        rows = session.execute(select(OperatorRow.id, OperatorRow.login))
        logins = {row.id: row.login for row in rows}
        votes = [
            PanelVote(item_id=v.item_id, voter=logins[v.voter], grade=v.grade)
            for v in _votes(session, panel_id)
        ]
        return panel_agreement(_items(session, panel_id), votes)


def voted_clips(store: Store, panel_id: str) -> tuple[VotedClip, ...]:
    """The clips of a panel with their votes; those without votes or made anew are left out.

    Raises:
        StoreError: this needs somebody who manages panels.
    """
    with store.reading(Action.MANAGE_PANELS) as session:
        items = _items(session, panel_id)
        counts = votes_by_sperm(items, _votes(session, panel_id))
        return tuple(
            _voted(session, item, counts[item.sperm_id])
            for item in items
            if not item.is_repeat and item.sperm_id in counts
        )


def _clip(session: Session, item: PanelItem) -> NDArray[np.uint8]:
    """The images (T, S, S, 3) that an item shows to every voter."""
    shown = select(AssessmentRow.images).where(AssessmentRow.id == item.assessment_id)
    return unpacked_images(session.scalars(shown).one())


def _shown(session: Session, item: PanelItem) -> tuple[Clip, float | None]:
    """The same as a clip with its boxes, and the scale of its images if it is known."""
    found = select(AssessmentRow).where(AssessmentRow.id == item.assessment_id)
    row = session.scalars(
        found.options(undefer(AssessmentRow.record), undefer(AssessmentRow.images))
    ).one()
    clip = clip_of(row)
    return clip, None if row.um_per_px is None else row.um_per_px / clip.magnification


def _voted(session: Session, item: PanelItem, votes: tuple[int, ...]) -> VotedClip:
    video, pseudonym, label = session.execute(
        select(VideoRow, PatientRow.pseudonym, SampleRow.label)
        .select_from(SpermRow)
        .join(VideoRow, VideoRow.id == SpermRow.video_id)
        .join(SampleRow, SampleRow.id == VideoRow.sample_id)
        .outerjoin(PatientRow, PatientRow.id == SampleRow.patient_id)
        .where(SpermRow.id == item.sperm_id)
    ).one()
    shown, um_per_px = _shown(session, item)
    return VotedClip(
        name=item.sperm_id,
        patient=pseudonym or label or video.sample_id,
        images=shown.images,
        um_per_px=um_per_px,
        path_um=None if um_per_px is None else shown.path_um(um_per_px),
        votes=votes,
        is_simulated=info_of(video).is_simulated,
    )


def _candidates(session: Session) -> list[Candidate]:
    """Each graded sperm that is in no panel, by its newest assessment."""
    rows = session.execute(
        select(SpermRow.id, AssessmentRow, PatientRow.pseudonym, SampleRow.label, SampleRow.id)
        .join(AssessmentRow, AssessmentRow.sperm_id == SpermRow.id)
        .join(VideoRow, VideoRow.id == SpermRow.video_id)
        .join(SampleRow, SampleRow.id == VideoRow.sample_id)
        .outerjoin(PatientRow, PatientRow.id == SampleRow.patient_id)
        .where(
            SpermRow.place.is_not(None),
            SpermRow.id.not_in(select(PanelItemRow.sperm_id).where(_IS_SHOWN)),
        )
        .order_by(AssessmentRow.created_utc, AssessmentRow.id.desc())
        .options(undefer(AssessmentRow.record))
        .execution_options(yield_per=100)
    )
    newest = {}
    for sperm_id, assessment, pseudonym, label, sample_id in rows:
        row = unpacked(assessment.record)["assessment"]["prediction"]
        prediction = coder().structure(row, Prediction)
        patient = pseudonym or label or sample_id
        newest[sperm_id] = Candidate.of(
            prediction, sperm_id=sperm_id, assessment_id=assessment.id, patient=patient
        )
    return list(newest.values())


def newest_assessment(session: Session, sperm_id: str) -> AssessmentRow:
    """A sperm's newest assessment with its images.

    Raises:
        StoreError: there is none any more.
    """
    found = session.scalars(
        select(AssessmentRow)
        .filter_by(sperm_id=sperm_id)
        .order_by(AssessmentRow.created_utc.desc(), AssessmentRow.id)
        .limit(1)
        .options(undefer(AssessmentRow.images))
    ).first()
    if found is None:
        raise StoreError(Message("The grade of this sperm is gone: grade it again."))
    return found


def _items(session: Session, panel_id: str) -> tuple[PanelItem, ...]:
    """What a panel still asks, without what was withdrawn from it."""
    row_of(session, PanelRow, panel_id)
    rows = session.scalars(
        select(PanelItemRow)
        .where(PanelItemRow.panel_id == panel_id, _IS_SHOWN)
        .order_by(PanelItemRow.place)
    )
    return tuple(
        PanelItem(
            id=row.id,
            sperm_id=row.sperm_id,
            assessment_id=row.assessment_id,
            place=row.place,
            is_repeat=row.is_repeat,
        )
        for row in rows
        if row.assessment_id is not None
    )


def _votes(session: Session, panel_id: str) -> tuple[PanelVote, ...]:
    rows = session.scalars(
        select(VoteRow)
        .join(PanelItemRow, PanelItemRow.id == VoteRow.panel_item_id)
        .where(PanelItemRow.panel_id == panel_id, _IS_SHOWN)
        .order_by(VoteRow.created_utc, VoteRow.id)
    )
    return tuple(
        PanelVote(item_id=r.panel_item_id, voter=r.operator_id, grade=Grade[r.grade]) for r in rows
    )


def _voter(store: Store) -> Operator:
    if store.operator is None:
        raise StoreError(
            Message("A panel is several people: add operators to the store, who sign in to vote.")
        )
    return store.operator


def _summary(session: Session, row: PanelRow, *, voter: Operator | None) -> PanelSummary:
    of_panel = PanelItemRow.panel_id == row.id
    items = select(func.count()).select_from(PanelItemRow).where(of_panel, _IS_SHOWN)
    withdrawn = select(func.count()).select_from(PanelItemRow).where(of_panel, ~_IS_SHOWN)
    votes = (
        select(func.count())
        .select_from(VoteRow)
        .join(PanelItemRow, PanelItemRow.id == VoteRow.panel_item_id)
        .where(of_panel, _IS_SHOWN)
    )
    mine = votes.where(VoteRow.operator_id == (voter.id if voter else ""))
    return PanelSummary(
        id=row.id,
        name=row.name,
        created_utc=row.created_utc,
        items=session.scalar(items) or 0,
        withdrawn=session.scalar(withdrawn) or 0,
        votes=session.scalar(votes) or 0,
        mine=session.scalar(mine) or 0,
    )


def _enter(
    store: Store, session: Session, action: Action, kind: str, subject: str, *, after: str
) -> None:
    event = AuditEvent(action=action.value, subject_kind=kind, subject_id=subject, after=after)
    store.enter(session, event)
