from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.common import yaml_text
from pipeline.common.errors import UserError

NUMBERS = st.one_of(
    st.floats().map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map("{:.3e}".format),
    st.integers().map(str),
    st.from_regex(r"[-+]?[0-9]{1,3}(\.[0-9]{0,3})?([eE][-+]?[0-9]{1,2})?", fullmatch=True),
    st.text("0123456789eE+-._:x", min_size=1, max_size=6),
    st.sampled_from(["yes", "No", "on", "True", "FALSE", "~", "null", "010", "0o10", "0x1F", "1:30", "1_000"]),
)


def as_dvc_reads(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@settings(deadline=None)
@given(NUMBERS)
@example("1e-3")
@example("1e-05")
@example("010")
@example("yes")
@example("._0")
@example("-._e-_")
@example("-_0")
@example("+_17")
def test_scalars_are_those_that_dvc_records(text: str) -> None:
    try:
        expected = as_dvc_reads(f"a: {text}")
    except (YAMLError, ValueError, IndexError):
        return
    found = yaml_text.load(f"a: {text}", Path("params.yaml"))
    if isinstance(expected, dict) and isinstance(expected["a"], float) and math.isnan(expected["a"]):
        assert math.isnan(found["a"])
    else:
        assert found == expected
        assert type(found["a"]) is type(expected["a"])


def test_a_rate_without_a_point_is_a_number() -> None:
    assert yaml_text.load("rate: 1e-3", Path("p")) == {"rate": 0.001}
    assert yaml_text.load("a: [1E3, -.5, 12e03]", Path("p")) == {"a": [1000.0, -0.5, 12000.0]}


def test_the_line_of_a_key_is_that_of_its_deepest_part() -> None:
    text = "a:\n  b: {c: 1}\n  d:\n    - 1\n    - 2\n"
    assert yaml_text.line_of(text, ["a", "b", "c"]) == 2
    assert yaml_text.line_of(text, ["a", "d", "1"]) == 5
    assert yaml_text.line_of(text, ["a", "x", "y"]) == 1
    assert yaml_text.line_of(text, ["x"]) is None


def test_text_with_another_encoding_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes("size: quick\n# größe\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"params.yaml:2` must be UTF-8. Received: the byte 0xf6. Save it as UTF-8."):
        yaml_text.read(path)
    path.write_bytes("\ufeffsize: quick\n".encode())
    assert yaml_text.read(path) == "size: quick\n"
