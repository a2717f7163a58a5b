"""An assessment with what its user has decided since: the sample's name, verdict, choice and note.

What was graded never changes; these, and whether two clicks are the same sperm, may change later.
"""

from dataclasses import replace

from rostfine_core.domain import Assessment, SampleInfo, Selection, Sperm, Verdict
from rostfine_core.quality.same_head import SAME_HEAD, Pair, same_head_flag


def as_decided(
    graded: Assessment, *, sample: SampleInfo, sperm: Sperm, same: Pair | None
) -> Assessment:
    """The graded record as it stands now; itself if nothing has changed since.

    ``same`` names two rows that are this sperm.
    """
    flags = tuple(flag for flag in graded.flags if flag.code != SAME_HEAD)
    if same is not None:
        flags = (*flags, same_head_flag(same))
    shown = replace(
        graded,
        sample=sample,
        flags=flags,
        verdict=sperm.verdict,
        selection=sperm.selection,
        note=sperm.note,
    )
    is_same = (entered(graded), graded.flags) == (entered(shown), flags)
    return graded if is_same else shown


def entered(shown: Assessment) -> tuple[SampleInfo, Verdict, Selection, str]:
    """What the user enters of an assessment."""
    return shown.sample, shown.verdict, shown.selection, shown.note
