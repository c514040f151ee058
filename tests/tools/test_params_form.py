from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest
import yaml

from pipeline.common.errors import UserError
from tests.conftest import PROJECT
from tools import params_form

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
