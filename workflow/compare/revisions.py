"""One experiment in one revision: its settings, its results, and the sources of its stages."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.common import costs, files, params
from pipeline.common.errors import UserError

WORK_TREE, EXPERIMENT, REVISION = "work tree", "experiment", "git revision"
RUN = "`snakemake --cores all`"
_RESULTS = {
    "evaluation": files.EVALUATION / "{}.json",
    "losses": files.LOSSES / "{}.parquet",
    "diagnosis": files.DIAGNOSIS / "{}.json",
}
# The stages behind an experiment's results, and the level whose name each of them has.
_LEVELS = {
    "raw": "series",
    "split": "dataset",
    "window": "dataset",
    "scale": "dataset",
    "baselines": "dataset",
    "train": "experiment",
    "predict": "experiment",
    "evaluate": "experiment",
    "diagnose": "experiment",
}


@dataclass(frozen=True)
class Side:
    """One experiment of params.yaml in one revision.

    Attributes:
        revision: Name of the revision, as the user gave it.
        same: Whether it equals the side that it is compared with.
        known: Whether the revision's params.yaml has the experiment.
        declared: `experiment`, `dataset`, `series` and `size` of that params.yaml, resolved; None if the file fails the
            current checks.
        evaluation: Output of the stage `evaluate`, or None.
        losses: Its table of `reports/losses/`, or None.
        diagnosis: Output of the stage `diagnose` for these trainings, or None.
        sources: By stage, its code, data files and locked packages, each with its hash or version.
        seconds: Duration of the training, from reports/costs.csv, which only the work tree has.
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
        """The settings of the scores, in the form of `declared`; without scores, `declared` itself."""
        if self.evaluation is None:
            return self.declared
        return {**self.evaluation["settings"], "size": self.evaluation["size"]}


@dataclass(frozen=True)
class Revision:
    """The files of one revision.

    Attributes:
        name: Name as the user gave it.
        kind: `WORK_TREE`, `EXPERIMENT` (of DVC) or `REVISION`.
        commit: First digits of its commit, or None.
        raw: Content of its params.yaml.
        settings: The same resolved (`params.load`), or None if it fails the current checks.
        lock: Stages of its dvc.lock.
        read: Returns the bytes of a result, given its path and MD5.
    """

    name: str
    kind: str
    commit: str | None
    raw: dict[str, Any]
    settings: dict[str, Any] | None
    lock: dict[str, Any]
    read: Callable[[str, str], bytes]

    def experiments(self) -> list[str]:
        """Return the names of the experiments in params.yaml, in their order, without candidates of `make fix`."""
        return [name for name in self.raw.get("experiments") or {} if not params.CANDIDATE.fullmatch(name)]

    def evaluated(self) -> list[str]:
        """Return the names of the experiments that dvc.lock has evaluated."""
        return [name.removeprefix("evaluate@") for name in self.lock if name.startswith("evaluate@")]

    def hashes(self, experiment: str) -> tuple[tuple[str, str] | None, str | None]:
        """Return path and hash of an experiment's evaluation, and the hash of its losses; None for a missing file."""
        path = _path("evaluation", experiment)
        digest = self._hash(path)
        return (path, digest) if digest else None, self._hash(_path("losses", experiment))

    def series(self, experiment: str) -> str:
        """Return the series of an experiment by the settings in dvc.lock; `None` if they do not name it."""
        settings = self.lock[f"evaluate@{experiment}"].get("params", {}).get(str(params.FILE), {})
        datasets = [value for key, value in settings.items() if key.startswith("datasets.")]
        return next((str(value.get("series")) for value in datasets if isinstance(value, dict)), "None")

    def same(self, other: Revision, experiment: str) -> bool:
        """Return whether an experiment's settings and results are equal in two revisions, without reading a result."""
        if (experiment in self.experiments()) != (experiment in other.experiments()):
            return False
        if any(self._hash(_path(kind, experiment)) != other._hash(_path(kind, experiment)) for kind in _RESULTS):
            return False
        settings = self._declared(experiment), other._declared(experiment)
        # If one is unknown, rely on the evaluation, which contains its settings.
        return None in settings or settings[0] == settings[1]

    def side(self, experiment: str, base: Revision | None = None) -> Side:
        """Read one experiment, to be compared with `base`.

        Raises:
            UserError: A result is missing or incomplete.
        """
        losses = self._bytes("losses", experiment)
        cost = costs.read().get(f"train@{experiment}")
        return Side(
            revision=self.name,
            same=base is not None and self.same(base, experiment),
            known=experiment in self.experiments(),
            declared=self._declared(experiment),
            evaluation=self._json("evaluation", experiment),
            losses=None if losses is None else self._table(losses, experiment),
            # After a run of only some stages, the diagnosis may be that of an earlier training.
            diagnosis=self._json("diagnosis", experiment) if self._current(f"diagnose@{experiment}") else None,
            sources=self._sources(experiment),
            seconds=cost.seconds if cost and self.kind == WORK_TREE else None,
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
        digest = self._hash(path)
        return None if digest is None else self.read(path, digest)

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
        return UserError(f"{_path(kind, experiment)} of {self.name}", "must be complete", error, f"Run {RUN}.")

    def _current(self, name: str) -> bool:
        """Return whether a stage has read the latest outputs of the stages before it, according to dvc.lock."""
        made = {out["path"]: out.get("md5") for stage in self.lock.values() for out in stage.get("outs") or []}
        read = {dep["path"]: dep.get("md5") for dep in self.lock.get(name, {}).get("deps") or []}
        return all(made.get(path, digest) == digest for path, digest in read.items())

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
                    # locked.yaml has groups of libraries.
                    libraries = {name: version for group in values.values() for name, version in group.items()}
                    result[kind] |= {f"{name} of {file}": str(version) for name, version in libraries.items()}
        return result


def md5(content: bytes) -> str:
    """Return DVC's hash of a file with this content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _names(raw: dict[str, Any], experiment: str) -> dict[str, str]:
    """Return the names of an experiment's dataset and series; `None` as text if params.yaml lacks them."""
    dataset = ((raw.get("experiments") or {}).get(experiment) or {}).get("dataset")
    series = ((raw.get("datasets") or {}).get(dataset) or {}).get("series")
    return {"dataset": str(dataset), "series": str(series)}


def _path(kind: str, experiment: str) -> str:
    return _RESULTS[kind].as_posix().format(experiment)
