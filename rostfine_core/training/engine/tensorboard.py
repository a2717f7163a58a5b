"""The log of a run for TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter


def write_scalars(folder: Path, record: Mapping[str, Any]) -> None:
    """Add one epoch's record: its numbers by name, those of the validation under ``validation/``.

    After a resume the epochs that are made again replace what was written before.
    """
    epoch = record["epoch"]
    with SummaryWriter(str(folder), purge_step=epoch) as writer:
        for name, value in record.items():
            if isinstance(value, int | float):
                writer.add_scalar(name, value, epoch)
        for name, value in (record["validation"] or {}).items():
            writer.add_scalar(f"validation/{name}", value, epoch)
