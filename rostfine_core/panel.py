"""A panel of a lab's own: which sperm are voted on, in what order, and how far votes agree.

Everybody votes alone, without the model's answer or a colleague's vote. Some sperm come a second
time, which shows how far a voter agrees with themselves.
"""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rostfine_core.agreement import fleiss_kappa, krippendorff_alpha
from rostfine_core.domain import Grade, Prediction

BLOCK = 10
"""Within so many sperm each voter has an order of their own; a repeat comes a block later."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A graded sperm that could be voted on; ``spread`` and ``entropy_bits`` are the model's."""

    sperm_id: str
    assessment_id: str
    patient: str
    spread: float | None
    entropy_bits: float

    @classmethod
    def of(
        cls, prediction: Prediction, *, sperm_id: str, assessment_id: str, patient: str
    ) -> "Candidate":
        """The candidate with a prediction; ``patient`` is a patient, or else a sample."""
        return cls(
            sperm_id=sperm_id,
            assessment_id=assessment_id,
            patient=patient,
            spread=prediction.spread,
            entropy_bits=prediction.grade.entropy_bits,
        )


@dataclass(frozen=True, kw_only=True)
class PanelItem:
    """A sperm to vote on at its place; a repeat has the same ``sperm_id`` as its first showing.

    ``assessment_id`` is the one whose clip is shown.
    """

    id: str
    sperm_id: str
    assessment_id: str
    place: int
    is_repeat: bool = False


@dataclass(frozen=True, kw_only=True)
class PanelVote:
    """What one voter gave one item."""

    item_id: str
    voter: str
    grade: Grade


@dataclass(frozen=True, kw_only=True)
class PanelSummary:
    """A panel: how many sperm and repeats it asks of each voter, and how many votes there are.

    ``withdrawn`` are no longer asked, since their clips were made anew; their votes do not count.
    """

    id: str
    name: str
    created_utc: str
    items: int
    votes: int
    mine: int
    withdrawn: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Ballot:
    """What a voter sees: the clip (T, S, S, 3) and nothing of model, sample or colleagues.

    ``number`` of ``total`` is how far the voter has come.
    """

    item_id: str
    number: int
    total: int
    images: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class VotedClip:
    """A clip (T, S, S, 3) with its votes from A to E; ``patient`` is a pseudonym or a sample.

    ``um_per_px`` is the scale of its images and ``path_um`` (T, 3), of s, um and um, says where the
    head was; both are None if the scale of the video is not known.
    """

    name: str
    patient: str
    images: NDArray[np.uint8]
    um_per_px: float | None
    path_um: NDArray[np.float32] | None
    votes: tuple[int, ...]
    is_simulated: bool


@dataclass(frozen=True, kw_only=True)
class VoterRecord:
    """One voter: how many of the items are voted on, and how far repeats got the same grade.

    ``same`` of ``repeats`` got the grade of the first time; ``alpha`` is Krippendorff's (ordinal)
    between both times, None if too few or all alike.
    """

    voter: str
    voted: int
    repeats: int
    same: int
    alpha: float | None


@dataclass(frozen=True, kw_only=True)
class PanelAgreement:
    """How far the voters agree, by their first votes; None where it is not defined.

    ``kappa`` is Fleiss' over the ``complete`` sperm that all of them voted on; ``alpha`` is
    Krippendorff's (ordinal) over all sperm with two votes or more.
    """

    voters: tuple[VoterRecord, ...]
    complete: int
    kappa: float | None
    alpha: float | None


def least_sure(candidates: Iterable[Candidate], *, count: int) -> tuple[Candidate, ...]:
    """The sperm to vote on next, least sure first, as many of each patient as there are.

    Sperm are ordered by the model's spread, then by how evenly the model spreads its votes;
    patients take turns, so that no one fills the panel.
    """
    by_patient: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=_sureness):
        by_patient[candidate.patient].append(candidate)
    turns = [
        (turn, _sureness(candidate), candidate)
        for queue in by_patient.values()
        for turn, candidate in enumerate(queue)
    ]
    return tuple(candidate for _, _, candidate in sorted(turns, key=lambda t: t[:2])[:count])


def _sureness(candidate: Candidate) -> tuple[float, float, str]:
    return (-(candidate.spread or 0.0), -candidate.entropy_bits, candidate.sperm_id)


def repeated_places(count: int, *, every: int) -> tuple[int, ...]:
    """Which of ``count`` sperm are shown twice: one of each ``every``, none if it is 0.

    None is of the last ones, whose repeat would follow before ``BLOCK`` others were seen; so fewer
    than ``2 * BLOCK`` sperm have no repeats.
    """
    last = (count // BLOCK - 1) * BLOCK
    return tuple(range(every // 2, last, every)) if every else ()


def voting_order(items: Iterable[PanelItem], *, voter: str) -> tuple[PanelItem, ...]:
    """All items in the order in which a voter gets them, always the same for one voter.

    The least sure come first; within blocks the order differs between voters, so that none of
    them judges a sperm by the one before it as all others do. A repeat comes in the block after
    the next, or at the end.
    """
    items = tuple(items)
    firsts = sorted((i for i in items if not i.is_repeat), key=lambda i: i.place)
    blocks: dict[int, list[PanelItem]] = defaultdict(list)
    block_of = {}
    for n, item in enumerate(firsts):
        block_of[item.sperm_id] = n // BLOCK
        blocks[n // BLOCK].append(item)
    for item in items:
        if item.is_repeat:
            blocks[block_of[item.sperm_id] + 2].append(item)
    return tuple(
        item
        for number in sorted(blocks)
        for item in sorted(blocks[number], key=lambda i: _shuffled(i, voter))
    )


def _shuffled(item: PanelItem, voter: str) -> bytes:
    return hashlib.sha256(f"{voter}\n{item.id}".encode()).digest()


def next_item(
    items: Iterable[PanelItem], *, voter: str, voted: Collection[str]
) -> PanelItem | None:
    """What a voter sees next, ``voted`` being the ids of items behind them; None at the end."""
    return next((i for i in voting_order(items, voter=voter) if i.id not in voted), None)


def votes_by_sperm(
    items: Iterable[PanelItem], votes: Iterable[PanelVote]
) -> Mapping[str, tuple[int, ...]]:
    """How many gave each sperm an A, B, C, D and E; repeats do not count twice."""
    sperm_of = {i.id: i.sperm_id for i in items if not i.is_repeat}
    counts: dict[str, Counter[Grade]] = defaultdict(Counter)
    for vote in votes:
        if vote.item_id in sperm_of:
            counts[sperm_of[vote.item_id]][vote.grade] += 1
    return {sperm: tuple(count[g] for g in Grade) for sperm, count in counts.items()}


def panel_agreement(items: Sequence[PanelItem], votes: Sequence[PanelVote]) -> PanelAgreement:
    """How far the panel agrees so far, and each voter with themselves."""
    voters = sorted({v.voter for v in votes})
    counts = np.array([*votes_by_sperm(items, votes).values()], dtype=np.int64)
    counts = counts.reshape(-1, len(Grade))
    complete = counts[counts.sum(axis=1) == len(voters)]
    has_kappa = len(voters) > 1 and len(complete) > 0
    return PanelAgreement(
        voters=tuple(_record(voter, items, votes) for voter in voters),
        complete=len(complete),
        kappa=_defined(fleiss_kappa(complete)) if has_kappa else None,
        alpha=_ordinal_alpha(counts),
    )


def _record(voter: str, items: Sequence[PanelItem], votes: Sequence[PanelVote]) -> VoterRecord:
    given = {v.item_id: v.grade for v in votes if v.voter == voter}
    first = {i.sperm_id: given[i.id] for i in items if not i.is_repeat and i.id in given}
    pairs = [
        (first[i.sperm_id], given[i.id])
        for i in items
        if i.is_repeat and i.id in given and i.sperm_id in first
    ]
    counts = np.zeros((len(pairs), len(Grade)), dtype=np.int64)
    for row, pair in zip(counts, pairs, strict=True):
        for grade in pair:
            row[grade.value - 1] += 1
    return VoterRecord(
        voter=voter,
        voted=len(given),
        repeats=len(pairs),
        same=sum(before is after for before, after in pairs),
        alpha=_ordinal_alpha(counts),
    )


def _ordinal_alpha(counts: NDArray[np.int64]) -> float | None:
    paired = counts[counts.sum(axis=1) > 1]
    return _defined(krippendorff_alpha(paired, level="ordinal")) if len(paired) else None


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
