"""The proofs: each passes on what the stages make, and catches violations that are planted here."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline import dataset, raw
from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.dataset import scaling, splitting, windowing
from pipeline.leakage import duplicates, intervals, perturbation, prefix, reads, state, stored, training
from pipeline.leakage.__main__ import main
from pipeline.leakage.intervals import Windows
from pipeline.leakage.stage import leakage
from pipeline.network import backends, predicting
from pipeline.network import training as train
from pipeline.series import reading
from tests.conftest import PROJECT, tiny_params, write_params
from tests.helpers.parts import make_part
from tests.helpers.splits import drawn

# As the other tests that need a network do, so that they can share a process.
backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before


def every(begin: int, stop: int, length: int = 4, ahead: int = 1, context: int | None = None) -> Windows:
    """All windows of a part of one interval."""
    return Windows(
        np.arange(begin - (context or 0), stop - length - ahead + 1), length, ahead, [(begin, stop)], context
    )


# --- intervals


@pytest.mark.parametrize(
    ("parts", "policy", "gap"),
    [
        ({"train": every(0, 20), "test": every(20, 40)}, "strict", 0),
        ({"train": every(0, 20), "validation": every(23, 33), "test": every(36, 50)}, "strict", 3),
        ({"train": every(0, 20), "validation": every(23, 33, context=4), "test": every(36, 50)}, "carry", 3),
        ({"train": every(5, 20, ahead=3), "test": every(20, 40, ahead=3)}, "strict", 0),
        (
            {  # sequences in no order, with targets made of their own rows
                "train": Windows(np.array([0, 8]), 4, 0, [(0, 4), (8, 12)]),
                "test": Windows(np.array([4]), 4, 0, [(4, 8)]),
            },
            "strict",
            0,
        ),
    ],
)
def test_windows_that_keep_to_their_parts(parts: dict[str, Windows], policy: str, gap: int) -> None:
    proof = intervals.check(parts, policy, gap, 2)
    assert (proof.result, proof.found, proof.fold) == ("pass", [], 2)
    assert proof.compared["windows"] == sum(len(windows.first) for windows in parts.values())


def test_rows_are_counted_once_however_many_windows_share_them() -> None:
    parts = {"train": every(0, 20), "test": every(20, 40)._replace(first=np.array([20, 30]))}
    assert intervals.check(parts, "strict", 0).compared == {"windows": 18, "rows": 20 + 10}


def moved(windows: Windows, index: int, to: int) -> Windows:
    first = windows.first.copy()
    first[index] = to
    return windows._replace(first=first)


TRAIN, VALIDATION, TEST = every(0, 20), every(23, 33), every(36, 50)


@pytest.mark.parametrize(
    ("change", "policy", "gap", "said"),
    [
        ({"train": TRAIN._replace(length=5)}, "strict", 3, "1 of 16 train windows predict rows outside the part"),
        ({"train": moved(TRAIN, -1, 40)}, "strict", 3, "train windows predict rows of test; the first is window 15"),
        ({"train": moved(TRAIN, -1, 32)}, "strict", 3, "1 of 16 train windows predict rows of test"),
        ({"train": moved(TRAIN, 3, 17)}, "strict", 3, "window 3: inputs [17, 21), targets [21, 22)"),
        ({"train": moved(TRAIN, 0, -1)}, "strict", 3, "read rows before the part"),
        ({"validation": every(22, 33)}, "strict", 3, "2 rows between the last row of train, 19, and the first target"),
        ({"test": every(35, 50, context=4)}, "carry", 3, "2 rows between the last row of validation, 32"),
        ({"test": every(36, 50, context=4)}, "strict", 3, "read rows before the part"),
        ({"test": every(36, 50, context=4)}, "strict", 3, "test windows share rows with windows of validation"),
        ({"test": every(36, 50, context=4)._replace(context=3)}, "carry", 3, "1 of 14 test windows read rows before"),
        ({"test": every(36, 50)._replace(own=[(30, 50)])}, "strict", 0, "rows [23, 33) of validation belong to test"),
        ({"test": TEST._replace(row=TEST.first + 5)}, "strict", 3, "10 of 10 test windows have another target row"),
    ],
)
def test_windows_that_do_not(change: dict[str, Windows], policy: str, gap: int, said: str) -> None:
    parts = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
    assert intervals.check(parts, policy, gap).result == "pass"
    proof = intervals.check(parts | change, policy, gap)
    assert proof.result == "fail"
    assert any(said in line for line in proof.found), proof.found


def test_a_window_across_two_sequences() -> None:
    part = {"intervals": [(0, 4), (4, 8), (12, 16)], "context": 0}
    for start, ok in ((0, True), (4, True), (8, True), (1, False), (6, False), (9, False), (12, False)):
        table = {"start": np.array([start]), "row": np.array([start])}
        windows = intervals.located(table, part, 4, 0)._replace(row=None)
        assert intervals.check({"train": windows}, "strict", 0).result == ("pass" if ok else "fail"), start
    assert intervals.located({"start": np.array([9]), "row": np.array([0])}, part, 4, 0).first == 13


@settings(max_examples=300, deadline=None)
@given(
    drawn=drawn(),
    length=st.integers(1, 30),
    ahead=st.integers(1, 5),
    strides=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    pick=st.integers(0, 10**6),
)
def test_intervals_of_whatever_split_and_window_make_and_of_one_window_moved_across_an_edge(
    drawn: tuple[dict[str, Any], int], length: int, ahead: int, strides: tuple[int, int], pick: int
) -> None:
    chosen, rows = drawn
    try:
        made = splitting.folds("s", chosen, rows, length)
    except UserError:
        return
    for fold in made:
        parts = {}
        for name in splitting.PARTS:
            part = getattr(fold, name)
            if part is not None:
                start = windowing.starts(part.intervals, length, ahead, strides[name != "train"])
                described = {"intervals": part.intervals, "context": part.context}
                table = {"start": start, "row": splitting.rows_of(part)[start + length]}
                parts[name] = intervals.located(table, described, length, ahead)
        proof = intervals.check(parts, chosen["policy"], chosen["gap"])
        assert proof.result == "pass", proof.found
        name = list(parts)[pick % len(parts)]
        windows = parts[name]
        assume(len(windows.first))
        begin, stop = windows.own[0]
        earliest = begin - (windows.context or 0)
        for index, first in ((0, earliest - 1), (-1, stop - length - ahead + 1)):
            across = moved(windows, index, first)._replace(row=None)
            assert intervals.check(parts | {name: across}, chosen["policy"], chosen["gap"]).result == "fail"


@pytest.mark.parametrize(("declared", "result"), [(0, "pass"), (3, "fail")])
def test_a_split_that_ignores_the_declared_gap(project: Path, declared: int, result: str) -> None:
    prepared(project)  # gap 0
    p = tiny_params()
    p["datasets"][SEASON]["split"] = p["datasets"][SEASON]["split"] | {"gap": declared}
    write_params(project, p)
    proof = intervals.dataset_proof(params.load(), SEASON, 0, loaded())
    assert proof.result == result
    assert declared == 0 or "0 rows between the last row of train, 279" in proof.found[0]


def test_a_split_that_ignores_the_declared_policy(project: Path) -> None:
    holdout = {"scheme": "holdout", "validation": 0.15, "test": 0.15}
    p = prepared(project, split=holdout | {"policy": "carry"})
    assert intervals.dataset_proof(p, SEASON, 0, loaded()).result == "pass"
    p["datasets"][SEASON]["split"]["policy"] = "strict"
    assert intervals.dataset_proof(p, SEASON, 0, loaded()).result == "fail"
    p = real_sequences(project)
    assert intervals.dataset_proof(p, SEASON, 0, loaded()).result == "pass"


# --- perturbation


def least_squares(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    """What a cheap learner makes of the scaled training windows, in place of a network's weights."""
    part = dataset.load(name, fold, "train")
    x = np.nan_to_num(part.inputs()[:, :, 0].astype(float))
    return {"weights": np.linalg.lstsq(x, part.raw_targets(), rcond=None)[0].tobytes()}


def best_on_validation(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    held = dataset.load(name, fold, "validation")
    return {"weights after early stopping": held.inputs().mean(axis=0).tobytes()}


CHEAP = perturbation.Steps(splitting.split, windowing.window, scaling.scale, least_squares)
SEASON, SIGN = "season_windows", "sign_windows"


def prepared(project: Path, name: str = SEASON, holes: int = 0, **change: Any) -> dict[str, Any]:
    """Parameters and stored files of one dataset; `holes` cells of the series are made missing."""
    p = tiny_params()
    p["datasets"][name] |= change
    write_params(project, p)
    p = params.load()
    series = p["datasets"][name]["series"]
    raw.main([series])
    rows = np.array(files.read_array(files.RAW / series / "rows.npy"))
    rows[np.random.default_rng(0).choice(len(rows), holes, replace=False), 0] = np.nan
    files.write_array(files.RAW / series / "rows.npy", rows)
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(p, name)
    return p


CLASSES = {"length": 12, "target": {"kind": "classes", "quantiles": [0.3, 0.6]}}
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    (SEASON, {}),
    (SIGN, {}),
    (SEASON, {"window": CLASSES | {"stride": {"train": 5, "evaluation": 3}}}),
    (SEASON, {"split": {"scheme": "sliding", "folds": 3, "train_size": 60, "test_size": 30, "validation_size": 30}}),
    *((SEASON, {"window": CLASSES | {"missing": missing}, "holes": 15}) for missing in ("drop", "fill_past", "keep")),
]


@pytest.mark.parametrize(("name", "change"), SETTINGS)
def test_what_the_stages_learn_does_not_change(project: Path, name: str, change: dict[str, Any]) -> None:
    p = prepared(project, name, **change)
    steps = CHEAP._replace(stopped=best_on_validation) if dataset.has(name, 0, "validation") else CHEAP
    expected = perturbation.reference(p, name, steps)
    for fold in range(dataset.folds(name)):
        proofs = list(perturbation.on_test(p, name, fold, steps, expected))
        if dataset.has(name, fold, "validation"):
            proofs.append(perturbation.check(p, name, fold, "validation", steps, expected))
        for proof in proofs:
            assert proof.result == "pass", proof
            assert proof.compared["artefacts"] >= 6
    if name == SIGN:
        assert perturbation.check(p, name, 0, "test", CHEAP) == proofs[0]


def whole(p: dict[str, Any], name: str) -> np.ndarray:
    return files.read_array(files.RAW / p["datasets"][name]["series"] / "rows.npy")


def scale_by_all_rows(p: dict[str, Any], name: str) -> None:
    scaling.scale(p, name)
    path = files.SCALED / name / "scaling.json"
    table = files.read_json(path)
    table["folds"][0]["features"]["value"]["center"] = float(np.nanmean(whole(p, name)[:, 0]))
    files.write_json(path, table)


def thresholds_of_all_rows(p: dict[str, Any], name: str) -> None:
    windowing.window(p, name)
    path = files.WINDOWS / name / "windows.json"
    table = files.read_json(path)
    table["folds"][0]["thresholds"] = [float(q) for q in np.nanquantile(whole(p, name)[:, 0], [0.3, 0.6])]
    files.write_json(path, table)


def shares_of_all_rows(p: dict[str, Any], name: str) -> None:
    windowing.window(p, name)
    path = files.WINDOWS / name / "windows.json"
    table = files.read_json(path)
    table["folds"][0]["shares"][2] = float(np.nanmean(whole(p, name)[:, 0]))
    files.write_json(path, table)


def train_rows_to_the_end(p: dict[str, Any], name: str) -> None:
    splitting.split(p, name)
    path = files.SPLIT / name / "fold0/train.npy"
    files.write_array(path, whole(p, name)[-len(files.read_array(path)) :])


def fill_from_the_future(p: dict[str, Any], name: str) -> None:
    """Each training row is the mean of itself and the next one, whatever part that is in."""
    splitting.split(p, name)
    path = files.SPLIT / name / "fold0/train.npy"
    count = len(files.read_array(path))
    rows = whole(p, name)
    files.write_array(path, (rows[:count] + rows[1 : count + 1]) / 2)


def learn_on_validation(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    held = files.read_array(files.SCALED / name / f"fold{fold}/validation.npy")
    return {"weights": np.mean(held).tobytes()}


def stop_on_test(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    return {"weights": np.mean(files.read_array(files.TEST / name / f"fold{fold}.npy")).tobytes()}


@pytest.mark.parametrize(
    ("change", "parts", "said"),
    [
        ({"scale": scale_by_all_rows}, ("validation", "test"), "scaling.json differs"),
        ({"window": thresholds_of_all_rows}, ("validation", "test"), "windows.json (training) differs"),
        ({"window": shares_of_all_rows}, ("validation", "test"), "windows.json (training) differs"),
        ({"split": train_rows_to_the_end}, ("validation", "test"), "fold0/train.npy differs"),
        ({"split": fill_from_the_future}, ("validation",), "fold0/train.npy differs"),
        ({"weights": learn_on_validation}, ("validation",), "weights differs"),
        ({"weights": stop_on_test}, ("validation", "test"), "weights differs"),
    ],
)
def test_planted_leaks_change_what_is_learned(
    project: Path, change: dict[str, Any], parts: tuple[str, ...], said: str
) -> None:
    p = prepared(project, window=CLASSES)
    leaky = CHEAP._replace(**change)
    expected = perturbation.reference(p, SEASON, leaky)
    for part in ("validation", "test"):
        proof = perturbation.check(p, SEASON, 0, part, leaky, expected)
        assert proof.result == ("fail" if part in parts else "pass"), proof
        assert (part not in parts) or any(line.endswith(said) for line in proof.found), proof.found


def open_the_test_part(p: dict[str, Any], name: str) -> None:
    scaling.scale(p, name)
    files.read_array(files.TEST / name / "fold0.npy")


def test_a_stage_that_only_opens_the_test_part(project: Path) -> None:
    p = prepared(project)
    changed, opened = perturbation.on_test(p, SEASON, 0, CHEAP._replace(scale=open_the_test_part))
    assert (changed.result, opened.result) == ("pass", "fail")
    assert "No such file" in opened.found[0]
    assert str(project) not in opened.found[0]
    changed, opened = perturbation.on_test(p, SEASON, 0, CHEAP._replace(weights=stop_on_test))
    assert (changed.result, opened.result) == ("fail", "fail")
    changed, opened = perturbation.on_test(p, SEASON, 0, CHEAP._replace(scale=scale_by_all_rows))
    assert (changed.result, opened.result) == ("fail", "pass")


SLIDING = {"scheme": "sliding", "folds": 3, "train_size": 60, "test_size": 30, "validation_size": 30}


@pytest.mark.parametrize("leaky", [0, 1, 2])
def test_a_leak_in_one_fold_fails_the_proofs_of_that_fold(project: Path, leaky: int) -> None:
    p = prepared(project, split=SLIDING)

    def scale_by_its_test_rows(p: dict[str, Any], name: str) -> None:
        scaling.scale(p, name)
        begin, stop = files.read_json(files.SPLIT / name / "split.json")["folds"][leaky]["test"]["intervals"][0]
        path = files.SCALED / name / "scaling.json"
        table = files.read_json(path)
        table["folds"][leaky]["features"]["value"]["center"] = float(whole(p, name)[begin:stop, 0].mean())
        files.write_json(path, table)

    steps = CHEAP._replace(scale=scale_by_its_test_rows)
    expected = perturbation.reference(p, SEASON, steps)
    for fold in range(3):
        for part in ("validation", "test"):
            proof = perturbation.check(p, SEASON, fold, part, steps, expected)
            assert proof.result == ("fail" if fold == leaky else "pass"), proof


@pytest.mark.parametrize("leaky", [False, True])
def test_the_parts_that_a_training_chooses(project: Path, monkeypatch: pytest.MonkeyPatch, leaky: bool) -> None:
    p = prepared(project)
    if leaky:  # early stopping watches the test part
        monkeypatch.setattr(train, "parts", lambda data, fold: [dataset.load(data, fold, k) for k in ("train", "test")])
    proof = perturbation.check(p, SEASON, 0, "test")
    assert proof.result == ("fail" if leaky else "pass"), proof
    assert not leaky or "other numbers: losses differs" in proof.found


# --- stored files


def lying(p: dict[str, Any], name: str, fold: int = 0) -> Any:
    return stored.proof(perturbation.reference(p, name, CHEAP).stored[fold], fold)


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
        proof = lying(p, SEASON)
        assert proof.result == result, proof
        assert proof.name == "stored_files"
    assert proof.found[0].startswith(f"{path} is not what the stages make of the raw rows: ")
    for part in ("validation", "test"):  # which compares two runs of its own
        assert perturbation.check(p, SEASON, 0, part, CHEAP).result == "pass"
    shorter = {key: column[1:] for key, column in read(path).items()} if file == "windows" else read(path)[1:]
    write(path, shorter)
    assert "in place of" in lying(p, SEASON).found[0]


def test_integers_of_a_stored_table_are_compared_exactly(project: Path) -> None:
    p = prepared(project)
    path = files.WINDOWS / SEASON / "fold0/train.parquet"
    table = files.read_table(path)
    files.write_table(path, table | {"row": table["row"] + (np.arange(len(table["row"])) == 7)})
    assert "column row, row 7 is 20 in place of 19" in lying(p, SEASON).found[0]
    files.write_table(path, {key: table[key] for key in sorted(table)})
    assert "columns last, mean" in lying(p, SEASON).found[0]


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
        (files.SPLIT, ("gap",), lambda v: v + 1, "fail"),
    ],
)
def test_stored_tables_of_numbers(project: Path, root: Path, keys: tuple[Any, ...], value: Any, result: str) -> None:
    p = prepared(project, window=CLASSES)
    assert lying(p, SEASON).result == "pass"
    path = (
        root / SEASON / {files.SCALED: "scaling.json", files.WINDOWS: "windows.json", files.SPLIT: "split.json"}[root]
    )
    table = at = files.read_json(path)
    for key in keys[:-1]:
        at = at[key]
    at[keys[-1]] = value(at[keys[-1]])
    files.write_json(path, table)
    proof = lying(p, SEASON)
    assert proof.result == result, proof
    assert result == "pass" or ".".join(map(str, keys[1:])) in proof.found[0]


def test_other_bytes_of_the_same_table_are_no_fault(project: Path) -> None:
    import pyarrow.parquet as pq

    p = prepared(project)
    path = files.WINDOWS / SEASON / "fold0/train.parquet"
    before = path.read_bytes()
    pq.write_table(pq.read_table(path), path, compression="none")
    assert path.read_bytes() != before
    assert lying(p, SEASON).result == "pass"


# --- what a window reads


def real_sequences(project: Path, **change: Any) -> dict[str, Any]:
    """Eight sequences by position, the last two of them the test; the first of these equals one of training."""
    p = tiny_params()
    real = params.load(PROJECT / "params.yaml")
    p["series"]["steps"] = {"source": "pipeline/sources/steps.py", "length": 6, "counts": [1, 2, 3, 1, 4, 5, 3, 6]}
    chosen = {"scheme": "sequences", "test": 0.25, "identical": "by_position"} | change
    p["datasets"][SEASON] = real["datasets"]["step_sequences_posted"] | {"series": "steps", "split": chosen}
    write_params(project, p)
    p = params.load()
    raw.main(["steps"])
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(p, SEASON)
    return p


def loaded(fold: int = 0, name: str = SEASON) -> dict[str, dataset.Part]:
    return {kind: dataset.load(name, fold, kind) for kind in splitting.PARTS if dataset.has(name, fold, kind)}


TARGETS = {
    f"{kind} of {of}": {"kind": kind, "of": of} | ({"quantiles": [0.3, 0.6]} if kind == "classes" else {})
    for kind in ("classes", "sign")
    for of in ("return", "difference")
}
READ: dict[str, dict[str, Any]] = {
    "regression": {},
    "horizon and stride": {"window": {"length": 12, "horizon": 4, "stride": {"train": 3, "evaluation": 3}}},
    "carry": {"split": {"scheme": "holdout", "validation": 0.15, "test": 0.15, "policy": "carry", "gap": 3}},
    "folds": {"split": SLIDING},
    "scaled by itself": {"scaling": {"features": "minmax", "target": "minmax", "window": "standard"}},
    "difference": {"window": {"length": 12, "target": {"kind": "difference"}}},
    **{f"missing: {m}": {"window": {"length": 12, "missing": m}, "holes": 40} for m in ("drop", "fill_past", "keep")},
    "missing: keep, horizon": {
        "window": {"length": 4, "horizon": 4, "missing": "keep", "target": {"kind": "difference"}},
        "holes": 40,
    },
    **{what: {"window": {"length": 12, "target": target}} for what, target in TARGETS.items()},
}


@pytest.mark.parametrize("change", READ.values(), ids=list(READ))
def test_windows_that_read_their_own_rows_alone(project: Path, change: dict[str, Any]) -> None:
    p = prepared(project, **change)
    for fold in range(dataset.folds(SEASON)):
        parts = loaded(fold)
        proof = reads.dataset_proof(p, SEASON, fold, parts)
        assert (proof.name, proof.fold, proof.result, proof.found) == ("reads", fold, "pass", [])
        edges = sum(len(np.unique(np.linspace(0, len(part) - 1, 8).astype(int))) for part in parts.values())
        assert proof.compared["edges"] == edges
        assert proof.compared["windows"] > 3 * edges


def test_a_hole_that_the_rows_before_fill_costs_no_window(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project, window={"length": 12, "missing": "fill_past"}, holes=200)
    monkeypatch.setattr(reads, "_WINDOWS", 1)
    proof = reads.dataset_proof(p, SEASON, 0, loaded())
    assert (proof.result, proof.compared) == ("pass", {"windows": 24, "edges": 24})


def test_sequences_read_their_own_rows_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = real_sequences(project)
    assert reads.dataset_proof(p, SEASON, 0, loaded()).compared == {"windows": 1 + 2 + 3 + 4 + 5 + 1, "edges": 6}
    assert reads.dataset_proof(p, SEASON, 0, loaded()).result == "pass"
    monkeypatch.setattr(dataset.Part, "inputs", inputs_of_next_row)
    proof = reads.dataset_proof(p, SEASON, 0, loaded())
    assert (proof.result, proof.found[0]) == (
        "fail",
        "inputs of the train window of rows [0, 6) change with the rows from 6 on",
    )


honest_inputs, honest_per_window = dataset.Part.inputs, windowing._per_window


def inputs_of_next_row(part: dataset.Part, indices: np.ndarray | None = None) -> np.ndarray:
    begin = part.table["start"] if indices is None else part.table["start"][indices]
    last = len(part.scaled) - 1
    return part.scaled[np.minimum(begin[:, None] + np.arange(part.spec.length) + 1, last)]


def over_a_row_more(series: np.ndarray, begin: np.ndarray, length: int, function: Any) -> np.ndarray:
    return honest_per_window(series, begin, length + 1, function)


@pytest.mark.parametrize("change", READ.values(), ids=list(READ))
def test_windows_that_read_their_target(project: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]) -> None:
    p = prepared(project, **change)
    fold = dataset.folds(SEASON) - 1
    parts = loaded(fold)
    for kind, part in parts.items():  # each part by itself
        with monkeypatch.context() as patched:
            patched.setattr(dataset.Part, "inputs", inputs_of_next_row)
            proof = reads.dataset_proof(p, SEASON, fold, {kind: part})
            assert proof.result == "fail"
            assert proof.found[0].startswith(f"inputs of the {kind} window of rows [")
        with monkeypatch.context() as patched:
            patched.setattr(windowing, "_per_window", over_a_row_more)
            proof = reads.dataset_proof(p, SEASON, fold, {kind: part})
            assert proof.result == "fail"
            assert any(line.startswith(f"mean of the {kind} window") for line in proof.found)


def test_every_edge_of_a_part_is_looked_at(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project)

    def late(part: dataset.Part, indices: np.ndarray | None = None) -> np.ndarray:
        return (honest_inputs if part.spec.first_rows[0] < 100 else inputs_of_next_row)(part, indices)

    monkeypatch.setattr(dataset.Part, "inputs", late)
    monkeypatch.setattr(reads, "_WINDOWS", 10)
    found = reads.dataset_proof(p, SEASON, 0, {"train": loaded()["train"]}).found
    assert found[-1] == "inputs of the train window of rows [267, 279) change with the rows from 279 on"


def test_windows_beyond_their_part_are_left_to_intervals(project: Path) -> None:
    p = prepared(project)
    train_part = loaded()["train"]
    train_part.table["start"] = np.array(train_part.table["start"])
    train_part.table["start"][-2:] = [-3, 275]
    assert reads.dataset_proof(p, SEASON, 0, {"train": train_part}).result == "pass"
    train_part.table["start"][:] = 1000
    assert reads.dataset_proof(p, SEASON, 0, {"train": train_part}).compared["windows"] == 0


# --- perturbation: what is replaced


@pytest.mark.parametrize(("part", "begin"), [("validation", 280), ("test", 340)])
@pytest.mark.parametrize("missing", ["error", "drop"])
def test_every_later_cell_is_replaced_and_no_other(project: Path, part: str, begin: int, missing: str) -> None:
    p = prepared(project, window={"length": 12, "missing": missing, "stride": {"train": 4, "evaluation": 3}})
    seen: list[np.ndarray] = []

    def look(p: dict[str, Any], name: str) -> None:
        seen.append(np.array(whole(p, name)))
        splitting.split(p, name)

    perturbation.check(p, SEASON, 0, part, CHEAP._replace(split=look))
    before, *after = seen
    np.testing.assert_array_equal(before, files.read_array(files.RAW / "season/rows.npy"))
    assert len(after) == (1 if missing == "error" else 2)
    for rows in after:
        np.testing.assert_array_equal(rows[:begin], before[:begin])
        assert (rows[begin:] != before[begin:]).all()
    assert np.isfinite(after[0]).all()
    if missing == "drop":
        absent = np.isnan(after[1][:, 0])
        keep = 12 + 1 + 3
        wanted = np.zeros(400, dtype=bool)
        wanted[begin : 400 - keep] = True
        if part == "validation":
            wanted[340 - keep : 340] = False
        np.testing.assert_array_equal(absent, wanted)


def test_sequences_of_later_parts_alone_are_replaced(project: Path) -> None:
    p = tiny_params()
    real = json.loads(json.dumps(params.load(PROJECT / "params.yaml")))
    p["series"]["steps"] = {"source": "pipeline/sources/steps.py", "length": 6, "counts": [1, 2, 3, 1, 4, 5, 3, 6]}
    chosen = {"series": "steps", "split": {"scheme": "sequences", "test": 0.25, "validation": 0.25}}
    p["datasets"][SEASON] = real["datasets"]["step_sequences_posted"] | chosen
    write_params(project, p)
    p = params.load()
    raw.main(["steps"])
    seen: list[np.ndarray] = []

    def look(p: dict[str, Any], name: str) -> None:
        seen.append(np.array(whole(p, name)).reshape(8, 6))
        splitting.split(p, name)

    steps = CHEAP._replace(split=look)
    for part, changed in (("validation", [4, 5, 7]), ("test", [7])):  # sequence 6 equals 2, in training
        seen.clear()
        assert perturbation.check(p, SEASON, 0, part, steps).result == "pass"
        assert np.flatnonzero((seen[0] != seen[1]).any(axis=1)).tolist() == changed
        assert (seen[0] != seen[1])[changed].all()


def test_nothing_is_left_behind_when_a_stage_fails(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project)
    scratch = project / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def breaks(p: dict[str, Any], name: str) -> None:
        raise RuntimeError("a mistake in a stage")

    with pytest.raises(RuntimeError):
        perturbation.reference(p, SEASON, CHEAP._replace(window=breaks))
    assert Path.cwd() == project
    assert not list(scratch.iterdir())


def test_rows_that_the_stages_refuse_are_a_failed_proof(project: Path) -> None:
    p = prepared(project)
    expected = perturbation.reference(p, SEASON, CHEAP)

    def refuses(p: dict[str, Any], name: str) -> None:
        raise UserError("a row", "must be as it was", "another", "Mend it.")

    proof = perturbation.check(p, SEASON, 0, "validation", CHEAP._replace(window=refuses), expected)
    assert (proof.result, proof.found) == (
        "fail",
        ["other numbers: `a row` must be as it was. Received: another. Mend it."],
    )


# --- prefix


def holed(rows: int = 60) -> np.ndarray:
    made = np.random.default_rng(0).normal(size=(rows, 2))
    made[[0, 7, 8, 30, 59], 0] = np.nan
    return made


fill = windowing.clean  # as it is, where a test puts another in its place


def filled_backwards(rows: np.ndarray) -> np.ndarray:
    return fill(rows[::-1], [(0, len(rows))], "fill_past")[::-1]


def centred(rows: np.ndarray) -> np.ndarray:
    return np.stack([np.mean(rows[max(0, t - 1) : t + 2], axis=0) for t in range(len(rows))])


@pytest.mark.parametrize(
    ("step", "ok"),
    [
        (lambda rows: windowing.clean(rows, [(0, len(rows))], "fill_past"), True),
        (lambda rows: np.cumsum(rows, axis=0), True),
        (lambda rows: rows, True),
        (filled_backwards, False),
        (centred, False),
        (lambda rows: np.roll(rows, -1, axis=0), False),
        (lambda rows: rows - np.mean(rows, axis=0), False),
        (lambda rows: rows[~np.isnan(rows[:, 0])], False),
    ],
)
def test_steps_that_look_ahead(step: Any, ok: bool) -> None:
    rows = holed()
    proof = prefix.check({"step": step}, rows, prefix.lengths(rows))
    assert proof.result == ("pass" if ok else "fail"), proof
    assert len(proof.found) == (0 if ok else 1)
    assert not ok or proof.compared["prefixes"] == len(prefix.lengths(rows))


def backwards_in_place(rows: np.ndarray) -> np.ndarray:
    rows[:] = filled_backwards(rows)
    return rows


def sums_in_place(rows: np.ndarray) -> np.ndarray:
    return np.cumsum(rows, axis=0, out=rows)


@pytest.mark.parametrize(("step", "result"), [(backwards_in_place, "fail"), (sums_in_place, "pass")])
def test_a_step_that_works_in_place(step: Any, result: str) -> None:
    rows = holed()
    assert prefix.check({"step": step}, rows, prefix.lengths(rows)).result == result
    np.testing.assert_array_equal(rows, holed())


def test_rows_that_cannot_be_written_are_not_compared_with_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = holed()
    rows.flags.writeable = False
    monkeypatch.setattr(np, "isnan", lambda _: pytest.fail("compared"))
    assert prefix.check({"step": lambda rows: rows}, rows, [1, 20, 60]).result == "pass"


def test_filling_from_one_row_ahead_of_a_lone_hole_is_seen_in_a_long_series() -> None:
    rows = np.random.default_rng(0).normal(size=(100_000, 3))
    rows[[66_666, 77_777], 1] = np.nan
    tried = prefix.lengths(rows)
    assert {1, 2, 66_666, 66_667, 66_668, 100_000} <= set(tried)
    assert 50 <= len(tried) <= 100
    proof = prefix.check({"filling": filled_backwards}, rows, tried, 1)
    assert proof.found == [f"filling: row 66666, column 1 is nan by the first 66667 rows, {rows[66_667, 1]:.6g} by all"]


def test_prefix_of_a_dataset(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project, window={"length": 12, "missing": "fill_past"}, holes=0)
    proof = prefix.dataset_proof(p, SEASON, 0)
    assert (proof.name, proof.result) == ("prefix", "pass")
    honest = reading.read

    def by_its_length(name: str, settings: dict[str, Any]) -> Any:
        made = honest(name, settings)
        made.rows[:, 0] /= made.rows[:, 0].std()
        return made

    with monkeypatch.context() as patched:
        patched.setattr(reading, "read", by_its_length)
        assert "the generator: row 0" in prefix.dataset_proof(p, SEASON, 0).found[0]
    with monkeypatch.context() as patched:
        patched.setattr(windowing, "clean", lambda rows, intervals, missing: filled_backwards(np.asarray(rows)))
        for kind, path in (
            ("train", files.SPLIT / SEASON / "fold0/train.npy"),
            ("validation", files.SPLIT / SEASON / "fold0/validation.npy"),
            ("test", files.TEST / SEASON / "fold0.npy"),
        ):
            before = np.array(files.read_array(path))
            rows = before.copy()
            rows[9, 0] = np.nan
            files.write_array(path, rows)
            (line,) = prefix.dataset_proof(p, SEASON, 0).found
            assert line.startswith(f"cleaning of {kind}: row 9")
            files.write_array(path, before)


# --- duplicates


def brute(parts: dict[str, tuple[np.ndarray, np.ndarray]], length: int) -> tuple[int, int]:
    """Equal pairs of windows whose rows differ, and of others."""
    contents = [[rows[s : s + length] for s in starts] for rows, starts in parts.values()]
    pairs = [
        bool(np.isnan(one).all()) or (length > 1 and all(np.array_equal(one[0], row, equal_nan=True) for row in one))
        for i, mine in enumerate(contents)
        for its in contents[i + 1 :]
        for one in mine
        for other in its
        if np.array_equal(one, other, equal_nan=True)
    ]
    return len(pairs) - sum(pairs), sum(pairs)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 4),
    st.lists(st.lists(st.sampled_from([0.0, -0.0, 1.0, np.nan]), min_size=4, max_size=25), min_size=2, max_size=3),
    st.booleans(),
)
def test_pairs_are_counted_as_by_comparing_all_with_all(length: int, series: list[list[float]], collide: bool) -> None:
    parts = {
        f"part{i}": (np.array(values)[:, None], np.arange(len(values) - length + 1)) for i, values in enumerate(series)
    }
    with pytest.MonkeyPatch.context() as patched:
        if collide:  # windows whose hashes are equal by chance: here all of them
            patched.setattr(duplicates, "_row_hashes", lambda rows: np.zeros(len(rows), dtype=np.uint64))
        proof = duplicates.check(parts, length, False)
    pairs, constant = brute(parts, length)
    assert (proof.compared["equal_pairs"], proof.compared["constant_pairs"]) == (pairs, constant)
    assert proof.result == ("fail" if pairs else "informative" if constant else "pass")


def test_an_equal_window_is_shown_with_its_rows_and_may_be_declared() -> None:
    rows = np.random.default_rng(0).normal(size=(300, 3))
    train, test = rows[:200], rows[200:].copy()
    test[40:50] = train[17:27]
    parts = {"train": (train, np.arange(191)), "test": (test, np.arange(91))}
    first_rows = {"train": np.arange(200), "test": np.arange(200, 300)}
    proof = duplicates.check(parts, 10, False, 0, first_rows)
    assert proof.result == "fail"
    mend = "declare `datasets.NAME.duplicates: informative` if equal windows are expected"
    assert proof.found == [mend, "rows [17, 27) of train and rows [240, 250) of test"]
    assert proof.compared == {"windows": 282, "equal_pairs": 1, "constant_pairs": 0}
    declared = duplicates.check(parts, 10, True, 0, first_rows)
    assert (declared.result, declared.found) == ("informative", proof.found[1:])
    assert duplicates.check({"train": parts["train"], "test": (test, np.array([39, 41]))}, 10, False).result == "pass"
    test[45, 2] += 1e-12
    assert duplicates.check(parts, 10, True).result == "pass"


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_windows_that_stand_still_or_are_missing_fail_nothing(value: float) -> None:
    rows = np.random.default_rng(0).normal(size=(100, 2))
    rows[[*range(10, 20), *range(70, 80)]] = value
    parts = {"train": (rows[:50], np.arange(46)), "test": (rows[50:], np.arange(46))}
    proof = duplicates.check(parts, 5, False)
    assert (proof.result, proof.compared["equal_pairs"], proof.compared["constant_pairs"]) == ("informative", 0, 36)
    assert proof.found == ["rows [10, 15) of train and rows [20, 25) of test"]
    rows[[30, 31, 32, 33, 34]] = rows[[90, 91, 92, 93, 94]]
    proof = duplicates.check(parts, 5, False)
    assert (proof.result, proof.compared["equal_pairs"], proof.compared["constant_pairs"]) == ("fail", 1, 36)
    assert proof.found[1:] == [
        "rows [30, 35) of train and rows [40, 45) of test",
        "rows [10, 15) of train and rows [20, 25) of test",
    ]


def test_windows_beyond_the_rows_are_left_out() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 1))
    parts = {"train": (rows, np.array([-1, 0, 46, 1000])), "test": (rows, np.array([0, 45, 46]))}
    proof = duplicates.check(parts, 5, False)
    assert (proof.compared["windows"], proof.compared["equal_pairs"]) == (3, 1)


def test_equal_sequences_by_position_are_declared(project: Path) -> None:
    for identical, result, pairs in (("by_position", "informative", 1), ("together", "pass", 0)):
        p = real_sequences(project, identical=identical)
        proof = duplicates.dataset_proof(p, SEASON, 0, loaded())
        assert (proof.result, proof.compared["equal_pairs"]) == (result, pairs)


def test_windows_of_one_part_may_be_equal() -> None:
    parts = {"train": (np.ones((20, 1)), np.arange(10)), "test": (np.zeros((20, 1)), np.arange(10))}
    assert duplicates.check(parts, 5, False).result == "pass"


@pytest.mark.parametrize(("declared", "result"), [("fail", "fail"), ("informative", "informative")])
def test_duplicates_are_declared_by_the_dataset(project: Path, declared: str, result: str) -> None:
    p = prepared(project, duplicates=declared)
    path = files.RAW / "season/rows.npy"
    rows = np.array(files.read_array(path))
    rows[350:370] = rows[100:120]
    files.write_array(path, rows)
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(p, SEASON)
    parts = {kind: dataset.load(SEASON, 0, kind) for kind in splitting.PARTS}
    proof = duplicates.dataset_proof(p, SEASON, 0, parts)
    assert (proof.result, proof.compared["equal_pairs"]) == (result, 9)
    mend = [f"declare `datasets.{SEASON}.duplicates: informative` if equal windows are expected"]
    assert proof.found[: 2 if result == "fail" else 1] == [
        *(mend if result == "fail" else []),
        "rows [100, 112) of train and rows [350, 362) of test",
    ]


# --- state


class LessTheOthers(keras.layers.Layer):
    """A prediction that depends on the other windows of its batch."""

    def call(self, inputs):
        return inputs - keras.ops.mean(inputs, axis=0, keepdims=True)


@pytest.mark.parametrize("leaky", [False, True])
def test_a_prediction_that_depends_on_other_windows(leaky: bool) -> None:
    part = make_part(np.random.default_rng(0).normal(size=60), length=5)
    inputs = x = keras.Input((5, 1))
    x = keras.layers.Flatten()(x)
    network = keras.Model(inputs, keras.layers.Dense(1)(LessTheOthers()(x) if leaky else x))
    outputs = predicting.windows(part, network, training.SETTINGS)
    proof = state.judge(predicting.check_batch_independence(part, network, training.SETTINGS, outputs), 1)
    assert (proof.name, proof.fold, proof.result) == ("state", 1, "fail" if leaky else "pass")
    assert len(proof.found) == leaky


# --- the stage


NAMES = [
    "intervals",
    "reads",
    "stored_files",
    "perturbation_validation",
    "perturbation_test",
    "test_unopened",
    "prefix",
    "duplicates",
    "state",
]


def without_networks(monkeypatch: pytest.MonkeyPatch, result: str) -> None:
    monkeypatch.setattr(training, "fit", lambda *_: pytest.fail("trained"))
    said = {"state": "none", "windows": 3, "difference": None, "tolerance": 0.1, "result": result}
    monkeypatch.setattr(state, "dataset_proof", lambda p, name, fold: state.judge(said, fold))
    for function in (perturbation.reference, perturbation.check, perturbation.on_test):
        monkeypatch.setattr(function, "__defaults__", (CHEAP, None))


def test_the_stage_looks_at_every_fold(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project, split=SLIDING)
    without_networks(monkeypatch, "pass")
    leakage(p, SEASON)
    proofs = files.read_json(files.LEAKAGE / f"{SEASON}.json")["proofs"]
    assert [(proof["fold"], proof["name"]) for proof in proofs] == [(fold, name) for fold in range(3) for name in NAMES]
    assert {proof["result"] for proof in proofs} == {"pass"}


def test_the_stage_writes_every_proof_of_a_dataset(project: Path) -> None:
    prepared(project)
    with contextlib.redirect_stdout(None):
        main([SEASON])
    report = files.read_json(files.LEAKAGE / f"{SEASON}.json")
    assert report["dataset"] == SEASON
    assert report["read"] == {"series": "season", **files.read_json(files.RAW / "season" / "series.json")["source"]}
    assert [proof["name"] for proof in report["proofs"]] == NAMES
    for proof in report["proofs"]:
        assert proof["result"] == "pass", proof
        assert set(proof) == {"name", "fold", "result", "compared", "found", "about"}
        assert proof["fold"] == 0
        assert all(
            isinstance(count, int) and count > 0 for key, count in proof["compared"].items() if "pairs" not in key
        )
    assert report["proofs"][0]["compared"] == {"windows": 268 + 48 + 48, "rows": 400}
    assert report["proofs"][4]["compared"]["artefacts"] == 12  # with both trainings' weights, and the losses watched


def test_a_failed_proof_does_not_fail_the_stage(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project, SIGN)
    path = files.WINDOWS / SIGN / "fold0/train.parquet"
    table = files.read_table(path)
    table["start"] = table["start"] + 1
    files.write_table(path, table)
    without_networks(monkeypatch, "fail")
    main([SIGN])
    results = {proof["name"]: proof["result"] for proof in files.read_json(files.LEAKAGE / f"{SIGN}.json")["proofs"]}
    assert results == {
        "intervals": "fail",
        "reads": "pass",
        "stored_files": "fail",
        "perturbation_test": "pass",
        "test_unopened": "pass",
        "prefix": "pass",
        "duplicates": "pass",
        "state": "fail",
    }
    assert p["datasets"][SIGN]["split"].get("validation") is None


def test_only_a_training_imports_a_network_library() -> None:
    code = "import sys, pipeline.leakage; sys.exit(int('keras' in sys.modules or 'tensorflow' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0


def test_a_dataset_that_does_not_exist(project: Path) -> None:
    with pytest.raises(UserError, match=r"must be in params\.yaml"):
        main(["nothing"])
