"""Audit a model on simulated clips that it has not seen (a script, no test).

    python tests/benchmarks/bench_answer.py MODEL DATASET [--clips 1000] [--moved 200]

Prints markdown tables for the model card: the error of the network alone and of the program's
answer, how far turns, mirror images and shifts move the answer, whether its spread over views goes
with the error, what linear probes read from the network's features, and how small the error would
be if the network were told what it has to see. The data set must be simulated (its labels.csv holds
the truth), and unseen by the model: `rostfine simulate --kind dataset --count 1000 --seed 2`.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from rostfine_core.assessor import Assessor
from rostfine_core.domain import Clip, CropBox, TrackStatus, finish
from rostfine_core.model import LoadedModel, load_models, preprocess
from rostfine_core.simulation.labelled_clips import CLIP_UM_PER_PX
from rostfine_core.training.data.clip_cache import load_motion
from rostfine_core.training.data.clip_file import load_clip, load_path
from rostfine_core.training.data.dataset import ClipDataset, read_dataset
from rostfine_core.training.metrics.metrics import expected_grade, first_balanced_accuracy, mse

Array = NDArray[np.float64]
FAULTS = ("outline", "proportion", "size", "acrosome", "vacuoles", "neck", "tail", "motion")
COLUMNS = (*(f"fault_{name}" for name in FAULTS), "tail_coiled", "tail_short", "tail_bent")
TOLD = {
    "the outline": ("outline",),
    "all of the form": tuple(name for name in FAULTS if name != "motion"),
    "the motion": ("motion",),
}
RIDGE, FOLDS, BATCH, FRAMES = 10.0, 5, 16, 16
SHIFTS_PX = ((1, 0), (0, 2), (-3, 0), (0, -3))
Change = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """The clips' ``votes`` and ``expected`` shares (N, 5), samples, and columns of labels.csv."""

    votes: Array
    expected: Array
    samples: NDArray[np.str_]
    data: ClipDataset

    def columns(self, names: Sequence[str]) -> Array:
        """Standardised columns (N, C); one that never differs is 0."""
        values = np.stack([self.data.column(name) for name in names], axis=1)
        spread = values.std(axis=0)
        return np.asarray((values - values.mean(axis=0)) / np.where(spread > 0, spread, 1))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--clips", type=int, default=1000, help="clips to score")
    parser.add_argument("--moved", type=int, default=200, help="clips to turn and shift")
    arguments = parser.parse_args()
    data = read_dataset(arguments.dataset)
    count = min(arguments.clips, len(data.clips))
    data = data.subset(np.arange(count))
    clips = [read_clip(c.path, size_px=data.headers[0].clip_size_px) for c in data.clips]
    if data.expected is None:
        parser.error(f"{arguments.dataset} is not simulated: its labels.csv lacks the truth")
    truth = Truth(
        votes=data.labels.astype(np.float64),
        expected=data.expected.astype(np.float64),
        samples=np.array(data.samples),
        data=data,
    )
    assessor, (model, *_) = Assessor.load(arguments.model), load_models(arguments.model)
    motion = load_motion(data.clips, settings=model.preprocessing)
    alone, features = network_answers(model, clips, motion)
    answers, spreads = program_answers(assessor, clips)
    print_scores(alone, answers, truth)
    if np.isfinite(spreads).all():
        error = np.abs(expected_grade(answers) - expected_grade(truth.votes))
        print(f"\nSpread over views against the error: {spearmanr(spreads, error)[0]:.2f}")
    print_moves(assessor, clips[: arguments.moved], answers[: arguments.moved])
    print_probes(features, alone, truth)


def read_clip(path: Path, *, size_px: int) -> Clip:
    """A clip as the program cuts it; its pictures' pixels are the video's."""
    places = load_path(path, frames=FRAMES)
    boxes = tuple(
        CropBox(
            frame=number,
            time_s=float(time_s),
            centre_x_px=float(x) / CLIP_UM_PER_PX,
            centre_y_px=float(y) / CLIP_UM_PER_PX,
            size_px=size_px,
            padded_share=0.0,
            status=TrackStatus.MEASURED,
        )
        for number, (time_s, x, y) in enumerate(places)
    )
    return Clip(
        target=path.stem, images=load_clip(path, frames=FRAMES, size_px=size_px), boxes=boxes
    )


def network_answers(
    model: LoadedModel, clips: Sequence[Clip], motion: torch.Tensor | None
) -> tuple[Array, Array]:
    """The network's shares (N, 5) for one view of each clip, and its features (N, 3 D)."""
    shares, features = [], []
    for start in range(0, len(clips), BATCH):
        images = torch.from_numpy(np.stack([c.images for c in clips[start : start + BATCH]]))
        told = () if motion is None else (motion[start : start + BATCH],)
        with torch.inference_mode():
            out = model.network(preprocess(images, settings=model.preprocessing), *told)
        parts = (out.feature_global, out.feature_spatial, out.feature_temporal)
        shares.append(out.grade.double().numpy())
        features.append(torch.cat(parts, dim=1).double().numpy())
    return np.concatenate(shares), np.concatenate(features)


def program_answers(assessor: Assessor, clips: Sequence[Clip]) -> tuple[Array, NDArray[np.float64]]:
    """What the program answers (N, 5), and the spread over views (N), NaN for a single one."""
    predictions = [answer.prediction for answer in finish(assessor.assess(clips))]
    spreads = [p.view_spread for p in predictions]
    return np.array([p.grade.probabilities for p in predictions]), np.array(
        [np.nan if spread is None else spread for spread in spreads]
    )


def print_scores(alone: Array, answers: Array, truth: Truth) -> None:
    """Error, balanced accuracy and recall of low grades, beside the mean and the best answer."""
    mean = np.tile(truth.votes.mean(axis=0), (len(answers), 1))
    rows = {
        "mean answer": mean,
        "network alone": alone,
        "program": answers,
        "best knowable": truth.expected,
    }
    worst, best = mse(mean, truth.votes), mse(truth.expected, truth.votes)
    print(f"{len(answers)} clips of {len(set(truth.samples))} samples\n")
    print("| answer | MSE (1e-2) | of the way | balanced accuracy | recall of D or E |")
    print("|---|---|---|---|---|")
    for name, shares in rows.items():
        error = mse(shares, truth.votes)
        print(
            f"| {name} | {100 * error:.3f} | {(worst - error) / (worst - best):.1%} "
            f"| {first_balanced_accuracy(shares, truth.votes):.1%} "
            f"| {_low_recall(shares, truth.votes):.1%} |"
        )


def print_moves(assessor: Assessor, clips: Sequence[Clip], answers: Array) -> None:
    """How far P(A or B) moves if the same clip is turned, mirrored or shifted."""
    print(f"\n| the same {len(clips)} clips | P(A or B) moves by, mean | in 5% more than |")
    print("|---|---|---|")
    changes: dict[str, Change] = {
        "turned by 90 degrees": lambda clip: np.rot90(clip, 1, (1, 2)),
        "turned by 180 degrees": lambda clip: np.rot90(clip, 2, (1, 2)),
        "turned by 30 degrees": partial(_warped, turn_deg=30.0),
        "mirrored": lambda clip: clip[:, :, ::-1],
        "mirrored and turned": lambda clip: np.rot90(clip[:, :, ::-1], 3, (1, 2)),
    }
    for x, y in SHIFTS_PX:
        changes[f"shifted by {x}, {y} px"] = partial(_warped, shift_px=(x, y))
    before = answers[:, :2].sum(axis=1)
    for name, change in changes.items():
        changed = [replace(c, images=np.ascontiguousarray(change(c.images))) for c in clips]
        moved, _ = program_answers(assessor, changed)
        points = 100 * np.abs(moved[:, :2].sum(axis=1) - before)
        print(f"| {name} | {points.mean():.1f} points | {np.quantile(points, 0.95):.1f} |")


def print_probes(features: Array, alone: Array, truth: Truth) -> None:
    """What a linear probe reads from the features, and the error if some truth were told."""
    folds = _folds(truth.samples)
    print("\n| linear probe of | explained variance on other samples |\n|---|---|")
    for name in COLUMNS:
        target = truth.columns([name])
        if target.any():
            guessed = _cross_fitted(features, target, folds)
            print(f"| {name} | {1 - ((guessed - target) ** 2).mean():.2f} |")
    worst = mse(np.tile(truth.votes.mean(axis=0), (len(alone), 1)), truth.votes)
    best = mse(truth.expected, truth.votes)
    print("\n| if the network were told | of the way |\n|---|---|")
    for name, faults in {"nothing": (), **TOLD}.items():
        known = np.zeros((len(alone), 0))
        if faults:
            known = truth.columns([f"fault_{fault}" for fault in faults])
        inputs = _with_products(np.concatenate([np.log(alone + 1e-3), known], axis=1))
        error = mse(_cross_fitted(inputs, truth.votes, folds), truth.votes)
        print(f"| {name} | {(worst - error) / (worst - best):.1%} |")


def _low_recall(shares: Array, votes: Array) -> float:
    """Of the clips with most votes for D or E, the share that is answered so."""
    is_low = votes.argmax(axis=1) >= 3
    return float((shares.argmax(axis=1)[is_low] >= 3).mean())


def _warped(
    clip: NDArray[np.uint8], *, turn_deg: float = 0.0, shift_px: tuple[int, int] = (0, 0)
) -> NDArray[np.uint8]:
    """Turn a clip (T, S, S, 3) about its centre and shift it; the border repeats."""
    edge = clip.shape[1]
    matrix = cv2.getRotationMatrix2D(((edge - 1) / 2, (edge - 1) / 2), turn_deg, 1.0)
    matrix[:, 2] += shift_px
    return np.stack(
        [
            cv2.warpAffine(frame, matrix, (edge, edge), borderMode=cv2.BORDER_REPLICATE)
            for frame in clip
        ]
    ).astype(np.uint8, copy=False)


def _with_products(inputs: Array) -> Array:
    """Inputs (N, C), standardised, with all products of two of them."""
    scaled = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    first, second = np.triu_indices(scaled.shape[1])
    return np.concatenate([scaled, scaled[:, first] * scaled[:, second]], axis=1)


def _folds(samples: NDArray[np.str_]) -> NDArray[np.int64]:
    """The fold (N) of each clip; a sample is in one fold."""
    _, number = np.unique(samples, return_inverse=True)
    return np.asarray(number % FOLDS, dtype=np.int64)


def _cross_fitted(inputs: Array, target: Array, folds: NDArray[np.int64]) -> Array:
    """Ridge regression (N, C) -> (N, K), each fold predicted by the fit to the others."""
    scaled = (inputs - inputs.mean(axis=0)) / np.maximum(inputs.std(axis=0), 1e-9)
    guessed = np.empty_like(target)
    for fold in range(FOLDS):
        fit, left = folds != fold, folds == fold
        middle = target[fit].mean(axis=0)
        gram = scaled[fit].T @ scaled[fit] + RIDGE * np.eye(scaled.shape[1])
        weights = np.linalg.solve(gram, scaled[fit].T @ (target[fit] - middle))
        guessed[left] = scaled[left] @ weights + middle
    return guessed


if __name__ == "__main__":
    main()
