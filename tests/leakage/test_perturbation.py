"""Nothing learned changes when later rows are replaced; planted leaks change something."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import dataset, raw
from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.dataset import scaling, splitting, state_order, windowing
from pipeline.leakage import history, intervals, perturbation, prefix, reads
from pipeline.leakage.training import PLATEAU
from pipeline.network import backends
from pipeline.network import training as train
from tests.conftest import PROJECT, tiny_params, write_params
from tests.helpers.proofs import CHEAP, CLASSES, SEASON, SIGN, SLIDING, prepared, raw_rows
from tests.helpers.trainings import SMALL, TRAINING

# Like the other tests that need a network, so that they can share a process.
backends.prepare(threads=1, jit_compile=True)


def best_on_validation(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    validation = dataset.load(name, fold, "validation")
    return {"weights after early stopping": validation.inputs().mean(axis=0).tobytes()}


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
        proofs = list(perturbation.check_test(p, name, fold, steps, expected))
        if dataset.has(name, fold, "validation"):
            proofs.append(perturbation.check(p, name, fold, "validation", steps, expected))
        for proof in proofs:
            assert proof.result == "pass", proof
            assert proof.compared["artefacts"] >= 6
    if name == SIGN:
        assert perturbation.check(p, name, 0, "test", CHEAP) == proofs[0]


@pytest.mark.parametrize("policy", ["strict", "carry"])
@pytest.mark.parametrize(
    ("holes", "missing"),
    [("insert", "drop"), ("insert", "fill_past"), ("insert", "keep"), ("cut", "error"), ("cut", "drop")],
)
def test_proofs_hold_for_inserted_rows_and_for_cuts(project: Path, holes: str, missing: str, policy: str) -> None:
    """Holes in every part, and at an edge; no window crosses a cut, and every proof passes."""
    p = tiny_params()
    times = np.datetime64("2021-01-04T00:00:00") + np.arange(400).astype("timedelta64[h]")
    gone = np.r_[40:43, 150:152, 279:281, 300, 339:341, 370]
    left = np.delete(np.arange(400), gone)
    (project / "data/own").mkdir(parents=True)
    lines = [f"{times[i]},{np.sin(i) + i % 7}" for i in left]
    (project / "data/own/a.csv").write_text("t,x\n" + "\n".join(lines) + "\n")
    p["series"]["season"] = {"source": "data/own/a.csv", "time": "t", "target": "x", "holes": holes}
    split = {"scheme": "holdout", "validation": 0.15, "test": 0.15, "policy": policy}
    p["datasets"][SEASON] |= {"split": split, "window": {"length": 6, "horizon": 2, "missing": missing}}
    write_params(project, p)
    p = params.load()
    raw.main(["season"])
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(p, SEASON)
    made = {kind: dataset.load(SEASON, 0, kind) for kind in splitting.PARTS}
    rows = raw_rows(p, SEASON)
    assert len(rows) == (400 if holes == "insert" else len(left))
    times = files.read_array(files.RAW / "season" / "time.npy")
    for part in made.values():
        start = part.spec.first_rows[part.table["start"]]
        assert len(start) > 20
        assert (times[start + 7] - times[start] == np.timedelta64(7, "h")).all()
        assert np.isfinite(part.raw_targets()).all()
        chains = state_order.chains(state_order.rows_in_time(part), 6)
        for chain in chains:
            assert (np.diff(times[start[chain]]) == np.timedelta64(6, "h")).all()
    expected = perturbation.reference(p, SEASON, CHEAP)
    proofs = [*perturbation.check_test(p, SEASON, 0, CHEAP, expected)]
    proofs.append(perturbation.check(p, SEASON, 0, "validation", CHEAP, expected))
    proofs += [prefix.prove(p, SEASON, 0), reads.prove(p, SEASON, 0, made), intervals.prove(p, SEASON, 0, made)]
    proofs.append(history.prove(p, SEASON, 0, made))
    for proof in proofs:
        assert proof.result == "pass", proof


def scale_by_all_rows(p: dict[str, Any], name: str) -> None:
    scaling.scale(p, name)
    path = files.SCALED / name / "scaling.json"
    table = files.read_json(path)
    table["folds"][0]["features"]["value"]["center"] = float(np.nanmean(raw_rows(p, name)[:, 0]))
    files.write_json(path, table)


def thresholds_of_all_rows(p: dict[str, Any], name: str) -> None:
    windowing.window(p, name)
    path = files.WINDOWS / name / "windows.json"
    table = files.read_json(path)
    table["folds"][0]["thresholds"] = [float(q) for q in np.nanquantile(raw_rows(p, name)[:, 0], [0.3, 0.6])]
    files.write_json(path, table)


def shares_of_all_rows(p: dict[str, Any], name: str) -> None:
    windowing.window(p, name)
    path = files.WINDOWS / name / "windows.json"
    table = files.read_json(path)
    table["folds"][0]["shares"][2] = float(np.nanmean(raw_rows(p, name)[:, 0]))
    files.write_json(path, table)


def train_rows_to_the_end(p: dict[str, Any], name: str) -> None:
    splitting.split(p, name)
    path = files.SPLIT / name / "fold0/train.npy"
    files.write_array(path, raw_rows(p, name)[-len(files.read_array(path)) :])


def fill_from_the_future(p: dict[str, Any], name: str) -> None:
    """Each training row is the mean of itself and the next one, whatever part that is in."""
    splitting.split(p, name)
    path = files.SPLIT / name / "fold0/train.npy"
    count = len(files.read_array(path))
    rows = raw_rows(p, name)
    files.write_array(path, (rows[:count] + rows[1 : count + 1]) / 2)


def learn_on_validation(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    validation = files.read_array(files.SCALED / name / f"fold{fold}/validation.npy")
    return {"weights": np.mean(validation).tobytes()}


def stop_on_test(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    return {"weights": np.mean(files.read_array(files.TEST / name / f"fold{fold}.npy")).tobytes()}


@pytest.mark.parametrize(
    ("change", "parts", "message"),
    [
        ({"scale": scale_by_all_rows}, ("validation", "test"), "scaling.json changed"),
        ({"window": thresholds_of_all_rows}, ("validation", "test"), "windows.json (training) changed"),
        ({"window": shares_of_all_rows}, ("validation", "test"), "windows.json (training) changed"),
        ({"split": train_rows_to_the_end}, ("validation", "test"), "fold0/train.npy changed"),
        ({"split": fill_from_the_future}, ("validation",), "fold0/train.npy changed"),
        ({"weights": learn_on_validation}, ("validation",), "weights changed"),
        ({"weights": stop_on_test}, ("validation", "test"), "weights changed"),
    ],
)
def test_planted_leaks_change_what_is_learned(
    project: Path, change: dict[str, Any], parts: tuple[str, ...], message: str
) -> None:
    p = prepared(project, window=CLASSES)
    leaky = CHEAP._replace(**change)
    expected = perturbation.reference(p, SEASON, leaky)
    for part in ("validation", "test"):
        proof = perturbation.check(p, SEASON, 0, part, leaky, expected)
        assert proof.result == ("fail" if part in parts else "pass"), proof
        assert (part not in parts) or any(line.endswith(message) for line in proof.found), proof.found


def open_the_test_part(p: dict[str, Any], name: str) -> None:
    scaling.scale(p, name)
    files.read_array(files.TEST / name / "fold0.npy")


def test_a_stage_that_only_opens_the_test_part(project: Path) -> None:
    p = prepared(project)
    changed, opened = perturbation.check_test(p, SEASON, 0, CHEAP._replace(scale=open_the_test_part))
    assert (changed.result, opened.result) == ("pass", "fail")
    assert "No such file" in opened.found[0]
    assert str(project) not in opened.found[0]
    changed, opened = perturbation.check_test(p, SEASON, 0, CHEAP._replace(weights=stop_on_test))
    assert (changed.result, opened.result) == ("fail", "fail")
    changed, opened = perturbation.check_test(p, SEASON, 0, CHEAP._replace(scale=scale_by_all_rows))
    assert (changed.result, opened.result) == ("fail", "pass")


@pytest.mark.parametrize("leaky", [0, 1, 2])
def test_a_leak_in_one_fold_fails_the_proofs_of_that_fold(project: Path, leaky: int) -> None:
    p = prepared(project, split=SLIDING)

    def scale_by_its_test_rows(p: dict[str, Any], name: str) -> None:
        scaling.scale(p, name)
        start, stop = files.read_json(files.SPLIT / name / "split.json")["folds"][leaky]["test"]["intervals"][0]
        path = files.SCALED / name / "scaling.json"
        table = files.read_json(path)
        table["folds"][leaky]["features"]["value"]["center"] = float(raw_rows(p, name)[start:stop, 0].mean())
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
    assert not leaky or "new values: losses changed" in proof.found


@pytest.mark.parametrize("leaky", [False, True])
def test_a_rate_reduced_on_a_plateau_depends_on_validation_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch, leaky: bool
) -> None:
    p = prepared(project)
    rates: set[float] = set()

    def reduced(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
        part, watched = train.parts(name, fold)
        plateau = PLATEAU | {"min_delta": 0.002}
        settings = TRAINING | {"learning_rate": 0.3, "epochs": 10, "reduce_on_plateau": plateau}
        network, history = train.fit(part, watched, SMALL, settings, 0)
        rates.update(epoch["learning_rate"] for epoch in history["epochs"])
        return {"weights": b"".join(weight.tobytes() for weight in network.get_weights())}

    if leaky:
        monkeypatch.setattr(train, "parts", lambda data, fold: [dataset.load(data, fold, k) for k in ("train", "test")])
    proof = perturbation.check(
        p, SEASON, 0, "test", CHEAP._replace(weights=perturbation.train_nothing, stopped=reduced)
    )
    assert proof.result == ("fail" if leaky else "pass"), proof
    assert len(rates) > 1 or not leaky


@pytest.mark.parametrize(("part", "start"), [("validation", 280), ("test", 340)])
@pytest.mark.parametrize("missing", ["error", "drop"])
def test_every_later_cell_is_replaced_and_no_other(project: Path, part: str, start: int, missing: str) -> None:
    p = prepared(project, window={"length": 12, "missing": missing, "stride": {"train": 4, "evaluation": 3}})
    seen: list[np.ndarray] = []

    def look(p: dict[str, Any], name: str) -> None:
        seen.append(np.array(raw_rows(p, name)))
        splitting.split(p, name)

    perturbation.check(p, SEASON, 0, part, CHEAP._replace(split=look))
    before, *after = seen
    np.testing.assert_array_equal(before, files.read_array(files.RAW / "season/rows.npy"))
    assert len(after) == (1 if missing == "error" else 2)
    for rows in after:
        np.testing.assert_array_equal(rows[:start], before[:start])
        assert (rows[start:] != before[start:]).all()
    assert np.isfinite(after[0]).all()
    if missing == "drop":
        absent = np.isnan(after[1][:, 0])
        wanted = np.zeros(400, dtype=bool)
        wanted[start:] = True
        # The last window of each later part keeps its 12 rows and its target: 45 is the last multiple of the stride.
        for first in (280, 340):
            wanted[first + 45 : first + 45 + 12 + 1] = False
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
        seen.append(np.array(raw_rows(p, name)).reshape(8, 6))
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
        ["new values: `a row` must be as it was. Received: another. Mend it."],
    )


@pytest.mark.parametrize(("missing", "variants"), [("error", 1), ("drop", 2)])
def test_every_cell_after_a_part_is_replaced_and_counted(project: Path, missing: str, variants: int) -> None:
    p = prepared(project, window={"length": 12, "missing": missing})
    columns = files.read_array(files.RAW / "season" / "rows.npy").shape[1]
    cheap = perturbation.reference(p, SEASON, CHEAP)
    for part, rows in (("validation", 120), ("test", 60)):
        assert perturbation.check(p, SEASON, 0, part, CHEAP, cheap).compared["cells"] == rows * columns * variants
