from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from pipeline import dataset, raw
from pipeline.common import files, params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.dataset.scaling import apply, changes, covered, learn, scale
from tests.conftest import tiny_params, write_params


def test_covered_rows_are_inputs_and_targets_of_windows() -> None:
    np.testing.assert_array_equal(np.flatnonzero(covered(12, np.array([0, 7]), 3)), [0, 1, 2, 7, 8, 9])


@pytest.mark.parametrize(
    ("method", "theirs"), [("standard", StandardScaler()), ("minmax", MinMaxScaler()), ("robust", RobustScaler())]
)
def test_scaling_equals_scikit_learns(method: str, theirs: StandardScaler) -> None:
    rows = np.random.default_rng(0).normal(3, 2, (50, 3))
    rows[4, 1] = np.nan
    center, spread = learn(rows, method)
    np.testing.assert_allclose(apply(rows, [0, 1, 2], center, spread), theirs.fit_transform(rows), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("method", "theirs"), [("standard", StandardScaler()), ("minmax", MinMaxScaler()), ("robust", RobustScaler())]
)
def test_it_is_learned_from_the_rows_that_count_in_blocks_of_any_length(
    method: str, theirs: StandardScaler, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.random.default_rng(0).normal(3, 2, (50, 3))
    rows[30, 1], rows[:, 2] = np.nan, 4.0
    seen = np.arange(50) % 20 >= 9  # no row of the first and the fourth block of seven
    expected = theirs.fit_transform(rows[seen])
    for length in (7, 50, 1000):
        monkeypatch.setattr(scaling, "_ROWS", length)
        center, spread = learn(rows, method, seen)
        np.testing.assert_allclose(
            apply(rows, [0, 1, 2], center, spread)[seen], expected, rtol=1e-5, atol=1e-6, err_msg=f"{length}"
        )


@pytest.mark.parametrize("method", ["standard", "minmax", "robust"])
@pytest.mark.parametrize("gap", [slice(0, 9), slice(20, 29), slice(48, 50)])
def test_a_column_may_be_missing_throughout_a_block(method: str, gap: slice, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).normal(3, 2, (50, 3))
    rows[gap, 1] = np.nan
    expected = learn(rows, method)
    assert np.isfinite(expected).all()
    monkeypatch.setattr(scaling, "_ROWS", 8)
    np.testing.assert_allclose(learn(rows, method), expected)


def test_a_part_is_written_in_blocks_as_it_is_whole(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _made(project, features="minmax")  # the minimum and the range are the same in blocks
    whole = {path: path.read_bytes() for path in sorted((files.SCALED / "season_windows").rglob("*.*"))}
    monkeypatch.setattr(scaling, "_ROWS", 37)
    _made(project, features="minmax")
    assert whole == {path: path.read_bytes() for path in sorted((files.SCALED / "season_windows").rglob("*.*"))}


def test_none_leaves_the_values() -> None:
    center, spread = learn(np.ones((4, 2)), "none")
    np.testing.assert_array_equal(apply(np.full((4, 2), 7.0), [1, 0], center, spread), np.full((4, 2), 7.0))


def _made(project: Path, factor: float = 1.0, **settings: str) -> None:
    p = tiny_params()
    p["datasets"]["season_windows"]["scaling"] |= settings
    write_params(project, p)
    p = params.load()
    raw.main(["season"])
    if factor != 1.0:
        rows = np.array(files.read_array(files.RAW / "season" / "rows.npy"))
        rows[280:] *= factor
        files.write_array(files.RAW / "season" / "rows.npy", rows)
    for stage in (splitting.split, windowing.window, scale):
        stage(p, "season_windows")


def test_nothing_is_learned_from_validation_or_test(project: Path) -> None:
    _made(project)
    before = {path.name: path.read_bytes() for path in (files.SCALED / "season_windows").rglob("*") if path.is_file()}
    _made(project, factor=50.0)
    after = {path.name: path.read_bytes() for path in (files.SCALED / "season_windows").rglob("*") if path.is_file()}
    assert after["scaling.json"] == before["scaling.json"]
    assert after["train.npy"] == before["train.npy"]
    assert after["validation.npy"] != before["validation.npy"]


@pytest.mark.parametrize("by_window", ["none", "last", "standard"])
def test_targets_are_restored_to_raw_units(project: Path, by_window: str) -> None:
    _made(project, window=by_window)
    for name in ("train", "validation", "test"):
        part = dataset.load("season_windows", 0, name)
        np.testing.assert_allclose(part.restore(part.targets()), part.raw_targets(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("by_window", ["last", "standard"])
def test_window_scaling_uses_the_windows_own_rows(project: Path, by_window: str) -> None:
    _made(project, window=by_window)
    inputs = dataset.load("season_windows", 0, "train").inputs(np.array([5, 9]))
    if by_window == "last":
        np.testing.assert_array_equal(inputs[:, -1], 0)
    else:
        np.testing.assert_allclose(inputs.mean(1), 0, atol=1e-5)
        np.testing.assert_allclose(inputs.std(1), 1, atol=1e-4)


def test_a_batch_is_a_gather_of_scaled_rows(project: Path) -> None:
    _made(project)
    part = dataset.load("season_windows", 0, "test")
    begin = part.table["start"][3]
    np.testing.assert_array_equal(part.inputs(np.array([3]))[0], part.scaled[begin : begin + 12])
    # The target is the row after the window, counted in the series.
    rows = files.read_array(files.RAW / "season" / "rows.npy")
    assert part.raw_targets()[3, 0] == rows[part.table["row"][3], 0]
    assert part.spec.first_rows[begin + 12] == part.table["row"][3]


def test_the_table_is_learned_from_the_rows_that_training_windows_cover(project: Path) -> None:
    p = tiny_params()
    p["datasets"]["season_windows"]["window"]["stride"] = {"train": 50, "evaluation": 1}
    write_params(project, p)
    raw.main(["season"])
    for stage in (splitting.split, windowing.window, scale):
        stage(params.load(), "season_windows")
    # 280 training rows, windows of 12 + 1 rows at every 50th: the rows between them are in no window.
    rows = np.concatenate([np.arange(start, start + 13) for start in range(0, 268, 50)])
    values = files.read_array(files.RAW / "season" / "rows.npy")[rows, 0]
    learned = files.read_json(files.SCALED / "season_windows" / "scaling.json")["folds"][0]
    for table in (learned["features"]["value"], learned["target"]):
        assert table["center"] == pytest.approx(values.min())
        assert table["scale"] == pytest.approx(np.ptp(values))


@given(seed=st.integers(0, 99), length=st.integers(2, 9), columns=st.integers(1, 3))
def test_changes_are_every_earlier_row_less_the_windows_last(seed: int, length: int, columns: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(40, columns))
    starts = np.array([0, 3, 40 - length])
    expected = [rows[start + i] - rows[start + length - 1] for start in starts for i in range(length - 1)]
    np.testing.assert_array_equal(changes(rows, starts, length), expected)


def test_changes_of_very_many_windows_are_a_sample_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "_CELLS", 4 * 5)
    rows = np.arange(50.0)[:, None] ** 2
    assert len(changes(rows, np.arange(40), 5)) == 4 * 4
    np.testing.assert_array_equal(changes(rows, np.arange(40), 1), np.zeros((20, 1)))


GROWTH = 0.5 * np.arange(400) + 3 * np.sin(np.arange(400) * 2 * np.pi / 24)


@pytest.mark.parametrize("method", ["standard", "minmax", "robust", "none"])
def test_under_window_last_inputs_and_targets_are_scaled_by_changes(project: Path, method: str) -> None:
    p = tiny_params()
    p["datasets"]["season_windows"]["scaling"] = {"features": method, "target": method, "window": "last"}
    p["datasets"]["season_windows"]["window"]["horizon"] = 3
    write_params(project, p)
    raw.main(["season"])
    rows = np.array(files.read_array(files.RAW / "season" / "rows.npy"))
    rows[:, 0] = GROWTH[: len(rows)]
    files.write_array(files.RAW / "season" / "rows.npy", rows)
    for stage in (splitting.split, windowing.window, scale):
        stage(params.load(), "season_windows")
    part = dataset.load("season_windows", 0, "train")
    starts, length = part.table["start"], part.spec.length
    targets = part.raw_targets() - part.table["last"][:, None]
    center, spread = learn(targets.reshape(-1, 1), method)
    np.testing.assert_allclose(part.targets(), (targets - center) / spread, rtol=1e-5, atol=1e-6)
    _, spread = learn(changes(np.asarray(part.rows)[:, :1], starts, length), method)
    inside = part.rows[starts[:, None] + np.arange(length), 0]
    np.testing.assert_allclose(part.inputs()[..., 0], (inside - inside[:, -1:]) / spread, rtol=1e-5, atol=1e-6)
    # Standardised scores stay in units of the column.
    values = part.rows[covered(len(part.rows), starts, length + part.spec.rows_ahead), 0]
    (level,), (unit,) = learn(values[:, None], method)
    assert (part.spec.target_center, part.spec.target_scale) == pytest.approx((level, unit))


def test_the_changes_of_a_large_counter_keep_their_digits(project: Path) -> None:
    # 1e9 and steps of 0 to 9: float32 holds multiples of 64 there.
    steps = np.random.default_rng(0).integers(0, 10, 400)
    p = tiny_params()
    p["datasets"]["season_windows"]["scaling"] = {"features": "standard", "target": "standard", "window": "last"}
    write_params(project, p)
    raw.main(["season"])
    rows = np.array(files.read_array(files.RAW / "season" / "rows.npy"))
    rows[:, 0] = 1e9 + np.cumsum(steps)[: len(rows)]
    files.write_array(files.RAW / "season" / "rows.npy", rows)
    for stage in (splitting.split, windowing.window, scale):
        stage(params.load(), "season_windows")
    folds = files.read_json(files.SCALED / "season_windows" / "scaling.json")["folds"]
    learned = folds[0]["features"]["value"]["scale"]
    for name in ("train", "validation", "test"):
        part = dataset.load("season_windows", 0, name)
        inside = part.rows[part.table["start"][:, None] + np.arange(part.spec.length), 0]
        np.testing.assert_allclose(part.inputs()[..., 0] * learned, inside - inside[:, -1:], atol=1e-4)
