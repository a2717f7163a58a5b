"""The log of a run for TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter


def write_scalars(folder: Path, record: Mapping[str, Any]) -> None:
    """Add one epoch's record: its numbers by name, validation metrics under ``validation/``.

    Epochs repeated after a resume replace what was written before.
    """
    epoch = record["epoch"]
    with SummaryWriter(str(folder), purge_step=epoch) as writer:
        for name, value in record.items():
            if isinstance(value, int | float):
                writer.add_scalar(name, value, epoch)
        for name, value in (record["validation"] or {}).items():
            writer.add_scalar(f"validation/{name}", value, epoch)
