"""What clips like those of a model's training look like: limits that its file keeps."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Limits = tuple[float | None, float | None]
"""The lowest and highest value that is like the training; None where there is no limit."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What was measured of clips like those of the training (``quality/looks.py`` measures).

    ``limits`` holds those of single measures by name, ``usual_head_px`` the head lengths of the
    middle four fifths of the clips, if heads could be measured. All measures in ``names`` together
    have a ``mean``, a ``precision`` (the inverse of their covariance) and a ``farthest`` distance
    from it. ``clips`` and ``samples`` count what this was fitted on.

    Raises:
        ValueError: the numbers do not belong together, or are not finite.
    """

    limits: Mapping[str, Limits]
    usual_head_px: tuple[float, float] | None
    names: tuple[str, ...]
    mean: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...]
    farthest: float
    clips: int
    samples: int

    def __post_init__(self) -> None:
        """Refuse what no clip can be compared with."""
        count = len(self.names)
        is_square = len(self.precision) == count and all(len(r) == count for r in self.precision)
        if not count or len(self.mean) != count or not is_square:
            raise ValueError(f"a gate of {count} measures has other numbers of means or precisions")
        ends = [end for pair in self.limits.values() for end in pair if end is not None]
        rows = [value for row in self.precision for value in row]
        numbers = (*ends, *(self.usual_head_px or ()), *self.mean, *rows, self.farthest)
        if not all(isinstance(n, int | float) and math.isfinite(n) for n in numbers):
            raise ValueError("a number of the gate is not finite")

    def to_dict(self) -> dict[str, Any]:
        """The table of the model file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, table: object) -> "Gate | None":
        """Read the table of a model file; None is that of a file without one.

        Raises:
            ValueError: it is not a table, lacks a name, or has a bad value.
        """
        if table is None:
            return None
        names = cls.__dataclass_fields__.keys()
        if not isinstance(table, dict) or table.keys() != names:
            raise ValueError(f"the gate needs exactly {', '.join(names)}, got {table!r:.80}")
        try:
            limits = {str(n): (low, high) for n, (low, high) in table["limits"].items()}
            usual = table["usual_head_px"]
            return cls(
                limits=limits,
                usual_head_px=None if usual is None else (usual[0], usual[1]),
                names=tuple(map(str, table["names"])),
                mean=tuple(table["mean"]),
                precision=tuple(map(tuple, table["precision"])),
                farthest=table["farthest"],
                clips=int(table["clips"]),
                samples=int(table["samples"]),
            )
        except (TypeError, AttributeError, IndexError) as error:
            raise ValueError(f"the gate is not made of numbers ({error})") from error
