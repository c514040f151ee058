"""The stage `diagnose`: rules over measured facts, the verdict, and remedies that params.yaml takes."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import json
import math
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline import dataset
from pipeline.common import files, params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.diagnose import assessment, limits, remedies, rules, verdict
from pipeline.diagnose.facts import from_json, outcome
from pipeline.diagnose.stage import diagnose, judge, summary
from pipeline.network import training
from pipeline.series import reading
from tests.conftest import PROJECT, tiny_params, write_params


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The tiny project through every stage up to `diagnose`: what it wrote, by experiment, and again under `twice`."""
    folder = tmp_path_factory.mktemp("diagnose")
    small = tiny_params()
    # A series that a network of eight units learns within seconds.
    whole = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    small["series"]["season"] = whole["series"]["sign_small_returns"] | {"rows": 2500, "phi": 0.6, "scale": 1.0}
    small["datasets"]["season_windows"]["scaling"] = {"features": "standard", "target": "standard"}
    small["experiments"]["season_lstm"]["architecture"] = {"name": "lstm", "units": [8]}
    small["experiments"]["season_lstm"]["training"] |= {"epochs": 8, "learning_rate": 0.005}
    share = small["datasets"]["season_windows"]["split"]["test"]
    small["datasets"]["season_windows"]["split"]["test"] = {"quick": share, "full": share}
    write_params(folder, small)
    (folder / "pipeline").symlink_to(PROJECT / "pipeline")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        p = params.load()
        for name in p["series"]:
            reading.write(name, reading.read(name, p["series"][name]), p["series"][name])
        for name in p["datasets"]:
            for stage in (splitting.split, windowing.window, scaling.scale):
                stage(p, name)
            # Whatever `diagnose` does, it does without the test part.
            for path in (files.TEST / name).rglob("*.npy"):
                path.unlink()
        found = {}
        for name in p["experiments"]:
            training.train(p, name)
            diagnose(p, name)
            found[name] = files.read_json(files.DIAGNOSIS / f"{name}.json")
        diagnose(p, "season_lstm")
        assert set(files.read_json(files.METRICS / "diagnosis/season_lstm.json")) == {"season_lstm"}
        found["twice"] = files.read_json(files.DIAGNOSIS / "season_lstm.json")
    return found


@pytest.fixture
def facts(measured: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Facts of a small network that learns: no rule but the one under test has a reason."""
    return copy.deepcopy(measured["season_lstm"]["facts"])


def test_verdict_and_first_finding_are_among_the_metrics() -> None:
    found = {"verdict": "behind", "findings": [{"code": "dead_output"}, {"code": "loss_at_floor"}]}
    assert summary(found) == {"verdict": "behind", "finding": "dead_output"}
    assert summary({"verdict": "learning", "findings": []}) == {"verdict": "learning", "finding": "none"}


def codes(facts: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in judge(facts)["findings"]}


def fail(facts: dict[str, Any]) -> None:
    """The network has no skill where the linear model has."""
    unseen = facts["unseen"]
    for one in unseen["networks"].values():
        if isinstance(one, dict):
            one |= {"skill": -0.1, "low": -0.2, "high": -0.01, "p_value": 0.001}
    unseen["linear"] |= {"skill": 0.5, "low": 0.4, "high": 0.6, "p_value": 0.001}
    unseen["train_skill"] = 0.01


def test_without_the_test_part_and_twice_the_same(measured: dict[str, dict[str, Any]]) -> None:
    assert measured["season_lstm"] == measured["twice"]
    for name in ("season_lstm", "sign_lstm"):
        one = measured[name]
        assert one["verdict"] in verdict.VERDICTS
        assert one["reasons"]
        assert {finding["code"] for finding in one["findings"]} <= set(TRIGGERS)


def test_a_network_that_learns_is_said_to(measured: dict[str, dict[str, Any]]) -> None:
    assert measured["season_lstm"]["verdict"] == "learning"


def test_controls_of_a_few_steps_are_not_told(facts: dict[str, Any]) -> None:
    def told(steps: int) -> bool:
        for name in ("real", "zeroed", "shuffled"):
            facts["controls"][name] |= {"steps": steps, "skill": 0.01}
        return any("all inputs are zero" in sentence for sentence in judge(facts)["reasons"])

    assert told(20)
    assert not told(19)


def test_every_finding_is_explained() -> None:
    for rule in rules.RULES.values():
        assert rule.decide.__doc__
        assert rule.explanation.endswith(".")
        assert all(rule.reference)
        assert rule.reference[1].startswith(("https://", "http://yann.lecun.com/"))


def test_every_limit_of_a_rule_has_a_source_and_is_used() -> None:
    for code, rule in rules.RULES.items():
        tree = ast.parse(inspect.getsource(rule.decide))
        read = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "limit"
        }
        assert read == set(rule.limits), code
        assert all(limit.source for limit in rule.limits.values()), code


def test_every_shared_limit_has_a_source_and_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "pipeline/diagnose").rglob("*.py"))
    for name, limit in vars(limits).items():
        if isinstance(limit, limits.Limit):
            assert limit.source
            assert len(re.findall(rf"\b{name}\b", code)) > 1, name


def test_no_number_in_a_rule_the_assessment_or_the_verdict_is_a_limit_without_a_name() -> None:
    for path in (PROJECT / "pipeline/diagnose").rglob("*.py"):
        if "facts" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and not all(isinstance(kind, ast.Eq | ast.NotEq) for kind in node.ops):
                numbers = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
                assert {one for one in numbers if isinstance(one, int | float)} <= {0, 1}, (path, ast.unparse(node))


Change = Callable[[dict[str, Any]], None]


def course(**values: Any) -> Change:
    return lambda facts: [run.update(values) for run in facts["course"].values()] and None


def rates(**ratios: float | None) -> Change:
    def change(facts: dict[str, Any]) -> None:
        names = {"hundredth": "0.01", "tenth": "0.1", "own": "1", "ten": "10", "hundred": "100"}
        every = facts["controls"]["memorise"]["rates"]
        for word, ratio in ratios.items():
            every[names[word]] = {
                "ratio": ratio,
                "finite": ratio is not None,
                "steps": 50,
                "floor": ratio,
                "spread": 0.5,
            }

    return change


def seeds(part: str, **values: Any) -> Change:
    return lambda facts: [one[part].update(values) for one in facts["outcome"]["seeds"].values()] and None


def networks(**values: Any) -> Change:
    def change(facts: dict[str, Any]) -> None:
        for one in (facts["network"]["initial"], *facts["network"]["trained"].values()):
            one.update(values)

    return change


def at(path: str, value: Any) -> Change:
    def change(facts: dict[str, Any]) -> None:
        *way, last = path.replace("0.01", "0,01").split(".")
        last = last.replace(",", ".")
        inner = facts
        for key in way:
            inner = inner[int(key) if isinstance(inner, list) else key]
        inner[last] = value

    return change


def insensitive(facts: dict[str, Any]) -> None:
    """No output depends on an input."""
    for network in (facts["network"]["initial"], *facts["network"]["trained"].values()):
        network["gradient"] |= {"steps": [0.0, 0.0], "memory": None}


def level(facts: dict[str, Any]) -> None:
    facts["settings"]["window"]["target"] = {"kind": "value", "of": None}
    facts["settings"]["scaling"]["window"] = "none"


def other(facts: dict[str, Any]) -> dict[str, Any]:
    """A second seed that learned nothing, beside a first that learned much."""
    known = next(iter(facts["outcome"]["seeds"].values()))
    known["held"]["constant_skill"] = 0.6
    second = copy.deepcopy(known)
    second["held"]["constant_skill"] = 0.0
    return {"99": second}


HEAD = {"layer": "head", "activation": "sigmoid", "units": 1, "low": 0.0, "high": 1.0}
NONFINITE = {"cells": 1, "targets": 0, "row": 7, "column": "value", "window": 3, "batch": 0, "windows": 9}
NONFINITE |= {"rows": 1, "columns": ["value"], "share": 0.1}
ECHO = {"to_last": 0.01, "to_target": 1.0, "direction": 0.01, "corr_last": 0.999, "corr_target": 0.9}
COPY = {"feature": "later", "rows": 1, "explained": 0.997, "past": 0.25, "slope": 1.0, "slope_error": 0.001}
COPY |= {"offset": 0.0, "backward": 0.997, "root": None, "alone": None}
CLASSES = {"shares": [0.5, 0.5], "entropy": 0.6931}
# Codes are an interface, and so is their order in the report: written out here, so that a test notices a renamed one.
TRIGGERS: dict[str, list[Change]] = {
    "nonfinite_input": [at("data.nonfinite", NONFINITE)],
    "constant_feature": [at("data.inputs.0.constant", True)],
    "unscaled_input": [at("data.inputs.0.std", 0.001), at("data.inputs.0.largest", 0.003)],
    "duplicate_windows": [at("data.duplicates", {"share": 0.8, "conflicting": 0.0})],
    "mask_hides_data": [
        at("network.masking", {"value": 0.0, "share": 0.4, "inside": 0.3, "windows": 0.0, "trailing": 0.0})
    ],
    "state_order_broken": [
        at("data.state", {"declared": "posted", "continued": 0.0, "possible": True, "gap": 1.0, "handovers": 2})
    ],
    "window_too_short": [at("references.longer", {"12": 0.1, "24": 0.6})],
    "looks_ahead": [at("data.ahead", [COPY])],
    "time_irregular": [
        at("data.time", {"step": "1 hour", "holes": 40, "early": 0, "treated": "irregular", "rows": 2500})
    ],
    "season_not_set": [
        at(
            "data.season",
            {"given": None, "autocorrelation": None, "visible": 24, "visible_autocorrelation": 0.9, "exact": 0.0},
        )
    ],
    "unscaled_target": [at("data.target.std", 50.0)],
    "level_out_of_range": [fail, at("data.shift", {"mean": 3.0, "outside": 0.7}), at("data.kind", None), level],
    "level_instead_of_change": [fail, at("unseen.train_skill", 0.8), at("data.persistence", 0.97)],
    "heavy_tailed_target": [
        fail,
        at("settings.scaling.target", "minmax"),
        at("data.target.kurtosis", 30.0),
        at("data.target.unit_spread", 0.03),
    ],
    "target_misaligned": [
        at("data.alignment.known", 1.0),
        at("data.alignment.known_elsewhere", 0.0),
    ],
    "class_imbalance": [at("data.classes", {"shares": [0.97, 0.03], "entropy": 0.13})],
    "shape_broadcast": [at("network.output_shape", [64, 12, 1])],
    "head_cannot_reach_target": [at("network.head", HEAD), at("data.target.quantiles.0.01", -1.0)],
    "loss_head_mismatch": [at("network.loss", "binary_crossentropy")],
    "dead_output": [fail, at("network.head", HEAD | {"activation": "relu", "high": None}), networks(dead_output=1.0)],
    "nonfinite_weights": [course(weights_finite=False)],
    "inputs_ignored": [fail, insensitive, at("controls.real.skill", 0.01), at("controls.zeroed.skill", 0.01)],
    "exploding_gradients": [fail, at("network.initial.gradient.norm", 1e6)],
    "vanishing_gradients": [fail, at("network.initial.gradient.first_to_last", 1e-7)],
    "saturated_units": [
        fail,
        networks(units={"lstm_0": {"dead": 0.0, "saturated": 0.9, "constant": 0.0}}),
    ],
    "unbounded_recurrent_activation": [
        fail,
        at("network.layers.0.recurrent", True),
        at("network.layers.0.bounded", False),
    ],
    "memory_too_short": [fail, at("references.needed", 500), at("data.length", 1000)],
    "over_regularised": [fail, course(penalty_share=0.9)],
    "weight_decay_large": [fail, at("experiment.training.weight_decay", 5.0)],
    "validation_below_training": [course(val_to_train=0.5)],
    "learning_rate_too_high": [fail, course(worst_rise=50.0, fall=-2.0), rates(own=3.0, tenth=0.3, hundredth=0.6)],
    "learning_rate_too_low": [fail, rates(own=0.99, ten=0.5, hundred=0.1)],
    "too_few_updates": [fail, course(updates=20, late_fall=0.2)],
    "capacity_too_small": [
        fail,
        at("network.layers.0.units", 1),
    ],
    "collapsed_predictions": [fail, seeds("train", spread=0.001)],
    "persistence_echo": [fail, seeds("held", echo=ECHO)],
    "echo_over_horizon": [fail, seeds("held", echo_end=ECHO)],
    "seeds_disagree": [lambda facts: facts["outcome"]["seeds"].update(other(facts))],
    "miscalibrated": [seeds("held", calibration_gain=0.2, accuracy=0.62, majority=0.52)],
    "loss_at_floor": [at("network.loss", "binary_crossentropy"), course(last=1.0e-7)],
    "loss_metric_disagree": [fail, course(last=0.001, fall=0.99)],
    "overfitting": [fail, at("unseen.train_skill", 0.99)],
}


def test_findings_are_those_of_this_list_in_its_order() -> None:
    assert list(rules.RULES) == list(TRIGGERS)


def test_the_small_network_has_no_finding(facts: dict[str, Any]) -> None:
    assert codes(facts) == set()


@pytest.mark.parametrize("code", TRIGGERS)
def test_each_finding_follows_from_its_facts(code: str, facts: dict[str, Any]) -> None:
    for change in TRIGGERS[code]:
        change(facts)
    assert code in codes(facts)
    json.dumps(judge(facts), allow_nan=False)


@pytest.mark.parametrize("code", TRIGGERS)
def test_each_remedy_is_a_setting_that_params_take(code: str, facts: dict[str, Any], tmp_path: Path) -> None:
    from dvc.utils.hydra import apply_overrides

    for change in TRIGGERS[code]:
        change(facts)
    finding = next(one for one in judge(facts)["findings"] if one["code"] == code)
    if not finding["remedy"]:
        return
    write_params(tmp_path, tiny_params())
    words = shlex.split(finding["remedy"]["command"])
    # It names what it saves, and ends in the experiment's own page.
    assert words[:5] == ["dvc", "exp", "run", "-n", f"season_lstm_{code}"]
    assert words[-1] == "page@season_lstm"
    apply_overrides(tmp_path / "params.yaml", [words[i + 1] for i, word in enumerate(words) if word == "-S"])
    changed = params.load(tmp_path / "params.yaml")
    for key, value in finding["remedy"]["set"].items():
        inner: Any = changed
        for step in key.split("."):
            inner = inner[step]
        if isinstance(value, dict):
            assert value.items() <= inner.items()
        else:
            assert inner == value


def test_facts_have_the_size_and_what_is_given_per_size(facts: dict[str, Any]) -> None:
    assert facts["experiment"]["size"] == "quick"
    assert facts["experiment"]["per_size"] == ["datasets.season_windows.split.test"]


def test_a_command_leaves_the_value_of_the_other_size(facts: dict[str, Any], tmp_path: Path) -> None:
    from dvc.utils.hydra import apply_overrides

    given = tiny_params()
    given["experiments"]["season_lstm"]["training"]["learning_rate"] = {"quick": 0.1, "full": 0.2}
    scaling = given["datasets"]["season_windows"]["scaling"]
    given["datasets"]["season_windows"]["scaling"] = {"quick": scaling, "full": scaling}
    write_params(tmp_path, given)
    facts["experiment"] |= {"size": "quick", "per_size": params.per_size(tmp_path / "params.yaml")}
    changes = {
        "experiments.season_lstm.training.learning_rate": 0.3,
        "experiments.season_lstm.training.batch_size": 7,
        "datasets.season_windows.scaling.target": "minmax",
    }
    words = shlex.split(remedies.command(changes, from_json(facts), "try"))
    apply_overrides(tmp_path / "params.yaml", [words[i + 1] for i, word in enumerate(words) if word == "-S"])
    changed = yaml.safe_load((tmp_path / "params.yaml").read_text(encoding="utf-8"))
    training = changed["experiments"]["season_lstm"]["training"]
    assert training["learning_rate"] == {"quick": 0.3, "full": 0.2}
    assert training["batch_size"] == 7
    expected = {"quick": scaling | {"target": "minmax"}, "full": scaling}
    assert changed["datasets"]["season_windows"]["scaling"] == expected


@pytest.mark.parametrize(
    ("loss", "activation", "kind", "fits"),
    [
        ("binary_crossentropy", "sigmoid", 2, True),
        ("binary_focal_crossentropy", "sigmoid", 2, True),
        ("categorical_focal_crossentropy", "softmax", 3, True),
        ("kl_divergence", "softmax", 3, True),
        ("huber", "sigmoid", 2, True),
        ("log_cosh", "softmax", 3, True),
        ("mean_squared_error", "sigmoid", 2, True),
        ("huber", "linear", None, True),
        ("binary_crossentropy", None, 2, True),  # a subclassed model
        ("huber", None, 2, True),
        ("kl_divergence", "sigmoid", 2, False),  # no gradient for class 0
        ("binary_focal_crossentropy", "sigmoid", 3, False),
        ("categorical_focal_crossentropy", "sigmoid", 3, False),
        ("binary_focal_crossentropy", "linear", 2, False),
        ("binary_focal_crossentropy", "linear", None, False),
        ("binary_crossentropy", None, 3, False),
        ("kl_divergence", "softmax", None, False),
        ("hinge", "sigmoid", 2, False),
        ("huber", "linear", 2, False),
    ],
)
def test_each_loss_has_its_heads(
    loss: str, activation: str | None, kind: int | None, fits: bool, facts: dict[str, Any]
) -> None:
    units = 3 if kind == 3 else 1
    for place, value in {"data.kind": kind, "network.loss": loss, "network.head.activation": activation}.items():
        at(place, value)(facts)
    at("network.head.units", units)(facts)
    if kind:
        at("data.classes", {"shares": [1 / kind] * kind, "entropy": math.log(kind)})(facts)
    assert ("loss_head_mismatch" in codes(facts)) != fits


@pytest.mark.parametrize(
    ("loss", "last", "expected"),
    [
        ("binary_crossentropy", 0.6931, True),
        ("binary_focal_crossentropy", 0.6931, False),
        ("binary_crossentropy", 1e-8, True),
        ("binary_focal_crossentropy", 1e-8, False),
    ],
)
def test_a_focal_loss_has_no_floor(loss: str, last: float, expected: bool, facts: dict[str, Any]) -> None:
    changes = [fail, at("data.kind", 2), at("data.classes", CLASSES), at("network.loss", loss), course(last=last)]
    for change in changes:
        change(facts)
    assert ("loss_at_floor" in codes(facts)) == expected


def test_remedies_of_a_schedule_change_its_rate(facts: dict[str, Any]) -> None:
    at("experiment.training.learning_rate", {"schedule": "cosine", "rate": 0.01, "warmup": 1, "final": 0.0})(facts)
    at("experiment.training.clipnorm", 5.0)(facts)
    for code, place in (("learning_rate_too_low", "learning_rate.rate"), ("exploding_gradients", "global_clipnorm")):
        for change in TRIGGERS[code]:
            change(facts)
        finding = next(one for one in judge(facts)["findings"] if one["code"] == code)
        assert f"experiments.season_lstm.training.{place}" in finding["remedy"]["set"]
    assert finding["remedy"]["set"]["experiments.season_lstm.training.clipnorm"] is None


def test_inputs_are_ignored_only_if_both_signs_agree(facts: dict[str, Any]) -> None:
    fail(facts)
    facts["controls"]["real"] |= {"skill": 0.01, "steps": 20}
    facts["controls"]["zeroed"] |= {"skill": 0.01}
    assert "inputs_ignored" not in codes(facts)  # its outputs are sensitive
    networks(gradient=None)(facts)
    assert "inputs_ignored" in codes(facts)  # unknown, and a reference finds a signal
    facts["controls"]["real"]["skill"] = 0.02
    assert "inputs_ignored" not in codes(facts)
    facts["controls"]["real"] |= {"skill": 0.01, "steps": 19}
    assert "inputs_ignored" not in codes(facts)


def judged(facts: dict[str, Any]) -> str:
    return str(judge(facts)["verdict"])


def test_the_verdict_of_a_signal_that_was_not_learned(facts: dict[str, Any]) -> None:
    fail(facts)
    assert judged(facts) == "not_learning"
    at("unseen.networks.against_constant", {"skill": 0.2, "low": 0.1, "high": 0.3, "p_value": 0.001})(facts)
    assert judged(facts) == "behind"


def test_the_verdict_where_nothing_finds_a_signal(facts: dict[str, Any]) -> None:
    fail(facts)
    for name in ("linear", "trees"):
        facts["unseen"][name] |= {"skill": 0.001, "low": -0.02, "high": 0.02, "p_value": 0.9}
    facts["unseen"]["naive"] |= {"name": "train_mean"}
    for share in (0.8, 0.0):
        facts["controls"]["planted"]["share"] = share
        assert judged(facts) == "no_evidence_of_signal"
    assert any("could not have shown" in sentence for sentence in judge(facts)["cannot_tell"])


def test_the_verdict_of_nan(facts: dict[str, Any]) -> None:
    next(iter(facts["course"].values()))["weights_finite"] = False
    assert judged(facts) == "numerical_failure"


def test_the_verdict_of_what_was_memorised(facts: dict[str, Any]) -> None:
    fail(facts)
    facts["unseen"]["train_skill"] = 0.99
    assert judged(facts) == "overfitting"


def test_without_intervals_nothing_is_concluded(facts: dict[str, Any]) -> None:
    nothing = {"skill": 0.3, "low": None, "high": None, "p_value": None}
    for side in (*(one for one in facts["unseen"]["networks"].values() if isinstance(one, dict)),):
        side |= nothing
    for name in ("linear", "trees"):
        facts["unseen"][name] |= nothing
    facts["unseen"] |= {"windows": 106, "overlap": 24, "needed": 120}
    facts["settings"]["split"] = {"scheme": "holdout", "validation": 0.15, "test": 0.15, "policy": "strict", "gap": 0}
    found = judge(facts)
    assert found["verdict"] == "undetermined"
    assert "106 windows of 24 overlapping steps, 120 are needed" in found["next"]["text"]
    share = found["next"]["set"][f"datasets.{facts['experiment']['dataset']}.split.validation"]
    assert 0.15 < share < 0.18


def random_side(draw: np.random.Generator) -> dict[str, Any]:
    skill = float(draw.normal(0, 0.5))
    width = float(draw.exponential(0.3))
    if draw.random() < 0.2:
        return {"skill": skill, "low": None, "high": None, "p_value": None}
    sure = float(draw.choice([0.001, 0.02, 0.04])) if abs(skill) > width else 0.5
    return {"skill": skill, "low": skill - width, "high": skill + width, "p_value": sure}


def test_every_verdict_has_a_next_step_that_changes_something(facts: dict[str, Any]) -> None:
    draw, seen = np.random.default_rng(5), set()
    triggers = [change for changes in TRIGGERS.values() for change in changes if change is not fail]
    for _ in range(400):
        case = copy.deepcopy(facts)
        unseen = case["unseen"]
        for name in ("against_constant", "against_naive", "against_linear", "against_trees"):
            unseen["networks"][name] = random_side(draw)
        unseen |= {"linear": random_side(draw), "trees": random_side(draw), "train_skill": float(draw.normal(0.3, 0.4))}
        unseen["naive"] |= {
            "name": str(draw.choice(["persistence", "drift", "train_mean", "seasonal_naive"])),
            "against_constant": random_side(draw),
            "unit_root": float(draw.random()),
        }
        unseen |= {"over_budget": bool(draw.random() < 0.1), "windows": int(draw.integers(1, 300))}
        if draw.random() < 0.2:
            unseen["networks"] = None
        case["settings"]["split"] = [
            {"scheme": "holdout", "validation": float(draw.choice([0, 0.15, 0.4, 0.6])), "test": 0.1},
            {"scheme": "holdout", "validation": {"from": 100}, "test": 0.1},
            {"scheme": "expanding", "validation_size": int(draw.choice([0, 30])), "test_size": 30},
            {"scheme": "given"},
        ][draw.integers(4)]
        case["settings"]["scaling"]["window"] = str(draw.choice(["none", "last", "standard"]))
        for at_random in draw.choice(len(triggers), size=draw.integers(0, 3), replace=False):
            triggers[at_random](case)
        found = judge(case)
        seen.add(found["verdict"])
        step = found["next"]
        assert step["text"].endswith(".")
        for reason in found["reasons"]:
            # Of the part by name and number, or of windows that a sentence before names so.
            where = r"\d (validation|training) window|(same|these) windows|needs \d+ windows|second training of"
            assert not re.search(r"\d", reason) or re.search(where, reason), reason
        # A file of windows decides much that no setting changes: then the text says how to change the file.
        given = case["settings"]["split"]["scheme"] == "given"
        if found["verdict"] not in verdict.NEEDS_NO_CAUSE and given and not step["set"]:
            assert "in the file" in step["text"] or "the network itself" in step["text"]
        elif found["verdict"] == "learning":
            checked = step["text"].startswith("Check this before you trust the skill.")
            assert step["set"] or checked or "change the network itself" in step["text"]
        elif found["verdict"] not in verdict.NEEDS_NO_CAUSE:
            assert step["set"], found["verdict"]
        elif not given:
            # A split whose share cannot grow; a length that a trigger alone has changed.
            fixed = case["settings"]["split"].get("validation") in (0.4, 0.6, {"from": 100})
            assert step["set"] or fixed or step["text"].startswith("Nothing in a window of 1000 rows")
        assert not step["set"] or step["command"].startswith("dvc exp run -n season_lstm_try -S ")
    assert seen == set(verdict.VERDICTS)


@pytest.mark.parametrize("code", ["shape_broadcast", "exploding_gradients", "learning_rate_too_high"])
def test_more_updates_are_no_answer_to_some_faults(code: str, facts: dict[str, Any]) -> None:
    few = [change for change in TRIGGERS["too_few_updates"] if change is not fail]
    for change in [fail, *few, at("experiment.training.epochs", 8)]:
        change(facts)
    assert "too_few_updates" in codes(facts)
    for change in TRIGGERS[code]:
        change(facts)
    assert code in codes(facts)
    assert "too_few_updates" not in codes(facts)


@pytest.mark.parametrize(
    ("code", "warned"),
    [
        *((code, True) for code in ("looks_ahead", "target_misaligned", "duplicate_windows", "season_not_set")),
        ("unscaled_input", False),
        ("validation_below_training", False),
    ],
)
def test_a_network_that_learns_too_well_is_doubted(code: str, warned: bool, facts: dict[str, Any]) -> None:
    assert judge(facts)["next"]["text"].startswith("Nothing has to be fixed.")
    for change in TRIGGERS[code]:
        change(facts)
    found = judge(facts)
    assert (found["verdict"], code in {one["code"] for one in found["findings"]}) == ("learning", True)
    assert found["next"]["text"].startswith("Check this before you trust the skill.") == warned
    assert (str(rules.RULES[code].advice) in found["next"]["text"]) == warned


def test_advice_of_a_cause_without_a_setting_comes_before_other_steps(facts: dict[str, Any]) -> None:
    for change in TRIGGERS["inputs_ignored"]:
        change(facts)
    assert judge(facts)["next"]["text"].startswith(str(rules.RULES["inputs_ignored"].advice))


@pytest.mark.parametrize(
    ("units", "wider"), [([2], [16]), ([32, 1], [32, 16]), (1, 16), (None, None), ([32, 32], None)]
)
def test_a_narrow_layer_is_made_wider(units: Any, wider: Any, facts: dict[str, Any]) -> None:
    for change in TRIGGERS["capacity_too_small"]:
        change(facts)
    facts["experiment"]["architecture"] = {"name": "lstm"} | ({"units": units} if units else {})
    finding = next(one for one in judge(facts)["findings"] if one["code"] == "capacity_too_small")
    expected = {"experiments.season_lstm.architecture.units": wider}
    assert (finding["remedy"] or {}).get("set") == (expected if wider else None)


def test_an_option_that_the_builder_lacks_is_not_set(facts: dict[str, Any]) -> None:
    evidence = rules.Evidence({}, {"experiment.architecture.gate_initializer": "chrono"})
    known = from_json(facts)
    assert remedies.as_entry("memory_too_short", evidence, known, "behind")["remedy"] is None
    experiment = dataclasses.replace(known.experiment, options=["gate_initializer"])
    remedy = remedies.as_entry(
        "memory_too_short", evidence, dataclasses.replace(known, experiment=experiment), "behind"
    )
    assert remedy["remedy"]["set"] == {"experiments.season_lstm.architecture.gate_initializer": "chrono"}


def test_what_is_set_already_is_no_remedy(facts: dict[str, Any]) -> None:
    evidence = rules.Evidence({}, {"dataset.scaling.target": "standard", "experiment.training.epochs": 8})
    assert remedies.as_entry("unscaled_target", evidence, from_json(facts), "behind")["remedy"] is None


def test_a_cause_is_a_note_beside_a_verdict_that_needs_none(facts: dict[str, Any]) -> None:
    evidence, known = rules.Evidence({}), from_json(facts)
    weights = {word: remedies.as_entry("unscaled_input", evidence, known, word)["weight"] for word in verdict.VERDICTS}
    assert {word for word, weight in weights.items() if weight == "note"} == {"learning", "no_evidence_of_signal"}
    assert set(weights.values()) == {"note", "cause"}
    assert remedies.as_entry("loss_at_floor", evidence, known, "learning")["weight"] == "symptom"


def test_echo_tells_repetition_from_foresight() -> None:
    draw = np.random.default_rng(3)
    steps = draw.standard_normal(500)
    last = np.cumsum(steps)
    truth = last + np.roll(steps, -1)
    repeated = outcome._echo(truth, last + 0.01 * draw.standard_normal(500), last)
    halfway = outcome._echo(truth, 0.5 * (truth + last), last)
    assert repeated
    assert halfway
    assert repeated.to_last < 0.01
    assert abs(repeated.direction) < 0.2
    assert halfway.direction > 0.99


def test_the_median_of_known_values() -> None:
    assert assessment.median([1.0, None, 3.0]) == 2.0
    assert assessment.median([None]) is None


def test_the_test_part_is_never_opened(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[int, str]] = []
    monkeypatch.setattr(dataset, "folds", lambda name: 2)
    monkeypatch.setattr(dataset, "has", lambda name, fold, part: True)
    monkeypatch.setattr(dataset, "load", lambda name, fold, part: opened.append((fold, part)))
    from pipeline.diagnose import case
    from pipeline.network import models

    monkeypatch.setattr(models, "load", lambda path: None)
    monkeypatch.setattr(files, "read_json", lambda path: {})
    case.load(params.load(), "season_lstm")
    assert opened == [(0, "train"), (0, "validation"), (1, "train"), (1, "validation")]
