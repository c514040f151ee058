from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import dataset, raw
from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.dataset import features as inputs
from pipeline.dataset import scaling, splitting, windowing
from pipeline.network import backends
from pipeline.series import reading
from tests.conftest import tiny_params, write_params
from tests.helpers.parts import make_part

PLAIN: dict[str, Any] = {"horizon": 1, "target": {"kind": "value", "of": "value"}, "missing": "error"}


def made(
    rows: np.ndarray, stride: int = 1, length: int = 3, thresholds: list[float] | None = None, **change: Any
) -> dict[str, np.ndarray]:
    part = {"intervals": [[100, 100 + len(rows)]], "context": 0}
    return windowing.table(rows, part, stride, length, PLAIN | change, [0], rows.shape[1] - 1, thresholds)[0]


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


def test_a_window_ends_before_its_target() -> None:
    table = made(column(0, 1, 2, 3, 4, 5), stride=2)
    np.testing.assert_array_equal(table["start"], [0, 2])
    np.testing.assert_array_equal(table["target_0"], [3, 5])
    np.testing.assert_array_equal(table["last"], [2, 4])
    np.testing.assert_array_equal(table["mean"], [1, 3])
    np.testing.assert_array_equal(table["row"], [103, 105])


def test_a_horizon_of_several_rows() -> None:
    table = made(column(0, 1, 2, 3, 4, 5), horizon=2)
    np.testing.assert_array_equal(np.stack([table["target_0"], table["target_1"]], 1), [[3, 4], [4, 5]])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"kind": "difference", "of": "value"}, [8.0, -24.0]),
        ({"kind": "return", "of": "value"}, [2.0, -3.0]),
        ({"kind": "sign", "of": "value"}, [1, 0]),
        ({"kind": "sign", "of": "difference"}, [1, 0]),
    ],
)
def test_targets(target: dict[str, str], expected: list[float]) -> None:
    np.testing.assert_allclose(made(column(1, 2, 4, 8, 12, -16), horizon=2, target=target)["target_0"], expected)


def test_classes_by_thresholds() -> None:
    table = made(column(0, 0, 0, 1, 2, 3), thresholds=[1.0, 2.5], target={"kind": "classes", "of": "value"})
    np.testing.assert_array_equal(table["target_0"], [0, 1, 2])


def test_a_return_of_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="row 102"):
        made(column(1, 1, 0, 4), target={"kind": "return", "of": "value"})


def test_missing_cells_drop_the_windows_that_touch_them_and_no_other() -> None:
    rows = column(*range(12))
    rows[5] = np.nan
    np.testing.assert_array_equal(made(rows, missing="drop")["start"], [0, 1, 6, 7, 8])
    # A feature that is missing after the window is no input: it must not decide.
    both = np.column_stack([rows, np.arange(12.0)])
    np.testing.assert_array_equal(made(both, missing="drop")["start"], [0, 1, 2, 6, 7, 8])
    # What is kept are inputs: a target that is missing is none.
    np.testing.assert_array_equal(made(rows, missing="keep")["start"], [0, 1, 3, 4, 5, 6, 7, 8])


def test_missing_cells_are_filled_from_the_past_of_their_own_interval() -> None:
    rows = column(np.nan, 1, np.nan, 3, np.nan, 5)
    np.testing.assert_array_equal(
        windowing.clean(rows, [(0, 4), (10, 12)], "fill_past")[:, 0], [np.nan, 1, 1, 3, np.nan, 5]
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.floats(-5, 5), st.just(float("nan"))), min_size=2, max_size=40), st.data())
def test_filling_the_first_rows_equals_the_first_rows_of_filling_all(values: list[float], data: st.DataObject) -> None:
    rows = column(*values)
    t = data.draw(st.integers(1, len(rows)))
    np.testing.assert_array_equal(
        windowing.clean(rows[:t], [(0, t)], "fill_past"), windowing.clean(rows, [(0, len(rows))], "fill_past")[:t]
    )


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    length=st.integers(1, 12),
    ahead=st.integers(0, 5),
    stride=st.integers(1, 9),
)
def test_no_window_leaves_its_interval_and_none_is_forgotten(
    pieces: list[int], length: int, ahead: int, stride: int
) -> None:
    edges = np.cumsum([0, *pieces])
    spans = [(int(a), int(b)) for a, b in itertools.pairwise(edges)]
    found = set(windowing.starts(spans, length, ahead, stride).tolist())
    expected = {a + k for a, b in spans for k in range(0, b - a, stride) if a + k + length + ahead <= b}
    assert found == expected


def _intervals(rng: np.random.Generator, rows: int) -> list[tuple[int, int]]:
    """One to three half-open intervals of `rows` rows, apart from one another or not, shorter than a window or not."""
    edges = np.sort(
        rng.choice(rows + 1, size=2 * int(rng.choice([1, 2, 3], p=[0.8, 0.15, 0.05])), replace=False)
    ).tolist()
    if len(edges) > 2 and rng.random() < 0.3:
        return list(itertools.pairwise(edges))[:3]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _theirs(
    rows: np.ndarray, span: tuple[int, int], length: int, ahead: int, stride: int, shifted: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [windows, length, columns] and targets [windows, ahead] of one interval, by Keras; `rows` are all rows.

    Windows of inputs and targets together, cut afterwards; or, where `shifted`, targets as an array of their own, whose
    row is a window's first one, as Keras's documentation has it.
    """
    backends.prepare(threads=1, jit_compile=True)
    import keras

    start, stop = span
    keys: dict[str, Any] = {"sequence_stride": stride, "batch_size": len(rows), "start_index": start}
    if shifted:
        later = np.stack([np.roll(rows[:, -1], -length - step) for step in range(ahead)], axis=1)
        made = keras.utils.timeseries_dataset_from_array(
            rows, later, sequence_length=length, end_index=stop - ahead, **keys
        )
        batches = [(x.numpy(), y.numpy()) for x, y in made]
    else:
        end = None if stop == len(rows) else stop
        made = keras.utils.timeseries_dataset_from_array(
            rows, None, sequence_length=length + ahead, end_index=end, **keys
        )
        batches = [(x.numpy()[:, :length], x.numpy()[:, length:, -1]) for x in made]
    assert len(batches) == 1
    return batches[0]


KINDS = [("value", "value"), ("difference", "value"), ("return", "value"), ("sequence_mean", "value")]
KINDS += [(kind, of) for kind in ("sign", "classes") for of in ("value", "difference", "return")]


@given(
    cells=st.lists(st.one_of(st.none(), st.floats(1, 9)), min_size=8, max_size=30),
    kind=st.sampled_from(KINDS),
    missing=st.sampled_from(["drop", "fill_past", "keep"]),
    length=st.integers(1, 4),
    horizon=st.integers(1, 3),
)
def test_a_target_is_made_of_measured_cells_alone(
    cells: list[float | None], kind: tuple[str, str], missing: str, length: int, horizon: int
) -> None:
    raw = np.array([np.nan if cell is None else cell for cell in cells])
    intervals = [(0, 5), (20, 20 + len(raw) - 5)]
    cleaned = windowing.clean(raw[:, None], intervals, missing)
    target = {"kind": kind[0], "of": kind[1]}
    window = {"target": target, "horizon": horizon, "missing": missing}
    thresholds = [2.0, 4.0] if kind[0] == "classes" else None
    part = {"intervals": intervals, "context": 0}
    table, dropped = windowing.table(cleaned, part, 1, length, window, [0], 0, thresholds, raw)
    ahead = 0 if kind[0] == "sequence_mean" else horizon
    expected, without = {}, 0
    possible = windowing.starts(intervals, length, ahead, 1)
    for start in possible.tolist():
        last, future = raw[start + length - 1], raw[start + length : start + length + ahead]
        rule = kind[1] if thresholds or kind[0] == "sign" else kind[0]
        if rule == "sequence_mean":
            values = np.mean(raw[start : start + length], keepdims=True)
        elif rule == "value":
            values = future if kind[0] == "value" else future[-1:]
        else:
            values = future[-1:] - last if rule == "difference" else future[-1:] / last - 1
        without += bool(np.isnan(values).any())
        if not np.isnan(values).any() and (missing == "keep" or not np.isnan(cleaned[start : start + length]).any()):
            expected[start] = windowing.label(values, kind[0], thresholds)
    assert table["start"].tolist() == list(expected)
    for h in range(horizon if kind[0] == "value" else 1):
        np.testing.assert_array_equal(table[f"target_{h}"], [values[h] for values in expected.values()])
    assert dropped == {"dropped": len(possible) - len(expected), "dropped_targets": without}


def test_filled_cells_are_never_truth(project: Path) -> None:
    """A random walk with 30 % of its cells missing: no target, threshold, scale or count comes from a filled cell."""
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.normal(size=600))
    walk[rng.random(600) < 0.3] = np.nan
    folder = project / "data" / "own"
    folder.mkdir(parents=True)
    lines = ["x", *("" if np.isnan(value) else repr(float(value)) for value in walk)]
    (folder / "walk.csv").write_text("\n".join(lines) + "\n")
    settings = tiny_params()
    settings["series"]["season"] = {"source": "data/own/walk.csv", "target": "x"}
    settings["datasets"]["season_windows"]["window"] = {"length": 12, "horizon": 2, "missing": "fill_past"}
    write_params(project, settings)
    p = params.load()
    reading.raw(p, "season")
    splitting.split(p, "season_windows")
    windowing.window(p, "season_windows")
    scaling.scale(p, "season_windows")
    described = files.read_json(files.SPLIT / "season_windows" / "split.json")["folds"][0]
    for kind in splitting.PARTS:
        part = dataset.load("season_windows", 0, kind)
        truth = walk[part.table["row"][:, None] + np.arange(2)]
        np.testing.assert_array_equal(part.raw_targets(), truth)
        assert np.isfinite(truth).all()
        assert np.isfinite(part.inputs()).all()
        (start, stop), *_ = described[kind]["intervals"]
        np.testing.assert_array_equal(part.truth(), walk[start:stop])
        known = np.maximum.accumulate(np.isfinite(walk[start:stop]))
        np.testing.assert_array_equal(part.filled(), np.isnan(walk[start:stop]) & known)
        possible = stop - start - 12 - 1
        assert part.dropped["dropped"] == possible - len(part)
        pairs = np.isnan(walk[start + 12 : stop])
        assert part.dropped["dropped_targets"] == (pairs[1:] | pairs[:-1]).sum() > 0.4 * possible
    train = dataset.load("season_windows", 0, "train")
    seen = scaling.covered(len(train.rows), train.table["start"], 14)
    low, high = np.nanmin(train.truth()[seen]), np.nanmax(train.truth()[seen])
    assert (train.spec.target_center, train.spec.target_scale) == (low, pytest.approx(high - low))


@pytest.mark.parametrize("count", [100, pytest.param(500, marks=pytest.mark.slow)])
def test_window_tables_equal_those_of_keras(count: int) -> None:
    """Inputs and targets of drawn settings, against `keras.utils.timeseries_dataset_from_array`.

    Each is rows, length, horizon, stride and intervals; those without a window come on top.
    """
    compared = windows = several = empty = 0
    for case in itertools.count():
        if compared == count:
            break
        rng = np.random.default_rng([7, case])
        rows = rng.normal(size=(int(rng.integers(8, 400)), 2))
        length, ahead, stride = (int(rng.integers(1, most)) for most in (13, 7, 8))
        spans = _intervals(rng, len(rows))
        part = {"intervals": [list(span) for span in spans], "context": 0}
        own = np.concatenate([rows[a:b] for a, b in spans])  # the part's file
        table, dropped = windowing.table(own, part, stride, length, PLAIN | {"horizon": ahead}, [0, 1], 1, None)
        assert dropped == {"dropped": 0, "dropped_targets": 0}
        spec = replace(make_part(own[:2, 0], length=1).spec, length=length)
        inputs = dataset.Part("train", own, own.astype(np.float32), table, spec).inputs()
        targets = np.stack([table[f"target_{step}"] for step in range(ahead)], axis=1)
        at = 0
        for span in spans:
            if span[1] - span[0] < length + ahead:
                continue  # no window for either: ours is checked by the count below
            x, y = _theirs(rows, span, length, ahead, stride, shifted=case % 10 == 0)
            np.testing.assert_array_equal(inputs[at : at + len(x)], x.astype(np.float32), err_msg=f"case {case}")
            np.testing.assert_array_equal(targets[at : at + len(x)], y, err_msg=f"case {case}")
            first = span[0] + length + stride * np.arange(len(x))
            np.testing.assert_array_equal(table["row"][at : at + len(x)], first, err_msg=f"case {case}")
            at += len(x)
        assert at == len(table["start"]), f"case {case}: {len(table['start']) - at} windows that Keras does not have"
        windows += at
        compared += at > 0
        several += at > 0 and len(spans) > 1
        empty += at == 0
    assert windows > 20 * count
    assert several > 0.1 * count
    assert empty > 0.01 * count


def _prepared(folder: Path, change: dict[str, Any], rows: np.ndarray | None = None) -> dict[str, Any]:
    p = tiny_params()
    p["datasets"]["season_windows"]["window"] |= change
    write_params(folder, p)
    p = params.load()
    raw.main(["season"])
    if rows is not None:
        files.write_array(files.RAW / "season" / "rows.npy", rows)
    splitting.split(p, "season_windows")
    return p


def test_class_thresholds_come_from_training_alone(project: Path) -> None:
    change = {"target": {"kind": "classes", "of": "value", "quantiles": [0.2, 0.6]}}
    p = _prepared(project, change)
    windowing.window(p, "season_windows")
    first = files.read_json(files.WINDOWS / "season_windows" / "windows.json")
    np.testing.assert_allclose(first["folds"][0]["shares"], [0.2, 0.4, 0.4], atol=0.01)
    rows = np.array(files.read_array(files.RAW / "season" / "rows.npy"))
    rows[280:] *= 1000  # validation and test
    p = _prepared(project, change, rows)
    windowing.window(p, "season_windows")
    assert (
        files.read_json(files.WINDOWS / "season_windows" / "windows.json")["folds"][0]["thresholds"]
        == first["folds"][0]["thresholds"]
    )


def test_a_constant_column_is_refused_with_its_name(project: Path) -> None:
    p = _prepared(project, {})
    rows = np.array(files.read_array(files.RAW / "season" / "rows.npy"))
    rows[:280, 0] = 1.5  # constant in training, not afterwards
    p = _prepared(project, {}, rows)
    with pytest.raises(UserError, match=r"`series.season.target` must vary .* Received: value, which is 1.5 in"):
        windowing.window(p, "season_windows")


def test_constant_columns_are_dropped_as_the_first_fold_has_them() -> None:
    series = {"name": "s", "columns": ["a", "b", "c"], "target": "b"}
    rows = np.column_stack([np.full(5, 2.0), np.arange(5.0), np.arange(5.0)])
    rows[2, 0] = np.nan

    def left(constant: str, features: list[str], train: np.ndarray = rows, fold: int = 0) -> list[str]:
        return inputs.without_constant("d", constant, train, series, features, fold)

    assert left("drop", ["c", "a"]) == ["c"]
    assert left("drop", ["c", "a"], fold=1) == ["c", "a"]
    assert left("error", ["c"], fold=1) == ["c"]
    for constant, features, train, fold in (
        ("error", ["c", "a"], rows, 0),
        ("error", ["c", "a"], rows, 1),
        ("drop", ["a"], rows, 0),
        ("drop", ["a", "c"], rows[:, [0, 0, 2]], 0),
    ):
        with pytest.raises(UserError, match=r"(column a` must not be constant|target` must vary) .* 2 in every row"):
            left(constant, features, train, fold)


def test_the_window_stage_opens_no_test_row(project: Path) -> None:
    p = _prepared(project, {})
    (files.TEST / "season_windows" / "fold0.npy").unlink()
    windowing.window(p, "season_windows")
    assert (files.WINDOWS / "season_windows" / "windows.json").exists()


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ({"kind": "classes", "quantiles": [0.33, 0.67]}, "quantiles` must leave.*shares 0.[78][0-9], 0.00, 0.[12]"),
        ({"kind": "sign"}, "target.of` must leave.*values of 0 or less alone.*difference or return"),
        ({"kind": "sign", "of": "difference"}, None),
        ({"kind": "classes", "quantiles": [0.7, 0.9]}, None),
    ],
)
def test_a_class_without_training_windows_is_refused(project: Path, target: dict[str, Any], says: str | None) -> None:
    """Four in five values are 0 and the others are on one side, so that quantiles are tied and signs are one."""
    settings = tiny_params()
    settings["datasets"]["season_windows"]["window"] = {"length": 12, "target": target}
    write_params(project, settings)
    p = params.load()
    raw.main(["season"])
    rng = np.random.default_rng(0)
    values = -np.where(rng.random(400) < 0.8, 0, rng.exponential(size=400))
    if says and target["kind"] == "classes":
        values = -values
    elif target["kind"] == "classes":
        values = rng.normal(size=400)
    files.write_array(files.RAW / "season" / "rows.npy", np.column_stack([values, values, values]))
    splitting.split(p, "season_windows")
    if says is None:
        windowing.window(p, "season_windows")
        return
    with pytest.raises(UserError, match=says):
        windowing.window(p, "season_windows")


def test_the_sign_of_a_price_is_refused(project: Path) -> None:
    settings = tiny_params()
    settings["datasets"]["season_windows"]["window"] = {"length": 12, "target": {"kind": "sign"}}
    write_params(project, settings)
    p = params.load()
    raw.main(["season"])
    rows = np.abs(np.array(files.read_array(files.RAW / "season" / "rows.npy"))) + 1
    files.write_array(files.RAW / "season" / "rows.npy", rows)
    splitting.split(p, "season_windows")
    with pytest.raises(UserError, match=r"season_windows.window.target.of` must leave.*values above 0 alone"):
        windowing.window(p, "season_windows")
