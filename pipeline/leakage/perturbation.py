"""Perturbation: everything learned stays the same, to the byte, when every later row is replaced.

The stages run again in a temporary folder: once on the original rows, and once with a new value (and, where the dataset
allows missing cells, once with a missing cell) in every cell that training must not know. The cells are replaced in
rows.npy, so the checks of stage `raw` do not interfere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import labels, scaling, splitting, windowing
from pipeline.leakage import later, scratch, stored, training
from pipeline.leakage.proof import Proof, judge
from pipeline.series import replacing

_CHUNK = 1 << 18  # rows replaced at a time
_SEED = 3
_NUMBERS, _MISSING = "new values", "missing cells"


def train_nothing(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    """Replace a short training where none is needed."""
    return {}


class Steps(NamedTuple):
    """The stages between the raw rows and the weights; each takes the parameters and the dataset's name.

    `weights` and `stopped` also take the fold and return bytes by name: weights after a training without validation,
    and after one with early stopping. They read the files of the working directory.
    """

    split: Callable[[dict[str, Any], str], None]
    window: Callable[[dict[str, Any], str], None]
    scale: Callable[[dict[str, Any], str], None]
    weights: Callable[[dict[str, Any], str, int], dict[str, bytes]]
    stopped: Callable[[dict[str, Any], str, int], dict[str, bytes]] = train_nothing


STEPS = Steps(splitting.split, windowing.window, scaling.scale, training.weights, training.stopped)


class _Artefact(NamedTuple):
    size: int  # bytes
    digest: str  # sha256
    validation: bool = False  # whether it may depend on the validation rows


class Reference(NamedTuple):
    """Results of the stages for the original rows.

    Attributes:
        description: content of split.json.
        artefacts: by fold and name.
        stored: by fold, the comparison of the stored files with those results.
        low: float64 [columns], smallest value of each column.
        width: float64 [columns], range of the values of each column.
    """

    description: dict[str, Any]
    artefacts: dict[int, dict[str, _Artefact]]
    stored: dict[int, stored.Compared]
    low: np.ndarray
    width: np.ndarray


class _Run(NamedTuple):
    artefacts: dict[str, _Artefact]
    cells: int  # that were replaced
    error: str | None = None


def reference(p: dict[str, Any], name: str, steps: Steps = STEPS, folds: list[int] | None = None) -> Reference:
    """Run the steps on the original rows, and compare some folds' stored files (None: all) with the results."""
    source = files.RAW / p["datasets"][name]["series"]
    rows = files.read_array(source / "rows.npy")
    low, width = replacing.ranges(rows)
    del rows  # a mapped file counts as memory as long as it is open
    here = Path.cwd()
    made, compared = {}, {}
    with _scratch(p, name):
        for step in (steps.split, steps.window, steps.scale):
            step(p, name)
        description = files.read_json(files.SPLIT / name / "split.json")
        for fold in folds if folds is not None else range(len(description["folds"])):
            kinds = [kind for kind in splitting.PARTS if description["folds"][fold][kind] is not None]
            compared[fold] = stored.compare(here, name, fold, kinds)
            made[fold] = _written(name, fold, "validation" in kinds) | _trained(p, name, fold, steps, "test")
    return Reference(description, made, compared, low, width)


def check(
    p: dict[str, Any],
    name: str,
    fold: int,
    part: str,
    steps: Steps = STEPS,
    expected: Reference | None = None,
) -> Proof:
    """Check whether anything learned in a fold depends on rows from `part` on.

    Args:
        p: parameters.
        name: name of the dataset.
        fold: number of the fold.
        part: validation (every row after training is replaced; nothing learned from training may change) or test (every
            row after validation is replaced; validation, and what is chosen by it, may not change either). Of
            independent sequences, those of the part and of later parts are replaced.
        steps: the stages.
        expected: their results for the original rows; computed here if None.

    Returns:
        The proof `perturbation_validation` or `perturbation_test`. `found` names the changes.
    """
    expected = expected or reference(p, name, steps, [fold])
    if part == "test":
        return check_test(p, name, fold, steps, expected)[0]
    wanted = {what: a for what, a in expected.artefacts[fold].items() if not a.validation}
    found, cells = [], 0
    for variant in _variants(p, name):
        run = _rerun(p, name, fold, part, variant, steps, expected, unopened=False)
        found += _differences(variant, wanted, run)
        cells += run.cells
    return _judge_perturbation(fold, part, wanted, cells, found)


def check_test(
    p: dict[str, Any], name: str, fold: int, steps: Steps = STEPS, expected: Reference | None = None
) -> tuple[Proof, Proof]:
    """Make two proofs from one run, in which the test rows are replaced and then the test part's file is removed.

    Returns:
        `perturbation_test`, as by `check`, and `test_unopened`: the steps after the split do not need the test file.
    """
    expected = expected or reference(p, name, steps, [fold])
    wanted = expected.artefacts[fold]
    changed, opened, cells = [], [], 0
    for variant in _variants(p, name):
        without = _rerun(p, name, fold, "test", variant, steps, expected, unopened=True)
        cells += without.cells
        if not _differences(variant, wanted, without):
            continue
        # A proof fails; a run with the file in place shows which one.
        present = _rerun(p, name, fold, "test", variant, steps, expected, unopened=False)
        changed += _differences(variant, wanted, present)
        opened += _differences("no test file", present.artefacts, without)
    about = (
        "Windows, scaling and the weights of short trainings on the last few hundred windows are the same to the byte "
        "without the test part's file."
    )
    compared = {"artefacts": len(wanted), "bytes": sum(a.size for a in wanted.values())}
    unopened = judge("test_unopened", fold, compared, list(dict.fromkeys(opened)), about)
    return _judge_perturbation(fold, "test", wanted, cells, changed), unopened


def _judge_perturbation(fold: int, part: str, wanted: dict[str, _Artefact], cells: int, found: list[str]) -> Proof:
    before = {"validation": "the training part", "test": "all rows that training uses"}[part]
    about = (
        f"Every cell after {before}, or of later sequences, was replaced and the stages ran again: windows, scaling "
        "and the weights of short trainings on the last few hundred windows are the same to the byte."
    )
    compared = {"artefacts": len(wanted), "bytes": sum(a.size for a in wanted.values()), "cells": cells}
    return judge(f"perturbation_{part}", fold, compared, found, about)


def _variants(p: dict[str, Any], name: str) -> list[str]:
    return [_NUMBERS] if p["datasets"][name]["window"]["missing"] == "error" else [_NUMBERS, _MISSING]


def _differences(variant: str, wanted: dict[str, _Artefact], run: _Run) -> list[str]:
    if run.error:
        return [f"{variant}: {run.error}"]
    return [f"{variant}: {what} changed" for what, artefact in wanted.items() if run.artefacts.get(what) != artefact]


def _rerun(
    p: dict[str, Any], name: str, fold: int, part: str, variant: str, steps: Steps, expected: Reference, unopened: bool
) -> _Run:
    """Run the steps on replaced rows; return the artefacts of the fold, or the error."""
    has = expected.description["folds"][fold]["validation"] is not None
    with _scratch(p, name):
        path = files.RAW / p["datasets"][name]["series"] / "rows.npy"
        cells = _replace(path, p["datasets"][name], fold, part, variant, expected)
        try:
            steps.split(p, name)
            if unopened:
                shutil.rmtree(files.TEST / name)
            steps.window(p, name)
            steps.scale(p, name)
            made = _written(name, fold, has) | _trained(p, name, fold, steps, part)
        except (UserError, OSError) as error:
            return _Run({}, cells, str(error))
    return _Run(made, cells)


@contextlib.contextmanager
def _scratch(p: dict[str, Any], name: str) -> Iterator[None]:
    """Make a temporary folder with the dataset's raw rows and parameters the working directory."""
    settings = p["datasets"][name]
    source = (files.RAW / settings["series"]).resolve()
    short = {
        "dataset": name,
        "architecture": {"name": "lstm"},
        "training": training.SETTINGS,
    }
    own = p | {
        "series": {settings["series"]: p["series"][settings["series"]]},
        "datasets": {name: settings},
        "experiments": {"short": short},
    }
    with scratch.project(own):
        copy = files.RAW / settings["series"]
        copy.mkdir(parents=True)
        for path in sorted(source.iterdir()):
            shutil.copyfile(path, copy / path.name)  # without its mode, as DVC's files may be read-only
        yield


def _replace(path: Path, settings: dict[str, Any], fold: int, part: str, variant: str, expected: Reference) -> int:
    """Replace, in rows.npy, every cell of the rows that must not matter; return how many cells were replaced.

    Where cells become missing, each later part keeps its last window, with new values, because the stages reject a
    part without windows.
    """
    rows = np.load(path, mmap_mode="r+", allow_pickle=False)
    spans = later.spans(expected.description, settings["split"]["scheme"], fold, part, path.parent)
    kept = np.zeros(len(rows), dtype=bool)
    if variant == _MISSING:
        kept[later.last_windows(expected.description, settings["window"], len(rows))] = True
    strata = later.labels(expected.description, settings["split"], rows)
    rng = np.random.default_rng([_SEED, fold, ["validation", "test"].index(part)])
    known, series = labels.known(expected.description), expected.description["series"]
    column = series["columns"].index(series["target"])
    for start, stop in spans:
        for at in range(start, stop, _CHUNK):
            some = slice(at, min(at + _CHUNK, stop))
            old = rows[some]
            new = replacing.draw_others(old, expected.low, expected.width, rng)
            if known:  # other cells would be labels that no training window has
                new[:, column] = replacing.draw_labels(old[:, column], known.values, rng)
            if variant == _MISSING:
                new[~kept[some]] = np.nan
            rows[some] = new
    if strata is not None:
        rows[strata[0], strata[1]] = strata[2]
    rows.flush()
    return sum(stop - start for start, stop in spans) * rows.shape[1]


def _written(name: str, fold: int, has_validation: bool) -> dict[str, _Artefact]:
    """Return the artefacts of one fold in the working directory; missing files are left out."""
    made: dict[str, _Artefact] = {}
    for kind in ("train", "validation") if has_validation else ("train",):
        for root, file in (
            (files.SPLIT, f"{kind}.npy"),
            (files.WINDOWS, f"{kind}.parquet"),
            (files.SCALED, f"{kind}.npy"),
        ):
            path = files.fold_folder(root, name, fold) / file
            if path.exists():
                with path.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                made[path.as_posix()] = _Artefact(path.stat().st_size, digest, kind == "validation")
    path = files.SPLIT / name / "split.json"
    if path.exists() and fold == 0:  # the only one whose training rows it reads
        made[f"{path.as_posix()} (season)"] = _numbers(files.read_json(path)["season"])
    path = files.WINDOWS / name / "windows.json"
    if path.exists():
        windows = files.read_json(path)
        parts = windows["folds"][fold]
        learned = {"features": windows["features"]} | {key: parts[key] for key in ("thresholds", "shares", "train")}
        made[f"{path.as_posix()} (training)"] = _numbers(learned)
        if has_validation:
            made[f"{path.as_posix()} (validation)"] = _numbers(parts["validation"], validation=True)
    path = files.SCALED / name / "scaling.json"
    if path.exists():
        made[path.as_posix()] = _numbers(files.read_json(path)["folds"][fold])
    return made


def _trained(p: dict[str, Any], name: str, fold: int, steps: Steps, part: str) -> dict[str, _Artefact]:
    made = {what: _bytes(content) for what, content in steps.weights(p, name, fold).items()}
    if part == "test":
        made |= {what: _bytes(content, validation=True) for what, content in steps.stopped(p, name, fold).items()}
    return made


def _numbers(value: Any, validation: bool = False) -> _Artefact:
    return _bytes(json.dumps(value).encode(), validation)


def _bytes(content: bytes, validation: bool = False) -> _Artefact:
    return _Artefact(len(content), hashlib.sha256(content).hexdigest(), validation)
