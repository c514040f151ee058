from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from pipeline import raw, split
from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import splitting
from tests.conftest import tiny_params, write_params
from tests.helpers.splits import drawn

HOLDOUT: dict[str, Any] = {"scheme": "holdout", "validation": 0.2, "test": 0.3, "gap": 0, "policy": "strict"}


def intervals(fold: splitting.Fold) -> list[Any]:
    return [
        None if part is None else (*part.intervals[0], part.context)
        for part in (fold.train, fold.validation, fold.test)
    ]


def test_holdout_by_shares() -> None:
    assert intervals(splitting.folds("s", HOLDOUT, 100, 5)[0]) == [(0, 50, 0), (50, 70, 0), (70, 100, 0)]


def test_the_gap_is_taken_from_the_end_of_the_earlier_part() -> None:
    assert intervals(splitting.folds("s", HOLDOUT | {"gap": 3}, 100, 5)[0]) == [(0, 47, 0), (50, 67, 0), (70, 100, 0)]


def test_carry_reaches_back_by_one_window_for_inputs_only() -> None:
    assert intervals(splitting.folds("s", HOLDOUT | {"policy": "carry", "gap": 3}, 100, 5)[0]) == [
        (0, 47, 0),
        (45, 67, 5),
        (65, 100, 5),
    ]


def test_validation_may_be_left_out() -> None:
    settings = {key: value for key, value in HOLDOUT.items() if key != "validation"}
    assert intervals(splitting.folds("s", settings, 100, 5)[0]) == [(0, 70, 0), None, (70, 100, 0)]


def test_holdout_by_rows_and_dates() -> None:
    by_rows = HOLDOUT | {"train": {"from": 10}, "validation": {"from": 40, "to": 55}, "test": {"from": 60, "to": 90}}
    assert intervals(splitting.folds("s", by_rows, 100, 5)[0]) == [(10, 40, 0), (40, 55, 0), (60, 90, 0)]
    times = np.arange("2020-01-01", "2020-04-10", dtype="datetime64[D]").astype("datetime64[s]")
    by_dates = HOLDOUT | {"validation": {"from": "2020-02-10"}, "test": {"from": "2020-03-01"}}
    assert intervals(splitting.folds("s", by_dates, 100, 5, times)[0]) == [(0, 40, 0), (40, 60, 0), (60, 100, 0)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"validation": 0.6, "test": 0.5}, "`s.train`"),
        ({"validation": {"from": 80}, "test": {"from": 60}}, "`s.validation`"),
        ({"validation": {"from": 50, "to": 75}, "test": {"from": 60}}, "`s.validation.to`"),
        ({"gap": 20, "validation": 0.2}, "`s.validation`"),
        ({"test": {"from": 200}}, "`s.test.from`"),
        ({"test": {"from": "2020-03-01"}}, "`s.test.from`"),
    ],
)
def test_empty_or_crossing_parts_are_refused(change: dict[str, Any], place: str) -> None:
    with pytest.raises(UserError) as caught:
        splitting.folds("s", HOLDOUT | change, 100, 5)
    assert str(caught.value).startswith(place), caught.value


@settings(max_examples=200, deadline=None)
@given(rows=st.integers(20, 300), folds=st.integers(1, 6), test_size=st.integers(1, 20), gap=st.integers(0, 10))
def test_expanding_folds_equal_scikit_learns(rows: int, folds: int, test_size: int, gap: int) -> None:
    ours = {
        "scheme": "expanding",
        "folds": folds,
        "test_size": test_size,
        "validation_size": 0,
        "gap": gap,
        "policy": "strict",
    }
    theirs = TimeSeriesSplit(n_splits=max(folds, 2), test_size=test_size, gap=gap)
    if folds < 2 or rows - test_size * folds - gap <= 0:
        return
    expected = list(theirs.split(np.zeros(rows)))
    made = splitting.folds("s", ours, rows, 5)
    assert len(made) == len(expected)
    for fold, (train, test) in zip(made, expected, strict=True):
        np.testing.assert_array_equal(splitting.rows_of(fold.train), train)
        np.testing.assert_array_equal(splitting.rows_of(fold.test), test)


def test_sliding_folds_printed() -> None:
    settings = {
        "scheme": "sliding",
        "folds": 2,
        "train_size": 10,
        "test_size": 5,
        "validation_size": 4,
        "gap": 1,
        "policy": "strict",
    }
    made = [intervals(fold) for fold in splitting.folds("s", settings, 40, 3)]
    assert made == [[(14, 24, 0), (25, 29, 0), (30, 35, 0)], [(19, 29, 0), (30, 34, 0), (35, 40, 0)]]


@settings(max_examples=400, deadline=None)
@given(drawn=drawn(), length=st.integers(1, 30))
def test_parts_share_no_row_but_what_carry_declares_and_the_gap_is_kept(
    drawn: tuple[dict[str, Any], int], length: int
) -> None:
    chosen, rows = drawn
    try:
        made = splitting.folds("s", chosen, rows, length)
    except UserError:
        return
    for fold in made:
        parts = [part for part in (fold.train, fold.validation, fold.test) if part is not None]
        for part in parts:
            assert 0 <= part.intervals[0][0] < part.intervals[-1][1] <= rows
            assert part.context == 0 or chosen["policy"] == "carry"
            assert part.context <= length
        own = [splitting.rows_of(part)[part.context :] for part in parts]
        for earlier, later in itertools.pairwise(own):
            assert later.min() - earlier.max() > chosen["gap"]
        if chosen["policy"] == "strict":
            everything = np.concatenate([splitting.rows_of(part) for part in parts])
            assert len(np.unique(everything)) == len(everything)


@settings(max_examples=300, deadline=None)
@given(drawn=drawn(), length=st.integers(1, 30), data=st.data())
def test_cuts_divide_the_parts_and_change_no_row_of_them(
    drawn: tuple[dict[str, Any], int], length: int, data: st.DataObject
) -> None:
    chosen, rows = drawn
    cuts = sorted(data.draw(st.sets(st.integers(1, rows - 1), max_size=8)))
    try:
        plain = splitting.folds("s", chosen, rows, length)
    except UserError:
        return
    cut = splitting.folds("s", chosen, rows, length, cuts=cuts)
    for one, other in zip(plain, cut, strict=True):
        for kind in splitting.PARTS:
            before, after = getattr(one, kind), getattr(other, kind)
            if before is None or after is None:
                assert before is after
                continue
            own = [splitting.rows_of(part)[part.context :].tolist() for part in (before, after)]
            assert own[0] == own[1]
            first = own[0][0]
            # Inputs reach back to the last cut and no further.
            assert after.context == min(before.context, first - max([c for c in cuts if c <= first], default=0))
            everything = splitting.rows_of(after)
            assert [a for a, _ in after.intervals[1:]] == [c for c in cuts if everything[0] < c <= everything[-1]]
            assert all(a < b for a, b in after.intervals)


SEQUENCES: dict[str, Any] = {"scheme": "sequences", "test": 0.2, "identical": "by_position"}


def test_sequences_are_divided_whole_and_by_position() -> None:
    fold = splitting.sequence_folds("s", SEQUENCES, np.array([0, 1, 2, 3, 4, 0, 5, 6, 7, 1]), 3)[0]
    assert fold.validation is None
    assert fold.test.intervals == [(24, 27), (27, 30)]
    assert len(fold.train.intervals) == 8


@settings(deadline=None)
@given(
    st.integers(2, 40), st.sampled_from([0.0, 0.1, 0.25, 0.5]), st.sampled_from([None, 0, 0.1, 0.3]), st.integers(1, 5)
)
def test_the_last_sequences_are_the_test_and_those_before_them_the_validation(
    count: int, test: float, validation: float | None, length: int
) -> None:
    chosen = SEQUENCES | {"test": test} | ({} if validation is None else {"validation": validation})
    tests, validations = int(test * count), int((validation or 0) * count)
    spans = [(i * length, i * length + length) for i in range(count)]
    if not tests:
        with pytest.raises(UserError, match=rf"s\.test` must hold at least one sequence\. Received: 0 of {count}\."):
            splitting.sequence_folds("s", chosen, np.zeros(count, dtype=int), length)
        return
    (fold,) = splitting.sequence_folds("s", chosen, np.zeros(count, dtype=int), length)
    assert fold.train.intervals == spans[: count - tests - validations]
    assert fold.test.intervals == spans[count - tests :]
    expected = spans[count - tests - validations : count - tests]
    assert (fold.validation.intervals if fold.validation else []) == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=10, max_size=40))
def test_equal_sequences_stay_on_one_side(identity: list[int]) -> None:
    chosen = SEQUENCES | {"identical": "together", "validation": 0.2}
    try:
        fold = splitting.sequence_folds("s", chosen, np.array(identity), 4)[0]
    except UserError:
        return
    sides = [{identity[a // 4] for a, _ in part.intervals} for part in (fold.train, fold.validation, fold.test) if part]
    for i, one in enumerate(sides):
        for other in sides[i + 1 :]:
            assert not one & other
    assert sum(len(part.intervals) for part in (fold.train, fold.validation, fold.test) if part) == len(identity)


def _split(project: Path, change: dict[str, Any]) -> None:
    p = tiny_params()
    p["datasets"]["season_windows"] |= change
    write_params(project, p)
    raw.main(["season"])
    split.main(["season_windows"])


def test_a_part_too_short_for_one_window_is_refused_and_leaves_the_earlier_parts(project: Path) -> None:
    _split(project, {})
    before = {
        path: path.read_bytes() for root in (files.SPLIT, files.TEST) for path in root.rglob("*") if path.is_file()
    }
    assert before
    with pytest.raises(UserError) as caught:
        _split(project, {"window": {"length": 60, "horizon": 2}})
    error = caught.value
    assert error.place == "datasets.season_windows.split.validation"
    assert error.rule == "must hold at least one window of 60 rows and 2 ahead"
    assert error.received == "60 rows"
    assert error.fix.startswith("Set `validation: 0.16`, shorten")
    split = {"scheme": "holdout", "validation": 0.16, "test": 0.16}
    _split(project, {"window": {"length": 60, "horizon": 2}, "split": split})
    _split(project, {})
    assert {path: path.read_bytes() for path in before} == before


def test_a_part_of_exactly_one_window_is_enough(project: Path) -> None:
    _split(project, {"window": {"length": 58, "horizon": 2}})  # the validation part has 60 rows
    with pytest.raises(UserError, match="window of 59 rows and 2 ahead"):
        _split(project, {"window": {"length": 59, "horizon": 2}})


def test_missing_cells_are_refused_with_row_and_column(project: Path) -> None:
    _split(project, {})
    rows = np.array(files.read_array(files.RAW / "season" / "rows.npy"))
    rows[390, 0] = np.nan
    files.write_array(files.RAW / "season" / "rows.npy", rows)
    with pytest.raises(
        UserError, match=r"`series.season, row 390, column value` \(params.yaml, line \d+\) must hold a number"
    ):
        split.main(["season_windows"])


def test_parts_are_copies_of_their_rows_and_the_test_part_lies_apart(project: Path) -> None:
    _split(project, {})
    rows = files.read_array(files.RAW / "season" / "rows.npy")
    np.testing.assert_array_equal(files.read_array(files.SPLIT / "season_windows/fold0/train.npy"), rows[:280])
    np.testing.assert_array_equal(files.read_array(files.SPLIT / "season_windows/fold0/validation.npy"), rows[280:340])
    np.testing.assert_array_equal(files.read_array(files.TEST / "season_windows/fold0.npy"), rows[340:])
    assert not list((files.SPLIT / "season_windows").rglob("*test*"))
