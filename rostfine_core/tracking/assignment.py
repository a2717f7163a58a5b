"""Who is who: the cheapest way to give detections to heads, each detection to one head at most."""

import math

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


def assign(
    rows: Rows,
    columns: Rows,
    costs: NDArray[np.float64],
    *,
    unassigned: NDArray[np.float64],
) -> Rows:
    """Give every row a column or none so that the sum of costs is least.

    Every row first takes the column that is cheapest to it; the rows that come too late are then
    matched one after the other by shortest augmenting paths (Jonker and Volgenant 1987), exact like
    the Hungarian method.

    Args:
        rows: (P,) the row of each pair that can be.
        columns: (P,) its column.
        costs: (P,) what the pair costs.
        unassigned: (R,) cost of leaving a row without a column.

    Returns:
        (R,) the column of each row, -1 for none.
    """
    chosen = np.full(len(unassigned), -1, np.intp)
    worth = np.flatnonzero(costs < unassigned[rows])
    if not worth.size:
        return chosen
    order = worth[np.lexsort((costs[worth], rows[worth]))]
    rows, columns, costs = rows[order], columns[order], costs[order]
    cheapest = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    choosers, wished = rows[cheapest], columns[cheapest]
    taker = np.full(int(wished.max()) + 1, -1)
    taker[wished[::-1]] = choosers[::-1]  # the first one comes last
    is_first = taker[wished] == choosers
    chosen[choosers[is_first]] = wished[is_first]
    late = choosers[~is_first]
    if late.size:
        matching = _Matching(rows, columns, costs, unassigned, chosen)
        for row in late.tolist():
            matching.add(row)
        chosen[:] = -1
        chosen[list(matching.column_of)] = list(matching.column_of.values())
    return chosen


class _Matching:
    """A cheapest matching that grows row by row, with the prices that prove it the cheapest.

    Each row knows only the columns that are worth more to it than none: they are few, so that a
    search over plain lists touches little and is faster than one over arrays.
    """

    def __init__(
        self,
        rows: Rows,
        columns: Rows,
        costs: NDArray[np.float64],
        unassigned: NDArray[np.float64],
        chosen: Rows,
    ) -> None:
        """Start from rows that hold their cheapest column; pairs come by row, cheapest first."""
        count = len(unassigned)
        self._columns: list[int] = columns.tolist()
        self._costs: list[float] = costs.tolist()
        self._begins: list[int] = np.searchsorted(rows, np.arange(count + 1)).tolist()
        self._without: list[float] = unassigned.tolist()
        self._column_price: dict[int, float] = {}
        self.column_of = {row: column for row, column in enumerate(chosen.tolist()) if column >= 0}
        self._owner = {column: row for row, column in self.column_of.items()}
        self._row_price = [
            self._costs[self._begins[row]] if row in self.column_of else 0.0 for row in range(count)
        ]

    def add(self, start: int) -> None:
        """Match row ``start`` by the shortest path of exchanges; prices stay optimal.

        The path ends at a free column, or at a row for which going without is cheapest.
        """
        columns, costs, begins = self._columns, self._costs, self._begins
        distance: dict[int, float] = {}
        wanted_by: dict[int, int] = {}
        settled: dict[int, float] = {}
        row, reached = start, 0.0
        least_without, quitter = math.inf, start
        while True:
            base = reached - self._row_price[row]
            if base + self._without[row] < least_without:
                least_without, quitter = base + self._without[row], row
            for pair in range(begins[row], begins[row + 1]):
                if base + costs[pair] > least_without:
                    break  # the cheapest come first, and prices of columns only add to them
                column = columns[pair]
                through = base + costs[pair] - self._column_price.get(column, 0.0)
                if column not in settled and through < distance.get(column, math.inf):
                    distance[column], wanted_by[column] = through, row
            nearest = min(distance, key=distance.__getitem__) if distance else None
            if nearest is None or distance[nearest] > least_without:
                self._reprice(start, least_without, settled)
                self._exchange(start, self.column_of.pop(quitter, None), wanted_by)
                return
            reached = distance.pop(nearest)
            if nearest not in self._owner:
                self._reprice(start, reached, settled)
                self._exchange(start, nearest, wanted_by)
                return
            settled[nearest] = reached
            row = self._owner[nearest]

    def _reprice(self, start: int, reached: float, settled: dict[int, float]) -> None:
        self._row_price[start] += reached
        for column, distance in settled.items():
            self._row_price[self._owner[column]] += reached - distance
            price = self._column_price.get(column, 0.0)
            self._column_price[column] = price - (reached - distance)

    def _exchange(self, start: int, column: int | None, wanted_by: dict[int, int]) -> None:
        """Hand ``column`` to the row that reached it, that row's to the one before, to the start.

        Without a column, it is the start itself that goes without.
        """
        row = -1
        while column is not None and row != start:
            row = wanted_by[column]
            self._owner[column] = row
            held = self.column_of.get(row)
            self.column_of[row] = column
            column = held
