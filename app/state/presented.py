"""Assessments as they stand now: under present names, beside the sperm that are followed now.

What was graded stays as it was made; a name, a sample's name and whether another sperm is the same
one may be different later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rostfine_core.domain import Assessment, QualityFlag, SampleInfo, Track, Verdict
from rostfine_core.quality.same_head import SAME_HEAD, same_head_flags


@dataclass(frozen=True)
class _Made:
    graded: Assessment
    twin: QualityFlag | None
    shown: Assessment


class Presented:
    """Makes them, and keeps those that were asked for last: views ask many times a second."""

    def __init__(self) -> None:
        self._followed: tuple[tuple[str, Track], ...] = ()
        self._twins: dict[str, QualityFlag] = {}
        self._made: dict[int, _Made] = {}

    def follow(self, followed: Sequence[tuple[str, Track]]) -> None:
        """Say which sperm there are, by name, and where they swim."""
        is_known = len(followed) == len(self._followed) and all(
            name == before and track is track_before
            for (name, track), (before, track_before) in zip(followed, self._followed, strict=True)
        )
        if not is_known:
            self._followed = tuple(followed)
            self._twins = same_head_flags([replace(t, target=name) for name, t in followed])

    def assessment(
        self, graded: Assessment, *, key: int, name: str, sample: SampleInfo, verdict: Verdict
    ) -> Assessment:
        """What was graded of the sperm of a key, as it stands now."""
        twin = self._twins.get(name)
        made = self._made.get(key)
        is_made = (
            made is not None
            and made.graded is graded
            and made.twin == twin
            and (made.shown.target, made.shown.sample, made.shown.verdict)
            == (name, sample, verdict)
        )
        if made is None or not is_made:
            made = _Made(graded, twin, _presented(graded, name, sample, verdict, twin))
            self._made[key] = made
        return made.shown


def _presented(
    graded: Assessment,
    name: str,
    sample: SampleInfo,
    verdict: Verdict,
    twin: QualityFlag | None,
) -> Assessment:
    """Put in what is so now; the very record where nothing else is."""
    others = tuple(flag for flag in graded.flags if flag.code != SAME_HEAD)
    flags = others if twin is None else (*others, twin)
    now = (name, sample, verdict, flags)
    if (graded.target, graded.sample, graded.verdict, graded.flags) == now:
        return graded
    return replace(
        graded,
        target=name,
        sample=sample,
        seeds=tuple(replace(s, target=name) for s in graded.seeds),
        track=replace(graded.track, target=name),
        clip=replace(graded.clip, target=name),
        flags=flags,
        verdict=verdict,
    )
