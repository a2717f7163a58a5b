"""Assessments as they are shown: with the sample's present name and the sperm followed now.

What was graded never changes; the sample's name, the verdict and whether two clicks are the same
sperm may change later. A sperm's own name is not part of its assessment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rostfine_core.domain import Assessment, SampleInfo, Track, Verdict
from rostfine_core.quality.same_head import SAME_HEAD, find_same_heads, places_of, same_head_flag


@dataclass(frozen=True)
class _Made:
    graded: Assessment
    same_as: str | None
    shown: Assessment


class Presenter:
    """Makes them and caches the latest: views ask many times a second."""

    def __init__(self) -> None:
        self._followed: tuple[Track, ...] = ()
        self._same_as: dict[str, str] = {}
        self._made: dict[str, _Made] = {}

    def follow(self, tracks: Sequence[Track]) -> None:
        """Set the tracks of the sperm that are there now."""
        is_known = len(tracks) == len(self._followed) and all(
            track is before for track, before in zip(tracks, self._followed, strict=True)
        )
        if not is_known:
            self._followed = tuple(tracks)
            self._same_as = find_same_heads({t.target: places_of(t) for t in tracks})

    def same_as(self, target: str) -> str | None:
        """The target of another click on the same sperm as ``target``."""
        return self._same_as.get(target)

    def assessment(
        self, graded: Assessment, *, sample: SampleInfo, verdict: Verdict, same_as: str | None
    ) -> Assessment:
        """What was graded, as it stands now; ``same_as`` names another row of this sperm."""
        made = self._made.get(graded.target)
        is_made = (
            made is not None
            and made.graded is graded
            and made.same_as == same_as
            and (made.shown.sample, made.shown.verdict) == (sample, verdict)
        )
        if made is None or not is_made:
            made = _Made(graded, same_as, _presented(graded, sample, verdict, same_as))
            self._made[graded.target] = made
        return made.shown


def _presented(
    graded: Assessment, sample: SampleInfo, verdict: Verdict, same_as: str | None
) -> Assessment:
    """The graded record itself if nothing has changed since."""
    flags = tuple(flag for flag in graded.flags if flag.code != SAME_HEAD)
    if same_as is not None:
        flags = (*flags, same_head_flag(same_as))
    if (graded.sample, graded.verdict, graded.flags) == (sample, verdict, flags):
        return graded
    return replace(graded, sample=sample, flags=flags, verdict=verdict)
