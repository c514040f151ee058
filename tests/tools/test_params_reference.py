"""docs/params.md: every key of the schema, as `python -m tools.params_reference` writes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.common import params
from tests.conftest import PROJECT
from tools import params_reference

ROOT: dict[str, Any] = yaml.safe_load(params_reference.SCHEMA.read_text(encoding="utf-8"))


def test_the_committed_page_is_that_of_the_schema() -> None:
    assert params_reference.PAGE.read_text(encoding="utf-8") == params_reference.page()


def keys(schema: Any) -> set[str]:
    """Every key that a schema lists among its properties and describes, anywhere in it."""
    if isinstance(schema, list):
        return set().union(*map(keys, schema))
    if not isinstance(schema, dict):
        return set()
    own = {key for key, each in schema.get("properties", {}).items() if each}
    return own.union(*(keys(each) for key, each in schema.items() if key != "if"))


def test_no_key_of_the_schema_is_missing() -> None:
    text = params_reference.page()
    # The last key of a path stands before a backtick, a mapping's key before a dot.
    missing = {key for key in keys(ROOT) if not re.search(rf"[`.]{key}[`.]", text)}
    assert missing - set(ROOT["properties"]) == set()


def test_every_default_of_a_setting_is_shown() -> None:
    text = params_reference.page()
    experiment = params.load(PROJECT / "params.yaml")["experiments"]["co2_lstm"]["training"]
    assert experiment["threads"] == 1
    assert "| `training.threads` | whole number, 1 or more | `1` |" in text
    assert "| `training.batch_size` | whole number, 1 or more | required |" in text
    assert "| `zone` | text | not set |" in text


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"enum": ["a", "b"]}, "`a`, `b`"),
        ({"const": 0}, "`0`"),
        ({"type": "integer", "minimum": 1}, "whole number, 1 or more"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "number, above 0, below 1"),
        ({"type": ["number", "null"], "maximum": 0.5}, "number, at most 0.5 or null"),
        ({"type": "array", "items": {"type": "string"}}, "list: text"),
        ({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}, "list of 2: number"),
        ({"anyOf": [{"const": "all"}, {"type": "boolean"}]}, "`all` or true or false"),
        ({"type": "object", "properties": {"from": {}, "to": {}}}, "{`from`, `to`}"),
        ({"$ref": "#/$defs/count"}, "whole number, 1 or more"),
    ],
)
def test_allowed_values_in_words(schema: dict[str, Any], words: str) -> None:
    assert params_reference.allowed(schema, ROOT) == words


def test_each_choice_has_a_section_of_its_own() -> None:
    text = params_reference.page()
    sliding = text[text.index("### With `split.scheme: sliding`") :]
    assert "`split.train_size`" in sliding[: sliding.index("\n###")]
    holdout = text[text.index("### With `split.scheme: holdout`") :]
    assert "`split.train_size`" not in holdout[: holdout.index("\n###")]


def test_the_page_is_checked_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(params_reference, "PAGE", tmp_path / "params.md")
    assert params_reference.main(["--check"]) == 1
    assert "run `python -m tools.params_reference`" in capsys.readouterr().out
    assert params_reference.main([]) == 0
    assert params_reference.main(["--check"]) == 0
