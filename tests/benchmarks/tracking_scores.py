"""What the tracks of one take are worth: what was held, what was believed wrongly, HOTA, IDF1."""

import contextlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from rostfine_core.domain import Track, TrackPoint, TrackStatus
from tests.benchmarks.tracking_scenes import Take


@dataclass
class Score:
    """Counts that add up over takes."""

    targets: int = 0
    held: int = 0
    measured: int = 0
    measured_wrong: int = 0
    right: int = 0
    right_measured: int = 0
    wrong_ends: int = 0
    wrong_ends_called: int = 0

    def __iadd__(self, other: "Score") -> "Score":
        for name in (f.name for f in fields(self)):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    @property
    def row(self) -> str:
        """The counts as they are read."""
        wrong = 100 * self.measured_wrong / max(self.measured, 1)
        sure = 100 * self.right_measured / max(self.right, 1)
        return (
            f"held {self.held:5d}/{self.targets:5d}  measured but wrong {wrong:5.2f}%  "
            f"right and measured {sure:5.1f}%  wrong ends called "
            f"{self.wrong_ends_called:4d}/{self.wrong_ends:4d}"
        )


def score_take(take: Take, tracks: Sequence[Track]) -> Score:
    """Compare the tracks of a take with the truth."""
    score = Score()
    for track in tracks:
        score += _score_target(take, track)
    return score


def _score_target(take: Take, track: Track) -> Score:
    path = take.truth[track.target]
    beyond = take.beyond.get(track.target, {})
    points = {p.frame: p for p in track.points}
    score = Score(targets=1)
    for point in track.points[1:]:
        true = path.get(point.frame) or beyond.get(point.frame)
        if true is None or point.is_duplicate:
            continue
        is_wrong = _is_wrong(point, true, take.tolerance_px)
        is_measured = point.status is TrackStatus.MEASURED
        score.measured += is_measured
        score.measured_wrong += is_measured and is_wrong
        score.right += not is_wrong
        score.right_measured += is_measured and not is_wrong
    wrong = {f: _is_wrong(points.get(f), path[f], take.tolerance_px) for f in sorted(path)}
    last = max(wrong)
    score.held += not wrong[last]
    if wrong[last]:
        onset = max((f for f in wrong if not wrong[f]), default=min(wrong)) + 1
        onset = min(f for f in wrong if f >= onset)
        score.wrong_ends += 1
        at = points.get(onset)
        score.wrong_ends_called += at is None or at.status is not TrackStatus.MEASURED
    return score


def _is_wrong(point: TrackPoint | None, true: tuple[float, float], tolerance_px: float) -> bool:
    return point is None or not math.dist((point.x_px, point.y_px), true) <= tolerance_px


def identity_scores(take: Take, tracks: Sequence[Track]) -> Mapping[str, float]:
    """HOTA (mean over its thresholds) by trackeval, IDF1 by motmetrics."""
    with contextlib.redirect_stdout(io.StringIO()):
        import motmetrics
        from trackeval.metrics.hota import HOTA
    numbers = {name: k for k, name in enumerate(take.truth)}
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    found = {t.target: {p.frame: p for p in t.points} for t in tracks}
    data: dict[str, list[object]] = {"gt_ids": [], "tracker_ids": [], "similarity_scores": []}
    for frame in take.frames:
        gt = [n for n, path in take.truth.items() if frame.index in path]
        seen = [
            n
            for n in found
            if frame.index in take.truth[n]
            and frame.index in found[n]
            and not math.isnan(found[n][frame.index].x_px)
        ]
        a = np.array([take.truth[n][frame.index] for n in gt]).reshape(-1, 1, 2)
        b = np.array(
            [(found[n][frame.index].x_px, found[n][frame.index].y_px) for n in seen]
        ).reshape(1, -1, 2)
        away = np.hypot(*np.moveaxis(a - b, -1, 0)) / take.tolerance_px
        accumulator.update(
            [numbers[n] for n in gt],
            [numbers[n] for n in seen],
            np.where(away <= 1, away, np.nan),
        )
        data["gt_ids"].append(np.array([numbers[n] for n in gt], int))
        data["tracker_ids"].append(np.array([numbers[n] for n in seen], int))
        data["similarity_scores"].append(np.clip(1 - away / 2, 0, 1))
    handler = motmetrics.metrics.create()
    summary = handler.compute(accumulator, metrics=["idf1"], name="take")
    hota = HOTA().eval_sequence(
        data
        | {
            "num_gt_ids": len(numbers),
            "num_tracker_ids": len(numbers),
            "num_gt_dets": sum(map(len, data["gt_ids"])),  # type: ignore[arg-type]
            "num_tracker_dets": sum(map(len, data["tracker_ids"])),  # type: ignore[arg-type]
        }
    )
    return {"IDF1": float(summary.loc["take", "idf1"]), "HOTA": float(np.mean(hota["HOTA"]))}
