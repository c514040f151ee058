"""Broken settings: each is one line with place, rule, value and a fix, and the fixes that can be typed are typed."""

from __future__ import annotations

import copy
import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.common import params
from pipeline.common.errors import UserError
from tests.conftest import tiny_params

REMOVED = object()
SERIES = {"source": "data/own/mine.csv", "time": "date", "target": "load", "features": ["load"], "period": 7}
DATASET = {
    "series": "mine",
    "split": {"scheme": "holdout", "validation": 0.15, "test": 0.15},
    "window": {"length": 28},
    "scaling": {"features": "standard", "target": "standard"},
}
EXPERIMENT = {
    "dataset": "mine_daily",
    "architecture": {"name": "lstm", "units": [32]},
    "training": {"learning_rate": 0.001, "batch_size": 32, "epochs": 10, "seeds": [0, 1]},
}
S, D, E, T = "series.mine", "datasets.mine_daily", "experiments.mine_lstm", "experiments.mine_lstm.training"
SPLIT, WINDOW = f"{D}.split", f"{D}.window"
TOO_LONG = "x" * 500


def own() -> dict[str, Any]:
    """Settings with a series of one's own, as in the README."""
    return copy.deepcopy(
        tiny_params()
        | {"series": {"mine": SERIES}, "datasets": {"mine_daily": DATASET}, "experiments": {"mine_lstm": EXPERIMENT}}
    )


def put(settings: Any, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        settings = settings[int(key)] if isinstance(settings, list) else settings.setdefault(key, {})
    if value is REMOVED:
        del settings[last]
    else:
        settings[int(last) if isinstance(settings, list) else last] = copy.deepcopy(value)


def write(settings: dict[str, Any]) -> None:
    plain = copy.deepcopy(settings)
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    Path("params.yaml").write_text(re.sub(r"(: |- )[&*]id\d+\n?", r"\1", text), encoding="utf-8")


# Path, value, and what the line must say; the place is the path unless a fourth entry names another one.
BROKEN: list[tuple[Any, ...]] = [
    # Numbers.
    (f"{T}.learning_rate", "0.001", "Received: '0.001'. Take off the quotes: `learning_rate: 0.001`."),
    (f"{T}.learning_rate", "0,001", "Write a decimal point: `learning_rate: 0.001`."),
    (f"{T}.learning_rate", "fast", "a number or a mapping of keys, above 0. Received: fast. For example"),
    (f"{T}.learning_rate", 0, "above 0. Received: 0. For example `learning_rate: 0.001`."),
    (f"{T}.learning_rate", -0.1, "above 0. Received: -0.1."),
    (f"{T}.learning_rate", float("nan"), "must be a number"),
    (f"{T}.learning_rate", float("inf"), "must be a number"),
    (f"{T}.learning_rate", [0.001], "Take off the brackets: `learning_rate: 0.001`."),
    (f"{T}.learning_rate", None, "Remove the line, or give a value, for example `learning_rate: 0.001`."),
    (f"{T}.learning_rate", True, "must be a number"),
    (f"{T}.learning_rate", {"schedule": "cosin", "rate": 0.1}, "Did you mean `cosine`?", f"{T}.learning_rate.schedule"),
    (f"{T}.learning_rate", {"schedule": "cosine"}, "Add `rate: 0.001`.", f"{T}.learning_rate.rate"),
    (f"{T}.learning_rate", {"schedule": "cosine", "rate": "0.1"}, "Take off the quotes", f"{T}.learning_rate.rate"),
    (f"{T}.batch_size", 0, "must be a whole number, 1 or more. Received: 0. For example `batch_size: 32`."),
    (f"{T}.batch_size", 32.0, "Write a whole number: `batch_size: 32`."),
    (f"{T}.batch_size", 2.5, "Received: 2.5. Write a whole number: `batch_size: 2`."),
    (f"{T}.batch_size", "32", "Take off the quotes: `batch_size: 32`."),
    (f"{T}.batch_size", REMOVED, "must be given. Received: nothing. Add `batch_size: 32`."),
    (f"{T}.epochs", "ten", "must be a whole number, 1 or more. Received: ten. For example `epochs: 10`."),
    (f"{T}.epochs", 1e3, "Write a whole number: `epochs: 1000`."),
    (f"{T}.epochs", {"quick": 1}, "none for full. For example `epochs: {quick: 1, full: 1}`."),
    (f"{T}.epochs", {"quick": 1, "full": "x"}, "Received: x. For example `epochs: 10`."),
    (f"{T}.epochs", REMOVED, "Add `epochs: 10`."),
    (f"{T}.seeds", 0, "must be a list"),
    (f"{T}.seeds", "0, 1", "Write a list: `seeds: [0, 1]`."),
    (f"{T}.seeds", [], "of 1 or more entries"),
    (f"{T}.seeds", [0, 0], "Write each entry once: `seeds: [0]`."),
    (f"{T}.seeds", ["0", 1], "Take off the quotes: `0`.", f"{T}.seeds.0"),
    (f"{T}.seeds", [0, -1], "0 or more. Received: -1.", f"{T}.seeds.1"),
    (f"{T}.threads", 0, "1 or more"),
    (f"{T}.label_smoothing", 1, "below 1"),
    (f"{T}.momentum", 0.9, "must be null for optimisers other than sgd and rmsprop"),
    (f"{T}.clipnorm", 0, "above 0. Received: 0. For example `clipnorm: 1.0`."),
    (f"{S}.period", 1, "2 or more. Received: 1. For example `period: 24`."),
    (f"{S}.period", 7.5, "Write a whole number: `period: 8`."),
    # Words.
    (f"{T}.shuffle", "yes", "must be true or false. Received: yes. Write: `shuffle: true`."),
    (f"{T}.shuffle", "nein", "must be true or false. Received: nein. For example"),
    (f"{T}.shuffle", 0, "Received: 0."),
    (f"{T}.optimizer", "Adam", "Did you mean `adam`?"),
    (f"{T}.optimizer", "adagrad", "one of adam, adamw, nadam, rmsprop, sgd. Received: adagrad."),
    (f"{T}.early_stopping", "None", "Write: `early_stopping: null`."),
    (f"{T}.early_stopping", True, "must be a mapping of keys or null"),
    (
        f"{T}.early_stopping",
        {"monitor": "loss", "patince": 3},
        "Did you mean `patience`?",
        f"{T}.early_stopping.patince",
    ),
    (f"{T}.loss", {"delta": 2}, "Add `name: huber`.", f"{T}.loss.name"),
    (f"{T}.class_weight", "balanced", "must be none for a regression"),
    (f"{T}.learning_rat", 0.1, "is not a known key. Received: 0.1. Did you mean `learning_rate`?"),
    (f"{T}.wildly_different", 1, "is not a known key. Received: 1. Known: backend, loss,"),
    (f"{WINDOW}.missing", "fillpast", "Did you mean `fill_past`?"),
    (f"{D}.scaling.features", "Standard", "Did you mean `standard`?"),
    (f"{D}.scaling", "standard", "must be a mapping of keys. Received: standard. For example `scaling: {features:"),
    # Shapes.
    (f"{WINDOW}.stride", 2, "must be a mapping of keys. Received: 2. For example `stride: {train: 2, evaluation: 2}`."),
    (f"{WINDOW}.stride.train", -2, "1 or more. Received: -2. For example `train: 1`."),
    (f"{WINDOW}.length", "28", "Take off the quotes: `length: 28`."),
    (f"{WINDOW}.length", 0, "must be a whole number, 1 or more. Received: 0."),
    (f"{WINDOW}.length", REMOVED, "Add `length: 24`."),
    (f"{WINDOW}.horizon", "1 day", "must be a whole number, 0 or more"),
    (f"{WINDOW}.horizon", 0, "[load]. Name the other columns, without load, or set", f"{S}.features"),
    (f"{WINDOW}.target", "sign", "must be a mapping of keys. Received: sign."),
    (f"{WINDOW}.target", {"kind": "clases"}, "Did you mean `classes`?", f"{WINDOW}.target.kind"),
    (f"{WINDOW}.target", {"kind": "classes"}, "For example `quantiles: [0.33, 0.67]`.", f"{WINDOW}.target.quantiles"),
    (
        f"{WINDOW}.target",
        {"kind": "classes", "quantiles": [0.7, 0.3]},
        "must rise. Received: [0.7, 0.3]. For example `quantiles: [0.33, 0.67]`.",
        f"{WINDOW}.target.quantiles",
    ),
    (WINDOW, None, "must be a mapping of keys. Received: nothing. Give a value, for example `window: {length: 24}`."),
    (WINDOW, REMOVED, "Add `window: {length: 24}`."),
    # Splits.
    (f"{SPLIT}.test", 15, "Write a share: `test: 0.15`."),
    (f"{SPLIT}.test", "15 %", "Write a share: `test: 0.15`."),
    (f"{SPLIT}.test", 1.0, "below 1"),
    (f"{SPLIT}.test", REMOVED, "Add `test: 0.15`."),
    (f"{SPLIT}.test", {"from": datetime.date(2035, 1, 1)}, "in quotes: `from: '2035-01-01'`.", f"{SPLIT}.test.from"),
    (f"{SPLIT}.test", {"from": "01.02.2035"}, 'Write the year first: `from: "2035-02-01"`.', f"{SPLIT}.test.from"),
    (f"{SPLIT}.test", {"from": "2035-02-31"}, "must be a row number or a date", f"{SPLIT}.test.from"),
    (f"{SPLIT}.test", {"from": "soon"}, "Write the year first", f"{SPLIT}.test.from"),
    (f"{SPLIT}.test", {"from": "12000"}, "Take off the quotes: `from: 12000`.", f"{SPLIT}.test.from"),
    (f"{SPLIT}.test", {"from": 90, "to": 10}, "Write `from: 10, to: 90`."),
    (f"{SPLIT}.test", {"to": 100}, "Add `from: 1000`.", f"{SPLIT}.test.from"),
    (f"{SPLIT}.test", {"form": 100}, "Did you mean `from`?", f"{SPLIT}.test.form"),
    (f"{SPLIT}.scheme", "holdot", "Did you mean `holdout`?"),
    (f"{SPLIT}.gap", -1, "must be a whole number, 0 or more. Received: -1. For example `gap: 0`."),
    (f"{SPLIT}.gap", "1h", "must be a whole number"),
    (SPLIT, {"scheme": "expanding", "folds": 3}, "Add `test_size: 100`.", f"{SPLIT}.test_size"),
    (SPLIT, {"scheme": "expanding", "folds": 0, "test_size": 9}, "For example `folds: 3`.", f"{SPLIT}.folds"),
    (SPLIT, {"scheme": "sequences", "test": 0.1}, "Use all three together", f"{SPLIT}.scheme"),
    (SPLIT, 0.2, "must be a mapping of keys. Received: 0.2. For example `split: {scheme: holdout,"),
    # Names.
    (f"{D}.series", "mein", "Did you mean `mine`?"),
    (f"{E}.dataset", "mine_dayly", "Did you mean `mine_daily`?"),
    (f"{E}.dataset", ["mine_daily"], "must be text. Received: [mine_daily]. Take off the brackets"),
    (
        f"{E}.architecture.name",
        "perceptron",
        "must be a file of pipeline/architectures/. Received: perceptron. Known: attention,",
    ),
    (f"{E}.architecture.name", "lsmt", "Did you mean `lstm`?"),
    (f"{E}.architecture.unit", [32], "Received: [32]. Did you mean `units`?"),
    (f"{E}.architecture.builder", "lstm:biuld", "must be defined in pipeline/architectures/lstm.py"),
    (f"{E}.architecture.builder", "os:system", "Write `builder: lstm:build`, or another"),
    (f"{E}.architecture", "lstm", "For example `architecture: {name: lstm, units: [32]}`."),
    (f"{E}.training", REMOVED, "Add `training: {learning_rate: 0.001, batch_size: 32, epochs: 10, seeds: [0, 1]}`."),
    ("experiments.mine lstm", EXPERIMENT, "Write `mine_lstm`."),
    ("experiments.Mine-LSTM", EXPERIMENT, "Received: Mine-LSTM. Write `mine_lstm`."),
    ("experiments.7up", EXPERIMENT, "Write `up`."),
    ("experiments.größe", EXPERIMENT, "Received: größe. Write `gr_e`."),
    ("experiments.<script>alert(1)</script>", EXPERIMENT, "Write `script_alert_1_script`."),
    ("experiments.=cmd|' /C calc'!A0", EXPERIMENT, "must be a name of small letters"),
    ("experiments.\x1b[31mred", EXPERIMENT, "must be a name", r"experiments.\x1b[31mred"),
    ("experiments.a\u202etxt", EXPERIMENT, "Write `a_txt`.", r"experiments.a\u202etxt"),
    ("experiments.size", EXPERIMENT, "because DVC's run cache ignores this one"),
    # Sources.
    (f"{S}.source", "/home/me/mine.csv", "Copy the file to data/own/ and write `source: data/own/mine.csv`."),
    (f"{S}.source", "~/mine.csv", "Copy the file to data/own/ and write `source: data/own/mine.csv`."),
    (f"{S}.source", "data/own/../../mine.csv", "`source: data/own/mine.csv`."),
    (f"{S}.source", "C:\\data\\mine.csv", "`source: data/own/mine.csv`."),
    (f"{S}.source", "https://example.org/mine.csv", "`source: data/own/mine.csv`."),
    (f"{S}.source", "data/own/mine.xlsx", "Save the sheet as CSV: `source: data/own/mine.csv`."),
    (f"{S}.source", "data/own/mine.txt", "Save the table as CSV: `source: data/own/mine.csv`."),
    (f"{S}.source", "pipeline/sources/maket.py", "Did you mean `pipeline/sources/market.py`?"),
    (f"{S}.source", TOO_LONG, "must be a CSV or Parquet file under data/own/"),
    (f"{S}.source", "", "must be a CSV or Parquet file under data/own/"),
    (f"{S}.target", REMOVED, "Add `target: load`."),
    (f"{S}.target", ["load"], "Take off the brackets: `target: load`."),
    (f"{S}.features", "load", "Put it in brackets: `features: [load]`."),
    (f"{S}.features", ["load", "load"], "Write each entry once: `features: [load]`."),
    (f"{S}.tiem", "date", "Did you mean `time`?"),
    (f"{S}.holes", "inser", "Did you mean `insert`?"),
    # The top level.
    ("size", "large", "must be one of quick, full. Received: large."),
    ("seize", "quick", "Did you mean `size`?"),
    ("experiments", {}, "must hold at least one entry. Received: none."),
    ("experiments", None, "must be a mapping of keys. Received: nothing."),
    ("experiments", ["mine_lstm"], "must be a mapping of keys. Received: [mine_lstm]."),
    ("calibration", REMOVED, "Add `calibration: {series: 2000, planted: 400, pairs: 1000}`."),
]


def error_of(settings: dict[str, Any]) -> UserError:
    write(settings)
    with pytest.raises(UserError) as caught:
        params.load()
    return caught.value


def place_of_error() -> str | None:
    try:
        params.load()
    except UserError as error:
        return error.place
    return None


def mended(settings: dict[str, Any], error: UserError) -> bool:
    """Do what the fix of an error says, in place; False if it is none that can be typed."""
    parent, _, last = error.place.rpartition(".")
    meant = re.search(r"Did you mean `([^`]+)`\?", error.fix)
    line = re.search(r"`([a-z_]+): ([^`]+)`", error.fix)
    bare = re.fullmatch(r"Take off the quotes: `([^`:]+)`\.", error.fix)
    renamed = re.fullmatch(r"Write `([a-z0-9_]+)`\.", error.fix)
    if meant and "known key" not in error.rule and "option" not in error.rule:
        put(settings, error.place, meant[1])
    elif meant or renamed:
        node = settings
        for key in filter(None, parent.split(".")):
            node = node[key]
        old = next(key for key in node if key == last or renamed)
        old = next((key for key in node if not re.fullmatch(r"[a-z][a-z0-9_]*", key)), old) if renamed else last
        node[(meant or renamed)[1]] = node.pop(old)  # type: ignore[index]
    elif bare:
        put(settings, error.place, yaml.safe_load(bare[1]))
    elif line and line[1] == "from" and ", to: " in line[2]:
        put(settings, error.place, yaml.safe_load(f"{{from: {line[2]}}}"))
    elif line:
        put(settings, f"{parent}.{line[1]}".lstrip("."), yaml.safe_load(line[2]))
    else:
        return False
    return True


def name_of(case: tuple[Any, ...]) -> str:
    """A test's name, which is the same in every process."""
    return f"{case[0]} removed" if case[1] is REMOVED else f"{case[0]}={str(case[1])[:30]!a}"


@pytest.mark.parametrize("case", BROKEN, ids=[name_of(case) for case in BROKEN])
def test_a_broken_setting_is_one_line_whose_fix_works(project: Path, case: tuple[Any, ...]) -> None:
    path, value, words, *place = case
    settings = own()
    put(settings, path, value)
    error = error_of(settings)
    line = str(error)
    assert line.startswith(f"`{place[0] if place else path}` ") or line.startswith("`series.mine.source`"), line
    assert words in line, line
    assert len(line) < 500 or path == f"{T}.wildly_different"
    assert line.isprintable()
    assert re.search(r"\. Received: .+\. .+[.?]$", line), line
    if mended(settings, error):
        write(settings)
        assert place_of_error() != error.place


def test_most_fixes_can_be_typed(project: Path) -> None:
    typed = 0
    for path, value, *_ in BROKEN:
        settings = own()
        put(settings, path, value)
        typed += mended(settings, error_of(settings))
    assert len(BROKEN) >= 80
    assert typed >= 75, typed


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("size: quick\nseries:\n\ta: {}\n", "params.yaml:3", "must be written with spaces. Received: a tab."),
        ("size: quick\nseries:\n  a: {}\nseries:\n  b: {}\n", "params.yaml:4", "to line 2's `series`, and remove this"),
        ("size: quick\nseries:\n  a: {b: 1,\n    b: 2}\n", "params.yaml:4", "Rename or remove one of the two."),
        ("size: &a quick\nseries: *a\n", "params.yaml:2", "must write every value out. Received: the alias *a."),
        ("size: [quick\n", "params.yaml:2", "must be YAML"),
        ("size: quick\n  series: {}\n", "params.yaml:2", "must be YAML"),
        ("size: 'quick\n", "params.yaml:2", "must be YAML"),
        ("size: !!python/object/apply:os.system ['true']\n", "params.yaml:1", "must not name a type"),
        ("size: quick\n", "series", "Add `series: {mine: {source: data/own/mine.csv, target: load}}`."),
        ("size: quick\n---\nsize: full\n", "params.yaml:2", "must be one document"),
        ("size: qui\x00ck\n", "params.yaml", r"must hold text. Received: the character '\x00'."),
        ("", "params.yaml", "must be a mapping of size, series, datasets and experiments. Received: nothing."),
        ("- size\n", "params.yaml", "must be a mapping"),
        ("{" * 5000, "params.yaml", "must be nested less deeply"),
        ("size: 2035-99-99\n", "params.yaml", "Put the value in quotes."),
        ("? [a, b]\n: 1\n", "params.yaml:1", "must be YAML"),
    ],
)
def test_broken_yaml_is_one_line_with_its_line(project: Path, text: str, place: str, words: str) -> None:
    Path("params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        params.load()
    line = str(caught.value)
    assert line.startswith(f"`{place}` "), line
    assert words in line
    assert line.isprintable()


def test_shares_of_more_than_everything_are_named_together(project: Path) -> None:
    settings = own()
    settings["datasets"]["mine_daily"]["split"] |= {"validation": 0.6, "test": 0.6}
    line = str(error_of(settings))
    assert line.startswith("`datasets.mine_daily.split` ")
    assert "must leave a share of the rows for training. Received: validation 0.6 + test 0.6 = 1.2. For example" in line


def test_a_date_needs_a_column_of_times(project: Path) -> None:
    settings = own()
    del settings["series"]["mine"]["time"]
    settings["datasets"]["mine_daily"]["split"]["test"] = {"from": "2020-12-31"}
    error = error_of(settings)
    assert "because the series has no time column" in str(error)
    settings["series"]["mine"]["time"] = "date"
    write(settings)
    params.load()


def test_the_place_has_its_line(project: Path) -> None:
    settings = own()
    put(settings, f"{T}.epochs", -1)
    error = error_of(settings)
    number = int(re.search(r"\(params\.yaml, line (\d+)\)", str(error))[1])  # type: ignore[index]
    assert Path("params.yaml").read_text().splitlines()[number - 1].strip() == "epochs: -1"


def test_nothing_is_written(project: Path) -> None:
    error_of(own() | {"size": "large"})
    assert sorted(path.name for path in project.iterdir()) == ["params.yaml", "pipeline"]


def test_examples_of_the_schema_fit_it() -> None:
    from pipeline.common.explaining import Validator

    schema = yaml.safe_load(params.SCHEMA.read_text(encoding="utf-8"))

    def nodes(node: Any) -> Any:
        if isinstance(node, dict):
            yield node
            for each in node.values():
                yield from nodes(each)
        elif isinstance(node, list):
            for each in node:
                yield from nodes(each)

    examples = [
        (node, each) for node in nodes(schema) if isinstance(node.get("examples"), list) for each in node["examples"]
    ]
    assert len(examples) > 40
    for node, example in examples:
        Validator(node | {"$defs": schema["$defs"]}).validate(json.loads(json.dumps(example)))
