"""Stored files that the stages did not make are reported with their first difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.common import files
from pipeline.leakage import perturbation, stored
from tests.helpers.proofs import CHEAP, CLASSES, SEASON, prepared


def compared(p: dict[str, Any]) -> Any:
    return stored.judge(perturbation.reference(p, SEASON, CHEAP).stored[0], 0)


@pytest.mark.parametrize("file", ["split", "windows", "scaled", "test"])
def test_files_that_the_stages_did_not_make(project: Path, file: str) -> None:
    p = prepared(project)
    path = {
        "split": files.SPLIT / SEASON / "fold0/train.npy",
        "windows": files.WINDOWS / SEASON / "fold0/validation.parquet",
        "scaled": files.SCALED / SEASON / "fold0/validation.npy",
        "test": files.TEST / SEASON / "fold0.npy",
    }[file]
    read, write = (files.read_table, files.write_table) if file == "windows" else (files.read_array, files.write_array)
    for error, result in ((1e-11 if file != "scaled" else 1e-7, "pass"), (1e-4, "fail")):
        made = read(path)
        if file == "windows":
            write(path, made | {"mean": made["mean"] + np.abs(made["mean"]) * error})
        else:
            write(path, (made + np.abs(made) * np.float32(error)).astype(made.dtype))
        proof = compared(p)
        assert proof.result == result, proof
        assert proof.name == "stored_files"
    assert proof.found[0].startswith(f"{path} differs from what the stages make of the raw rows: ")
    for part in ("validation", "test"):  # which compares two runs of its own
        assert perturbation.check(p, SEASON, 0, part, CHEAP).result == "pass"
    shorter = {key: column[1:] for key, column in read(path).items()} if file == "windows" else read(path)[1:]
    write(path, shorter)
    assert "in place of" in compared(p).found[0]


def test_integers_of_a_stored_table_are_compared_exactly(project: Path) -> None:
    p = prepared(project)
    path = files.WINDOWS / SEASON / "fold0/train.parquet"
    table = files.read_table(path)
    files.write_table(path, table | {"row": table["row"] + (np.arange(len(table["row"])) == 7)})
    assert "column row, row 7 is 20 in place of 19" in compared(p).found[0]
    files.write_table(path, {key: table[key] for key in sorted(table)})
    assert "columns last, mean" in compared(p).found[0]


@pytest.mark.parametrize(
    ("root", "keys", "value", "result"),
    [
        (files.SCALED, ("folds", 0, "target", "scale"), lambda v: v * (1 + 1e-12), "pass"),
        (files.SCALED, ("folds", 0, "target", "scale"), lambda v: v * (1 + 1e-6), "fail"),
        (files.SCALED, ("methods", "window"), lambda v: "last", "fail"),
        (files.WINDOWS, ("folds", 0, "thresholds"), lambda v: v[:1], "fail"),
        (files.WINDOWS, ("folds", 0, "train", "dropped"), lambda v: v + 1, "fail"),
        (files.WINDOWS, ("folds", 0, "shares"), lambda v: [*v[:2], v[2] + 1e-6], "fail"),
        (files.SPLIT, ("folds", 0, "test", "intervals"), lambda v: [[v[0][0] + 1, v[0][1]]], "fail"),
        (files.SPLIT, ("folds", 0, "validation"), lambda v: None, "fail"),
        (files.SPLIT, ("gap",), lambda v: v + 1, "fail"),
    ],
)
def test_stored_tables_of_numbers(project: Path, root: Path, keys: tuple[Any, ...], value: Any, result: str) -> None:
    p = prepared(project, window=CLASSES)
    assert compared(p).result == "pass"
    path = (
        root / SEASON / {files.SCALED: "scaling.json", files.WINDOWS: "windows.json", files.SPLIT: "split.json"}[root]
    )
    table = at = files.read_json(path)
    for key in keys[:-1]:
        at = at[key]
    at[keys[-1]] = value(at[keys[-1]])
    files.write_json(path, table)
    proof = compared(p)
    assert proof.result == result, proof
    assert result == "pass" or ".".join(map(str, keys[1:])) in proof.found[0]


def test_other_bytes_of_the_same_table_are_no_fault(project: Path) -> None:
    import pyarrow.parquet as pq

    p = prepared(project)
    path = files.WINDOWS / SEASON / "fold0/train.parquet"
    before = path.read_bytes()
    pq.write_table(pq.read_table(path), path, compression="none")
    assert path.read_bytes() != before
    assert compared(p).result == "pass"
