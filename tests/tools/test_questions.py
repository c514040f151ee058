"""The questions of docs/questions.md: their windows are what the descriptions say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.common.keras_file import Compiled
from pipeline.series import given
from tools import questions
from workflow.check import target
from workflow.tryout import naming

CLASSES = {"softmax_of_one": 2, "categorical_of_one": 2, "not_binary": 2}


@pytest.mark.parametrize("case", questions.CASES, ids=[case.name for case in questions.CASES])
def test_the_windows_of_each_are_read_and_their_task_is_found(case: questions.Case, tmp_path: Path) -> None:
    x, y = case.windows()
    np.savez(tmp_path / "w.npz", X=x, y=y)
    read = given.read(tmp_path / "w.npz")
    _, outputs, activation, loss, metric = case.network
    compiled = Compiled(loss, {}, [metric], "Adam", {})
    found = target.decide(tmp_path / "w.npz", read, compiled, (activation, outputs), {})
    assert found.classes == CLASSES.get(case.name)
    assert naming.made_of(Path(f"{case.name}.keras")) == case.name
    assert case.source.startswith("https://")
    again = case.windows()
    assert np.array_equal(x, again[0])
    assert np.array_equal(y, again[1])


def test_equal_windows_of_a_sine_have_opposite_targets() -> None:
    x, y = questions.sines()
    np.testing.assert_allclose(x[:100], x[20:120], atol=1e-5)
    np.testing.assert_allclose(y[:100], -y[20:120], atol=1e-5)
