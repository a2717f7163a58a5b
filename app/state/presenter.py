"""Assessments as they are shown: with the sample's present name and the sperm followed now.

What was graded never changes; the sample's name, what the user decided and noted, and whether two
clicks are the same sperm may change later. A sperm's own name is not part of its assessment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rostfine_core.domain import Assessment, SampleInfo, Sperm, Track
from rostfine_core.quality.decided import as_decided, entered
from rostfine_core.quality.same_head import Pair, find_same_heads, places_of


@dataclass(frozen=True)
class _Made:
    graded: Assessment
    same: Pair | None
    shown: Assessment


class Presenter:
    """Makes them and caches the latest: views ask many times a second."""

    def __init__(self) -> None:
        self._followed: tuple[Track, ...] = ()
        self._same: dict[str, Pair] = {}
        self._made: dict[str, _Made] = {}

    def follow(self, tracks: Sequence[Track]) -> None:
        """Set the tracks of the sperm that are there now."""
        is_known = len(tracks) == len(self._followed) and all(
            track is before for track, before in zip(tracks, self._followed, strict=True)
        )
        if not is_known:
            self._followed = tuple(tracks)
            self._same = find_same_heads({t.target: places_of(t) for t in tracks})

    def same(self, target: str) -> Pair | None:
        """The targets of two clicks on one sperm, ``target`` being one of them."""
        return self._same.get(target)

    def assessment(
        self, graded: Assessment, *, sample: SampleInfo, sperm: Sperm, same: Pair | None
    ) -> Assessment:
        """What was graded, as it stands now; ``same`` names two rows of this sperm."""
        made = self._made.get(graded.target)
        is_made = (
            made is not None
            and made.graded is graded
            and made.same == same
            and entered(made.shown) == (sample, sperm.verdict, sperm.selection, sperm.note)
        )
        if made is None or not is_made:
            made = _Made(graded, same, as_decided(graded, sample=sample, sperm=sperm, same=same))
            self._made[graded.target] = made
        return made.shown
