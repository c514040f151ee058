"""One part: its inputs, its targets and the way back, against a loop over the windows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import dataset
from pipeline.common import files
from pipeline.dataset import splitting
from tests.helpers.parts import make_part
from tests.helpers.proofs import CLASSES, SEASON, SIGN, SLIDING, prepared, raw_rows, sequences

VALUES = np.concatenate([np.random.default_rng(0).normal(5, 0.3, 20), np.full(8, 4.0), 4 + 0.01 * np.arange(9) ** 2])


def part_of(by_window: str, length: int = 4, **change: Any) -> dataset.Part:
    part = make_part(VALUES, length=length, center=4.0, scale=0.5, **change)
    return replace(part, spec=replace(part.spec, scaling=part.spec.scaling | {"window": by_window}))


@pytest.mark.parametrize("by_window", ["none", "last", "standard"])
def test_inputs_are_scaled_by_the_windows_own_rows(by_window: str) -> None:
    part = part_of(by_window)
    wide = replace(part, scaled=np.column_stack([part.scaled[:, 0], part.scaled[::-1, 0] * 3]))
    expected = []
    for start in wide.table["start"]:
        window = wide.scaled[start : start + 4].astype(float)
        if by_window == "last":
            window = window - window[3]
        elif by_window == "standard":
            spread = window.std(axis=0)
            window = (window - window.mean(axis=0)) / [one if one > 0 else 1 for one in spread]
        expected.append(window)
    inputs = wide.inputs()
    assert (inputs.dtype, inputs.flags.c_contiguous) == (np.float32, True)
    np.testing.assert_allclose(inputs, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(wide.inputs(np.array([7, 2])), inputs[[7, 2]])


@pytest.mark.parametrize("by_window", ["none", "last", "standard"])
@pytest.mark.parametrize("kind", ["value", "difference", "return", "sequence_mean"])
def test_targets_are_scaled_by_the_training_rows_or_by_the_windows_own(kind: str, by_window: str) -> None:
    part = part_of(by_window, kind=kind, horizon=3)
    raw, expected = part.raw_targets(), []
    assert raw.shape == (len(part), 3 if kind == "value" else 1)
    for start, row in zip(part.table["start"], raw, strict=True):
        window, center, scale = VALUES[start : start + 4], 4.0, 0.5
        if kind == "difference":
            np.testing.assert_allclose(row, VALUES[start + 6] - window[3])
        if by_window == "last" and kind in ("value", "sequence_mean"):
            center = window[3]
        if by_window == "standard":
            center = window.mean() if kind in ("value", "sequence_mean") else 0.0
            scale = window.std() if window.std() > 0 else 1
        expected.append((row - center) / scale)
    targets = part.targets()
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(part.targets(np.array([5, 1])), targets[[5, 1]])
    restored = part.restore(targets)
    assert restored.dtype == np.float64
    np.testing.assert_allclose(restored, raw, rtol=1e-5, atol=1e-6)


def test_signs_stay_and_classes_are_one_hot() -> None:
    signs = part_of("standard", kind="sign", of="difference")
    np.testing.assert_array_equal(signs.targets(), signs.raw_targets())
    assert set(signs.targets()[:, 0]) == {0, 1}
    classes = part_of("last", kind="classes", of="difference", thresholds=[-0.1, 0.1])
    np.testing.assert_array_equal(classes.targets().argmax(axis=1), classes.raw_targets()[:, 0])
    np.testing.assert_array_equal(np.sort(classes.targets(), axis=1), [[0, 0, 1]] * len(classes))
    for part, width in ((signs, 1), (classes, 3)):
        outputs = np.random.default_rng(0).random((len(part), width), dtype=np.float32)
        assert part.restore(outputs).dtype == np.float64
        np.testing.assert_array_equal(part.restore(outputs), outputs)


def test_a_target_spans_the_horizon_or_the_window() -> None:
    spec = part_of("none", horizon=3).spec
    assert (spec.rows_ahead, spec.target_rows) == (3, 3)
    spec = part_of("none", kind="sequence_mean").spec
    assert (spec.rows_ahead, spec.target_rows) == (0, 4)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (SEASON, {"split": SLIDING | {"policy": "strict"}}),
        (SEASON, {"window": CLASSES | {"stride": {"train": 3, "evaluation": 2}}}),
        (SIGN, {}),
    ],
)
def test_a_part_is_loaded_with_the_rows_and_settings_of_its_fold(
    project: Path, name: str, change: dict[str, Any]
) -> None:
    p = prepared(project, name, **change)
    rows, series = raw_rows(p, name), files.read_json(files.RAW / p["datasets"][name]["series"] / "series.json")
    windows = files.read_json(files.WINDOWS / name / "windows.json")
    scaling = files.read_json(files.SCALED / name / "scaling.json")
    assert dataset.folds(name) == len(windows["folds"]) == (3 if "split" in change else 1)
    for fold in range(dataset.folds(name)):
        position = files.read_json(files.SPLIT / name / "split.json")["folds"][fold]
        learned = scaling["folds"][fold]
        for kind in splitting.PARTS:
            assert dataset.has(name, fold, kind) == (position[kind] is not None)
            if position[kind] is None:
                continue
            part = dataset.load(name, fold, kind)
            own = np.concatenate([np.arange(a, b) for a, b in position[kind]["intervals"]])
            np.testing.assert_array_equal(part.spec.first_rows, own)
            np.testing.assert_array_equal(part.rows, rows[own])
            features = [series["columns"].index(feature) for feature in series["features"]]
            center, scale = ([learned["features"][f][key] for f in series["features"]] for key in ("center", "scale"))
            np.testing.assert_allclose(part.scaled, (rows[own][:, features] - center) / scale, rtol=1e-5, atol=1e-5)
            assert part.spec.columns[part.spec.target_column] == series["target"]
            assert (part.spec.target_center, part.spec.target_scale) == tuple(learned["target"].values())
            assert part.spec.thresholds == windows["folds"][fold]["thresholds"]
            stride = windows["stride"]["train" if kind == "train" else "evaluation"]
            length, ahead = windows["length"], part.spec.rows_ahead
            np.testing.assert_array_equal(part.table["start"], np.arange(0, len(own) - length - ahead + 1, stride))
            np.testing.assert_array_equal(part.table["row"], own[part.table["start"] + length])
            np.testing.assert_array_equal(
                part.table["last"], part.rows[part.table["start"] + length - 1, part.spec.target_column]
            )
            assert len(part) == len(part.table["start"])
            assert part.spec.outputs == {None: part.spec.horizon, 2: 1, 3: 3}[part.spec.classes]
            if part.spec.classes:
                assert set(np.unique(part.raw_targets())) <= set(range(part.spec.classes))


def test_a_part_of_sequences_has_windows_of_a_sequence_and_a_mean_for_a_target(project: Path) -> None:
    p = sequences(project)
    part = dataset.load(SEASON, 0, "test")
    assert not dataset.has(SEASON, 0, "validation")
    assert (part.spec.length, part.spec.rows_ahead, part.table["start"].tolist()) == (6, 0, [0, 6])
    rows = raw_rows(p, SEASON)[36:]
    np.testing.assert_array_equal(part.rows, rows)
    np.testing.assert_allclose(part.raw_targets()[:, 0], rows[:, part.spec.target_column].reshape(2, 6).mean(axis=1))


@pytest.mark.parametrize(
    ("change", "scaling", "level"),
    [
        ({}, {}, 0),
        ({}, {"window": "standard", "features": "minmax"}, 0),
        ({}, {"features": "minmax"}, None),
        ({}, {"window": "last"}, None),
        ({"kind": "difference"}, {}, None),
        ({"kind": "sign"}, {}, None),
    ],
)
def test_the_last_value_of_the_target_is_known_where_its_units_are_those_of_the_outputs(
    change: dict[str, Any], scaling: dict[str, str], level: int | None
) -> None:
    part = make_part(VALUES, length=4, center=4.0, scale=0.5, **change)
    spec = replace(part.spec, scaling=part.spec.scaling | scaling)
    assert spec.level == level
    other = replace(spec, columns=["y", "x"], features=["y", "x"], target_column=1)
    assert other.level == (None if level is None else 1)
    assert replace(other, features=["y"]).level is None


def test_a_network_can_follow_that_value() -> None:
    """A part without a change from one value to the next: the last input is the scaled target."""
    for window in ("none", "standard"):
        part = make_part(np.repeat([3.0, 5.0, 4.0], 20), length=4, center=4.0, scale=0.5)
        part = replace(part, spec=replace(part.spec, scaling=part.spec.scaling | {"window": window}))
        steady = np.flatnonzero(part.table["last"] == part.raw_targets()[:, 0])
        np.testing.assert_allclose(part.inputs()[steady, -1, part.spec.level], part.targets()[steady, 0], rtol=1e-5)


def test_filled_cells_are_no_truth() -> None:
    part = part_of("none")
    np.testing.assert_array_equal(part.truth(), part.rows[:, 0])
    assert not part.filled().any()
    raw = part.rows.copy()
    raw[[2, 5], 0] = np.nan
    rows = part.rows.copy()
    rows[5, 0] = np.nan  # missing, and not filled
    holed = replace(part, rows=rows, raw=raw)
    np.testing.assert_array_equal(holed.truth(), raw[:, 0])
    assert np.flatnonzero(holed.filled()).tolist() == [2]


def test_the_ids_are_described_for_the_comparison() -> None:
    spec = part_of("none").spec
    assert "ids" not in spec.about_ids
    assert replace(spec, ids=(0, 9), whole_ids=True).about_ids["ids"] == {"starts": [0, 9], "whole": True}
