"""Writes the shares that this release gives the demonstration: `rostfine validate` compares them.

Run it again when the demonstration's model, video or clicks, or the tracking, have changed.
"""

import csv
import io
from pathlib import Path

from rostfine_core.acceptance.operation import COLUMNS, REFERENCE, demonstrate
from rostfine_core.domain import finish
from rostfine_core.files import write_text

DECIMALS = 6


def main() -> None:
    """Write the table."""
    rows = io.StringIO(newline="")
    table = csv.writer(rows, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in finish(demonstrate(device="cpu")):
        shares = (round(p, DECIMALS) for p in one.prediction.grade.probabilities)
        table.writerow([one.target, one.provenance.model.sha256, *shares])
    write_text(Path(REFERENCE), rows.getvalue())


if __name__ == "__main__":
    main()
