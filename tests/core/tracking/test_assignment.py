"""The assignment of detections to heads, against every possible one."""

import math
from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rostfine_core.tracking.assignment import assign

FORBIDDEN = math.inf

COSTS = st.one_of(st.floats(-5, 5), st.just(FORBIDDEN))


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[list[float]], list[float]]:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(0, 4))
    cost = [[draw(COSTS) for _ in range(columns)] for _ in range(rows)]
    return cost, [draw(st.floats(-2, 6)) for _ in range(rows)]


def solve(table: NDArray[np.float64], unassigned: NDArray[np.float64]) -> NDArray[np.intp]:
    rows, columns = np.nonzero(table < FORBIDDEN)
    return assign(rows, columns, table[rows, columns], unassigned=unassigned)


def total(cost: list[list[float]], unassigned: list[float], chosen: tuple[int, ...]) -> float:
    return sum(
        unassigned[row] if column < 0 else cost[row][column] for row, column in enumerate(chosen)
    )


@given(problems())
def test_no_other_assignment_is_cheaper(problem: tuple[list[list[float]], list[float]]) -> None:
    cost, unassigned = problem
    columns = len(cost[0])
    table = np.array(cost, float).reshape(len(cost), columns)
    chosen = tuple(solve(table, np.array(unassigned)).tolist())
    taken = [column for column in chosen if column >= 0]
    assert len(taken) == len(set(taken))
    best = min(
        total(cost, unassigned, other)
        for other in product(range(-1, columns), repeat=len(cost))
        if len({c for c in other if c >= 0}) == sum(c >= 0 for c in other)
    )
    assert abs(total(cost, unassigned, chosen) - best) < 1e-9


def test_large_crowded_groups_are_solved_too() -> None:
    rng = np.random.default_rng(1)
    right = rng.permutation(40)
    cost = rng.uniform(2, 3, (40, 40))
    cost[np.arange(40), right] = rng.uniform(0, 1, 40)
    assert (solve(cost, np.full(40, 9.0)) == right).all()
