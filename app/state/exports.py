"""Which grades a report holds, and which no report holds yet."""

from collections.abc import Set as AbstractSet

from app.state.session import Session
from rostfine_core.domain import AssessmentKey, Sperm, Verdict


def reported_keys(session: Session) -> set[AssessmentKey]:
    """The grades that a report written now would hold."""
    return {session.assessment_key(s) for s in session.sperms if session.assessment(s) is not None}


def has_unexported_grades(session: Session, exported: AbstractSet[AssessmentKey]) -> bool:
    """Whether a sperm that was not rejected has a grade that is not among ``exported``.

    A grade that is not shown now, for example while another model loads, counts too unless
    another grade of the same track was exported.
    """
    wanted = (s for s in session.sperms if s.verdict is not Verdict.REJECTED)
    return any(_is_unexported(session, sperm, exported) for sperm in wanted)


def _is_unexported(session: Session, sperm: Sperm, exported: AbstractSet[AssessmentKey]) -> bool:
    if session.assessment(sperm) is not None:
        return session.assessment_key(sperm) not in exported
    track = (sperm.target, sperm.seeds)
    made = {key for key in session.results.assessments if (key.target, key.seeds) == track}
    return bool(made) and not made & exported
