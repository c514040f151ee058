"""Random settings and files: the answer is a value or one harmless line, never another exception.

`make fuzz` tries for ten minutes, `make test` for a few seconds: FLATLINE_FUZZ is the number of examples per test.
"""

from __future__ import annotations

import copy
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.common import params
from pipeline.common.errors import UserError
from pipeline.common.yaml_text import Scalars
from pipeline.series import reading
from tests.helpers import schema
from tests.inputs.test_files import BASE, ROWS, table
from tests.inputs.test_settings import own

EXAMPLES = int(os.environ.get("FLATLINE_FUZZ", "60"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="FLATLINE_FUZZ" not in os.environ,
)

HOSTILE = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "\x1b[31m",
        "\u202e",
        "=cmd|' /C calc'!A0",
        "<script>",
        "../..",
        "${size}",
        "{}",
        "*",
        "&a",
        "#",
        "null",
    ]
)
SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    HOSTILE,
    st.dates(),
    st.sampled_from([0, 1, -1, 0.5, 1e400, "1e-3", "0.1", "15 %", "1,5", "yes", "2020-01-01", 10**30]),
)
VALUE = st.recursive(
    SCALAR,
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from(["quick", "full", "from", "to", "kind", "name"]), st.text(max_size=5)), below
        ),
    ),
    max_leaves=6,
)


def paths(node: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    return [path for key, value in below for path in [(*above, key), *paths(value, (*above, key))]]


OWN = own()
PATHS = paths(OWN)


def one_line(error: UserError) -> None:
    line = str(error)
    assert line.startswith("`")
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    assert ". Received: " in line


def load(text: str, folder: str) -> None:
    path = Path(folder) / "params.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        params.load(path)
    except UserError as error:
        one_line(error)


@FUZZ
@given(st.sampled_from(PATHS), VALUE, st.one_of(st.none(), st.text(max_size=6), HOSTILE))
def test_any_value_at_any_key(path: tuple[Any, ...], value: Any, key: str | None) -> None:
    given = copy.deepcopy(OWN)
    node: Any = given
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    if key is not None and isinstance(node, dict):
        node[key] = value
    with tempfile.TemporaryDirectory() as folder:
        load(yaml.safe_dump(given, sort_keys=False), folder)


def shown(node: Any, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """The keys of drawn settings, without the names of entries."""
    if not isinstance(node, dict):
        return set()
    below = {(*above, key): value for key, value in node.items() if key not in schema.NAMES.values()}
    named = [shown(value, above) for key, value in node.items() if key in schema.NAMES.values()]
    return set(below).union(*named, *(shown(value, path) for path, value in below.items()))


def test_every_key_of_the_schema_is_drawn() -> None:
    known = set(schema.keys())
    assert len(known) > 100
    drawn: set[tuple[str, ...]] = set().union(*(shown(schema.settings(seed)) for seed in range(1500)))
    assert drawn - known == {("experiments", "training", "loss", "delta")}
    assert known - drawn == set()


@FUZZ
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.3]), st.data())
def test_any_settings_of_the_schema_with_any_value_at_any_key(seed: int, often: float, data: st.DataObject) -> None:
    given = schema.settings(seed, often)
    if data.draw(st.booleans()):
        path = data.draw(st.sampled_from(paths(given)))
        node: Any = given
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = data.draw(VALUE)
    with tempfile.TemporaryDirectory() as folder:
        load(yaml.safe_dump(given, sort_keys=False), folder)


SIGNS = st.text("\t \n:-[]{},&*!|>'\"#%@`?", max_size=6)
TEXT = yaml.safe_dump(OWN, sort_keys=False)


@FUZZ
@given(
    st.integers(0, len(TEXT)),
    st.integers(0, 20),
    st.one_of(st.text(max_size=8), HOSTILE, st.text("\t \n:-[]{},&*!|>'\"#%@`?", max_size=6)),
)
def test_any_text_anywhere(start: int, length: int, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        load(TEXT[:start] + text + TEXT[start + length :], folder)


@FUZZ
@given(st.text(max_size=40))
def test_any_plain_scalar_is_safe(text: str) -> None:
    try:
        found = yaml.load(text, Loader=Scalars)  # noqa: S506 - derived from the safe loader
    except (yaml.YAMLError, ValueError):
        return
    assert found is None or type(found).__module__ in ("builtins", "datetime")


GOOD = table(ROWS)
CELL = st.one_of(
    st.text(max_size=10), st.floats().map(repr), HOSTILE, st.sampled_from(["NA", '"', '"a,b"', "1e-3", "2020-01-01"])
)


def read(content: bytes, **changed: Any) -> None:
    path = Path(BASE["source"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    try:
        series = reading.read("mine", BASE | changed)
    except UserError as error:
        one_line(error)
    else:
        assert series.rows.dtype == np.float64
        assert not np.isinf(series.rows).any()
        assert len(series.rows) > 0
    assert path.read_bytes() == content


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pipeline").symlink_to(Path(__file__).parents[2] / "pipeline")
    monkeypatch.chdir(tmp_path)


@FUZZ
@given(st.integers(0, len(GOOD)), st.integers(0, 30), st.binary(max_size=12))
def test_any_bytes_anywhere_in_a_file(start: int, length: int, content: bytes) -> None:
    read(GOOD[:start] + content + GOOD[start + length :])


@FUZZ
@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=6), st.sampled_from([None, "insert", "cut", "irregular"]))
def test_any_cells(rows: list[tuple[str, str, str]], holes: str | None) -> None:
    lines = [",".join(row) for row in rows]
    read(table([*ROWS[:5], *lines, *ROWS[5:]]).decode(errors="replace").encode("utf-8", "replace"), holes=holes)


@FUZZ
@given(VALUE, st.sampled_from(["time", "target", "features", "period", "holes", "zone", "source"]))
def test_any_setting_of_a_file(value: Any, key: str) -> None:
    if key != "source":
        read(GOOD, **{key: value})


@FUZZ
@given(st.text(min_size=1, max_size=12))
def test_any_name_of_a_column(name: str) -> None:
    content = table(ROWS, f"date,{name},temperature")
    read(content.decode("utf-8", "replace").encode(), target=name, features=[name])
