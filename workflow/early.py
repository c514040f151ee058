"""What can be known before anything is computed: own files, whether windows fit into their parts, and the backend.

While Snakemake collects the jobs of a run, the main process reads each own file whose rows have to be read again, and
divides the rows for each dataset, as the stages will. A wrong cell then stops a run at once, instead of after all jobs
that do not need it; a run that does not need the file does not open it. A `KERAS_BACKEND` of the environment that is
not the backend of a stage that will run stops it too.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline.common import files, keras_file, params
from pipeline.common.backends import of_datasets
from pipeline.common.errors import UserError
from pipeline.dataset import features as inputs
from pipeline.dataset import labels, splitting
from pipeline.network import backends
from pipeline.series import reading
from pipeline.series.ids import Ids
from pipeline.series.series import Series


class Checks:
    """The checks of one run.

    Args:
        settings: all settings, complete.
        stale: the stages whose own inputs or outputs have changed, by DVC's names.
        running: those, and the stages that read what they make.
    """

    def __init__(self, settings: dict[str, Any], stale: set[str], running: Collection[str] = ()) -> None:
        self._settings, self._stale, self._running = settings, stale, running
        self._done: set[str] = set()
        self._read: tuple[str, Series] | None = None  # the rows read last: several datasets may need them

    def of(self, stage: str) -> list[str]:
        """Check what a stage of this run will read.

        Args:
            stage: by DVC's name; only `raw`, `split`, and those with a network need a check, each once.

        Returns:
            A line for each setting that is possible but hardly meant.

        Raises:
            UserError: the file of a series or a network is wrong, a part of a dataset holds no window, or
                `KERAS_BACKEND` names another backend than that of the stage.
        """
        kind, _, name = stage.partition("@")
        if stage in self._running:
            self._backend(kind, name)
        if kind not in ("raw", "split", "train") or stage in self._done:
            return []
        self._done.add(stage)
        if kind == "raw":
            self._rows(name)
            return []
        if kind == "train":
            self._network(name)
            return []
        rows = self._rows(self._settings["datasets"][name]["series"], stage in self._stale)
        if rows is None:
            return []
        try:
            return list(_divided(self._settings, name, rows))
        except UserError as error:
            raise params.located(error) from None

    def _backend(self, kind: str, name: str) -> None:
        """Require that the environment names no other backend than the one on which a stage computes."""
        if kind in ("train", "predict", "diagnose"):
            backend = self._settings["experiments"][name]["training"]["backend"]
            backends.require(backend, f"as `experiments.{name}.training.backend` has it")
        elif kind == "leakage":
            for backend in of_datasets(self._settings)[name] or [backends.DEFAULT]:
                backends.require(backend, f"on which the stage `leakage` trains for `datasets.{name}`")
        elif kind == "leaks":
            backends.require(backends.DEFAULT, "on which the stage `leaks` trains")

    def _network(self, name: str) -> None:
        """Require the file of an experiment's network, if it has one that this run trains."""
        architecture = self._settings["experiments"][name]["architecture"]
        if architecture["name"] == "file" and f"train@{name}" in self._stale:
            try:
                keras_file.require(f"experiments.{name}.architecture", architecture)
            except UserError as error:
                raise params.located(error) from None

    def _rows(self, name: str, stored: bool = False) -> Series | None:
        """Return the rows of a series: those of an own file that will be read again, or stored ones if wanted."""
        series = self._settings["series"][name]
        if f"raw@{name}" not in self._stale:
            return _stored(name) if stored else None
        if not files.is_own(series["source"]):
            return None
        if self._read is None or self._read[0] != name:
            self._read = name, reading.read(name, series)
        return self._read[1]


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
        parts=table.get("parts"),
        labels=table.get("labels"),
        ids=Ids(**table["ids"]) if "ids" in table else None,
    )


def _divided(settings: dict[str, Any], name: str, series: Series) -> Iterator[str]:
    """Divide the rows as the stage `split` will, and yield a line for each batch that holds every window."""
    dataset = settings["datasets"][name]
    table: dict[str, Any] = {
        "name": dataset["series"],
        "columns": series.columns,
        "target": series.target,
        "features": series.features,
        "sequence_length": series.sequence_length,
        "cuts": series.cuts,
        "parts": series.parts,
        "labels": series.labels,
        **({"ids": asdict(series.ids)} if series.ids else {}),
    }
    known = labels.find(f"datasets.{name}", dataset["window"]["target"], table, series.rows)
    features = inputs.chosen(name, dataset["window"], table)
    made, _, _ = splitting.divide(f"datasets.{name}.split", dataset, table, series.rows, series.time)
    if dataset["window"]["length"] == "sequence":
        return
    for number, fold in enumerate(made):
        train = np.concatenate([series.rows[start:stop] for start, stop in fold.train.intervals])
        if known:
            cells = train[:, series.columns.index(series.target)]
            there = np.isin(known.values, cells[np.isfinite(cells)]).astype(float)
            labels.require_each(name, number, dataset["window"]["target"], there, None, known)
        inputs.without_constant(name, dataset["window"]["constant"], train, table, features, number)
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
