"""The questions of docs/questions.md: their windows are what the descriptions say."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.common.errors import UserError
from pipeline.common.keras_file import Compiled
from pipeline.series import given
from tools import questions
from workflow.check import target
from workflow.tryout import naming, options, steps

CLASSES = {"softmax_of_one": 2, "categorical_of_one": 2, "not_binary": 2}
NETWORKS = [case for case in questions.CASES if case.network is not None]
TABLES = {
    # The scheme of the split, the kind of the target, and the column of ids.
    "two_stores": ("holdout", "value", "Store"),
    "samples_of_other_lengths": ("sequences", "label", "sample"),
    "rare_labels": ("holdout", "label", None),
}


def test_there_are_ten_each_with_a_source() -> None:
    assert len(questions.CASES) == len({case.name for case in questions.CASES}) == 10
    assert len({case.source for case in questions.CASES}) == 10
    assert all(case.source.startswith("https://") for case in questions.CASES)
    assert {case.name for case in questions.CASES if case.network is None} == set(TABLES)


@pytest.mark.parametrize("case", NETWORKS, ids=[case.name for case in NETWORKS])
def test_the_windows_of_each_are_read_and_their_task_is_found(case: questions.Case, tmp_path: Path) -> None:
    made, again = case.make(), case.make()
    assert isinstance(made, tuple)
    assert case.network is not None
    x, y = made
    np.savez(tmp_path / "w.npz", X=x, y=y)
    read = given.read(tmp_path / "w.npz")
    _, outputs, activation, loss, metric = case.network
    compiled = Compiled(loss, {}, [metric], "Adam", {})
    found = target.decide(tmp_path / "w.npz", read, compiled, (activation, outputs), {})
    assert found.classes == CLASSES.get(case.name)
    assert naming.made_of(Path(f"{case.name}.keras")) == case.name
    assert np.array_equal(x, again[0])
    assert np.array_equal(y, again[1])


@pytest.mark.parametrize("name", TABLES)
def test_the_settings_of_each_table_are_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    case = next(case for case in questions.CASES if case.name == name)
    assert case.make() == case.make()
    for word in [*questions.write(case, tmp_path), *case.words]:
        monkeypatch.setenv(*word.split("=", 1))
    words = " ".join(["FILE", *(word.partition("=")[0] for word in case.words)])
    made = steps.plan(Path(f"{name}.csv"), name, options.chosen(options.parse(["--given", words])), None)
    entries = yaml.safe_load(made.text)
    dataset = entries["datasets"][name]
    kind = dataset["window"].get("target", {"kind": "value"})["kind"]
    assert (dataset["split"]["scheme"], kind, entries["series"][name].get("id")) == TABLES[name]


def test_some_are_tried_anew_and_the_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "DOCUMENT", tmp_path / "questions.md")
    monkeypatch.setattr(questions, "_section", lambda case, *_: f"\n## {questions.title(case)}\n\n{case.asked}\n")
    monkeypatch.setattr(questions.tried, "scratch_copy", lambda folder: {})
    questions.main([])
    whole = questions.DOCUMENT.read_text(encoding="utf-8")
    assert whole.count("\n## ") == 10
    monkeypatch.setattr(questions, "_section", lambda case, *_: f"\n## {questions.title(case)}\n\nanother\n")
    questions.main(["two_stores", "squashed_and_shifted"])
    changed = questions.DOCUMENT.read_text(encoding="utf-8")
    assert changed.count("another") == 2
    assert re.findall("(?m)^## .*", changed) == re.findall("(?m)^## .*", whole)
    with pytest.raises(UserError, match="two_stores"):
        questions.main(["three_stores"])


def test_equal_windows_of_a_sine_have_opposite_targets() -> None:
    x, y = questions.sines()
    np.testing.assert_allclose(x[:100], x[20:120], atol=1e-5)
    np.testing.assert_allclose(y[:100], -y[20:120], atol=1e-5)
