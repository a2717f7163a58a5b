"""What a run remembers of its labelled data, so that a change under it is noticed.

A corrected column ``sample`` deals the clips anew: a run that went on, or was measured again, would
then be scored on samples that it has learned from. The pictures are not remembered, as reading
them all takes long and no split hangs on them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rostfine_core.training.config import TrainConfig
from rostfine_core.training.data.dataset import ClipDataset, read_dataset, read_datasets

DataRecord = dict[str, dict[str, str]]
"""For each part (the folders that it is read from), a digest of each of its aspects."""


def read_data(config: TrainConfig) -> tuple[ClipDataset, DataRecord]:
    """The clips to train on, and the record of them and of the data sets to test on.

    Raises:
        DatasetError: a data set has mistakes, those to test on included, all named.
    """
    dataset = read_datasets([Path(folder) for folder in config.data.train])
    record = {", ".join(config.data.train): _digests(dataset, columns=config.auxiliary.columns)}
    for folder in config.data.test:
        # One that is also trained on keeps what is noted of it for that.
        record[folder] = record.get(folder, {}) | _digests(read_dataset(Path(folder)))
    return dataset, record


class DataRecords:
    """The records of many runs: data that several runs share are read once."""

    def __init__(self) -> None:
        self._known: dict[object, DataRecord] = {}

    def of(self, config: TrainConfig) -> DataRecord:
        """The record of a run's data, see ``read_data``."""
        key = (config.data, config.auxiliary.columns)
        if key not in self._known:
            self._known[key] = read_data(config)[1]
        return self._known[key]


def changes(before: Mapping[str, Mapping[str, str]], now: DataRecord) -> list[str]:
    """What is no longer as in the record ``before``, in words; empty where all is.

    An aspect that a later version adds is not missed in the record of an earlier one.
    """
    return [
        f"{aspect} of {part}"
        for part, aspects in before.items()
        for aspect, digest in aspects.items()
        if now.get(part, {}).get(aspect) != digest
    ]


def _digests(dataset: ClipDataset, *, columns: Sequence[str] = ()) -> dict[str, str]:
    # The header's values are named one by one: one that is added later changes no old record.
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
