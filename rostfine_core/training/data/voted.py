"""Writes the clips that a lab's own panel voted on as a data set."""

from collections.abc import Sequence
from pathlib import Path

from rostfine_core.domain import SIMULATED, LongJob, Progress
from rostfine_core.errors import DatasetError
from rostfine_core.marking import marked
from rostfine_core.outputs import Outputs, named
from rostfine_core.panel import VotedClip
from rostfine_core.training.data.clip_file import save_clip
from rostfine_core.training.data.dataset import VOTE_COLUMNS, DatasetHeader
from rostfine_core.training.data.dataset_files import write_header, write_rows

DATASET = Outputs(
    files=named("dataset.toml", "labels.csv"),
    taken=marked("{folder} already holds a data set: choose another folder."),
)


def write_voted_clips(clips: Sequence[VotedClip], *, out: Path, name: str) -> LongJob[int]:
    """Write a data set of voted clips into a new folder; return how many there are.

    The panel's size is the most votes that a clip has; clips with fewer are abstentions.

    Raises:
        DatasetError: there are no votes, or the clips differ in size.
        StoreError: the folder holds a data set, or cannot be written.
    """
    if not clips:
        raise DatasetError("Nobody has voted in this panel yet: vote first.")
    sizes = {c.images.shape for c in clips}
    if len(sizes) > 1:
        raise DatasetError(
            "The clips of this panel differ in size, since they were graded by different models: "
            "grade them with one model and export again."
        )
    DATASET.check(out)
    for number, clip in enumerate(clips):
        save_clip(out / "clips" / f"{clip.name}.npz", clip.images, places=clip.path_um)
        yield Progress(stage=marked("clips"), done=number + 1, total=len(clips))
    voters = [sum(c.votes) for c in clips]
    frames, size_px, *_ = sizes.pop()
    header = DatasetHeader(
        name=name,
        kind=SIMULATED if any(c.is_simulated for c in clips) else name,
        panel_size=max(voters),
        clip_frames=frames,
        clip_size_px=size_px,
        abstentions=min(voters) < max(voters),
    )
    with DATASET.replaced(out) as staging:
        write_header(staging, header)
        rows = ((c.name, c.patient, *c.votes, c.um_per_px or "") for c in clips)
        columns = ("clip", "sample", *VOTE_COLUMNS, "um_per_px")
        write_rows(staging / "labels.csv", columns, rows)
    return len(clips)
