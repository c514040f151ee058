"""Rules on the edge: healthy settings that look like a fault, and the fault beside them."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.diagnose import rules
from pipeline.diagnose.rules import Evidence, training


def spaces(value: Any) -> Any:
    """Nested dictionaries as namespaces; a key that begins with = keeps its dictionary."""
    if isinstance(value, dict):
        return SimpleNamespace(
            **{key.lstrip("="): each if key[0] == "=" else spaces(each) for key, each in value.items()}
        )
    return [spaces(each) for each in value] if isinstance(value, list) else value


def decide(code: str, facts: dict[str, Any], **assessment: Any) -> Evidence | None:
    rule = rules.RULES[code]
    limits = rules.Limits(**{name: limit.value for name, limit in rule.limits.items()})
    known = {"below_what_is_learnable": True, "nonfinite": False, "learned": False, "behind": True, "ahead": False}
    known |= {"train_skill": 0.1, "skill": 0.1, "reference": 0.5}
    return rule.decide(spaces(facts), SimpleNamespace(**(known | assessment)), limits)


def changed(facts: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(facts)
    inner, (*way, last) = made, path.split(".")
    for key in way:
        inner = inner[key]
    inner[last] = value
    return made


ALIGNED = {
    "data": {
        "season": None,
        "alignment": {
            "known": 0.0,
            "known_lag": 3,
            "known_feature": "x",
            "known_elsewhere": 0.1,
            "known_own": 0.0,
            "own": {"declared": 1.0},
            "repeated": 0.0,
            "repeated_distinct": None,
            "best_lag": 1,
            "best_feature": "x",
            "best_corr": 0.9,
            "best_own": 0.5,
            "last_corr": 0.9,
        },
    }
}


def aligned(season: float | None = None, **values: Any) -> dict[str, Any]:
    made = copy.deepcopy(ALIGNED)
    made["data"]["alignment"] |= values
    if season is not None:
        made["data"]["season"] = {"autocorrelation": None, "visible_autocorrelation": season}
    return made


@pytest.mark.parametrize(
    ("values", "reported"),
    [
        ({"known": 1.0}, True),
        ({"known": 1.0, "known_own": 1.0}, False),  # a season without noise
        ({"known": 0.96, "known_own": 0.96}, False),  # sticky labels
        ({"known": 1.0, "known_own": 0.7}, True),
        ({"known": 1.0, "known_own": 1.0, "own": {"declared": 0.0}}, True),  # not that of its row
        ({"repeated": 0.6, "repeated_distinct": 1.0}, True),
        ({"repeated": 0.6, "repeated_distinct": 0.01}, False),  # night, or a few values
        ({"best_lag": 5, "best_corr": 0.998, "last_corr": 0.7}, True),
        ({"best_lag": 5, "best_corr": 0.998, "last_corr": 0.7, "best_own": 0.99}, False),
        ({"best_lag": 5, "best_corr": 0.998, "last_corr": 0.7, "season": 0.97}, False),
    ],
)
def test_targets_that_repeat_are_not_misaligned(values: dict[str, Any], reported: bool) -> None:
    assert bool(decide("target_misaligned", aligned(**values))) == reported


def masked(**values: Any) -> dict[str, Any]:
    mask = {"value": 0.0, "share": 0.3, "inside": 0.1, "windows": 0.0, "outside": 0.0, "padding": False} | values
    return {"network": {"masking": mask}, "settings": {"=window": {"length": 12}}}


def test_masks_that_are_meant_are_no_finding() -> None:
    assert decide("mask_hides_data", masked())
    assert not decide("mask_hides_data", masked(outside=900.0))
    assert decide("mask_hides_data", masked(outside=None))
    sequences = changed(masked(inside=0.0), "settings.=window", {"length": "sequence"})
    assert not decide("mask_hides_data", sequences)  # padding
    sequences["network"]["masking"]["outside"] = None
    assert decide("mask_hides_data", sequences)  # whose other steps are all one
    sequences["network"]["masking"]["padding"] = True
    assert not decide("mask_hides_data", sequences)  # which no other step can be
    assert decide("mask_hides_data", masked(inside=0.0))  # no sequence has an end here


def test_masked_cells_and_rare_events_have_no_scale() -> None:
    wide = {"name": "x", "mean": -46.0, "std": 209.0, "constant": False, "largest": 999.0}
    usual = wide | {"mean": 0.0, "std": 1.0}
    facts = {
        "data": {"inputs": [wide]},
        "network": {"masking": {"share": 0.1, "features": [usual]}},
        "settings": {"=scaling": {"features": "none"}},
    }
    assert not decide("unscaled_input", facts)
    assert decide("unscaled_input", changed(facts, "network.masking.share", 0.0))
    rare = wide | {"mean": 0.0001, "std": 0.01, "largest": 1.0}
    assert not decide("unscaled_input", changed(facts, "network.masking.features", [rare]))
    assert decide("unscaled_input", changed(facts, "network.masking.features", [rare | {"largest": 0.05}]))


def test_few_values_and_exact_seasons_repeat_windows_by_themselves() -> None:
    found = {"share": 0.9, "conflicting": 0.0, "distinct": 500}
    facts = {"data": {"duplicates": found, "season": None}, "settings": {"=window": {"length": 12}}}
    assert decide("duplicate_windows", facts)
    assert not decide("duplicate_windows", changed(facts, "data.duplicates.distinct", 20))
    assert not decide("duplicate_windows", changed(facts, "data.season", {"exact": 1.0}))
    labels = changed(facts, "data.duplicates", {"share": 0.3, "conflicting": 0.6, "distinct": 2})
    assert not decide("duplicate_windows", labels)
    assert decide("duplicate_windows", changed(labels, "settings.=window", {"length": "sequence"}))
    assert decide("duplicate_windows", changed(facts, "data.season", {"exact": 0.02}))


def test_imbalance_that_is_learned_is_no_finding() -> None:
    seed = {"train": {"accuracy": 0.9, "majority": 0.88}, "held": {"accuracy": 0.91, "majority": 0.88}}
    facts = {"data": {"classes": {"shares": [0.88, 0.12]}}, "outcome": {"=seeds": {"0": spaces(seed)}}}
    assert not decide("class_imbalance", facts, learned=True, behind=False)
    assert decide("class_imbalance", facts)
    seed["held"]["accuracy"] = 0.88
    assert decide("class_imbalance", changed(facts, "outcome.=seeds", {"0": spaces(seed)}), learned=True, behind=False)


SHIFT = {
    "data": {"shift": {"mean": 3.0, "outside": 0.74}, "persistence": 0.95, "kind": None},
    "settings": {"=window": {"target": {"kind": "value"}}, "=scaling": {"window": "none"}},
}


def test_levels_and_their_remedy() -> None:
    found = decide("level_out_of_range", SHIFT)
    assert found
    assert found.change == {"dataset.scaling.window": "last"}
    scaled = changed(SHIFT, "settings.=scaling", {"window": "last"})
    assert decide("level_out_of_range", scaled).change == {}
    assert decide("level_out_of_range", changed(SHIFT, "data.shift.mean", 0.5))  # outside alone
    assert not decide("level_out_of_range", changed(SHIFT, "data.shift", {"mean": 0.5, "outside": 0.1}))
    assert not decide("level_out_of_range", SHIFT, below_what_is_learnable=False)
    assert decide("level_out_of_range", SHIFT, skill=-7.5).worth == 7.5
    assert decide("level_out_of_range", SHIFT).worth is None
    near = changed(SHIFT, "data.shift", None)
    assert decide("level_instead_of_change", near, train_skill=0.9).change == {"dataset.scaling.window": "last"}
    assert not decide("level_instead_of_change", near, train_skill=0.2)  # it has not even learned the level
    assert not decide("level_instead_of_change", SHIFT, train_skill=0.9)
    assert not decide("level_instead_of_change", changed(near, "settings.=scaling", {"window": "last"}), train_skill=1)
    assert not decide("level_instead_of_change", changed(near, "data.persistence", 0.3), train_skill=0.9)


def irregular(**values: Any) -> dict[str, Any]:
    time = {"step": "1 hour", "holes": 20, "early": 0, "treated": "irregular", "rows": 5000} | values
    return {"data": {"time": time, "length": 24}, "settings": {"=window": {"horizon": 1}}}


def test_steps_that_differ_count_by_the_windows_they_are_in() -> None:
    assert decide("time_irregular", irregular()).values["per_window"] == pytest.approx(0.1)
    assert not decide("time_irregular", irregular(holes=19))
    assert not decide("time_irregular", irregular(treated="cut"))
    assert decide("time_irregular", irregular(treated="insert", holes=300))
    assert not decide("time_irregular", irregular(treated=None, holes=0))


@pytest.mark.parametrize(
    ("given", "own", "alike", "reported"),
    [(None, None, 0.9, True), (None, None, 0.2, False), (24, 0.1, 0.9, True), (48, 0.88, 0.9, False)],
)
def test_periods_are_compared_with_the_season(given: Any, own: Any, alike: float, reported: bool) -> None:
    season = {"given": given, "autocorrelation": own, "visible": 7, "visible_autocorrelation": alike}
    facts = {"data": {"season": season}, "settings": {"=window": {"horizon": 1}}}
    assert bool(decide("season_not_set", facts)) == reported


def run(**values: Any) -> dict[str, Any]:
    """A training of a network, for the rules on its settings."""
    course = {"updates": 1000, "late_fall": 0.1, "penalty_share": 0.0, "last": 0.1, "=update_ratio": None}
    rates = values.pop("rates", {"1": 0.5, "10": 0.4})
    every = {rate: spaces({"finite": True, "ratio": ratio}) for rate, ratio in rates.items()}
    settings = {"optimizer": "adam", "learning_rate": 0.001, "weight_decay": None, "epochs": 10, "batch_size": 32}
    settings |= {"early_stopping": None}
    settings |= values.pop("settings", {})
    skill = values.pop("unseen_skill", 0.1)
    return {
        "=course": {"0": spaces(course | values)},
        "experiment": {"=training": settings, "options": ["activations"]},
        "controls": {"memorise": {"=rates": every}},
        "data": {"windows": {"train": 2000}, "nonfinite": None, "shift": None},
        "unseen": {"networks": {"against_constant": {"skill": skill}}, "train_skill": 0.1},
        "network": {"dropout": 0.0, "initial": {"penalty": 0.0, "activity": None, "loss": 1.0}, "=trained": {}},
    }


def test_a_loss_that_still_falls_asks_for_more_updates_whatever_their_number() -> None:
    found = decide("too_few_updates", run(unseen_skill=0.55), train_skill=0.6, skill=0.124, reference=0.415)
    assert found.change == {"experiment.training.epochs": 40}
    assert found.worth == pytest.approx(0.415 - 0.124)
    assert not decide("too_few_updates", run(unseen_skill=0.2), train_skill=0.6)  # learned by heart
    assert not decide("too_few_updates", changed(run(), "data.shift", {"mean": 0.1, "outside": 0.8}))
    assert not decide("too_few_updates", run(late_fall=0.03))
    assert decide("too_few_updates", run(late_fall=0.03, updates=150))
    assert decide("too_few_updates", run(late_fall=None, updates=50))
    assert not decide("too_few_updates", run(rates={"1": 0.9, "100": 0.1}))  # a larger rate does more
    assert decide("too_few_updates", run(), skill=-1e15, reference=0.4).worth == pytest.approx(1.279, abs=0.001)


def test_a_rate_far_too_low_is_raised_to_a_usual_one() -> None:
    tiny = run(
        settings={"learning_rate": 1e-8},
        rates={"1": 1.0, "10": 0.99999, "100": 0.9999},
        **{"=update_ratio": {"lstm": SimpleNamespace(median=1e-8)}},
    )
    found = decide("learning_rate_too_low", tiny)
    assert found.change == {"experiment.training.learning_rate": 0.001}
    near = run(settings={"learning_rate": 1e-5}, rates={"1": 0.95, "10": 0.6, "100": 0.1})
    assert decide("learning_rate_too_low", near).change == {"experiment.training.learning_rate": 0.001}
    both = run(settings={"learning_rate": 1e-4}, rates={"1": 0.95, "10": 0.3, "100": 0.05})
    assert decide("learning_rate_too_low", both).change == {"experiment.training.learning_rate": 0.001}
    assert not decide("learning_rate_too_low", changed(both, "network.initial.penalty", 1.5))
    flat = changed(tiny, "controls.memorise.=rates", {"1": spaces({"finite": True, "ratio": 1.0})})
    assert not decide("learning_rate_too_low", flat)
    assert training._usual(spaces({"experiment": {"=training": {"optimizer": "sgd"}}})) == 0.01


def test_penalties_beside_a_tiny_loss_harm_nothing() -> None:
    assert decide("over_regularised", run(penalty_share=0.9)).change == {"experiment.architecture.l2": 0.0}
    assert not decide("over_regularised", run(penalty_share=0.9), below_what_is_learnable=False)
    outputs = changed(run(), "network.=trained", {"0": spaces({"activity": 3.0, "loss": 1.0})})
    assert decide("over_regularised", outputs).values["of_outputs"] == 0.75
    dropped = changed(run(), "network.dropout", 0.9)
    off = {"experiment.architecture.dropout": 0.0, "experiment.architecture.recurrent_dropout": 0.0}
    assert decide("over_regularised", dropped).change == off


def test_a_decay_is_large_if_it_shrinks_the_weights_within_the_training() -> None:
    assert decide("weight_decay_large", run(settings={"weight_decay": 1.0}))
    assert not decide("weight_decay_large", run(settings={"weight_decay": 0.05}))
    assert not decide("weight_decay_large", run(settings={"weight_decay": 0.2}, updates=100))
    assert not decide("weight_decay_large", run(settings={"weight_decay": 1.0}), below_what_is_learnable=False)


def test_states_without_a_bound() -> None:
    layer = {"recurrent": True, "bounded": False, "activation": "relu"}
    facts = run() | {"network": {"layers": [layer, layer | {"bounded": True, "activation": "tanh"}]}}
    found = decide("unbounded_recurrent_activation", facts)
    assert found.change == {"experiment.architecture.activations": ["tanh", "tanh"]}
    assert not decide("unbounded_recurrent_activation", facts, below_what_is_learnable=False)
    dense = facts | {"network": {"layers": [layer | {"recurrent": False}]}}
    assert not decide("unbounded_recurrent_activation", dense)


def test_restored_weights_have_no_rise() -> None:
    stopping = {"monitor": "val_loss", "patience": 5, "restore_best": True}
    facts = {
        "unseen": {
            "part": "validation",
            "windows": 100,
            "needed": 5,
            "train_skill": 0.9,
            "networks": {"against_constant": {"skill": 0.6}},
        },
        "=course": {"0": SimpleNamespace(val_rise=1.5)},
        "data": {"shift": None},
        "network": {"dropout": 0.0},
        "experiment": {"=training": {"early_stopping": None}},
    }
    keeps_up: dict[str, Any] = {"learned": True, "behind": False, "train_skill": 0.9}
    assert decide("overfitting", facts, **keeps_up).change == {"experiment.training.early_stopping": stopping}
    stopped = changed(facts, "experiment.=training", {"early_stopping": stopping})
    assert not decide("overfitting", stopped, **keeps_up)
    assert decide("overfitting", stopped, **keeps_up | {"behind": True})
    assert not decide("overfitting", changed(facts, "unseen.windows", 4), **keeps_up)
    found = decide("overfitting", stopped, train_skill=0.9)
    assert found.change == {"experiment.architecture.dropout": 0.2}  # stopping early is set already


def test_findings_of_known_worth_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def fixed(worth: float | None, fails: bool = False) -> Any:
        decided = Evidence({}, worth=worth)
        return SimpleNamespace(cause=True, fails=fails, limits={}, unless=(), decide=lambda *_: decided)

    made = {"a": fixed(None), "b": fixed(0.1), "c": fixed(0.3), "d": fixed(0.0)}
    made |= {"s": fixed(0.9), "f": fixed(None, fails=True)}
    made["s"].cause = False
    monkeypatch.setattr(rules, "RULES", made)
    assert list(rules.findings(None, SimpleNamespace(nonfinite=False))) == ["c", "b", "d", "a", "f", "s"]
    assert list(rules.findings(None, SimpleNamespace(nonfinite=True))) == ["f", "c", "b", "d", "a", "s"]


def of_a_file(kind: int | None, units: int, compiled: dict[str, Any], head: str = "sigmoid", end: str = "none") -> Any:
    """Facts of a network from a file, as it is trained here."""
    loss = {None: "mean_squared_error", 2: "binary_crossentropy", 3: "categorical_crossentropy"}[kind]
    given = {"loss": loss, "from_logits": False, "metrics": [], "activation": head} | compiled
    return {
        "experiment": {"compiled": given, "=architecture": {"end": end}, "=training": {"label_smoothing": 0.0}},
        "data": {"kind": kind, "classes": None},
        "network": {"loss": loss, "head": {"activation": head, "units": units}},
        "=course": {},
    }


@pytest.mark.parametrize(
    ("facts", "evidence"),
    [
        (of_a_file(2, 1, {"loss": "sparse_categorical_crossentropy"}), {"loss": "sparse_categorical_crossentropy"}),
        (of_a_file(2, 1, {"loss": "sparse_categorical_crossentropy"}, end="class_1"), None),
        (of_a_file(3, 3, {"loss": "sparse_categorical_crossentropy"}, "softmax"), None),
        (of_a_file(None, 1, {"loss": "sparse_categorical_crossentropy"}, "linear"), {"target": "regression"}),
        (of_a_file(2, 1, {"from_logits": True}), {"from_logits": "true", "head": "sigmoid"}),
        (of_a_file(2, 1, {"from_logits": True, "activation": "linear"}), None),
        (of_a_file(2, 1, {}), None),
        (of_a_file(2, 1, {}, "linear"), {"loss": "binary_crossentropy", "head": "linear"}),
    ],
)
def test_a_loss_that_a_file_compiles_for_another_head_is_reported(facts, evidence):
    found = decide("loss_head_mismatch", facts)
    assert (found is None) == (evidence is None)
    assert found is None or found.values | (evidence or {}) == found.values


@pytest.mark.parametrize(
    ("kind", "metrics", "reported"),
    [
        (None, ["mae", "accuracy"], True),
        (None, ["binary_accuracy"], True),
        (None, ["mae"], False),
        (2, ["accuracy"], False),
    ],
)
def test_an_accuracy_of_a_regression_is_reported(kind, metrics, reported):
    facts = of_a_file(kind, 1, {"metrics": metrics})
    found = decide("loss_metric_disagree", facts, learned=True)
    assert (found is not None) == reported
