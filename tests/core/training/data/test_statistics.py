"""What the table of a data set says."""

from dataclasses import replace
from pathlib import Path

import pytest

from rostfine_core.training.data.dataset import read_dataset
from rostfine_core.training.data.statistics import SIMULATED_CLIPS, describe_dataset


def test_the_table_of_a_data_set(dataset_folder: Path) -> None:
    found = describe_dataset(read_dataset(dataset_folder))
    assert (found.clips, found.samples, found.clips_per_sample) == (24, 8, (3, 3.0, 3))
    assert sum(found.most_selected) == 24
    assert sum(found.mean_share) == pytest.approx(1, abs=1e-6)
    assert "| most selected |" in found.summary
    assert f"\n> {SIMULATED_CLIPS}\n" in found.summary
    assert SIMULATED_CLIPS not in replace(found, kind="Lab A").summary


def test_agreement_of_a_single_expert_is_undefined(dataset_folder: Path) -> None:
    header, labels = dataset_folder / "dataset.toml", dataset_folder / "labels.csv"
    text = header.read_text(encoding="utf-8").replace("panel_size = 40", "panel_size = 1")
    header.write_text(text, encoding="utf-8")
    first, *rows = labels.read_text(encoding="utf-8").splitlines()
    single = [",".join([*row.split(",")[:2], "0", "1", "0", "0", "0", "0.5"]) for row in rows]
    labels.write_text("\n".join([first, *single]), encoding="utf-8")
    summary = describe_dataset(read_dataset(dataset_folder)).summary
    assert "nan" not in summary
    assert summary.count("undefined") == 3


def test_panels_of_unequal_size_have_an_alpha_but_no_kappa(dataset_folder: Path) -> None:
    header = dataset_folder / "dataset.toml"
    header.write_text("abstentions = true\n" + header.read_text(encoding="utf-8"), encoding="utf-8")
    labels = dataset_folder / "labels.csv"
    first, row, *rest = labels.read_text(encoding="utf-8").splitlines()
    fewer = ",".join([*row.split(",")[:2], "1", "2", "0", "0", "0"])
    labels.write_text("\n".join([first, fewer, *rest]), encoding="utf-8")
    statistics = describe_dataset(read_dataset(dataset_folder))
    assert statistics.fleiss_kappa is None
    assert -1 < statistics.krippendorff_alpha_ordinal < 1
    assert "Fleiss' kappa undefined" in statistics.summary
