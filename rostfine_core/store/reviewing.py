"""Blind review in the store: a second person grades a sperm's clip before the model's answer."""

import numpy as np
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from rostfine_core.blind_review import (
    BlindClip,
    BlindReview,
    ReviewTask,
    TrendPoint,
    agreement_over_time,
)
from rostfine_core.domain import Action, Grade, Operator
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store.audit import AuditEvent
from rostfine_core.store.coding import unpacked_images
from rostfine_core.store.rows import as_json, row_of
from rostfine_core.store.schema import (
    AssessmentRow,
    AuditRow,
    OperatorRow,
    ReviewRow,
    SampleRow,
    SpermRow,
    VideoRow,
    new_id,
)
from rostfine_core.store.store import Store
from rostfine_core.store.voting import newest_assessment


def to_review(store: Store) -> tuple[ReviewTask, ...]:
    """The videos that who is signed in may review, the newest first.

    Raises:
        StoreError: nobody is signed in, or they may not review.
    """
    with store.reading(Action.REVIEW) as session:
        reviewer = _signed_in(store)
        mine = select(ReviewRow.sperm_id).where(ReviewRow.operator_id == reviewer.id)
        left = func.count()
        rows = session.execute(
            select(VideoRow.id, SampleRow.label, VideoRow.name, left)
            .select_from(SpermRow)
            .join(VideoRow, VideoRow.id == SpermRow.video_id)
            .join(SampleRow, SampleRow.id == VideoRow.sample_id)
            .where(
                SpermRow.place.is_not(None),
                SpermRow.id.in_(select(AssessmentRow.sperm_id)),
                SpermRow.id.not_in(mine),
                VideoRow.id.not_in(_graded_by(reviewer)),
            )
            .group_by(VideoRow.id, SampleRow.label, VideoRow.name, VideoRow.created_utc)
            .order_by(VideoRow.created_utc.desc(), VideoRow.id)
        )
        return tuple(
            ReviewTask(video_id=id, sample=label, name=name, left=count)
            for id, label, name, count in rows
        )


def next_review(store: Store, video_id: str) -> BlindClip | None:
    """The next graded sperm of a video that who is signed in has not reviewed; None at the end.

    Raises:
        StoreError: nobody is signed in, they may not review, or graded this video themselves.
    """
    with store.reading(Action.REVIEW) as session:
        reviewer = _reviewer(store, session, video_id)
        mine = select(ReviewRow.sperm_id).where(ReviewRow.operator_id == reviewer.id)
        left = session.scalars(
            select(SpermRow)
            .where(
                SpermRow.video_id == video_id,
                SpermRow.place.is_not(None),
                SpermRow.id.in_(select(AssessmentRow.sperm_id)),
                SpermRow.id.not_in(mine),
            )
            .order_by(SpermRow.place)
        ).all()
        if not left:
            return None
        sperm, shown = left[0], newest_assessment(session, left[0].id)
        return BlindClip(
            sperm_id=sperm.id,
            assessment_id=shown.id,
            name=sperm.name,
            left=len(left),
            images=unpacked_images(shown.images),
        )


def cast_review(store: Store, clip: BlindClip, grade: Grade) -> BlindReview:
    """Keep a grade that was given blind, and show what the model expects of the same clip.

    Raises:
        StoreError: they reviewed the sperm before, its clip was made anew, nobody is signed in,
            they may not review, or graded this video themselves.
    """
    with store.writing(Action.REVIEW) as session:
        sperm = row_of(session, SpermRow, clip.sperm_id)
        reviewer = _reviewer(store, session, sperm.video_id)
        before = select(ReviewRow.id).filter_by(sperm_id=sperm.id, operator_id=reviewer.id)
        if session.scalars(before).first() is not None:
            raise StoreError(
                Message("You reviewed this sperm already, and saw the model's grade since.")
            )
        shown, utc = _shown(session, clip), store.utc
        session.add(
            ReviewRow(
                id=new_id(),
                sperm_id=sperm.id,
                assessment_id=shown.id,
                operator_id=reviewer.id,
                grade=grade.name,
                created_utc=utc,
            )
        )
        event = AuditEvent(
            action=Action.REVIEW.value,
            subject_kind="sperm",
            subject_id=sperm.id,
            after=as_json({"grade": grade.name}),
        )
        store.enter(session, event)
        return BlindReview(
            sperm_id=sperm.id,
            reviewer=reviewer.login,
            utc=utc,
            grade=grade,
            expected_grade=shown.expected_grade,
        )


def review_trend(store: Store) -> tuple[TrendPoint, ...]:
    """How blind reviews and the model agree over time, without naming a sperm.

    Reviews whose clips were made anew are left out.
    """
    with store.reading(Action.REVIEW) as session:
        return agreement_over_time(_read(session, _reviews()))


def _signed_in(store: Store) -> Operator:
    if store.operator is None:
        raise StoreError(
            Message("A review is a second person's: add operators to the store, who sign in.")
        )
    return store.operator


def _graded_by(operator: Operator) -> Select[str]:
    """The videos that somebody graded."""
    return select(AuditRow.subject_id).where(
        AuditRow.subject_kind == "video",
        AuditRow.action == Action.KEEP_RESULTS.value,
        AuditRow.operator == operator.login,
    )


def _reviewer(store: Store, session: Session, video_id: str) -> Operator:
    """Who reviews: somebody who is signed in and did not grade the video."""
    reviewer = _signed_in(store)
    row_of(session, VideoRow, video_id)
    mine = _graded_by(reviewer).where(AuditRow.subject_id == video_id)
    if session.scalars(mine).first() is not None:
        raise StoreError(
            Message("You graded this video yourself: a blind review is a second person's.")
        )
    return reviewer


def _shown(session: Session, clip: BlindClip) -> AssessmentRow:
    """The assessment whose clip a reviewer saw.

    Raises:
        StoreError: its clip is another by now.
    """
    shown = row_of(session, AssessmentRow, clip.assessment_id)
    if not np.array_equal(unpacked_images(shown.images), clip.images):
        raise StoreError(
            Message(
                "The clip of this sperm was made anew meanwhile: go back to the list and review it "
                "again."
            )
        )
    return shown


def _reviews() -> Select[ReviewRow, str, float]:
    """Every review with the expected grade of the assessment whose clip was shown."""
    return (
        select(ReviewRow, OperatorRow.login, AssessmentRow.expected_grade)
        .join(OperatorRow, OperatorRow.id == ReviewRow.operator_id)
        .join(AssessmentRow, AssessmentRow.id == ReviewRow.assessment_id)
        .order_by(ReviewRow.created_utc, ReviewRow.id)
    )


def _read(session: Session, query: Select[ReviewRow, str, float]) -> tuple[BlindReview, ...]:
    return tuple(
        BlindReview(
            sperm_id=row.sperm_id,
            reviewer=login,
            utc=row.created_utc,
            grade=Grade[row.grade],
            expected_grade=expected,
        )
        for row, login, expected in session.execute(query)
    )
