"""What the building of a data set ends with: its lists of clips, and what it tells of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rostfine_core.domain import SIMULATED
from rostfine_core.errors import DatasetError
from rostfine_core.outputs import Outputs, named
from rostfine_core.quality.same_head import Places, find_same_heads, same_head_reason
from rostfine_core.training.data.build_plan import SCALE, PlannedClip
from rostfine_core.training.data.dataset import VOTE_COLUMNS, DatasetHeader
from rostfine_core.training.data.dataset_files import write_header, write_rows

Outcomes = Mapping[str, Mapping[str, Any]]
"""What the journal of a build holds of each clip, by its name."""
LISTS = Outputs(files=named("rejected.csv", "doubtful.csv", "dataset.toml", "labels.csv"))
"""What is written at the end, beside the clips and the journal."""
SCALE_OF_VIDEO = "video_um_per_px"
FACTS = ("video", "fps", "span_s", "frames_seen", "score_min", "padded_max")
"""The columns that were measured; empty where an earlier version made the clip without one."""


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """The clips made, and with their reasons those that are doubtful and those rejected.

    Without ``has_votes`` only ``pretrain`` reads them. ``unlisted`` are clips of an earlier plan
    that are not in this one; they stay on disk.
    """

    folder: Path
    clips: int
    rejected: tuple[tuple[str, str], ...]
    doubtful: tuple[tuple[str, str], ...]
    has_votes: bool
    unlisted: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """A few lines for the command line."""
        without = "" if self.has_votes else " without votes, for `rostfine pretrain` alone"
        lines = [f"{self.clips} clips written to {self.folder}{without}"]
        if self.rejected:
            lines.append(f"{len(self.rejected)} rejected, listed in rejected.csv:")
            lines += [f"  {clip}: {reason}" for clip, reason in self.rejected[:10]]
        if self.unlisted:
            names = ", ".join(self.unlisted[:10]) + (", ..." if len(self.unlisted) > 10 else "")
            lines.append(
                f"{len(self.unlisted)} built earlier are no longer in the plan and left out of "
                f"labels.csv: {names}"
            )
        if self.doubtful:
            clips = len({clip for clip, _ in self.doubtful})
            lines.append(f"{clips} to check before training, listed in doubtful.csv:")
            lines += [f"  {clip}: {reason}" for clip, reason in self.doubtful[:10]]
        return "\n".join(lines)


def write_lists(
    out: Path,
    header: DatasetHeader,
    planned: Sequence[PlannedClip],
    outcomes: Outcomes,
) -> BuildResult:
    """Write ``rejected.csv``, ``doubtful.csv``, ``dataset.toml`` and ``labels.csv``, or none.

    Raises:
        DatasetError: every sperm was rejected; only ``rejected.csv`` is written then.
        StoreError: the folder cannot be written.
    """
    rejected = tuple(
        (c.clip, str(outcomes[c.clip]["rejected"]))
        for c in planned
        if "rejected" in outcomes[c.clip]
    )
    made = [c for c in planned if "rejected" not in outcomes[c.clip]]
    same_heads = _same_head_reasons(made, outcomes)
    doubtful = tuple(
        (c.clip, str(reason))
        for c in made
        for reason in (*outcomes[c.clip]["warnings"], same_heads.get(c.clip))
        if reason is not None
    )
    if not made:
        write_rows(out / "rejected.csv", ("clip", "reason"), rejected)
        raise DatasetError(
            f"No clip could be made, since every sperm was rejected: see {out}/rejected.csv."
        )
    if any(outcomes[c.clip].get("is_simulated") for c in made):
        header = replace(header, kind=SIMULATED)  # its models must show the notice
    with LISTS.replaced(out, overwrite=True) as staging:
        write_rows(staging / "rejected.csv", ("clip", "reason"), rejected)
        write_rows(staging / "doubtful.csv", ("clip", "reason"), doubtful)
        write_header(staging, header)
        write_rows(staging / "labels.csv", *_labels(made, outcomes, header.um_per_px))
    return BuildResult(
        folder=out,
        clips=len(made),
        rejected=rejected,
        doubtful=doubtful,
        has_votes=header.panel_size > 0,
    )


def _labels(
    made: Sequence[PlannedClip],
    outcomes: Outcomes,
    um_per_px: float | None,
) -> tuple[tuple[str, ...], Iterator[list[object]]]:
    """Columns and rows; measured facts come in place of the plan's columns of the same name.

    So does ``um_per_px``, to which all clips were resampled, if they were.
    """
    scales = () if um_per_px is None else (SCALE, SCALE_OF_VIDEO)
    others = [name for name in made[0].others if name not in (*FACTS, *scales)]
    rows = (
        [c.clip, c.sample, *c.votes]
        + [c.others[name] for name in others]
        + [outcomes[c.clip].get(fact, "") for fact in FACTS]
        + ([um_per_px, c.um_per_px] if scales else [])
        for c in made
    )
    votes = VOTE_COLUMNS[: len(made[0].votes)]
    return ("clip", "sample", *votes, *others, *FACTS, *scales), rows


def _same_head_reasons(made: Sequence[PlannedClip], outcomes: Outcomes) -> dict[str, str]:
    """The warnings about clips that show the same sperm, whenever each of them was made."""
    reasons: dict[str, str] = {}
    for video in {c.video for c in made}:
        places = {c.clip: _places(outcomes[c.clip]["path"]) for c in made if c.video == video}
        reasons |= {
            clip: str(same_head_reason(pair)) for clip, pair in find_same_heads(places).items()
        }
    return reasons


def _places(path: Sequence[tuple[int, float, float]]) -> Places:
    places = np.full((path[-1][0] + 1 if path else 0, 2), np.nan)
    for frame, x_px, y_px in path:
        places[frame] = x_px, y_px
    return places
