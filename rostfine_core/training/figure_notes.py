"""The notes that a figure must carry with it, since pictures are copied out of their report."""

import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure

FONT_PT = 6.0
LINE_PT = 1.3 * FONT_PT
CHARACTER_PT = 0.6 * FONT_PT  # a wide mean of the default font: no line may be cut off


def write_notes(figure: Figure, notes: Sequence[str]) -> dict[str, str | None]:
    """Write ``notes`` below a figure of constrained layout, which grows by their lines.

    Returns:
        The metadata to save the PNG with: the notes again, and no name of the software that drew.
    """
    width, height = figure.get_size_inches()
    columns = int(72 * width / CHARACTER_PT)
    lines = [line for note in notes for line in textwrap.wrap(note, columns)]
    figure.set_size_inches(width, height + len(lines) * LINE_PT / 72)
    if lines:
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=FONT_PT, color="#555555")
    return {"Software": None, "Disclaimer": " ".join(notes)}
