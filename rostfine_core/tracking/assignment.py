"""Who is who: the cheapest way to give detections to heads, each detection to one head at most."""

import math

import numpy as np
from numpy.typing import NDArray

FORBIDDEN = math.inf

Table = list[list[float]]


def assign(cost: NDArray[np.float64], *, unassigned: NDArray[np.float64]) -> NDArray[np.intp]:
    """Give every row a column or none so that the sum of costs is least.

    Rows that compete with nobody are settled at once. The others fall into small groups that
    compete among themselves, each solved by shortest augmenting paths (Jonker and Volgenant
    1987), exact like the Hungarian method.

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
    competes = (worthwhile & contested).any(axis=1)
    settled = ~competes & worthwhile.any(axis=1)
    chosen[settled] = cost[settled].argmin(axis=1)
    if competes.any():
        for group, wanted in _groups(worthwhile, np.flatnonzero(competes)):
            table = cost[np.ix_(group, wanted)].tolist()
            picked = _shortest_paths(table, unassigned[group].tolist())
            chosen[group] = [wanted[p] if p >= 0 else -1 for p in picked]
    return chosen


def _groups(
    worthwhile: NDArray[np.bool_], rows: NDArray[np.intp]
) -> list[tuple[list[int], list[int]]]:
    """The rows that compete, directly or through others, with the columns that they want."""
    wants = {row: np.flatnonzero(worthwhile[row]).tolist() for row in rows.tolist()}
    wanted_by: dict[int, list[int]] = {}
    for row, wishes in wants.items():
        for column in wishes:
            wanted_by.setdefault(column, []).append(row)
    groups = []
    while wants:
        group, columns, fresh = list[int](), set[int](), {next(iter(wants))}
        while fresh:
            row = fresh.pop()
            new = set(wants.pop(row)) - columns
            group.append(row)
            columns |= new
            fresh |= {other for column in new for other in wanted_by[column] if other in wants}
        groups.append((sorted(group), sorted(columns)))
    return groups


def _shortest_paths(cost: Table, unassigned: list[float]) -> list[int]:
    """The column of each row, -1 for none, by the least sum of costs.

    Every row has a private extra column that stands for "none", so a solution always exists. The
    tables are small: plain lists are faster than arrays here.
    """
    rows, columns = len(cost), len(cost[0])
    square = [
        [*line, *(unassigned[row] if row == none else FORBIDDEN for none in range(rows))]
        for row, line in enumerate(cost)
    ]
    owner = [-1] * (columns + rows)
    row_price, column_price = [0.0] * rows, [0.0] * (columns + rows)
    for row in range(rows):
        _augment(square, row, owner=owner, row_price=row_price, column_price=column_price)
    picked = [-1] * rows
    for column, row in enumerate(owner[:columns]):
        if row >= 0:
            picked[row] = column
    return picked


def _augment(
    cost: Table,
    start: int,
    *,
    owner: list[int],
    row_price: list[float],
    column_price: list[float],
) -> None:
    """Give row ``start`` a column by the shortest path of exchanges; prices stay optimal."""
    size = len(owner)
    distance = [FORBIDDEN] * size
    previous = [start] * size
    todo = list(range(size))
    path = []
    row, reached = start, 0.0
    while True:
        line, base = cost[row], reached - row_price[row]
        column, nearest = -1, FORBIDDEN
        for other in todo:
            slack = base + line[other] - column_price[other]
            if slack < distance[other]:
                distance[other], previous[other] = slack, row
            if distance[other] < nearest:
                column, nearest = other, distance[other]
        reached = nearest
        todo.remove(column)
        path.append(column)
        if owner[column] < 0:
            break
        row = owner[column]
    row_price[start] += reached
    for visited in path[:-1]:
        gain = reached - distance[visited]
        row_price[owner[visited]] += gain
        column_price[visited] -= gain
    while previous[column] != start:
        row = previous[column]
        given = owner.index(row)
        owner[column] = row
        column = given
    owner[column] = start
