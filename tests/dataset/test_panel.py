"""Series of several ids: windows within each, sides of a split, sequences of one length."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from pipeline import dataset
from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import history, panel, splitting
from pipeline.scoring import naive
from tests.helpers import panels

HOLDOUT: dict[str, Any] = {"scheme": "holdout", "validation": 0.2, "test": 0.2}
GROUPS: dict[str, Any] = {"scheme": "groups", "validation": 0.25, "test": 0.25}
SEQUENCES: dict[str, Any] = {"scheme": "sequences", "validation": 0.25, "test": 0.25}
WHOLE: dict[str, Any] = {"length": "sequence", "target": {"kind": "sequence_mean"}}
LAST: dict[str, Any] = {"length": "sequence", "target": {"kind": "label"}}


def loaded() -> dict[str, dataset.Part]:
    return {name: dataset.load("panel", 0, name) for name in splitting.PARTS if dataset.has("panel", 0, name)}


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=4, max_size=8),
    firsts=st.lists(st.integers(0, 30), min_size=8, max_size=8),
    timed=st.booleans(),
    policy=st.sampled_from(["strict", "carry"]),
    scheme=st.sampled_from(["holdout", "expanding", "groups"]),
    gap=st.integers(0, 3),
    order=st.sampled_from(["last", "random"]),
)
def test_no_window_crosses_an_id_and_all_ids_are_divided_at_one_time(
    lengths: list[int], firsts: list[int], timed: bool, policy: str, scheme: str, gap: int, order: str
) -> None:
    starts = np.cumsum([0, *lengths[:-1]])
    rows, length = sum(lengths), 3
    times = np.concatenate([first + np.arange(n) for first, n in zip(firsts, lengths, strict=False)])
    chosen = {
        "holdout": HOLDOUT | {"policy": policy, "gap": gap},
        "expanding": {"scheme": "expanding", "folds": 2, "test_size": 4, "validation_size": 3, "gap": gap}
        | {"policy": policy},
        "groups": GROUPS | {"order": order, "seed": gap, "stratify": False},
    }[scheme]
    ids = {"column": "user", "names": [str(i) for i in range(len(lengths))], "starts": starts.tolist()}
    series = {"columns": ["y"], "target": "y", "features": ["y"], "sequence_length": None}
    series |= {"ids": ids, "cuts": starts[1:].tolist()}
    settings_ = {"series": "panel", "split": chosen, "window": {"length": length, "horizon": 1, "missing": "drop"}}
    try:
        made = splitting.divide("s", settings_, series, np.zeros((rows, 1)), times if timed else None)
    except UserError:  # a part without a window
        return
    number = np.searchsorted(starts, np.arange(rows), side="right") - 1
    when = times if timed else np.arange(rows) - starts[number]
    for fold in made.folds:
        owned = {}
        for name in splitting.PARTS:
            part = getattr(fold, name)
            if part is None:
                continue
            context = part.context if isinstance(part.context, list) else [part.context] + [0] * len(part.intervals)
            for start, stop in part.intervals:
                assert len(set(number[start:stop].tolist())) == 1
            owned[name] = np.concatenate(
                [np.arange(a + c, b) for (a, b), c in zip(part.intervals, context, strict=False)]
            )
        parts = list(owned.values())
        for earlier, later in itertools.pairwise(parts):
            assert not set(earlier) & set(later)
            if scheme == "groups":
                assert not set(number[earlier]) & set(number[later])
            else:
                assert when[later].min() - when[earlier].max() > gap


def test_panel_windows_equal_a_pandas_groupby() -> None:
    table = panels.panel([30, 9, 25, 40], firsts=[0, 5, 3, 0], shuffle=True)
    with panels.project(table, {"split": HOLDOUT, "window": {"length": 4}}, time="time"):
        parts = loaded()
        known = np.sort(table["time"].unique())
        stop = len(known) - round(0.2 * len(known))
        edges = known[[0, stop - round(0.2 * len(known)), stop, -1]]
        for name, low, high in zip(splitting.PARTS, edges, edges[1:], strict=False):
            inputs, targets = [], []
            own = table[(table["time"] >= low) & ((table["time"] < high) | (name == "test"))]
            for user in table["user"].unique():
                rows = own[own["user"] == user].sort_values("time")
                for i in range(len(rows) - 4):
                    inputs.append(rows[["x", "y"]].to_numpy()[i : i + 4])
                    targets.append(rows["y"].to_numpy()[i + 4])
            part = parts[name]
            at = part.table["start"][:, None] + np.arange(4)
            np.testing.assert_array_equal(part.rows[at], np.array(inputs))
            np.testing.assert_array_equal(part.table["target_0"], targets)


def test_whole_ids_are_held_out_of_a_panel() -> None:
    with panels.project(panels.panel([12] * 8), {"split": GROUPS, "window": {"length": 4}}):
        ids = {name: set(np.asarray(part.spec.groups(part.table["row"]))) for name, part in loaded().items()}
    assert ids == {"train": {0, 1, 2, 3}, "validation": {4, 5}, "test": {6, 7}}


@pytest.mark.parametrize("folds", [2, 4, 5])
def test_random_groups_equal_the_first_folds_of_group_k_fold(folds: int) -> None:
    count, seed = 20, 3
    groups = np.repeat(np.arange(count), 7)
    theirs = GroupKFold(folds, shuffle=True, random_state=seed).split(groups, groups=groups)
    tests = [set(groups[test]) for _, test in theirs]
    split = GROUPS | {"order": "random", "seed": seed, "stratify": False, "test": 1 / folds, "validation": 0.0}
    if folds > 2:
        split["validation"] = 1 / folds
    side = panel.sides("s", split, np.arange(count))
    assert set(np.flatnonzero(side == 2)) == tests[0]
    if folds > 2:
        assert set(np.flatnonzero(side == 1)) == tests[1]


def test_stratified_groups_have_the_label_counts_of_stratified_group_k_fold() -> None:
    labels = np.repeat([0.0, 1.0, 2.0], [40, 12, 8])
    split = GROUPS | {"order": "random", "seed": 1, "stratify": True, "test": 0.25, "validation": 0.25}
    side = panel.sides("s", split, np.arange(60), labels)
    folds = StratifiedGroupKFold(4, shuffle=True, random_state=1).split(labels, labels, np.arange(60))
    for _, test in folds:
        theirs = np.unique(labels[test], return_counts=True)[1]
        for number in (1, 2):
            np.testing.assert_array_equal(np.unique(labels[side == number], return_counts=True)[1], theirs)


def test_a_label_of_one_id_cannot_be_on_every_side() -> None:
    split = GROUPS | {"order": "random", "seed": 1, "stratify": True}
    with pytest.raises(UserError, match="unless every label has an id"):
        panel.sides("s", split, np.arange(9), np.arange(9.0))


@settings(max_examples=60, deadline=None)
@given(
    contents=st.lists(st.integers(0, 3), min_size=4, max_size=20),
    order=st.sampled_from(["last", "random"]),
    seed=st.integers(0, 5),
)
def test_equal_sequences_are_never_on_two_sides(contents: list[int], order: str, seed: int) -> None:
    split = SEQUENCES | {"order": order, "seed": seed, "stratify": False, "identical": "together"}
    known = np.unique(contents, return_inverse=True)[1]
    try:
        side = panel.sides("s", split, known)
    except UserError:
        return
    for each in np.unique(known):
        assert len(set(side[known == each])) == 1


def test_sequences_are_padded_to_the_longest_training_sequence_and_longer_ones_keep_their_last_rows() -> None:
    lengths = [5, 3, 4, 2, 6, 9, 3, 8]
    table = panels.panel(lengths)
    with panels.project(table, {"split": SEQUENCES, "window": WHOLE}):
        parts = loaded()
        described = files.read_json(files.SPLIT / "panel" / "split.json")
    assert described["series"]["sequence_length"] == 5
    assert described["folds"][0]["train"]["padding"] == [0, 2, 1, 3]
    for name, users in {"train": [0, 1, 2, 3], "validation": [4, 5], "test": [6, 7]}.items():
        part = parts[name]
        assert (len(part), part.spec.length) == (len(users), 5)
        inputs = part.inputs()
        for window, user in enumerate(users):
            own = table.loc[table["user"] == f"u{user}", ["x", "y"]].to_numpy()[-5:]
            padding = 5 - len(own)
            start = part.table["start"][window]
            np.testing.assert_array_equal(part.rows[start + padding : start + 5], own)
            assert part.table["target_0"][window] == own[:, 1].mean()
            assert not inputs[window, :padding].any()
            assert inputs[window, padding:].any(axis=1).all()


@pytest.mark.parametrize(("missing", "left"), [("drop", [0, 2, 3]), ("fill_past", [0, 2, 3]), ("keep", [0, 2, 3])])
def test_padding_is_no_missing_cell_but_a_missing_cell_is_one(missing: str, left: list[int]) -> None:
    table = panels.panel([5, 3, 4, 2, 6, 9, 3, 8])
    table.loc[(table["user"] == "u1") & (table["y"] == 1001), "y"] = np.nan  # the second of three rows
    with panels.project(table, {"split": SEQUENCES, "window": WHOLE | {"missing": missing}}):
        train = loaded()["train"]
    assert (train.table["start"] // 5).tolist() == left
    assert train.dropped == {"dropped": 1, "dropped_targets": 1}


def test_a_missing_input_is_kept_beside_padding() -> None:
    table = panels.panel([5, 3, 4, 2, 6, 9, 3, 8])
    table.loc[(table["user"] == "u1") & (table["y"] == 1001), "x"] = np.nan
    with panels.project(table, {"split": SEQUENCES, "window": WHOLE | {"missing": "keep"}}):
        train = loaded()["train"]
    np.testing.assert_array_equal(np.argwhere(np.isnan(train.inputs())), [[1, 3, 0]])


def test_a_row_of_zeros_is_no_padding() -> None:
    table = panels.panel([4, 3, 4, 5])
    table["y"] = [float(i % 2) for i in range(len(table))]
    scaling = {"features": "none", "target": "none"}
    given = {"split": SEQUENCES, "window": WHOLE, "scaling": scaling}
    with panels.project(table, given, features=["y"]):
        train = loaded()["train"]
    skipped = (train.inputs() == 0).all(axis=2)
    assert skipped.sum() == 1
    assert skipped[1, 0]


def test_each_id_is_scaled_by_its_own_training_rows() -> None:
    table = panels.panel([30, 30, 30])
    given = {"split": HOLDOUT, "window": {"length": 4}, "scaling": {"per": "id"}}
    with panels.project(table, given, time="time"):
        parts = loaded()
    spec = parts["train"].spec
    for part in parts.values():
        number = np.searchsorted(spec.ids, part.spec.first_rows, side="right") - 1
        for i in range(3):
            own = table[table["user"] == f"u{i}"][["x", "y"]].to_numpy()[:18]
            expected = (part.rows[number == i] - own.mean(axis=0)) / own.std(axis=0)
            np.testing.assert_allclose(part.scaled[number == i], expected, rtol=1e-5, atol=1e-6)
        targets = part.targets().astype(float)
        np.testing.assert_allclose(part.restore(targets), part.raw_targets(), rtol=1e-5)
    np.testing.assert_allclose(parts["train"].scaled.reshape(3, -1, 2).mean(axis=1), 0, atol=1e-6)
    # A constant output is the mean of each id's own training targets.
    mean = naive.fit(parts["train"])["train_mean"](parts["test"])[:, 0]
    owner = np.searchsorted(spec.ids, parts["test"].table["row"], side="right") - 1
    assert len(np.unique(owner)) == 3
    for i in range(3):
        own = table[table["user"] == f"u{i}"]["y"].to_numpy()[4:18]
        np.testing.assert_allclose(mean[owner == i], own.mean(), rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": GROUPS, "scaling": {"per": "id"}}, "held out has no training rows"),
        ({"split": GROUPS | {"stratify": True}}, "draws nothing"),
        ({"split": SEQUENCES}, "must be `sequences`"),
        ({"split": SEQUENCES, "window": WHOLE, "scaling": {"window": "last"}}, "padding"),
    ],
)
def test_settings_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    given = {"split": HOLDOUT, "window": {"length": 4}} | change
    with pytest.raises(UserError, match=message), panels.project(panels.panel([12] * 8), given):
        pass


def test_an_id_without_training_rows_has_no_scale_of_its_own() -> None:
    table = panels.panel([30, 30, 8], firsts=[0, 0, 22])
    given = {"split": HOLDOUT, "window": {"length": 4}, "scaling": {"per": "id"}}
    with pytest.raises(UserError, match="user u2 has none"), panels.project(table, given, time="time"):
        pass


def test_a_series_without_ids_has_no_groups() -> None:
    table = panels.panel([30])
    given = {"split": GROUPS, "window": {"length": 4}}
    with pytest.raises(UserError, match="without ids"), panels.project(table, given, id=None):
        pass


@pytest.mark.parametrize("kind", ["label", "value"])
def test_a_whole_sequence_has_the_target_of_its_last_row(kind: str) -> None:
    lengths = [5, 3, 6, 4, 2, 6, 5, 3]
    table = panels.panel(lengths)
    if kind == "label":
        words = table["user"].str[1:].astype(int) % 3
        table["y"] = words.map({0: "up", 1: "down", 2: "flat"})
        table.loc[0, "y"] = "up"  # not the last row of its sequence
    window = LAST | {"target": {"kind": kind}}
    split = SEQUENCES | {"order": "last", "test": 0.25, "validation": 0.125}
    with panels.project(table, {"split": split, "window": window}, features=["x"]):
        parts = loaded()
        train = parts["train"]
        assert (train.spec.rows_ahead, train.spec.same_row, train.spec.target_rows) == (0, True, 1)
        assert (train.spec.length, train.spec.features) == (6, ["x"])
        owners = table["user"].str[1:].astype(int)
        last = [np.flatnonzero(owners == i)[-1] for i in range(len(lengths))]
        target = np.concatenate([part.raw_targets()[:, 0] for part in parts.values()])
        expected = table["y"].to_numpy()[last]
        names = train.spec.labels
        assert names == (["down", "flat", "up"] if kind == "label" else None)
        assert (target if names is None else [names[int(each)] for each in target]) == pytest.approx(expected.tolist())
        rows = np.concatenate([part.table["row"] for part in parts.values()])
        assert rows.tolist() == [6 * i + 5 for i in range(len(lengths))]
        for part in parts.values():
            assert np.isnan(part.table["last"]).all()
        inputs = np.concatenate([part.inputs() for part in parts.values()])
        for length, sequence in zip(lengths, inputs, strict=True):
            assert (sequence[: 6 - length] == 0).all()
            assert (sequence[6 - length :] != 0).all()


@pytest.mark.parametrize(
    ("window", "features", "message"),
    [
        ({"length": "sequence", "target": {"kind": "difference"}}, ["x"], "`sequence_mean`, `label` or `value`"),
        (LAST, None, "must name the inputs"),
        (LAST, ["x", "y"], "must name inputs other than the target"),
        (LAST | {"target": {"kind": "value"}}, ["x", "y"], "must name inputs other than the target"),
    ],
)
def test_a_target_in_the_last_row_needs_other_inputs(
    window: dict[str, Any], features: list[str] | None, message: str
) -> None:
    with (
        pytest.raises(UserError, match=message),
        panels.project(panels.panel([4] * 8), {"split": SEQUENCES, "window": window}, features=features),
    ):
        pass


def test_the_last_target_of_each_id() -> None:
    series = {"ids": {"starts": [0, 3, 4]}, "columns": ["x", "y"], "target": "y"}
    rows = np.arange(14.0).reshape(7, 2)
    assert panel.last_targets(series, rows).tolist() == [5, 7, 13]


def test_the_whole_series_of_sequences_begins_each_with_its_padding() -> None:
    lengths = [6, 4, 5, 6, 3, 6, 5, 4]
    table = panels.panel(lengths, firsts=list(range(8)))
    with panels.project(table, {"split": SEQUENCES, "window": WHOLE}, time="time"):
        found, times = history.target_column("panel"), history.row_times("panel")
    assert times is not None
    length = len(found) // len(lengths)
    for number, own in enumerate(table["user"].unique()):
        rows = table[table["user"] == own].tail(length)
        mine = slice(number * length, (number + 1) * length)
        expected = np.full(length, np.nan)
        expected[length - len(rows) :] = rows["y"]
        np.testing.assert_array_equal(found[mine], expected)
        np.testing.assert_array_equal(times[mine][length - len(rows) :], rows["time"].to_numpy())
    assert (times[np.isnan(found)] == table["time"].iloc[0].to_datetime64()).all()
