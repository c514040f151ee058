"""Labels and horizon 0: windows equal a shift in pandas, and what cannot be a class is refused with a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import dataset
from pipeline.common import datasets, files, params
from pipeline.common.errors import UserError
from pipeline.dataset import scaling, splitting, windowing
from pipeline.series import reading
from tests.conftest import PROJECT
from tests.helpers import labelled
from workflow import early

STAGES = ["Wake", "N1", "N2", "N3", "REM"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pipeline").symlink_to(PROJECT / "pipeline")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shifted(frame: pd.DataFrame, part: dict[str, Any], length: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs [windows, length] and targets [windows] of a part by shifts of its data frame."""
    ((start, stop),) = part["intervals"]
    own = frame.iloc[start:stop]
    table = pd.concat([own["x"].shift(k) for k in range(length - 1, -1, -1)], axis=1)
    table["target"] = own["y"].shift(-horizon)
    table = table.dropna()
    return table.iloc[:, :-1].to_numpy(), table["target"].to_numpy()


@pytest.mark.parametrize("names", [STAGES, ["off", "on"], [1, 2, 5], [0, 1], [-1.5, 0.25]])
@pytest.mark.parametrize("horizon", [0, 1, 3])
@pytest.mark.parametrize("policy", ["strict", "carry"])
def test_windows_equal_a_shift_in_pandas(folder: Path, names: list[Any], horizon: int, policy: str) -> None:
    frame = labelled.sticky(300, names)
    split = labelled.SPLIT | {"policy": policy}
    window = {"length": 6, "horizon": horizon, "target": {"kind": "label"}}
    labelled.made(frame, labelled.settings(["x"], window, split=split))
    described = files.read_json(files.SPLIT / "mine" / "split.json")["folds"][0]
    summary = files.read_json(files.WINDOWS / "mine" / "windows.json")
    assert summary["labels"] == list(map(str, sorted(names)))
    assert summary["classes"] == len(names)
    assert summary["outputs"] == (1 if len(names) == 2 else len(names))
    for name, part in labelled.parts().items():
        inputs, targets = shifted(frame, described[name], 6, horizon)
        spec = part.spec
        if policy == "carry" and name != "train":
            # The first target is that of the first own row.
            first = described[name]["intervals"][0][0] + described[name]["context"]
            assert part.table["row"][0] == first
        learned = files.read_json(files.SCALED / "mine" / "scaling.json")["folds"][0]["features"]["x"]
        np.testing.assert_allclose(
            part.inputs()[:, :, 0], (inputs - learned["center"]) / learned["scale"], rtol=1e-4, atol=1e-5
        )
        shown = [spec.labels[int(code)] for code in part.raw_targets()[:, 0]]
        assert shown == [each if isinstance(each, str) else f"{each:g}" for each in targets]
        assert part.targets().shape == (len(targets), summary["outputs"])


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(8, 60),
    length=st.integers(1, 6),
    stride=st.integers(1, 4),
    holes=st.lists(st.integers(0, 59), max_size=6),
    missing=st.sampled_from(["drop", "fill_past", "keep"]),
)
def test_with_horizon_0_a_window_depends_on_no_other_row_of_the_target(
    rows: int, length: int, stride: int, holes: list[int], missing: str
) -> None:
    random = np.random.default_rng(rows)
    cells = random.normal(size=(rows, 2))
    cells[[hole for hole in holes if hole < rows], 1] = np.nan
    part = {"intervals": [[0, rows]], "context": 0}
    window = {"target": {"kind": "value", "of": "value"}, "horizon": 0, "missing": missing}

    def made(cells: np.ndarray) -> dict[str, np.ndarray]:
        cleaned = windowing.clean(cells, part["intervals"], missing)
        return windowing.table(cleaned, part, stride, length, window, [0], 1, None, cells[:, 1])[0]

    table = made(cells)
    ends = np.arange(0, rows - length + 1, stride) + length - 1
    measured = ends[np.isfinite(cells[ends, 1])]
    np.testing.assert_array_equal(table["row"], measured)
    np.testing.assert_array_equal(table["target_0"], cells[measured, 1])
    for key in ("last", "mean", "spread"):
        assert np.isnan(table[key]).all()
    other = np.array(cells)
    other[:, 1] += 1
    assert all(np.array_equal(made(other)[key], table[key], equal_nan=True) for key in table if key != "target_0")


def test_the_target_is_no_input_with_horizon_0(folder: Path) -> None:
    frame = labelled.sticky(200, [0, 1])
    with pytest.raises(UserError, match=r"series.mine.features` .* must name inputs other than the target"):
        labelled.write(frame, labelled.settings(["x", "y"], {"length": 4, "horizon": 0}))
    with pytest.raises(UserError, match=r"Received: nothing, which means \[y\]"):
        labelled.write(frame, labelled.settings(None, {"length": 4, "horizon": 0}))
    p = labelled.made(frame, labelled.settings(["x"], {"length": 4, "horizon": 0}), stages=1)
    # A series that another module makes has the target among its features by default.
    path = files.RAW / "mine" / "series.json"
    files.write_json(path, files.read_json(path) | {"features": ["x", "y"]})
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(p, "mine")
    assert dataset.load("mine", 0, "test").spec.features == ["x"]


@pytest.mark.parametrize(
    ("window", "change", "words"),
    [
        ({"target": {"kind": "difference"}}, {}, "must be `value` or `label` with `horizon: 0`"),
        ({"target": {"kind": "sign"}}, {}, "must be `value` or `label` with `horizon: 0`"),
        ({}, {"scaling": {"window": "last"}}, "scaling.window` .*must be none with `horizon: 0`"),
        ({"target": {"kind": "label", "of": "difference"}}, {}, "must be `value` for labels"),
    ],
)
def test_settings_that_do_not_fit(folder: Path, window: dict[str, Any], change: dict[str, Any], words: str) -> None:
    frame = labelled.sticky(200, [0, 1])
    with pytest.raises(UserError, match=words):
        labelled.write(frame, labelled.settings(["x"], {"length": 4, "horizon": 0} | window, **change))


def test_labels_need_inputs_of_their_own(folder: Path) -> None:
    window = {"length": 4, "target": {"kind": "label"}}
    with pytest.raises(UserError, match=r"series.mine.features` .* must name the inputs.*For example `features"):
        labelled.write(labelled.sticky(100, STAGES), labelled.settings(None, window))
    # Numbers may be inputs of a later label where they are named.
    labelled.made(labelled.sticky(200, [0, 1, 2]), labelled.settings(["x", "y"], window))
    assert dataset.load("mine", 0, "test").spec.features == ["x", "y"]


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        (["a", "b"], "value", "kind` .*must be `label`, because the column y holds text. Received: value"),
        (["a"], "label", "column y` must be a number. Received: 'a'"),
        ([1.0], "label", "labels in the column y. Received: 1. Name a column of two labels or more."),
        (range(101), "label", "find 2 to 100 labels in the column y. Received: 101. Use `kind: value` for a quantity"),
    ],
)
def test_columns_that_are_no_labels(folder: Path, column: Any, kind: str, words: str) -> None:
    frame = labelled.sticky(202, [0])
    frame["y"] = (list(column) * 202)[:202]
    with pytest.raises(UserError, match=words):
        labelled.made(frame, labelled.settings(["x"], {"length": 4, "target": {"kind": kind}}), stages=2)


def test_a_label_of_later_rows_alone_is_refused(folder: Path) -> None:
    frame = labelled.sticky(200, ["a", "b"])
    frame.loc[170:, "y"] = "c"
    given = labelled.settings(["x"], {"length": 4, "target": {"kind": "label"}})
    with pytest.raises(UserError, match=r"training windows in every class. Received: none of 'c' in fold 0. Choose a"):
        labelled.made(frame, given, stages=3)


def test_a_missing_label_is_no_class(folder: Path) -> None:
    frame = labelled.sticky(200, STAGES)
    frame.loc[10:19, "y"] = None
    window = {"length": 4, "horizon": 0, "missing": "drop", "target": {"kind": "label"}}
    labelled.made(frame, labelled.settings(["x"], window))
    rows = dataset.load("mine", 0, "train").table["row"]
    assert set(rows) == set(range(3, 120)) - set(range(10, 20))
    assert files.read_json(files.RAW / "mine" / "series.json")["labels"] == sorted(STAGES)


def test_series_without_labels_are_described_as_before(folder: Path) -> None:
    labelled.made(labelled.sticky(200, [0, 1]), labelled.settings(["x"], {"length": 4}))
    described = files.read_json(files.SPLIT / "mine" / "split.json")
    assert "labels" not in files.read_json(files.RAW / "mine" / "series.json")
    assert "labels" not in described
    assert described["season"] is not None
    assert "labels" not in files.read_json(files.WINDOWS / "mine" / "windows.json")


def test_raw_knows_labels_by_the_file_alone(folder: Path) -> None:
    """Numbers in another notation, and a column with a few mistakes, stay errors."""
    for cells in (["1,5", "2,5"], ["1", "2", "3", "x"], ["5 %", "6 %"], ["1 234", "2 345"]):
        frame = labelled.sticky(40, [0])
        frame["y"] = (cells * 40)[:40]
        labelled.write(frame, labelled.settings(["x"], {"length": 4}))
        with pytest.raises(UserError, match="must be a number"):
            reading.raw(params.load(), "mine")


def test_what_is_wrong_is_known_before_anything_runs(folder: Path) -> None:
    """The checks before a run read the file, and stop where the stages would."""
    frame = labelled.sticky(200, ["a", "b"])
    given = labelled.settings(["x"], {"length": 4, "target": {"kind": "label"}})
    stale = {"raw@mine", "split@mine"}

    def check() -> list[str]:
        return early.Checks(labelled.write(frame, given), stale).of("split@mine")

    assert check() == []
    frame.loc[170:, "y"] = "c"
    with pytest.raises(UserError, match="none of 'c' in fold 0"):
        check()
    given["datasets"]["mine"]["window"]["target"]["kind"] = "value"
    with pytest.raises(UserError, match="must be `label`, because the column y holds text"):
        check()


@pytest.mark.parametrize(("kind", "horizon"), [("label", 0), ("value", 0), ("sequence_mean", 1)])
def test_the_label_of_a_whole_sequence_is_in_its_last_row(kind: str, horizon: int) -> None:
    window = {"length": "sequence", "horizon": 1, "target": {"kind": kind}}
    datasets.complete({"window": window})
    assert window["horizon"] == horizon
