"""Compare losses, rare grades first and joined heads, with three seeds (a script, no test).

    rostfine simulate --kind dataset --count 3000 --seed 3 --out runs/losses
    python -m tests.benchmarks.bench_losses runs/losses --out models/small/losses.md

Whole networks need hours before their losses tell anything, so the encoder and branches are those
of one trained model (``--model``), and only new heads are trained on its features: each of the
three features has a hidden layer of its own, and the answer is the mean of the three, as in
RoSTFine. Two folds of whole samples and three seeds, everything with AdamW. The features are
computed once and kept in the file ``--features``.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.files import write_text
from rostfine_core.model import LoadedModel, Preprocessing, load_models
from rostfine_core.training.comparison.compare import MEAN_ANSWER
from rostfine_core.training.comparison.folds import RunAnswers
from rostfine_core.training.comparison.intervals import RepeatedAnswers, differences_from
from rostfine_core.training.comparison.tables import (
    ComparedTable,
    MethodScores,
    difference_lines,
)
from rostfine_core.training.config import LoopSection, LossMix, OptimiserSection
from rostfine_core.training.data.clip_cache import ClipCache, check_shape, load_motion
from rostfine_core.training.data.dataset import ClipDataset, LabelledClip, read_dataset
from rostfine_core.training.data.split import Indices, epoch_order, grouped_folds
from rostfine_core.training.engine.losses import grade_loss, total_loss
from rostfine_core.training.engine.optimiser import (
    build_optimiser,
    learning_rate,
    optimiser_in_words,
    set_learning_rate,
)
from rostfine_core.training.metrics.cautions import score_notes, sentences
from rostfine_core.training.metrics.metrics import Shares, ranked_grades
from rostfine_core.training.run.environment import describe_environment

SEEDS, FOLDS = (1, 2, 3), 2
EPOCHS, BATCH, HIDDEN = 10, 32, 64
OPTIMISER = OptimiserSection(
    kind="adamw", lr=1e-3, weight_decay=0.02, schedule="cosine", warmup_epochs=0.5
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """What one method trains: its losses, how clips are drawn, and which features share a head."""

    weights: LossMix
    rare_factor: float = 1.0
    rare_epochs: int = 0
    joins: str = ""

    @property
    def loop(self) -> LoopSection:
        """The part of a recipe that says how clips are drawn."""
        return LoopSection(
            epochs=EPOCHS, rare_factor=self.rare_factor, rare_epochs=self.rare_epochs
        )


CASES = {
    "MSE": Case(weights={"mse": 1.0}),
    "JS": Case(weights={"js": 1.0}),
    "EMD": Case(weights={"emd": 1.0}),
    "CRPS": Case(weights={"crps": 1.0}),
    "MSE + 0.3 EMD": Case(weights={"mse": 1.0, "emd": 0.3}),
    "MSE + EMD": Case(weights={"mse": 1.0, "emd": 1.0}),
    "MSE + 0.03 CRPS": Case(weights={"mse": 1.0, "crps": 0.03}),
    "MSE, rare first": Case(weights={"mse": 1.0}, rare_factor=4.0, rare_epochs=6),
    "MSE, rare always": Case(weights={"mse": 1.0}, rare_factor=4.0),
    "EMD, rare first": Case(weights={"emd": 1.0}, rare_factor=4.0, rare_epochs=6),
    "CRPS, rare first": Case(weights={"crps": 1.0}, rare_factor=4.0, rare_epochs=6),
    "MSE + EMD, rare first": Case(weights={"mse": 1.0, "emd": 1.0}, rare_factor=4.0, rare_epochs=6),
    "one head on the sum": Case(weights={"mse": 1.0}, joins="sum"),
    "one head on all three": Case(weights={"mse": 1.0}, joins="concat"),
}
TABLES = {
    "Losses": list(CASES)[:7],
    "Rare grades drawn up to 4 times as often": ["MSE", *list(CASES)[7:12]],
    "Heads": ["MSE", *list(CASES)[12:]],
}


class Heads(nn.Module):
    """One small head for each of three features (B, 3, D), or one for all.

    ``seen`` are the features trained on, by which each number is centred and scaled.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, seen: Tensor, *, joins: str) -> None:
        super().__init__()
        self.joins = joins
        self.register_buffer("mean", seen.mean(0))
        self.register_buffer("spread", seen.std(0) + 1e-6)
        wide = seen.shape[-1] * (3 if joins == "concat" else 1)
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(wide, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, 5))
            for _ in range(1 if joins else 3)
        )

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """The shares (B, 5) of each head."""
        features = (features - self.mean) / self.spread
        inputs = {
            "": features.unbind(1),
            "sum": (features.sum(1),),
            "concat": (features.flatten(1),),
        }
        pairs = zip(self.heads, inputs[self.joins], strict=True)
        return tuple(head(own).softmax(-1) for head, own in pairs)


def main() -> None:
    """Compute the features, train every method, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--model", type=Path, default=bundled_path(DEMO_MODEL))
    parser.add_argument("--features", type=Path, help="file that keeps the features (*.npz)")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    dataset, (model, *_) = read_dataset(arguments.dataset), load_models(arguments.model)
    features = kept_features(dataset, model, file=arguments.features)
    answers, words, started = {}, {}, time.process_time()
    for name, case in CASES.items():
        answers[name], words[name] = trained(dataset, features, case)
        print(f"{name}: {time.process_time() - started:.0f} s of processor time", flush=True)
    answers[MEAN_ANSWER] = mean_answers(dataset)
    write_text(arguments.out, report(dataset, model, answers, words))


def kept_features(dataset: ClipDataset, model: LoadedModel, *, file: Path | None) -> Tensor:
    """The features v_g, v_s, v_t of every clip (N, 3, D), from ``file`` if it holds these."""
    of = np.array([model.info.sha256, *(clip.path.name for clip in dataset.clips)])
    if file is not None and file.is_file():
        kept = np.load(file)
        if np.array_equal(kept["of"], of):
            return torch.from_numpy(kept["features"])
    features = network_features(dataset, model)
    if file is not None:
        np.savez(file, of=of, features=features.numpy())
    return features


@torch.no_grad()
def network_features(dataset: ClipDataset, model: LoadedModel) -> Tensor:
    """Run the network on every clip: (N, 3, D)."""
    check_shape(dataset, model.preprocessing)
    rows = []
    for first in range(0, len(dataset.clips), BATCH):
        cache = read_clips(dataset, dataset.clips[first : first + BATCH], model.preprocessing)
        told = cache.told(torch.arange(len(cache)), device=cache.images.device)
        out = model.network(cache.prepare(cache.images), *told)
        own = (out.feature_global, out.feature_spatial, out.feature_temporal)
        rows.append(torch.stack(own, dim=1))
    return torch.cat(rows)


def read_clips(
    dataset: ClipDataset, clips: Sequence[LabelledClip], preprocessing: Preprocessing
) -> ClipCache:
    """The frames of a few clips that the network sees."""
    chosen = list(preprocessing.frame_indices)
    pictures = np.stack([dataset.pictures(clip)[chosen] for clip in clips])
    motion = load_motion(clips, settings=preprocessing)
    return ClipCache(torch.from_numpy(pictures), preprocessing=preprocessing, motion=motion)


def trained(dataset: ClipDataset, features: Tensor, case: Case) -> tuple[RepeatedAnswers, str]:
    """Train with every seed on every fold; also the optimiser in words."""
    repeats, words = [], ""
    for seed in SEEDS:
        folds = grouped_folds(dataset.samples, folds=FOLDS, seed=seed)
        runs = []
        for test in folds:
            train = np.setdiff1d(np.arange(len(features)), test)
            heads = train_heads(features, dataset.labels, train, case=case, seed=seed)
            with torch.inference_mode():
                shares = torch.stack(heads.eval()(features[test])).mean(0).double().numpy()
            runs.append(in_run(dataset, test, shares))
            words = optimiser_in_words(heads, OPTIMISER)
        repeats.append(runs)
    return RepeatedAnswers.of_repeats(repeats), words


def train_heads(
    features: Tensor, labels: Shares, train: Indices, *, case: Case, seed: int
) -> Heads:
    """Train new heads on the clips at ``train``."""
    torch.manual_seed(seed)
    targets = torch.from_numpy(labels).float()
    heads = Heads(features[train], joins=case.joins)
    optimiser = build_optimiser(heads, OPTIMISER)
    distance = grade_loss(case.weights, labels=targets[train])
    steps, step = -(-len(train) // BATCH), 0
    for epoch in range(EPOCHS):
        factor = case.loop.rare_factor_at(epoch)
        order = epoch_order(train, labels, seed=seed, epoch=epoch, rare_factor=factor)
        for part in torch.split(torch.from_numpy(order), BATCH):
            rate = learning_rate(
                step, section=OPTIMISER, steps_per_epoch=steps, total_steps=steps * EPOCHS
            )
            set_learning_rate(optimiser, rate)
            shares = heads(features[part])
            loss = total_loss(shares, (), targets[part], distance=distance, alpha=0.0).total
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            step += 1
    return heads


def in_run(dataset: ClipDataset, test: Indices, prediction: Shares) -> RunAnswers:
    """The predictions for the clips at ``test``."""
    return RunAnswers(
        scores={},
        samples=tuple(dataset.samples[place] for place in test),
        prediction=prediction,
        votes=dataset.labels[test].astype(np.float64),
    )


def mean_answers(dataset: ClipDataset) -> RepeatedAnswers:
    """Always the mean label of the other fold, for every seed."""
    repeats = []
    for seed in SEEDS:
        runs = []
        for test in grouped_folds(dataset.samples, folds=FOLDS, seed=seed):
            others = np.setdiff1d(np.arange(len(dataset.clips)), test)
            mean = dataset.labels[others].mean(axis=0, dtype=np.float64)
            runs.append(in_run(dataset, test, np.tile(mean, (len(test), 1))))
        repeats.append(runs)
    return RepeatedAnswers.of_repeats(repeats)


def report(
    dataset: ClipDataset,
    model: LoadedModel,
    answers: dict[str, RepeatedAnswers],
    words: dict[str, str],
) -> str:
    """The tables as Markdown."""
    environment = describe_environment()
    changed = " with changes" if environment["git_changed_files"] else ""
    notes = score_notes(model_kinds=[model.info.dataset_kind], data_kind=dataset.kind)
    bad = int(np.isin(ranked_grades(dataset.labels)[:, 0], (3, 4)).sum())
    lines = [
        "# Losses, rare grades first and joined heads",
        "",
        *(line for note in sentences(notes) for line in (f"> {note}", "")),
        f"New heads on the features of {model.info.file_name} (sha256 {model.info.sha256[:12]}), "
        f"whose encoder and branches are frozen: {len(dataset.clips)} clips of "
        f"{len(set(dataset.samples))} samples ({dataset.name}, {bad} of them most selected D or "
        f"E), {FOLDS} folds, seeds {', '.join(map(str, SEEDS))}, {EPOCHS} epochs, batches of "
        f"{BATCH}; commit {str(environment['git_commit'])[:12]}{changed}, torch "
        f"{environment['packages']['torch']}. Whether a whole network trained with these losses "
        "would differ alike was not measured. Intervals are not corrected for the number of "
        "methods.",
    ]
    for title, names in TABLES.items():
        table = compared_table(title, names, answers, words)
        lines += ["", f"## {title}", "", table.optimisers]
        lines += difference_lines(table, repeats=len(SEEDS))
    return "\n".join(lines) + "\n"


def compared_table(
    title: str, names: Sequence[str], answers: dict[str, RepeatedAnswers], words: dict[str, str]
) -> ComparedTable:
    """The methods ``names`` against the first of them, and the mean answer."""
    shown = {name: answers[name] for name in (*names, MEAN_ANSWER)}
    rows = tuple(
        (n, MethodScores(name=n, folds=(), runs=(), sample_errors={}, optimiser=words[n]))
        for n in names
    )
    return ComparedTable(
        title=title,
        rows=rows,
        reference=names[0],
        axis="",
        comparisons=(),
        differences=differences_from(shown[names[0]], shown),
    )


if __name__ == "__main__":
    main()
