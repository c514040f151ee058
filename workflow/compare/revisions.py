"""What one revision says of one experiment: its settings, its results, and what its stages rest on."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.common import files, params
from pipeline.common.errors import UserError

WORK_TREE, EXPERIMENT, REVISION = "work tree", "experiment", "git revision"
RUN = "`snakemake --cores all`"
_RESULTS = {
    "evaluation": files.EVALUATION / "{}.json",
    "losses": files.LOSSES / "{}.parquet",
    "diagnosis": files.DIAGNOSIS / "{}.json",
}
# The stages that lead to an experiment's results, and what each is named after.
_LEVELS = {
    "raw": "series",
    "split": "dataset",
    "window": "dataset",
    "scale": "dataset",
    "train": "experiment",
    "predict": "experiment",
    "evaluate": "experiment",
    "diagnose": "experiment",
}


@dataclass(frozen=True)
class Side:
    """One experiment of params.yaml in one revision.

    Args:
        revision: as the user named it.
        same: whether nothing differs from the side that it is compared with.
        known: whether params.yaml names the experiment there.
        declared: `experiment`, `dataset`, `series` and `size` as params.yaml has them there, resolved; None where that
            file does not pass the checks of today.
        evaluation: what the stage `evaluate` wrote, or None.
        losses: its table of `reports/losses/`, or None.
        diagnosis: what the stage `diagnose` wrote of these trainings, or None.
        sources: by kind of stage what it rests on besides settings and other stages: code, data files and locked
            packages, each with its hash or version.
        seconds: of its training, where reports/costs.csv has them: the work tree alone has that file.
    """

    revision: str
    same: bool = False
    known: bool = True
    declared: dict[str, Any] | None = None
    evaluation: dict[str, Any] | None = None
    losses: dict[str, np.ndarray] | None = None
    diagnosis: dict[str, Any] | None = None
    sources: dict[str, dict[str, str]] | None = None
    seconds: float | None = None

    @property
    def settings(self) -> dict[str, Any] | None:
        """What the scores were computed with, as `declared`; where there are no scores, `declared` itself."""
        if self.evaluation is None:
            return self.declared
        return {**self.evaluation["settings"], "size": self.evaluation["size"]}


@dataclass(frozen=True)
class Revision:
    """The files of one revision.

    Args:
        name: as the user gave it.
        kind: `WORK_TREE`, `EXPERIMENT` (of DVC) or `REVISION`.
        commit: the first digits of its commit, or None.
        raw: params.yaml as it stands there.
        settings: the same resolved (`params.load`), or None where it does not pass the checks of today.
        lock: the stages of dvc.lock there.
        read: gives a result's bytes by its path and its MD5.
    """

    name: str
    kind: str
    commit: str | None
    raw: dict[str, Any]
    settings: dict[str, Any] | None
    lock: dict[str, Any]
    read: Callable[[str, str], bytes]

    def experiments(self) -> list[str]:
        """Names of the experiments of params.yaml, in their order."""
        return list(self.raw.get("experiments") or {})

    def same(self, other: Revision, experiment: str) -> bool:
        """Whether an experiment's settings and results are equal in two revisions; no result is read for it."""
        if (experiment in self.experiments()) != (experiment in other.experiments()):
            return False
        if any(self._hash(_path(kind, experiment)) != other._hash(_path(kind, experiment)) for kind in _RESULTS):
            return False
        settings = self._declared(experiment), other._declared(experiment)
        # Where one is unknown, the evaluation, which holds the settings that it was made with, is what is left.
        return None in settings or settings[0] == settings[1]

    def side(self, experiment: str, base: Revision | None = None) -> Side:
        """Everything there is of one experiment, to be compared with `base`.

        Raises:
            UserError: a result is not where dvc.lock says it is, or is not whole.
        """
        losses = self._bytes("losses", experiment)
        return Side(
            revision=self.name,
            same=base is not None and self.same(base, experiment),
            known=experiment in self.experiments(),
            declared=self._declared(experiment),
            evaluation=self._json("evaluation", experiment),
            losses=None if losses is None else self._table(losses, experiment),
            # A run of fewer stages leaves the diagnosis of an earlier training.
            diagnosis=self._json("diagnosis", experiment) if self._current(f"diagnose@{experiment}") else None,
            sources=self._sources(experiment),
            seconds=_seconds(f"train@{experiment}") if self.kind == WORK_TREE else None,
        )

    def _declared(self, experiment: str) -> dict[str, Any] | None:
        if self.settings is None or experiment not in self.settings["experiments"]:
            return None
        names = _names(self.settings, experiment)
        return {
            "experiment": self.settings["experiments"][experiment],
            "dataset": self.settings["datasets"][names["dataset"]],
            "series": self.settings["series"][names["series"]],
            "size": self.settings["size"],
        }

    def _hash(self, path: str) -> str | None:
        if self.kind == WORK_TREE:
            return md5(Path(path).read_bytes()) if Path(path).is_file() else None
        outs = (out for stage in self.lock.values() for out in stage.get("outs") or [])
        return next((out.get("md5") for out in outs if out["path"] == path), None)

    def _bytes(self, kind: str, experiment: str) -> bytes | None:
        path = _path(kind, experiment)
        found = self._hash(path)
        return None if found is None else self.read(path, found)

    def _json(self, kind: str, experiment: str) -> Any:
        content = self._bytes(kind, experiment)
        try:
            return None if content is None else json.loads(content)
        except ValueError as error:
            raise self._broken(kind, experiment, error) from None

    def _table(self, content: bytes, experiment: str) -> dict[str, np.ndarray]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(io.BytesIO(content))
        except pa.ArrowInvalid as error:
            raise self._broken("losses", experiment, error) from None
        return {name: table.column(name).to_numpy() for name in table.column_names}

    def _broken(self, kind: str, experiment: str, error: Exception) -> UserError:
        return UserError(f"{_path(kind, experiment)} of {self.name}", "must be whole", error, f"{RUN} mends it.")

    def _current(self, name: str) -> bool:
        """Whether a stage has read what the stages before it made last, as dvc.lock has it."""
        made = {out["path"]: out.get("md5") for stage in self.lock.values() for out in stage.get("outs") or []}
        read = {dep["path"]: dep.get("md5") for dep in self.lock.get(name, {}).get("deps") or []}
        return all(made.get(path, found) == found for path, found in read.items())

    def _sources(self, experiment: str) -> dict[str, dict[str, str]]:
        names = {"experiment": experiment, **_names(self.raw, experiment)}
        made = {out["path"] for stage in self.lock.values() for out in stage.get("outs") or []}
        result: dict[str, dict[str, str]] = {}
        for kind, level in _LEVELS.items():
            stage = self.lock.get(f"{kind}@{names[level]}")
            if stage is None:
                continue
            deps = [dep for dep in stage.get("deps") or [] if dep["path"] not in made]
            result[kind] = {dep["path"]: str(dep.get("md5")) for dep in deps}
            for file, values in (stage.get("params") or {}).items():
                if file != str(params.FILE):
                    # locked.yaml holds groups of libraries.
                    libraries = {name: version for group in values.values() for name, version in group.items()}
                    result[kind] |= {f"{name} of {file}": str(version) for name, version in libraries.items()}
        return result


def md5(content: bytes) -> str:
    """DVC's hash of a file of this content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _names(raw: dict[str, Any], experiment: str) -> dict[str, str]:
    """Names of an experiment's dataset and series, as far as they stand in a params.yaml of whatever shape."""
    dataset = ((raw.get("experiments") or {}).get(experiment) or {}).get("dataset")
    series = ((raw.get("datasets") or {}).get(dataset) or {}).get("series")
    return {"dataset": str(dataset), "series": str(series)}


def _path(kind: str, experiment: str) -> str:
    return _RESULTS[kind].as_posix().format(experiment)


def _seconds(stage: str) -> float | None:
    if not files.COSTS.is_file():
        return None
    rows = csv.reader(files.COSTS.read_text(encoding="utf-8").splitlines())
    return next((float(row[1]) for row in rows if len(row) == 3 and row[0] == stage), None)
