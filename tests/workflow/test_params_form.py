from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest
import yaml

from pipeline.common.errors import UserError
from tests.conftest import PROJECT
from tests.workflow.tryout.files import table
from tests.workflow.tryout.files import text as text_of
from workflow import entries, params_form
from workflow.tryout import steps

PARAMS = PROJECT / "params.yaml"
TEXT = """# Head.
# Second.

size: quick  # behind

# Above series.
series:
  a: {source: data/own/a.csv, target: y, features: [y, x]}
  # Above b.
  b:
    counts: [
      1, 2,
      3]
datasets: {}

experiments:
  one:
    training:
      rate: 1e-3
      seeds: [0, 1]
  # Above two.
  two:
    architecture: {name: masked_lstm, kernel_initializer: orthogonal, kernel_gain: 0.01, head: "linear"}
    training: {rate: 0.10, seeds: [0]}

# End.
"""


def applied(text: str, change: str, path: Path) -> str:
    from dvc.utils.hydra import apply_overrides

    path.write_text(text, encoding="utf-8")
    apply_overrides(str(path), [change])
    return path.read_text(encoding="utf-8")


def test_values_their_spelling_and_comments_stay() -> None:
    new = params_form.formed(TEXT)
    assert params_form.formed(new) == new
    assert new == (
        """# Head.
# Second.

size: quick  # behind

# Above series.
series:
  a: {source: data/own/a.csv, target: y, features: [y, x]}
  # Above b.
  b:
    counts:
    - 1
    - 2
    - 3
datasets: {}

experiments:
  one:
    training:
      seeds:
      - 0
      - 1
      rate: 1e-3
  # Above two.
  two:
    architecture:
      name: masked_lstm
      kernel_initializer: orthogonal
      kernel_gain: 0.01
      head: "linear"
    training: {rate: 0.10, seeds: [0]}

# End.
"""
    )


def test_a_comment_within_a_value_is_not_lost() -> None:
    with pytest.raises(UserError, match="values or comments that would change"):
        params_form.formed("a: {b: 1,\n  # inside\n  c: 2}\n")


def test_params_yaml_has_the_form_that_dvc_writes(tmp_path: Path) -> None:
    text = PARAMS.read_text(encoding="utf-8")
    assert params_form.formed(text) == text, "run: python -m tools.params_form"
    assert max(map(len, re.sub(r"#.*", "", text).splitlines())) <= params_form.WIDTH


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("experiments.deep_rnn.training.learning_rate", "0.0001", "0.0005"),
        ("datasets.co2_weekly.window.length", "52", "53"),
        ("experiments.deep_rnn.training.epochs.quick", "12", "13"),
    ],
)
def test_one_changed_number_is_a_diff_of_one_line(tmp_path: Path, key: str, old: str, new: str) -> None:
    before = PARAMS.read_text(encoding="utf-8")
    after = applied(before, f"{key}={new}", tmp_path / "params.yaml")
    diff = [line for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")][3:]
    assert [line[0] for line in diff] == ["-", "+"], "\n".join(diff)
    assert diff[0][1:].replace(old, new) == diff[1][1:]
    assert yaml.safe_load(after) != yaml.safe_load(before)


@pytest.mark.parametrize(
    "change",
    [
        "experiments.mine.training.learning_rate=0.002",
        "experiments.mine.training.epochs=7",
        "datasets.mine.window.length=21",
        "datasets.mine.split.test=0.2",
        "series.mine.period=14",
        "experiments.deep_rnn.training.learning_rate=0.0005",
    ],
)
@pytest.mark.parametrize("columns", [1, 30])
def test_one_changed_number_of_an_entry_of_make_try_is_a_diff_of_one_line(
    tmp_path: Path, change: str, columns: int
) -> None:
    rows = [[*row, *(f"{i * k % 43}" for k in range(1, columns))] for i, row in enumerate(table())]
    header = ",".join(["date", "load", *(f"column {k}" for k in range(1, columns))])
    (tmp_path / "mine.csv").write_text(text_of(rows, header=header))
    made = steps.plan(tmp_path / "mine.csv", "mine", {"target": "load"}, None)
    before = entries.combine(PARAMS.read_text(encoding="utf-8"), made.text, "mine")[0]
    assert params_form.formed(before) == before
    after = applied(before, change, tmp_path / "params.yaml")
    diff = [line for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")][3:]
    assert [line[0] for line in diff] == ["-", "+"], "\n".join(diff)


def test_a_comment_behind_the_key_of_a_block_stays() -> None:
    text = "a:  # one\n  b:  # two\n  - 1\n  c: 3  # three\n"
    assert params_form.formed(text) == text
