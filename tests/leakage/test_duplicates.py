"""Equal windows of two parts are counted as by comparing all with all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import dataset
from pipeline.common import files
from pipeline.dataset import equal_windows, scaling, splitting, windowing
from pipeline.leakage import duplicates
from tests.helpers.proofs import SEASON, loaded, prepared, sequences


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
            patched.setattr(equal_windows, "_row_hashes", lambda rows: np.zeros(len(rows), dtype=np.uint64))
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
        p = sequences(project, identical=identical)
        proof = duplicates.prove(p, SEASON, 0, loaded())
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
    proof = duplicates.prove(p, SEASON, 0, parts)
    assert (proof.result, proof.compared["equal_pairs"]) == (result, 9)
    mend = [f"declare `datasets.{SEASON}.duplicates: informative` if equal windows are expected"]
    assert proof.found[: 2 if result == "fail" else 1] == [
        *(mend if result == "fail" else []),
        "rows [100, 112) of train and rows [350, 362) of test",
    ]
