"""The fingerprint of a run's labelled data, so that a later change is noticed.

Correcting the column ``sample`` changes the split: a resumed or rescored run would then be scored
on samples it was trained on. Pictures are left out: hashing them takes long, and no split depends
on them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rostfine_core.files import sha256_of
from rostfine_core.training.config import PretrainConfig, Recipe, TrainConfig
from rostfine_core.training.data.dataset import ClipDataset, read_dataset, read_datasets

DataRecord = dict[str, dict[str, str]]
"""For each data set (the folders it is read from), a digest of each of its aspects."""


def read_data(config: TrainConfig) -> tuple[ClipDataset, DataRecord]:
    """Read the clips to train on, and fingerprint them and the data sets to test on.

    Raises:
        DatasetError: a data set has mistakes, including those to test on; all are listed.
    """
    dataset = read_datasets([Path(folder) for folder in config.data.train])
    record = {", ".join(config.data.train): _digests(dataset, columns=config.auxiliary.columns)}
    record |= _initial_weights(config)
    for folder in config.data.test:
        # A data set that is also trained on keeps the aspects recorded for training.
        record[folder] = record.get(folder, {}) | _digests(read_dataset(Path(folder)))
    return dataset, record


def read_unlabelled_data(config: PretrainConfig) -> tuple[ClipDataset, DataRecord]:
    """Read the clips to pretrain on, without votes, and fingerprint them.

    Raises:
        DatasetError: a data set has mistakes; all are listed.
    """
    folders = config.data.train
    dataset = read_datasets([Path(folder) for folder in folders], with_votes=False)
    return dataset, {", ".join(folders): _digests(dataset)} | _initial_weights(config)


def _initial_weights(config: Recipe) -> DataRecord:
    """The file that the network starts from: another of the same name makes another run."""
    path = Path(config.model.init)
    return {config.model.init: {"weights": sha256_of(path)}} if path.is_file() else {}


class DataRecords:
    """The records of many runs; data shared by several runs are read once."""

    def __init__(self) -> None:
        self._known: dict[object, DataRecord] = {}

    def of(self, config: TrainConfig) -> DataRecord:
        """Return the record of a run's data, see ``read_data``."""
        key = (config.data, config.auxiliary.columns, config.model.init)
        if key not in self._known:
            self._known[key] = read_data(config)[1]
        return self._known[key]


def data_changes(before: Mapping[str, Mapping[str, str]], now: DataRecord) -> list[str]:
    """Describe what differs from the record ``before``; empty if nothing does.

    An aspect added by a later version is not expected in an older record.
    """
    return [
        f"{aspect} of {name}"
        for name, aspects in before.items()
        for aspect, digest in aspects.items()
        if now.get(name, {}).get(aspect) != digest
    ]


def _digests(dataset: ClipDataset, *, columns: Sequence[str] = ()) -> dict[str, str]:
    # Values are listed one by one, so that one added later does not change old records.
    headers = [
        (h.name, h.kind, h.panel_size, h.clip_frames, h.clip_size_px, h.abstentions)
        for h in dataset.headers
    ]
    aspects: dict[str, object] = {
        "header": headers,
        "clips": [c.clip for c in dataset.clips],
        "samples": dataset.samples,
        "votes": [c.votes for c in dataset.clips],
    }
    if columns:
        aspects["auxiliary columns"] = [[c.numbers.get(n) for n in columns] for c in dataset.clips]
    return {
        name: hashlib.sha256(json.dumps(value).encode()).hexdigest()
        for name, value in aspects.items()
    }
