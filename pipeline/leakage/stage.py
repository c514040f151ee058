"""Stage `leakage`: proofs for every fold of a dataset that nothing was learned from rows that are scored later.

A proof that fails does not fail the stage: the report shows it.

`python -m benchmarks.leakage` (3,000,000 rows x 7, windows of 100): intervals 0.0 s and 226 MB, reads 0.1 s and 258 MB,
stored_files 4.8 s and 1,382 MB, perturbation_test 7.6 s and 1,411 MB, prefix 1.2 s and 274 MB, duplicates 0.5 s and
646 MB, state 1.0 s and 868 MB.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict
from typing import Any

from pipeline import dataset
from pipeline.common import backends as listed
from pipeline.common import files
from pipeline.dataset import splitting
from pipeline.leakage import (
    duplicates,
    history,
    holdout,
    ids,
    intervals,
    networks,
    overlap,
    perturbation,
    prefix,
    prepared,
    reads,
    stored,
)
from pipeline.leakage.proof import Proof, not_applicable
from pipeline.network import backends

# Windows that somebody else cut came without the rows that they were cut from.
_NO_ROWS = (
    "{} cannot be found: the windows were cut elsewhere, and the rows that they were made of are not there. The other "
    "proofs are about what happened to the windows since."
)
_NO_PAST = "No baseline reads anything before a window: the windows were cut elsewhere, and came without such rows."
_NO_EMBARGO = (
    "How many rows lie between two parts is unknown: the windows were cut elsewhere, and came without their rows or "
    "times. The proof `overlap` compares their contents."
)


def leakage(p: dict[str, Any], name: str, used: Collection[str] | None = None) -> None:
    """Write reports/leakage/NAME.json (docs/files.md): every proof of every fold of dataset `name`, and its source.

    Args:
        p: parameters.
        name: name of the dataset.
        used: backends on which the proofs train and predict; None for those of the dataset's experiments, as the stage
            `backends` has listed them, or TensorFlow where there is no experiment.

    Raises:
        UserError: `KERAS_BACKEND` names another backend.
    """
    used = listed.read(name) if used is None else used
    own, *others = sorted(used or [backends.DEFAULT], key=backends.NAMES.index)
    for backend in (own, *others):
        backends.require(backend, "on which the stage `leakage` trains")
    further = [proof for backend in others for proof in networks.prove_elsewhere(name, backend)]
    networks.prepare(own)
    expected = perturbation.reference(p, name)
    series = p["datasets"][name]["series"]
    proofs = [proof for fold in range(dataset.folds(name)) for proof in prove_fold(p, name, fold, expected, own)]
    proofs += [*further, prepared.prove(series)]
    read = {"series": series, **files.read_json(files.RAW / series / "series.json")["source"]}
    table = {"dataset": name, "read": read, "proofs": [asdict(proof) for proof in proofs]}
    files.write_json(files.LEAKAGE / f"{name}.json", table)


def prove_fold(
    p: dict[str, Any], name: str, fold: int, expected: perturbation.Reference, backend: str
) -> Iterator[Proof]:
    """Yield the proofs of one fold, in the order of the report.

    Args:
        p: parameters.
        name: name of the dataset.
        fold: number of the fold.
        expected: results of the stages for the original rows.
        backend: that of this process.
    """
    *trained, state = networks.prove(p, name, fold, expected, backend)
    parts = {kind: dataset.load(name, fold, kind) for kind in splitting.PARTS if dataset.has(name, fold, kind)}
    given = p["datasets"][name]["split"]["scheme"] == "given"
    yield intervals.prove(p, name, fold, parts)
    if "ids" in files.read_json(files.SPLIT / name / "split.json")["series"]:
        yield ids.prove(p, name, fold, parts)
    yield reads.prove(p, name, fold, parts)
    yield stored.judge(expected.stored[fold], fold)
    yield from trained
    if given:
        yield not_applicable("prefix", fold, _NO_ROWS.format("A step that looks ahead"))
        yield not_applicable("history", fold, _NO_PAST)
    else:
        yield prefix.prove(p, name, fold)
        yield history.prove(p, name, fold, parts)
    if "validation" not in parts:
        yield holdout.prove(fold, parts["train"])
    yield duplicates.prove(p, name, fold, parts)
    if given:
        yield overlap.prove(p, name, fold, parts)
        yield not_applicable("embargo", fold, _NO_EMBARGO)
    yield state
