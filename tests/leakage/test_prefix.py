"""Steps that look ahead are reported, on arrays and on the stages of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.common import files
from pipeline.dataset import windowing
from pipeline.leakage import prefix
from pipeline.series import reading
from tests.helpers.proofs import SEASON, prepared


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
    assert proof.found == [
        f"filling: row 66666, column 1 is nan from the first 66667 rows, {rows[66_667, 1]:.6g} from all"
    ]


def test_prefix_of_a_dataset(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project, window={"length": 12, "missing": "fill_past"}, holes=0)
    proof = prefix.prove(p, SEASON, 0)
    assert (proof.name, proof.result) == ("prefix", "pass")
    honest = reading.read

    def by_its_length(name: str, settings: dict[str, Any]) -> Any:
        made = honest(name, settings)
        made.rows[:, 0] /= made.rows[:, 0].std()
        return made

    with monkeypatch.context() as patched:
        patched.setattr(reading, "read", by_its_length)
        assert "the generator: row 0" in prefix.prove(p, SEASON, 0).found[0]
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
            (line,) = prefix.prove(p, SEASON, 0).found
            assert line.startswith(f"cleaning of {kind}: row 9")
            files.write_array(path, before)
