"""Where each head will be next: a bank of simple predictors that are trusted as they prove right.

Sperm swim in more than one way. Some glide, some circle, the heads of fast ones yaw with the
tail's beat, others jerk without a rule. No single model predicts them all, so five run side by
side (stand still; the last, the recent and the long-term velocity; and a linear recurrence over
the last velocities, learned on the way, which catches circles and regular yaw) and each counts by
the inverse square of its own recent squared error.

Legend: N heads, K predictors, O order of the recurrence. Positions are complex numbers x + iy in
pixels, which makes a turn a multiplication and keeps every predictor the same in all directions.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

ORDER = 5
PREDICTORS = 5
FAST, SLOW = 0.3, 0.1
ERROR_MEMORY, SPREAD_MEMORY, RECURRENCE_MEMORY = 0.15, 0.12, 0.95
RIDGE = 0.3
ERROR_FLOOR, ERROR_CAP, ERROR_START = 0.05, 150.0, 16.0
SPREAD_FLOOR, SPREAD_CAP, SPREAD_START = 0.5, 60.0, 20.0
COASTING = 0.8
LOOK_MEMORY = 0.15
TRAIL = 31
"""How many steps back the places are kept where a head was seen apart from others."""
ESTABLISHED = 3
"""How often a head must have been seen before its motion is believed."""
MERGED_VARIANCE = 1.0
"""How far the middle of a blob that two heads share lies from either, in squared units."""

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Rows = NDArray[np.intp]


AT_REST = np.eye(PREDICTORS)[0]
DIAGONAL = np.eye(ORDER)


class MotionBank:
    """The motion of N heads, one row each; errors and spreads are in squared ``units``.

    Attributes:
        numbers: (N,) a number for each motion that never changes.
        owners: (N,) the number of the head in whose neighbourhood the motion is followed.
        trail: (N, TRAIL) where it was seen alone, the latest step first; NaN elsewhere.
        anchor: (N,) where it was seen last.
        looks: (N, 2) how it usually looks to its owner: score and log strength; NaN at first.
        times_s: the times of the steps of the trails.
    """

    def __init__(self) -> None:
        """Start with no head."""
        self._born = 0
        self.times_s: deque[float] = deque([0.0], maxlen=TRAIL)
        self.numbers: Rows = np.empty(0, np.intp)
        self.owners: Rows = np.empty(0, np.intp)
        self.trail: Complex = np.empty((0, TRAIL), complex)
        self.looks: Real = np.empty((0, 2))
        self.position: Complex = np.empty(0, complex)
        self.units: Real = np.empty(0)
        self.missed: NDArray[np.int64] = np.empty(0, np.int64)
        self.predicted: Complex = np.empty(0, complex)
        self.anchor: Complex = np.empty(0, complex)
        self._gap_s: Real = np.empty(0)
        self._seen: NDArray[np.int64] = np.empty(0, np.int64)
        self._run: NDArray[np.int64] = np.empty(0, np.int64)
        self._fast: Complex = np.empty(0, complex)
        self._slow: Complex = np.empty(0, complex)
        self._velocities: Complex = np.empty((0, ORDER), complex)
        self._errors: Real = np.empty((0, PREDICTORS))
        self._spread: Real = np.empty(0)
        self._gram: Complex = np.empty((0, ORDER, ORDER), complex)
        self._cross: Complex = np.empty((0, ORDER), complex)
        self._predictions: Complex = np.empty((0, PREDICTORS), complex)

    def __len__(self) -> int:
        """How many heads are followed."""
        return len(self.position)

    @property
    def spread(self) -> Real:
        """(N,) variance of the predictions in squared units; grows while a head is not seen."""
        return np.maximum(self._spread, SPREAD_FLOOR) * (1 + self.missed)

    @property
    def is_established(self) -> NDArray[np.bool_]:
        """(N,) whether each head was seen often enough to believe in its motion."""
        return self._seen >= ESTABLISHED

    def add(self, positions: Complex, *, owners: Rows, units: Real) -> None:
        """Append heads at rest at ``positions`` (M,); ``units`` (M,) is a pixel length each."""
        count = len(positions)
        trail = np.full((count, TRAIL), complex(np.nan, np.nan))
        trail[:, 0] = positions
        fresh = {
            "numbers": self._born + np.arange(count),
            "owners": owners,
            "trail": trail,
            "looks": np.full((count, 2), np.nan),
            "position": positions,
            "units": units,
            "missed": np.zeros(count, np.int64),
            "predicted": positions,
            "anchor": positions,
            "_gap_s": np.zeros(count),
            "_seen": np.zeros(count, np.int64),
            "_run": np.zeros(count, np.int64),
            "_fast": np.zeros(count, complex),
            "_slow": np.zeros(count, complex),
            "_velocities": np.zeros((count, ORDER), complex),
            "_errors": np.full((count, PREDICTORS), ERROR_START),
            "_spread": np.full(count, SPREAD_START),
            "_gram": np.tile(RIDGE * np.eye(ORDER, dtype=complex), (count, 1, 1)),
            "_cross": np.full((count, ORDER), RIDGE / ORDER, complex),
            "_predictions": np.tile(positions[:, None], (1, PREDICTORS)),
        }
        for name, rows in fresh.items():
            setattr(self, name, np.concatenate([getattr(self, name), rows]))
        self._born += count

    def take(self, rows: Rows) -> None:
        """Keep only ``rows``, in this order."""
        for name, values in vars(self).items():
            if isinstance(values, np.ndarray):
                setattr(self, name, values[rows])

    def move(self, row: int, position: complex) -> None:
        """Put a head where a person says it is; what is known of its velocity stays."""
        self.position[row] = self.anchor[row] = position
        self.trail[row, 0] = position
        self._gap_s[row] = self.missed[row] = self._run[row] = 0

    def predict(self, elapsed_s: float) -> Complex:
        """(N,) places after ``elapsed_s`` seconds, kept for the coming ``measure``."""
        steps = np.stack(
            [
                np.zeros_like(self._fast),
                self._velocities[:, 0],
                self._fast,
                self._slow,
                self._recurrent_velocity(),
            ],
            axis=1,
        )
        self._predictions = self.position[:, None] + elapsed_s * steps
        weights = (self._errors + ERROR_FLOOR) ** -2.0
        weights /= weights.sum(axis=1, keepdims=True)
        weights[self._seen == 0] = AT_REST
        self.predicted = (weights * self._predictions).sum(axis=1)
        self._gap_s += elapsed_s
        self.times_s.appendleft(self.times_s[0] + elapsed_s)
        self.trail[:, 1:] = self.trail[:, :-1]
        self.trail[:, 0] = complex(np.nan, np.nan)
        return self.predicted

    def measure(self, rows: Rows, positions: Complex, *, is_merged: NDArray[np.bool_]) -> None:
        """Take in where ``rows`` (M,) were seen.

        Where ``is_merged`` (M,), a head was seen in one blob with another, whose middle is that of
        neither: it is believed the less, the better the head's motion was predictable so far.
        """
        spread = self._spread[rows]
        belief = np.where(is_merged, spread / (spread + MERGED_VARIANCE), 1.0)
        positions = self.predicted[rows] + belief * (positions - self.predicted[rows])
        self.trail[rows, 0] = np.where(is_merged, self.trail[rows, 0], positions)
        self._judge_predictors(rows, positions, is_merged=is_merged)
        velocity = (positions - self.anchor[rows]) / self._gap_s[rows]
        self._learn_recurrence(rows, velocity)
        seen = self._seen[rows]
        for average, memory in ((self._fast, FAST), (self._slow, SLOW)):
            share = np.maximum(memory, 1 / (seen + 1))
            average[rows] += share * (velocity - average[rows])
        self._velocities[rows, 1:] = self._velocities[rows, :-1]
        self._velocities[rows, 0] = velocity
        self.position[rows] = self.anchor[rows] = positions
        self._run[rows] = np.where(self.missed[rows] > 0, 1, self._run[rows] + 1)
        self._seen[rows] += 1
        self._gap_s[rows] = self.missed[rows] = 0

    def look_at(self, rows: Rows, looks: Real) -> None:
        """Take in how ``rows`` (M,) look (M, 2) where they stand alone."""
        usual = self.looks[rows]
        self.looks[rows] = np.where(np.isnan(usual), looks, usual + LOOK_MEMORY * (looks - usual))

    def swap(self, row: int, other: int) -> None:
        """Let two motions change places."""
        order = np.arange(len(self))
        order[[row, other]] = other, row
        self.take(order)

    def coast(self, rows: Rows, *, elapsed_s: float, towards: Complex | None = None) -> None:
        """Let unseen ``rows`` glide on, or go ``towards`` (M,) places that are known roughly."""
        glide = self.position[rows] + COASTING * elapsed_s * self._fast[rows]
        self.position[rows] = glide if towards is None else towards
        self.missed[rows] += 1

    def _recurrent_velocity(self) -> Complex:
        """(N,) velocity by the learned recurrence; the recent one where too little was seen."""
        velocity = self._fast.copy()
        ready = np.flatnonzero(self._run > ORDER)
        if ready.size:
            weights = np.linalg.solve(self._gram[ready], self._cross[ready, :, None])[..., 0]
            velocity[ready] = (weights * self._velocities[ready]).sum(axis=1)
        return velocity

    def _judge_predictors(
        self, rows: Rows, positions: Complex, *, is_merged: NDArray[np.bool_]
    ) -> None:
        """Move each predictor's error, and the error of their mean, towards the latest one.

        The first step of a head is no prediction of anything; the second replaces the first guess.
        """
        scale = self.units[rows] ** 2
        seen = self._seen[rows]
        judged = seen > 0
        mean = 1 / np.maximum(seen, 1)
        misses = abs(self._predictions[rows] - positions[:, None]) ** 2 / scale[:, None]
        share = np.where(judged, np.maximum(ERROR_MEMORY, mean), 0.0)[:, None]
        self._errors[rows] += share * (np.minimum(misses, ERROR_CAP) - self._errors[rows])
        miss = np.minimum(abs(self.predicted[rows] - positions) ** 2 / scale, SPREAD_CAP)
        share = np.where(judged & ~is_merged, np.maximum(SPREAD_MEMORY, mean), 0.0)
        self._spread[rows] += share * (miss - self._spread[rows])

    def _learn_recurrence(self, rows: Rows, velocity: Complex) -> None:
        """Ridge regression of the velocity on the ORDER velocities before, forgetting slowly."""
        ready = (self._run[rows] > ORDER) & (self.missed[rows] == 0)
        rows, velocity = rows[ready], velocity[ready]
        if not rows.size:
            return
        past, step_s = self._velocities[rows], self._gap_s[rows]
        size = (abs(past * step_s[:, None]) ** 2).mean(axis=1) / self.units[rows] ** 2
        weight = (step_s / self.units[rows]) ** 2 / (size + 0.3)
        keep, back = RECURRENCE_MEMORY, (1 - RECURRENCE_MEMORY) * RIDGE
        outer = past.conj()[:, :, None] * past[:, None, :]
        self._gram[rows] = keep * self._gram[rows] + weight[:, None, None] * outer + back * DIAGONAL
        self._cross[rows] = (
            keep * self._cross[rows] + (weight * velocity)[:, None] * past.conj() + back / ORDER
        )
