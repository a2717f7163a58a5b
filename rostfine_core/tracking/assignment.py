"""Who is who: the cheapest way to give detections to heads, each detection to one head at most."""

import numpy as np
from numpy.typing import NDArray

FORBIDDEN = np.inf


def assign(cost: NDArray[np.float64], *, unassigned: NDArray[np.float64]) -> NDArray[np.intp]:
    """Give every row a column or none so that the sum of costs is least.

    Rows that compete with nobody are settled at once; the rest by shortest augmenting paths
    (Jonker and Volgenant 1987), exact like the Hungarian method.

    Args:
        cost: (R, C) cost of giving column c to row r; ``FORBIDDEN`` where it cannot be.
        unassigned: (R,) cost of leaving a row without a column.

    Returns:
        (R,) the column of each row, -1 for none.
    """
    rows, columns = cost.shape
    chosen = np.full(rows, -1, np.intp)
    if not columns or not rows:
        return chosen
    worthwhile = cost < unassigned[:, None]
    contested = worthwhile.sum(axis=0) > 1
    free = ~(worthwhile & contested).any(axis=1)
    best = np.where(worthwhile, cost, FORBIDDEN).argmin(axis=1)
    settled = free & worthwhile.any(axis=1)
    chosen[settled] = best[settled]
    rest = np.flatnonzero(~free)
    if rest.size:
        wanted = np.flatnonzero(worthwhile[rest].any(axis=0))
        picked = _shortest_paths(cost[np.ix_(rest, wanted)], unassigned[rest])
        chosen[rest] = np.where(picked < wanted.size, np.append(wanted, -1)[picked], -1)
    return chosen


def _shortest_paths(cost: NDArray[np.float64], unassigned: NDArray[np.float64]) -> NDArray[np.intp]:
    """Solve the assignment exactly; a row without a column gets the number of columns.

    Every row has a private extra column that stands for "none", so a solution always exists.
    """
    rows, columns = cost.shape
    square = np.full((rows, columns + rows), FORBIDDEN)
    square[:, :columns] = cost
    square[np.arange(rows), columns + np.arange(rows)] = unassigned
    owner = np.full(columns + rows, -1, np.intp)
    row_price, column_price = np.zeros(rows), np.zeros(columns + rows)
    for row in range(rows):
        _augment(square, row, owner=owner, row_price=row_price, column_price=column_price)
    result = np.full(rows, columns, np.intp)
    taken = np.flatnonzero(owner >= 0)
    result[owner[taken]] = np.minimum(taken, columns)
    return result


def _augment(
    cost: NDArray[np.float64],
    start: int,
    *,
    owner: NDArray[np.intp],
    row_price: NDArray[np.float64],
    column_price: NDArray[np.float64],
) -> None:
    """Give row ``start`` a column by the shortest path of exchanges; prices stay optimal."""
    size = cost.shape[1]
    distance = np.full(size, FORBIDDEN)
    previous = np.full(size, start, np.intp)
    done = np.zeros(size, bool)
    row, reached, path = start, 0.0, []
    while True:
        slack = reached + cost[row] - row_price[row] - column_price
        nearer = ~done & (slack < distance)
        distance[nearer], previous[nearer] = slack[nearer], row
        column = int(np.where(done, FORBIDDEN, distance).argmin())
        reached = float(distance[column])
        done[column] = True
        path.append(column)
        if owner[column] < 0:
            break
        row = int(owner[column])
    row_price[start] += reached
    for visited in path[:-1]:
        gain = reached - distance[visited]
        row_price[owner[visited]] += gain
        column_price[visited] -= gain
    while True:
        row = int(previous[column])
        given = np.flatnonzero(owner == row)
        owner[column] = row
        if row == start:
            return
        column = int(given[0])
