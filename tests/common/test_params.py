from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.common import params, training
from pipeline.common.errors import UserError
from tests.conftest import PROJECT, tiny_params, write_params


def test_the_projects_own_params_are_valid_at_both_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    assert params.load()["size"] in params.SIZES


def test_defaults_and_sizes_are_filled_in(project: Path) -> None:
    raw = tiny_params()
    raw["series"]["season"]["rows"] = {"quick": 400, "full": 4000}
    write_params(project, raw)
    p = params.load()
    assert p["series"]["season"]["rows"] == 400
    assert p["datasets"]["season_windows"]["window"]["stride"] == {"train": 1, "evaluation": 1}
    assert p["datasets"]["season_windows"]["window"]["target"] == {"kind": "value", "of": "value"}
    assert p["datasets"]["season_windows"]["scaling"]["window"] == "none"
    assert p["datasets"]["season_windows"]["split"]["gap"] == 0
    assert p["experiments"]["season_lstm"]["training"]["threads"] == 1
    raw["size"] = "full"
    write_params(project, raw)
    assert params.load()["series"]["season"]["rows"] == 4000
    assert params.per_size() == ["series.season.rows"]


def reversed_keys(value: Any) -> Any:
    """Return a value with the keys of every mapping in reverse order."""
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


def test_the_order_of_keys_in_the_file_changes_no_byte(project: Path) -> None:
    raw = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    before = json.dumps(params.load(PROJECT / "params.yaml"))
    (project / "other.yaml").write_text(yaml.safe_dump(reversed_keys(raw), sort_keys=False), encoding="utf-8")
    assert json.dumps(params.load(project / "other.yaml")) == before


def test_defaults_are_not_shared_between_entries(project: Path) -> None:
    p = params.load()
    p["datasets"]["season_windows"]["window"]["stride"]["train"] = 7
    assert params.load()["datasets"]["season_windows"]["window"]["stride"]["train"] == 1


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(p: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for key in parents:
            p = p[key]
        p[last] = value

    return change


def _train(words: str, at: str, name: str = "season_lstm", **values: Any) -> tuple[Any, str, str]:
    """A case: settings of a training, the key that its error names, and words of the error."""

    def change(p: dict[str, Any]) -> None:
        p["experiments"][name]["training"] = p["experiments"][name]["training"] | values

    return change, f"`experiments.{name}.training.{at}`", words


def _schedule(words: str, at: str, kind: str = "cosine", **values: Any) -> tuple[Any, str, str]:
    return _train(words, f"learning_rate.{at}", learning_rate={"schedule": kind, "rate": 0.01} | values)


_STEPS = {"kind": "piecewise", "boundaries": [0.5, 1], "factors": [0.5, 0.1]}
TRAINING_ERRORS = [
    _train("must be null for optimisers other than sgd and rmsprop", "momentum", momentum=0.9),
    _train("below 1", "momentum", optimizer="sgd", momentum=1.0),
    _train("`momentum` above 0", "nesterov", optimizer="sgd", nesterov=True),
    _train("`momentum` above 0", "nesterov", optimizer="sgd", nesterov=True, momentum=0.0),
    _train("true with rmsprop", "nesterov", optimizer="rmsprop", nesterov=True, momentum=0.5),
    _train("must be null beside `clipnorm`", "global_clipnorm", clipnorm=1.0, global_clipnorm=1.0),
    _train("must be null beside `global_clipnorm`", "clipvalue", clipvalue=1.0, global_clipnorm=1.0),
    _train("must be null beside `clipnorm`", "clipvalue", clipvalue=1.0, clipnorm=1.0),
    _train("must be none for a regression", "class_weight", class_weight="balanced"),
    _train("no validation part", "reduce_on_plateau", name="sign_lstm", reduce_on_plateau={}),
    _train(
        "beside a schedule", "reduce_on_plateau", reduce_on_plateau={}, learning_rate={"schedule": "cosine", "rate": 1}
    ),
    _train("below 1", "label_smoothing", label_smoothing=1),
    _train("must be given", "loss.name", loss={"delta": 2}),
    _schedule("one of constant, cosine", "schedule", kind="cosin"),
    _train("must be given", "learning_rate.rate", learning_rate={"schedule": "cosine"}),
    _train("must be given", "learning_rate.schedule", learning_rate={"rate": 1.0}),
    _schedule("is not a known key", "factor", factor=0.5),
    _schedule("Did you mean `warmup`?", "warmpu", warmpu=1),
    _schedule("must be less than the 2 epochs", "warmup", warmup=2),
    _schedule("at most 1", "final", final=1.5),
    _schedule("must be given", "factor", kind="exponential"),
    _schedule("must be given", "decay", kind="inverse_time"),
    _schedule("must rise", "boundaries", **_STEPS | {"boundaries": [1, 1]}),
    _schedule("one entry for each of the 2 boundaries", "factors", **_STEPS | {"factors": [0.1]}),
    _schedule("after the 0.6 epochs", "boundaries", **_STEPS | {"warmup": 0.6}),
    _schedule("at most 1", "factors.1", **_STEPS | {"factors": [0.5, 2]}),
]


def test_settings_of_a_training_that_fit_are_filled_in(project: Path) -> None:
    raw = tiny_params()
    fitting: dict[str, Any] = {
        "season_lstm": {"reduce_on_plateau": {"patience": 3}, "optimizer": "sgd", "momentum": 0.9, "nesterov": True},
        "sign_lstm": {
            "learning_rate": {"schedule": "piecewise", "rate": 0.1, "warmup": 1, "boundaries": [1], "factors": [1]},
            "loss": {"name": "binary_focal_crossentropy", "gamma": 1.5, "apply_class_balancing": True},
            "class_weight": "balanced",
            "optimizer": "rmsprop",
            "momentum": 0.5,
            "clipvalue": 1.0,
        },
    }
    for name, settings in fitting.items():
        raw["experiments"][name]["training"] = raw["experiments"][name]["training"] | settings
    write_params(project, raw)
    p = params.load()
    first, second = (p["experiments"][name]["training"] for name in fitting)
    assert first["reduce_on_plateau"] == {"patience": 3, "factor": 0.1, "minimum": 0.0, "min_delta": 0.0001}
    assert second["learning_rate"] == fitting["sign_lstm"]["learning_rate"]
    assert (first["label_smoothing"], first["weight_decay"], first["global_clipnorm"]) == (0.0, None, None)
    assert (training.rate(first), training.rate_key(first), training.rate_varies(first)) == (
        0.001,
        "learning_rate",
        True,
    )
    assert (training.rate(second), training.rate_key(second)) == (0.1, "learning_rate.rate")
    assert training.rate_varies(second)
    assert not training.rate_varies(first | {"reduce_on_plateau": None})
    raw["experiments"]["sign_lstm"]["training"]["learning_rate"] = {"schedule": "polynomial", "rate": 1}
    write_params(project, raw)
    found = params.load()["experiments"]["sign_lstm"]["training"]["learning_rate"]
    assert found == {"schedule": "polynomial", "rate": 1, "warmup": 0, "final": 0.0, "power": 1.0}


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        *TRAINING_ERRORS,
        (_set("seize", "quick"), "`seize`", "Did you mean `size`?"),
        (_set("size", "large"), "`size`", "one of quick, full. Received: large."),
        (
            _set("experiments.season_lstm.architecture.size", 1),
            "`experiments.season_lstm.architecture.size`",
            "Rename it.",
        ),
        (_set("series.season.colour", 1), "`series.season.colour`", "is not a known key"),
        (
            _set("series.season.rows", "many"),
            "`series.season.rows`",
            "must be a whole number, 2 or more. Received: many.",
        ),
        (_set("series.season.rows", {"quick": 400, "full": -1}), "`series.season.rows`", "Received: -1."),
        (
            _set("series.season.rows", {"quick": 400}),
            "`series.season.rows`",
            "For example `rows: {quick: 400, full: 400}`.",
        ),
        (_set("series.season.source", "../secret.csv"), "`series.season.source`", "data/own/"),
        (
            _set("series.season", {"source": "data/own/../../secret.csv", "target": "y"}),
            "`series.season.source`",
            "data/own/",
        ),
        (_set("series.Season-1", {"source": "data/own/a.csv", "target": "y"}), "`series.Season-1`", "small letters"),
        (
            _set("datasets.season_windows.split.gap", -1),
            "`datasets.season_windows.split.gap`",
            "must be a whole number, 0 or more. Received: -1.",
        ),
        (_set("datasets.season_windows.split.gpa", 1), "`datasets.season_windows.split.gpa`", "Did you mean `gap`?"),
        (
            _set("datasets.season_windows.series", "saeson"),
            "`datasets.season_windows.series`",
            "Did you mean `season`?",
        ),
        (
            _set("datasets.season_windows.window.target", {"kind": "classes"}),
            "`datasets.season_windows.window.target.quantiles`",
            "must be given",
        ),
        (
            _set("datasets.season_windows.window.length", "sequence"),
            "`datasets.season_windows.split.scheme`",
            "independent sequences",
        ),
        (_set("experiments.season_lstm.dataset", "none"), "`experiments.season_lstm.dataset`", "must name a dataset"),
        (
            _set("experiments.season_lstm.training.learning_rate", "fast"),
            "`experiments.season_lstm.training.learning_rate`",
            "must be a number or a mapping of keys, above 0",
        ),
        (
            _set("experiments.season_lstm.training.shuffle", "yes please"),
            "`experiments.season_lstm.training.shuffle`",
            "true or false",
        ),
        (
            _set("experiments.season_lstm.architecture.unit", 3),
            "`experiments.season_lstm.architecture.unit`",
            "Did you mean `units`?",
        ),
        (
            _set("experiments.season_lstm.architecture.name", "perceptron"),
            "`experiments.season_lstm.architecture.name`",
            "pipeline/architectures/",
        ),
        (
            _set("experiments.sign_lstm.training.early_stopping", {"monitor": "val_loss"}),
            "`experiments.sign_lstm.training.early_stopping.monitor`",
            "no validation part",
        ),
    ],
)
def test_bad_params_give_one_line_with_the_place(
    project: Path, change: Callable[[dict[str, Any]], None], place: str, words: str
) -> None:
    raw = copy.deepcopy(tiny_params())
    change(raw)
    write_params(project, raw)
    with pytest.raises(UserError) as caught:
        params.load()
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(place), line
    assert words in line, line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("size: [quick", "must be YAML"),
        ("size: quick\nsize: full\n", "each key once"),
        ("size: &a quick\nseries: *a\n", "every use of an alias"),
        ("a\n", "must be a mapping"),
        ("size: !!python/object/apply:os.system ['true']\n", "must not name a type"),
    ],
)
def test_bad_yaml_gives_one_line(project: Path, text: str, words: str) -> None:
    (project / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words) as caught:
        params.load()
    assert "\n" not in str(caught.value)


def test_every_key_of_the_schema_has_a_description() -> None:
    schema = yaml.safe_load(params.SCHEMA.read_text(encoding="utf-8"))

    def described(node: Any) -> bool:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        return not node or "description" in node or "type" in node

    missing = []
    for name, definition in schema["$defs"].items():
        missing += [f"{name}.{key}" for key, sub in definition.get("properties", {}).items() if not described(sub)]
    assert not missing


def test_a_stage_takes_one_name(project: Path) -> None:
    assert params.name_of(["season"], "series") == "season"
    with pytest.raises(UserError, match="Did you mean `season`"):
        params.name_of(["saeson"], "series")
    with pytest.raises(UserError, match="one name of series"):
        params.name_of([], "series")


def test_candidates_of_a_fix_are_told_by_their_names() -> None:
    names = ["a", "a_fix1", "a_fix12", "a_fixed", "a_fix", "a_fix0", "_fix1", "a_fix1_b", "fix1"]
    given = {level: dict.fromkeys(names) for level in ("series", "datasets", "experiments")}
    kept = ["a", "a_fixed", "a_fix", "a_fix0", "_fix1", "a_fix1_b", "fix1"]
    found = params.without_candidates(given)
    assert list(found["experiments"]) == list(found["datasets"]) == kept
    assert list(found["series"]) == names
    assert list(given["experiments"]) == names
