"""Windows that somebody else cut: what is read from a .npz file, and one line for every file that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.common.errors import UserError
from pipeline.dataset import splitting, windowing
from pipeline.series import given as windows_file
from pipeline.series import reading

X = np.arange(240.0).reshape(20, 6, 2)
Y = np.arange(20.0)
PLACE = "data/own/w.npz"


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Write data/own/w.npz in an empty project."""
    monkeypatch.chdir(tmp_path)
    Path("data/own").mkdir(parents=True)

    def write(**content: Any) -> Path:
        np.savez(PLACE, **content)
        return Path(PLACE)

    return write


def infinite() -> np.ndarray:
    x = X.copy()
    x[3, 2, 1] = np.nan
    return x


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"y": Y}, r"`data/own/w.npz` must hold an array `X`. Received: y\."),
        ({"X": X}, r"must hold an array `y`. Received: X\."),
        ({"X": X[..., 0], "y": Y}, r"w.npz, X` must have the shape \[windows, length, features\]. .*\[20, 6\].*None"),
        ({"X": infinite(), "y": Y}, r"w.npz, X\[3, 2, 1\]` must be finite. Received: nan, one of 1\."),
        ({"X": X.astype(str), "y": Y}, r"w.npz, X` must hold numbers"),
        ({"X": np.array([[1, 2], [3]], dtype=object), "y": Y}, r"w.npz, X` must be an array of numbers .* unpickled"),
        ({"X": X, "y": Y.astype(object)}, r"w.npz, y` must be an array of numbers or text: .*an array of objects"),
        ({"X": X, "y": Y[:-1]}, r"w.npz, y` must have an entry for each of the 20 windows of X. Received: 19\."),
        ({"X": X, "y": np.where(Y == 4, np.inf, Y)}, r"w.npz, y\[4, 0\]` must be finite. Received: inf"),
        ({"X": X, "y": np.zeros((20, 2, 3))}, r"w.npz, y` must have the shape \[windows\] or \[windows, outputs\]"),
        ({"X": X, "y": Y, "part": np.array(["train"] * 19 + ["odd"])}, r"w.npz, part` must be one of train, .*'odd'"),
        ({"X": X, "y": Y, "part": np.zeros(20)}, r"w.npz, part` must leave windows in the part test"),
        ({"X": X, "y": Y, "part": np.zeros(3)}, r"w.npz, part` must have an entry for each of the 20 windows"),
        ({"X": X, "y": Y, "features": np.array(["a"])}, r"features` must name each of the 2 features of X once"),
        ({"X": X, "y": Y, "features": np.array(["a", "y_1"])}, r"features` must not begin with y_"),
        ({"X": X[:, :0], "y": Y}, r"w.npz, X` must hold windows of rows of features"),
        ({"X": X[..., :0], "y": Y}, r"w.npz, X` must hold windows of rows of features"),
        ({"X": X, "y": np.zeros((20, 0))}, r"w.npz, y` must have the shape \[windows\] or \[windows, outputs\]"),
        ({"X": X[:2], "y": Y[:2]}, r"w.npz, X` must hold windows of rows of features"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_one_line(save, content, words):
    with pytest.raises(UserError, match=words) as refused:
        windows_file.read(save(**content))
    assert "\n" not in str(refused.value)


def test_files_that_are_no_archive_are_one_line(save):
    for content in (b"", b"PK\x03\x04 damaged", b"text"):
        Path(PLACE).write_bytes(content)
        with pytest.raises(UserError, match=r"must be a file that np\.savez writes"):
            windows_file.read(Path(PLACE))
    np.save("data/own/one.npy", X)
    Path("data/own/one.npy").rename(PLACE)
    with pytest.raises(UserError, match="must be an archive of arrays"):
        windows_file.read(Path(PLACE))
    with pytest.raises(UserError, match="no such file"):
        windows_file.read(Path("data/own/none.npz"))


def test_without_parts_the_last_windows_are_the_test_and_those_before_the_validation(save):
    read = windows_file.read(save(X=X, y=Y))
    assert (read.divided, read.features) == (False, ["x_0", "x_1"])
    assert read.part.tolist() == [0] * 14 + [1] * 3 + [2] * 3


def test_axes_of_length_one_are_left_out(save):
    plain = windows_file.read(save(X=X, y=Y))
    for y in (Y[:, None], Y[:, None, None]):
        np.testing.assert_array_equal(windows_file.read(save(X=X, y=y)).y, plain.y)
    part = np.array(["test", "val", "train", "train"] * 5)
    assert windows_file.read(save(X=X, y=Y, part=part[:, None])).part.tolist() == [2, 1, 0, 0] * 5


def test_parts_are_words_or_numbers_in_any_order(save):
    words = np.array(["test", "Val", "training", "train"] * 5)
    numbers = np.array([2, 1, 0, 0] * 5)
    assert windows_file.read(save(X=X, y=Y, part=words)).part.tolist() == numbers.tolist()
    assert windows_file.read(save(X=X, y=Y, part=numbers.astype(float))).part.tolist() == numbers.tolist()


@pytest.mark.parametrize(
    ("y", "expected", "names"),
    [
        (np.array(["b", "a"] * 10), [1, 0] * 10, ["a", "b"]),
        (np.array([True, False] * 10), [1, 0] * 10, ["False", "True"]),
        (np.array([7, 3] * 10), [1, 0] * 10, ["3", "7"]),
        (np.eye(2)[[1, 0] * 10], [1, 0] * 10, ["0", "1"]),
    ],
)
def test_classes_are_numbered_in_their_order(save, y, expected, names):
    read = windows_file.read(save(X=X, y=y))
    numbers, found = windows_file.class_numbers(Path(PLACE), read.y)
    assert (numbers.tolist(), found) == (expected, names)
    series = reading.read("w", {"source": PLACE, "classes": True})
    assert series.rows[::6, 2].tolist() == expected


def test_labels_are_no_numbers_of_a_regression(save):
    save(X=X, y=np.array(["b", "a"] * 10))
    with pytest.raises(UserError, match=r"y` must hold numbers for a regression. Received: b, a label"):
        reading.read("w", {"source": PLACE})
    save(X=X, y=np.ones(20))
    with pytest.raises(UserError, match="must hold two classes or more"):
        reading.read("w", {"source": PLACE, "classes": True})


@settings(max_examples=60, deadline=None)
@given(
    st.integers(3, 12).flatmap(
        lambda n: st.tuples(
            arrays.arrays(float, (n, 4, 2), elements=st.floats(-9, 9)),
            arrays.arrays(float, (n, 3), elements=st.floats(-9, 9)),
            st.lists(st.integers(0, 2), min_size=n, max_size=n).filter(lambda part: {0, 2} <= set(part)),
        )
    )
)
def test_every_window_is_in_its_part_with_its_own_rows_and_targets(tmp_path_factory, drawn):
    x, y, part = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("drawn"))
        Path("data/own").mkdir(parents=True)
        np.savez(PLACE, X=x, y=y, part=np.array(part))
        series = reading.read("w", {"source": PLACE})
    (fold,) = splitting.given_folds("datasets.w.split", series.parts or [], 4)
    window = {"target": {"kind": "given"}, "horizon": 3, "missing": "error"}
    for code, name in enumerate(splitting.PARTS):
        own = getattr(fold, name)
        expected = [i for i, each in enumerate(part) if each == code]
        if own is None:
            assert not expected
            continue
        rows = np.concatenate([series.rows[a:b] for a, b in own.intervals])
        position = {"intervals": own.intervals, "context": 0}
        table, dropped = windowing.table(rows, position, 1, 4, window, [0, 1], 2, None)
        assert dropped["dropped"] == 0
        assert (table["row"] // 4).tolist() == expected
        assert np.array_equal(rows[table["start"][:, None] + np.arange(4)][..., :2], x[expected])
        assert np.array_equal(np.stack([table[f"target_{h}"] for h in range(3)], axis=1), y[expected])
        # Nothing is known of the target's past, and no forecast may be made of the target itself.
        assert np.isnan(table["last"]).all()


@pytest.mark.parametrize(
    "names", ["X_train y_train x_val y_val X_test Y_test", "train_x train_y valid_x valid_y testX testY"]
)
def test_arrays_of_each_part_are_joined(save, names):
    x_train, y_train, x_val, y_val, x_test, y_test = names.split()
    content = {x_test: X[16:], y_test: Y[16:], x_train: X[:12], y_train: Y[:12], x_val: X[12:16], y_val: Y[12:16]}
    found = windows_file.read(save(**content))
    np.testing.assert_array_equal(found.x, X)
    np.testing.assert_array_equal(found.y[:, 0], Y)
    assert found.part.tolist() == [0] * 12 + [1] * 4 + [2] * 4
    assert found.divided


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y_test": None}, r"must hold `X` and `y` of the part test. Received: X_test alone. Save y_test beside it"),
        ({"y_test": Y[:3]}, r"w.npz, y_test` must have an entry for each of the 8 windows of X_test. Received: 3"),
        ({"X_test": X[12:, :5]}, r"must be X of windows of one shape in all parts. Received: \(5, 2\) and \(6, 2\)"),
        ({"X_train": None, "y_train": None}, r"must leave windows in the part train"),
        ({"X_train": X[0, 0, 0], "y_train": Y[0]}, r"w.npz"),
        ({"y_train": Y[:12].astype(object)}, r"w.npz, y_train` must be an array of numbers or text"),
    ],
)
def test_arrays_of_the_parts_that_do_not_fit(save, change, words):
    content = {"X_train": X[:12], "y_train": Y[:12], "X_test": X[12:], "y_test": Y[12:]} | change
    with pytest.raises(UserError, match=words):
        windows_file.read(save(**{name: array for name, array in content.items() if array is not None}))
