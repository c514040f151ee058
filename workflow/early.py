"""What can be known before anything is computed: the user's own files, and whether windows fit into their parts.

The main process reads each own file whose rows have to be read again, and divides the rows for each of its datasets, as
the stages will. A wrong cell then stops a run at once, instead of after all jobs that do not need it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.dataset import splitting, windowing
from pipeline.series import reading
from pipeline.series.series import Series


def check(settings: dict[str, Any], stale: set[str]) -> list[str]:
    """Check the own files that will be read, and the datasets that will be divided.

    Args:
        settings: all settings, complete.
        stale: the stages that have to run, by DVC's names.

    Returns:
        A line for each setting that is possible but hardly meant.

    Raises:
        UserError: a file is wrong, or a part of a dataset holds no window.
    """
    notes: list[str] = []
    read = {name: reading.read(name, settings["series"][name]) for name in _own(settings) if f"raw@{name}" in stale}
    for name, dataset in settings["datasets"].items():
        rows = read.get(dataset["series"])
        if rows is None and f"split@{name}" in stale and f"raw@{dataset['series']}" not in stale:
            rows = _stored(dataset["series"])
        if rows is not None:
            try:
                notes += _divided(settings, name, rows)
            except UserError as error:
                raise params.located(error) from None
    return notes


def _own(settings: dict[str, Any]) -> Iterator[str]:
    for name, series in settings["series"].items():
        if files.is_own(series["source"]):
            yield name


def _stored(name: str) -> Series | None:
    """Return the rows that the stage `raw` has written; None if it has not."""
    folder = files.RAW / name
    if not (folder / "series.json").is_file():
        return None
    table = files.read_json(folder / "series.json")
    return Series(
        rows=files.read_array(folder / "rows.npy"),
        columns=table["columns"],
        target=table["target"],
        features=table["features"],
        time=files.read_array(folder / "time.npy") if table["time"] else None,
        sequence_length=table["sequence_length"],
        cuts=table["cuts"],
    )


def _divided(settings: dict[str, Any], name: str, series: Series) -> Iterator[str]:
    """Divide the rows as the stage `split` will, and yield a line for each batch that holds every window."""
    dataset = settings["datasets"][name]
    table = {
        "name": dataset["series"],
        "columns": series.columns,
        "target": series.target,
        "features": series.features,
        "sequence_length": series.sequence_length,
        "cuts": series.cuts,
    }
    made = splitting.divide(f"datasets.{name}.split", dataset, table, series.rows, series.time)
    if dataset["window"]["length"] == "sequence":
        return
    for number, fold in enumerate(made):
        train = np.concatenate([series.rows[start:stop] for start, stop in fold.train.intervals])
        windowing.without_constant(name, dataset["window"]["constant"], train, table, series.features, number)
    span = dataset["window"]["length"] + dataset["window"]["horizon"] - 1
    stride = dataset["window"]["stride"]["train"]
    windows = min(
        sum(math.ceil(max(stop - start - span, 0) / stride) for start, stop in fold.train.intervals) for fold in made
    )
    for experiment, given in settings["experiments"].items():
        if given["dataset"] == name and given["training"]["batch_size"] > windows:
            yield (
                f"Note: `experiments.{experiment}.training.batch_size` ({given['training']['batch_size']:,}) is larger "
                f"than all {windows:,} training windows, so that an epoch is a single update."
            )
