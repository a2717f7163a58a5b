"""Comparisons: read strictly, trained fold by fold, resumed, and set out as the paper does."""

import csv
import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rostfine_core.domain import DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, finish
from rostfine_core.errors import ConfigError, ModelError
from rostfine_core.files import safe_name
from rostfine_core.training.comparison.compare import compare
from rostfine_core.training.comparison.config import read_compare_config
from rostfine_core.training.comparison.folds import RunAnswers, fold_scores, in_repeats
from rostfine_core.training.comparison.tables import METRIC_COLUMNS, comparison_markdown
from rostfine_core.training.engine.steps import TrainingProgress
from rostfine_core.training.metrics.cautions import (
    DISCLAIMER_SIMULATED_DATA,
    TIE_RULE,
    caution_of_seeds,
    caution_of_set,
)
from rostfine_core.training.metrics.metrics import compute_metrics
from rostfine_core.training.metrics.significance import (
    kruskal_wallis,
)

COMPARISON = """
title = "Small"
output = "{out}"
folds = 2
[base]
data = {{ train = ["{data}"] }}
loop = {{ epochs = 1, batch_size = 8, threads = 1, device = "cpu" }}
[base.model.overrides]
image_size = 16
patch_size = 8
embed_dim = 16
depth = 1
num_heads = 2
top_k = 2
selection_layers = 1
branch_depth = 1
branch_heads = 2
[[method]]
name = "RoSTFine"
[[method]]
name = "no diversity"
changes = {{ "loss.alpha" = 0.0 }}
"""


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def comparison(tmp_path: Path, dataset_folder: Path) -> Path:
    path = tmp_path / "comparison.toml"
    path.write_text(COMPARISON.format(out=tmp_path / "out", data=dataset_folder), encoding="utf-8")
    return path


def test_a_comparison_is_resumed_and_tabled(comparison: Path, tmp_path: Path) -> None:
    job = compare(comparison)
    while not (tmp_path / "out" / "RoSTFine" / "fold1" / "resume.pt").exists():
        next(job)
    job.close()
    epochs = [p.epoch for p in compare(comparison) if isinstance(p, TrainingProgress)]
    assert len(epochs) < 4 * 2  # the first run is not trained again
    result = finish(compare(comparison))
    assert [m.name for m in result.methods] == ["RoSTFine", "no diversity"]
    tested = [len(json.loads(f.read_text())["recipe"]) for f in tmp_path.rglob("result.json")]
    assert len(tested) == 4
    assert len(result.methods[0].sample_errors) == 8
    lines = (tmp_path / "out" / "compare.md").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("| method | MSE | JS | BA 1 |") for line in lines)
    assert any(line.startswith("| *always the mean distribution* | ") for line in lines)
    assert result.provenance.runs == 4
    assert result.provenance.seconds > 0
    assert f"commit {result.provenance.commits[0]}" in lines[2]
    notes = (DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, DISCLAIMER_SIMULATED_DATA)
    assert lines[4:9:2] == [f"> {note}" for note in notes]
    stored = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    one_seed = caution_of_seeds(1)
    assert tuple(stored["notes"]) == (*notes, caution_of_set("test", 8), one_seed)
    assert "Optimiser of every row: SGD, learning rate 0.001. One seed: another" in result.summary
    assert "drawing the samples with replacement" in result.summary
    assert "Kruskal-Wallis over folds" in result.summary
    assert "averaged" not in result.summary  # each fold has one run
    assert "the p of Kruskal-Wallis cannot fall below 0.121" in result.summary  # of two folds
    rows = rows_of(tmp_path / "out" / "compare.csv")
    assert len(rows) == 4 + 2
    columns = ("note_ai_grade", "note_demonstration", "note_simulated_data")
    assert all(tuple(row[c] for c in columns) == notes for row in rows)
    assert [(r["seed"], r["fold"], r["inner_fold"]) for r in rows] == [
        ("0", "0", ""),
        ("0", "1", ""),
    ] * 3
    ours = [float(r["mse"]) for r in rows if r["method"] == "RoSTFine"]
    assert result.methods[0].mean("mse") == pytest.approx(np.mean(ours), rel=1e-6)


def test_nothing_is_bold_that_a_constant_answer_does_as_well(comparison: Path) -> None:
    result = finish(compare(comparison))
    ours, theirs = result.methods
    for reference, bold in ((ours, theirs), (theirs, ours)):
        table = replace(result.tables[0], rows=((bold.name, bold),), comparisons=())
        text = comparison_markdown(replace(result, tables=(table,), mean_answer=reference))
        (row,) = (line for line in text.splitlines() if line.startswith(f"| {bold.name} | "))
        cells = [cell.strip() for cell in row.split("|")[2:-1]]
        for (metric, _), cell in zip(METRIC_COLUMNS, cells, strict=True):
            gain = bold.mean(metric) - reference.mean(metric)
            is_better = gain < 0 if metric in ("mse", "js") else gain > 0
            assert cell.startswith("**") is is_better
    assert ours.mean("mse") != theirs.mean("mse")  # so that one of the two was bold


def test_runs_of_a_version_that_measured_less_are_still_tabled(
    comparison: Path, tmp_path: Path
) -> None:
    first = finish(compare(comparison))
    for path in (tmp_path / "out" / "RoSTFine").glob("*/result.json"):
        stored = json.loads(path.read_text(encoding="utf-8"))
        known = {k: v for k, v in stored["test"].items() if "tied" not in k}
        path.write_text(json.dumps(stored | {"test": known}), encoding="utf-8")
    again = finish(compare(comparison))
    assert again.summary == first.summary
    shares = again.methods[0].folds[0]
    rows = rows_of(tmp_path / "out" / "RoSTFine" / "fold0" / "test_clips.csv")
    votes = [sorted(float(row[f"voted_{g}"]) for g in "ABCDE") for row in rows]
    assert shares["tied_5"] == pytest.approx(np.mean([v[0] == v[1] for v in votes]))
    assert shares["tied_5"] > 0
    tied = f" | {100 * again.mean_answer.mean('tied_5'):.1f} |  |"
    assert any(
        line.startswith("| *% of clips tied there* |  |  | ") and line.endswith(tied)
        for line in again.summary.splitlines()
    )
    assert TIE_RULE in again.summary


TABLES = """
[[table]]
title = "Alpha, drawn"
axis = "alpha"
rows = { "1" = "RoSTFine", "0" = "no diversity" }
[[table]]
title = "Features"
reference = "g+s+t"
[table.rows]
"g+s+t" = "no diversity"
"""


def test_a_method_of_several_tables_is_trained_once(comparison: Path, tmp_path: Path) -> None:
    text = 'attention = ["RoSTFine"]\n' + comparison.read_text(encoding="utf-8") + TABLES
    comparison.write_text(text, encoding="utf-8")
    result = finish(compare(comparison))
    with Image.open(tmp_path / "out" / "attention.png") as figure:
        assert DISCLAIMER_SIMULATED_DATA in figure.info["Disclaimer"]
    assert "![RoSTFine](attention.png)" in result.summary
    assert [t.title for t in result.tables] == ["Alpha, drawn", "Features"]
    assert [label for label, _ in result.tables[0].rows] == ["1", "0"]
    assert result.tables[0].rows[1][1] is result.tables[1].rows[0][1]
    assert [t.reference for t in result.tables] == ["1", "g+s+t"]
    assert len((tmp_path / "out" / "times.jsonl").read_text(encoding="utf-8").splitlines()) == 4
    assert "![Alpha, drawn](Alpha_drawn.png)" in result.summary
    with Image.open(tmp_path / "out" / "Alpha_drawn.png") as figure:
        told = (DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, DISCLAIMER_SIMULATED_DATA)
        cautions = (caution_of_set("test", 8) or "", caution_of_seeds(1) or "")
        assert figure.info["Disclaimer"] == " ".join((*told, *cautions, TIE_RULE))
    before = (tmp_path / "out" / "compare.md").read_bytes()
    finish(compare(comparison))
    assert (tmp_path / "out" / "compare.md").read_bytes() == before


def test_mistakes_of_tables_are_named(comparison: Path) -> None:
    text = comparison.read_text(encoding="utf-8")
    bad = (
        '[[table]]\ntitle = "T"\nrows = ["RoSTFine", "gone"]\naxis = "K"\nzzz = 1\nreference = "r"'
    )
    comparison.write_text(f'attention = ["lost"]\n{text}{bad}', encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_compare_config(comparison)
    for part in (
        "unknown key zzz",
        "'gone' is not a method",
        "must be a number",
        "'r' is not a row",
        "attention: 'lost' is not a method",
    ):
        assert part in str(error.value)
    assert "'no diversity' is in no table" in str(error.value)


def test_weights_that_do_not_fit_are_told_before_the_first_method_is_trained(
    comparison: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "weights.pth"
    torch.save({"classifier.6.bias": torch.zeros(5)}, weights)
    text = comparison.read_text(encoding="utf-8") + '[[method]]\nname = "VGG16"\n[method.changes]\n'
    text += f'"model.network" = "vgg16"\n"model.size" = "small"\n"model.init" = "{weights}"\n'
    text += '"model.overrides.image_size" = 32\n'
    comparison.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"do not fit the network: missing 0\.0\.bias"):
        finish(compare(comparison))
    assert not (tmp_path / "out").exists()


def test_only_attention_that_there_is_can_be_drawn(comparison: Path) -> None:
    text = 'attention = ["VGG16"]\n' + comparison.read_text(encoding="utf-8")
    text += '[[method]]\nname = "VGG16"\nchanges = { "model.network" = "vgg16" }\n'
    comparison.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot draw the attention of 'VGG16'"):
        read_compare_config(comparison)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("5", "rows must be a list or a table, got 5"),
        ('["RoSTFine", "no diversity", "RoSTFine"]', "'RoSTFine' is listed twice"),
    ],
)
def test_rows_that_make_no_table_are_told(comparison: Path, rows: str, told: str) -> None:
    text = comparison.read_text(encoding="utf-8")
    comparison.write_text(f'{text}[[table]]\ntitle = "T"\nrows = {rows}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        read_compare_config(comparison)


def test_seeds_and_inner_folds_multiply_the_runs(comparison: Path) -> None:
    text = "seeds = [5, 6]\ninner_folds = 2\n" + comparison.read_text(encoding="utf-8")
    comparison.write_text(text, encoding="utf-8")
    config = read_compare_config(comparison)
    runs = list(config.runs(config.methods[0]))
    assert len({run.output for run in runs}) == 2 * 2 * 2
    assert [run.seed for run in runs] == [5] * 4 + [6] * 4


def test_runs_on_the_same_clips_are_averaged_before_spread_and_test(
    comparison: Path, tmp_path: Path
) -> None:
    text = "seeds = [5, 6]\ninner_folds = 2\n" + comparison.read_text(encoding="utf-8")
    comparison.write_text(text, encoding="utf-8")
    result = finish(compare(comparison))
    parts = {}
    for method in result.methods:
        folder = tmp_path / "out" / method.name.replace(" ", "_")
        rows = {f.parent.name: rows_of(f) for f in folder.glob("*/test_clips.csv")}
        assert len(rows) == 8
        errors: dict[str, list[float]] = {}
        for row in (row for several in rows.values() for row in several):
            errors.setdefault(row["clip"], []).append(float(row["mse"]))
        assert {len(e) for e in errors.values()} == {4}
        parts[method.name] = [
            float(np.mean([errors[row["clip"]] for row in rows[f"fold{fold}-0-seed5"]]))
            for fold in (0, 1)
        ]
        assert [f["mse"] for f in method.folds] == pytest.approx(parts[method.name], rel=1e-4)
        assert method.spread("mse") == pytest.approx(np.std(parts[method.name], ddof=1), rel=1e-3)
    (tested,) = result.tables[0].comparisons
    assert tested.p_kruskal == pytest.approx(kruskal_wallis(*parts.values()))
    assert len(result.mean_answer.folds) == 2
    assert "over 2 test fold(s)" in result.summary
    assert "averaged over its 4 runs (2 seeds x 2 inner folds)" in result.summary
    assert "The folds are those of seed 5" in result.summary
    assert "Kruskal-Wallis over averaged folds" in result.summary
    assert "drawing the 4 repeats and the samples with replacement" in result.summary
    assert "ne seed" not in result.summary
    rows_of_runs = rows_of(tmp_path / "out" / "compare.csv")  # still every run by itself
    assert len(rows_of_runs) == 3 * 8
    places = [(r["seed"], r["fold"], r["inner_fold"]) for r in rows_of_runs[:8]]
    assert places == list(itertools.product("56", "01", "01"))


def test_a_fold_is_scored_by_each_seeds_predictions_for_its_samples() -> None:
    votes = np.eye(5)[[0, 1, 2, 3]]

    def answers(samples: str, shares: object) -> RunAnswers:
        places = ["pqrs".index(s) for s in samples]
        prediction = np.array(shares, dtype=float)
        scores = compute_metrics(prediction, votes[places]).scalars()
        return RunAnswers(
            scores=scores, samples=tuple(samples), prediction=prediction, votes=votes[places]
        )

    right, even = votes, np.full((4, 5), 0.2)
    first = [answers("pq", right[:2]), answers("rs", even[2:])]
    second = [answers("ps", even[[0, 3]]), answers("rq", right[[2, 1]])]
    assert [
        p["mse"] for p in fold_scores(in_repeats(first, folds=2, inner_folds=1))
    ] == pytest.approx([0, 0.16])
    both = fold_scores(in_repeats([*first, *second], folds=2, inner_folds=1))
    # An even answer scores 0.16: one of four is even in the first fold, three in the second.
    assert [p["mse"] for p in both] == pytest.approx([0.04, 0.12])
    runs = [first[0], first[0], first[1], answers("rs", right[2:])]
    inner = fold_scores(in_repeats(runs, folds=2, inner_folds=2))
    assert [p["mse"] for p in inner] == pytest.approx([0, 0.08])


@pytest.mark.parametrize("name", ["gone.safetensors", "scratch-gone.safetensors"])
def test_a_file_that_a_method_starts_from_is_missed_at_once(
    comparison: Path, tmp_path: Path, name: str
) -> None:
    text = comparison.read_text(encoding="utf-8")
    changed = text.replace('"loss.alpha" = 0.0', f'"model.init" = "{name}"')
    comparison.write_text(changed, encoding="utf-8")
    with pytest.raises(ConfigError, match=f"The file {name} of the weights to start from"):
        finish(compare(comparison))
    assert not (tmp_path / "out").exists()


def test_a_grid_makes_every_combination(comparison: Path) -> None:
    text = comparison.read_text(encoding="utf-8")
    grid = '\n[grid]\n"loss.alpha" = [0.0, 1.0]\n"loss.kind" = ["mse", "js"]\n'
    comparison.write_text(text[: text.index("[[method]]")] + grid, encoding="utf-8")
    config = read_compare_config(comparison)
    assert [m.name for m in config.methods][:2] == ["alpha=0.0 kind=mse", "alpha=0.0 kind=js"]
    assert len(config.methods) == 4
    assert config.run(config.methods[3], fold=1).loss.kind == "js"


def test_mistakes_are_named_before_anything_is_trained(comparison: Path) -> None:
    text = comparison.read_text(encoding="utf-8")
    comparison.write_text('zzz = 1\nreference = "x"\n' + text, encoding="utf-8")
    with pytest.raises(ConfigError, match="unknown key zzz; reference 'x' is not a method"):
        read_compare_config(comparison)
    comparison.write_text(text.replace('"loss.alpha"', '"loss.alhpa"'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"method 'no diversity'(.|\n)*unknown key"):
        read_compare_config(comparison)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("folds = 2", "folds = 1", "folds must be a whole number of at least 2, got 1"),
        ("folds = 2", 'folds = 2\ninner_folds = "two"', "inner_folds must be a whole number"),
        ('"loss.alpha" = 0.0', '"output.alpha" = 0.0', "leads nowhere: output is not a table"),
        ("folds = 2", "folds = 2\nseeds = [1.5]", "seeds must be a list of whole numbers"),
        ("folds = 2", "folds = 2\nseeds = [5, 5]", "seeds must differ"),
    ],
)
def test_wrong_values_are_told(comparison: Path, old: str, new: str, told: str) -> None:
    text = comparison.read_text(encoding="utf-8").replace("[base]", '[base]\noutput = "x"')
    comparison.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        read_compare_config(comparison)


def test_lost_files_and_changed_data_of_finished_runs_are_told(
    comparison: Path, dataset_folder: Path, tmp_path: Path
) -> None:
    finish(compare(comparison))
    with (tmp_path / "out" / "times.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"run": "cut sh')
    assert finish(compare(comparison)).provenance.seconds > 0
    (tmp_path / "out" / "times.jsonl").unlink()
    assert "made at an unknown time" in finish(compare(comparison)).summary
    labels = dataset_folder / "labels.csv"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace(",p0,", ",p7,"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"run in .*fold0 have changed .*\(samples of"):
        finish(compare(comparison))
    labels.write_text(text, encoding="utf-8")
    (tmp_path / "out" / "RoSTFine" / "fold0" / "test_clips.csv").unlink()
    with pytest.raises(ConfigError, match=r"test_clips\.csv cannot be read"):
        finish(compare(comparison))


def test_a_comparison_tells_when_and_how_long_it_was_made(comparison: Path, tmp_path: Path) -> None:
    finish(compare(comparison))
    journal = tmp_path / "out" / "times.jsonl"
    runs = [json.loads(line)["run"] for line in journal.read_text(encoding="utf-8").splitlines()]
    notes = [
        {"run": runs[0], "seconds": 90.0, "ended": "2026-11-25T08:01:30+00:00"},
        {"run": runs[1], "seconds": 120.0, "ended": "2026-11-25T08:10:00+00:00"},
        {"run": "taken out of the grid", "seconds": 3600.0, "ended": "2026-11-25T07:00:00+00:00"},
    ]
    journal.write_text("\n".join(map(json.dumps, notes)), encoding="utf-8")
    for log in tmp_path.rglob("log.jsonl"):
        (epoch,) = map(json.loads, log.read_text(encoding="utf-8").splitlines())
        clips = json.loads(log.with_name("result.json").read_text())["clips_train"]
        log.write_text(json.dumps(epoch | {"clips_per_s": clips / 30}), encoding="utf-8")
    told = finish(compare(comparison)).summary.splitlines()[2]
    assert told.startswith(
        "4 runs, started 2026-11-25 08:00:00 UTC, finished 2026-11-25 08:10:00 UTC (10 minutes of "
        "wall time); 4 minutes in all runs together, 2 of them in training steps; commit "
    )
    next(tmp_path.rglob("log.jsonl")).unlink()
    assert "training steps" not in finish(compare(comparison)).summary


def test_checkpoints_selected_on_the_test_set_and_other_optimisers_are_told(
    comparison: Path, tmp_path: Path
) -> None:
    text = comparison.read_text(encoding="utf-8")
    # By its former name, as in a comparison of an earlier version.
    both = '"loss.alpha" = 0.0, "split.official_selection" = true'
    both += ', "optimiser.kind" = "adamw"'
    comparison.write_text(text.replace('"loss.alpha" = 0.0', both), encoding="utf-8")
    result = finish(compare(comparison))
    assert (
        "The optimisers differ, and so part of the difference may be theirs. RoSTFine: SGD, "
        in (result.summary)
    )
    assert "; no diversity: AdamW, learning rate 0.001." in result.summary
    told = "(select_on_test): the checkpoints of no diversity. Scores on that set are better"
    assert told in result.summary
    stored = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert any(told in note for note in stored["notes"])
    rows = rows_of(tmp_path / "out" / "compare.csv")
    assert all(told in row["note_official_selection"] for row in rows)


def test_a_name_cannot_break_the_table(comparison: Path) -> None:
    text = comparison.read_text(encoding="utf-8").replace("no diversity", "a | b\\nc")
    comparison.write_text(text, encoding="utf-8")
    lines = finish(compare(comparison)).summary.splitlines()
    rows = [line for line in lines if line.startswith(r"| a \| b c | ")]
    assert [row.replace(r"\|", "").count("|") for row in rows] == [10, 6, 10]


@pytest.mark.requirement("R-57")
def test_a_learning_curve_tests_every_number_of_clips_on_the_same_ones(
    comparison: Path, tmp_path: Path
) -> None:
    text = comparison.read_text(encoding="utf-8")
    curve = "test_share = 0.4\nseeds = [3, 4]\nlearning_curve = [6, 12]\n"
    comparison.write_text(text.replace("folds = 2\n", curve), encoding="utf-8")
    result = finish(compare(comparison))
    assert [t.title for t in result.tables] == ["6 labelled clips", "12 labelled clips"]
    out, runs = tmp_path / "out", list(tmp_path.rglob("result.json"))
    assert len(runs) == 2 * 2 * 2
    tested = {tuple(r["clip"] for r in rows_of(run.with_name("test_clips.csv"))) for run in runs}
    assert len(tested) == 1
    assert result.curve is not None
    name, points = result.curve.rows[1]
    assert (name, result.curve.reference) == ("no diversity", "RoSTFine")
    for clips, point in zip((6, 12), points, strict=True):
        errors, trained = {}, set()
        for method, seed in itertools.product(("RoSTFine", "no diversity"), (3, 4)):
            folder = out / safe_name(f"{method}, {clips} clips") / f"test-seed{seed}"
            run = json.loads((folder / "result.json").read_text())
            trained.add(run["clips_train"] + run["clips_validation"])
            errors[method, seed] = run["test"]["mse"]
        assert trained == {clips}
        ours = [errors["no diversity", seed] for seed in (3, 4)]
        theirs = [errors["RoSTFine", seed] for seed in (3, 4)]
        assert point.mse.value == pytest.approx(np.mean(ours), rel=1e-4)
        assert point.mse.difference == pytest.approx(np.mean(ours) - np.mean(theirs), abs=1e-6)
        assert point.spread == pytest.approx(np.std(ours, ddof=1), abs=1e-6)
    assert "| no diversity | " in result.summary.split("Minus that of RoSTFine")[1]
    with Image.open(out / "learning-curve.png") as picture:
        assert DISCLAIMER_AI_GRADE in picture.info["Disclaimer"]
