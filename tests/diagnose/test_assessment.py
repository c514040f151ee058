"""The assessment and the verdict where a score is missing, a reference is noisy, or the early stopping came first."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.diagnose import assessment, next_step, remedies, verdict
from pipeline.diagnose.rules import Evidence
from tests.diagnose.test_rules import changed, decide, run, spaces

Side = dict[str, float | None]


def side(skill: float | None, low: float | None = None, high: float | None = None) -> Side:
    return {"skill": skill, "low": low, "high": high, "p_value": None if low is None else 1e-4}


NETWORKS = {
    "against_constant": side(0.5, 0.4, 0.6),
    "against_naive": side(0.3, 0.2, 0.4),
    "against_linear": side(0.0, -0.1, 0.1),
    "against_trees": None,
    "unanswered": 0.0,
}


def facts(naive: str = "seasonal_naive", train_skill: float = 0.5, **networks: Any) -> Any:
    """Facts of a network that learned as much as a linear model; `networks` changes its skills."""
    unseen = {
        "part": "validation",
        "classes": None,
        "folds": 1,
        "windows": 200,
        "overlap": 1,
        "needed": 5,
        "naive": {"name": naive, "against_constant": side(0.4, 0.3, 0.5), "unit_root": None},
        "linear": side(0.3, 0.2, 0.4),
        "trees": None,
        "networks": NETWORKS | networks,
        "train_skill": train_skill,
        "train_windows": 1000,
        "updates": None,
        "over_budget": False,
    }
    return {
        "=course": {},
        "outcome": {"=seeds": {}},
        "settings": {"=split": {"scheme": "holdout"}},
        "unseen": unseen,
        "controls": {"planted": None, "real": None, "zeroed": None, "shuffled": None},
    }


def word(given: dict[str, Any], *codes: str) -> str:
    return verdict.decide(assessment.assess(spaces(given)), codes)


def sentences(given: dict[str, Any]) -> str:
    made = spaces(given)
    return " ".join(verdict.reasons(made, assessment.assess(made)))


def test_a_network_as_good_as_the_linear_model_learns() -> None:
    assert word(facts()) == "learning"


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        (side(0.05, 0.02, 0.08), "behind"),
        (side(-0.05, -0.08, -0.02), "not_learning"),
        (side(0.995, 0.99, 0.999), "learning"),
    ],
)
def test_a_naive_forecast_without_any_error_leaves_no_skill_but_a_verdict(constant: Side, expected: str) -> None:
    given = facts(against_constant=constant, against_naive=side(None), against_linear=side(-0.9, -1.0, -0.8))
    given["unseen"]["naive"]["against_constant"] = side(1.0, 0.9, 1.0)
    given["unseen"]["linear"] = side(None)
    assert word(given) == expected
    text = sentences(given)
    assert "On 200 validation windows, the last season makes no error. There the network has skill" in text
    assert "unknown" not in text


def test_a_constant_that_is_not_beaten_is_not_what_the_network_is_ahead_of() -> None:
    worse = {"against_naive": side(-50.0, -60.0, -40.0), "against_linear": side(-9.0, -10.0, -8.0)}
    assert word(facts(against_constant=side(-0.5), **worse)) == "not_learning"
    assert word(facts(against_constant=side(0.4), **worse)) == "behind"


@pytest.mark.parametrize(("p_value", "expected"), [(0.05, "not_learning"), (0.5, "undetermined")])
def test_without_any_hint_of_a_signal_a_wandering_level_is_no_reason_for_not_learning(
    p_value: float, expected: str
) -> None:
    given = facts(
        naive="persistence",
        against_constant=side(-0.3),
        against_naive=side(-4.0, -6.0, -2.0),
        against_linear=side(-4.0, -6.0, -2.0),
    )
    given["unseen"]["naive"]["unit_root"] = 0.6
    given["unseen"]["linear"] = side(0.02, -0.2, 0.2) | {"p_value": p_value}
    assert word(given) == expected


def test_a_small_signal_says_what_it_is_worth() -> None:
    given = facts(against_naive=side(0.0032, 0.001, 0.005)) | {"data": {"kind": None}}
    given["unseen"]["linear"] = side(0.003, 0.001, 0.005)
    assert (
        "0.32 % of the naive forecast's loss on these windows, so that a typical error (RMSE) is 0.16 % smaller."
        in (sentences(given))
    )
    given["data"]["kind"] = 2
    given["outcome"] = {
        "=seeds": {"0": spaces({"train": {"finite": True}, "held": {"accuracy": 0.52, "majority": 0.51}})}
    }
    given["outcome"]["=seeds"]["0"].train.constant_skill = 0.1
    assert "Accuracy is 0.520 there; the most frequent class gets 0.510." in sentences(given)
    given["unseen"]["folds"] = 3
    assert "Accuracy" not in sentences(given)  # it is of the first fold alone


def test_memorised_windows_are_overfitting_though_a_constant_is_beaten() -> None:
    given = facts(
        train_skill=0.95,
        against_constant=side(0.3, 0.2, 0.4),
        against_naive=side(-0.7, -0.9, -0.5),
        against_linear=side(-0.8, -1.0, -0.6),
    )
    assert word(given) == "behind"
    assert word(given, "overfitting") == "overfitting"


def test_a_noisy_second_reference_does_not_hide_a_sure_one() -> None:
    given = facts(
        against_naive=side(0.05, 0.01, 0.09),
        against_linear=side(-0.2, -0.25, -0.15),
        against_trees=side(-0.25, -0.6, 0.1),
    )
    given["unseen"] |= {"linear": side(0.21, 0.16, 0.26), "trees": side(0.23, 0.02, 0.4)}
    assert word(given) == "behind"


def test_predictions_that_are_nan_on_many_windows_are_a_failure_and_a_few_are_named() -> None:
    assert word(facts(unanswered=0.6)) == "numerical_failure"
    assert "60.0 % of 200 validation windows have no finite prediction." in sentences(facts(unanswered=0.6))
    assert word(facts(unanswered=0.05)) == "learning"
    assert "5.0 % of 200 validation windows have no finite prediction, and are left out." in sentences(
        facts(unanswered=0.05)
    )
    assert "finite" not in sentences(facts())


def test_the_same_windows_are_those_that_the_sentence_before_names() -> None:
    text = sentences(facts())
    assert text.index("On the same windows, a linear model") < text.index("On 1,000 training windows the network")
    text = sentences(facts(unanswered=0.6))
    assert "On 200 validation windows, a linear model has skill" in text
    assert "same windows" not in text


def trained(**values: Any) -> dict[str, Any]:
    """Facts for the steps after a verdict: of trainings, settings and the skill on both parts."""
    settings = {
        "clipnorm": None,
        "clipvalue": None,
        "global_clipnorm": None,
        "epochs": 10,
        "batch_size": 20,
        "early_stopping": None,
        "learning_rate": 0.001,
        **values.pop("settings", {}),
    }
    own, given = facts(against_constant=side(0.1, 0.05, 0.15)), run(late_fall=0.2)
    return own | {
        "=course": given["=course"],
        "experiment": {"=training": settings, "=architecture": {"units": [8, 1]}},
        "settings": {
            "=window": {"target": {"kind": "value"}, "length": 24, "missing": "keep"},
            "=scaling": {"window": "none"},
            "=split": {"scheme": "holdout", "validation": 0.15},
        },
        "data": {"kind": None, "length": 24, "windows": {"train": 2000}},
        "references": {"longer": None},
        "controls": {"memorise": None},
        "network": {"dropout": values.pop("dropout", 0.0)},
        **values,
    }


def steps(given: dict[str, Any], train_skill: float) -> list[Any]:
    made = spaces(given)
    return [step.change for step in next_step._by_measurement(made, spaces({"train_skill": train_skill}))]


def test_what_was_memorised_is_not_trained_longer() -> None:
    longer = {"experiment.training.epochs": 40}
    assert steps(trained(), 0.2)[0] == longer
    memorised = steps(trained(), 0.9)
    assert longer not in memorised
    stopping = {"monitor": "val_loss", "patience": 5, "restore_best": True}
    assert memorised == [
        {"experiment.training.early_stopping": stopping},
        {"experiment.architecture.dropout": 0.2},
        {"experiment.architecture.dropout": 0.5},
        {"experiment.architecture.units": [4, 1]},
        {"experiment.training.epochs": 5},
        {"experiment.training.learning_rate": 0.0001},
    ]
    restored = steps(trained(settings={"early_stopping": stopping}, dropout=0.3), 0.9)
    assert restored == memorised[2:]


def test_a_failure_asks_for_smaller_steps() -> None:
    made = [step.change for step in next_step._finite(spaces(trained()))]
    assert made == [{"experiment.training.global_clipnorm": 1.0}, {"experiment.training.learning_rate": 0.0001}]
    clipped = trained(settings={"clipvalue": 0.5})
    clipped["unseen"]["networks"]["unanswered"] = 0.2
    made = [step.change for step in next_step._finite(spaces(clipped))]
    assert made == [{"dataset.window.missing": "drop"}, {"experiment.training.learning_rate": 0.0001}]


def test_a_training_that_early_stopping_ended_gets_more_patience() -> None:
    stopping = {"monitor": "loss", "patience": 2, "min_delta": 0.0, "restore_best": False}
    patient = {"experiment.training.early_stopping": stopping | {"patience": 8}}
    # 2,000 windows in batches of 20 are 100 updates an epoch.
    early = run(updates=500, settings={"early_stopping": stopping, "epochs": 10, "batch_size": 20})
    assert decide("too_few_updates", early, train_skill=0.1).change == patient
    whole = run(updates=1000, settings={"early_stopping": stopping, "epochs": 10, "batch_size": 20})
    assert decide("too_few_updates", whole, train_skill=0.1).change == {"experiment.training.epochs": 40}
    given = trained(settings={"early_stopping": stopping})
    given["=course"] = early["=course"]
    assert steps(given, 0.2)[0] == patient


def test_outputs_that_cannot_move_need_no_more_updates() -> None:
    dead = run(late_fall=0.2)
    dead["network"]["=trained"] = {"0": spaces({"dead_output": 1.0}), "1": spaces({"dead_output": 0.96})}
    assert not decide("too_few_updates", dead, train_skill=0.1)
    dead["network"]["=trained"]["1"] = spaces({"dead_output": 0.5})
    assert decide("too_few_updates", dead, train_skill=0.1)


def test_classes_have_no_last_value_to_be_less_of() -> None:
    given, less = trained(), {"dataset.scaling.window": "last"}
    given["unseen"]["naive"]["name"] = "persistence"
    assert less in steps(given, 0.2)
    assert less not in steps(changed(given, "data.kind", 2), 0.2)
    assert less not in steps(changed(given, "settings.=window.target.kind", "sign"), 0.2)


def test_more_validation_windows_than_fit_are_not_promised() -> None:
    given = trained()
    given["settings"]["=split"] |= {"validation": 0.25, "test": 0.6, "policy": "carry"}
    given["settings"]["=window"] |= {"stride": {"evaluation": 1}, "horizon": 1}
    given["unseen"] |= {"windows": 4, "needed": 60}
    step = next(next_step._to_be_judged(spaces(given)))
    assert step.change == {"dataset.split.validation": 0.3}  # of the tenth that is left beside 0.6
    assert step.text.endswith("validation 0.3. Expected: more windows, though not enough: collect more rows, too.")
    given["settings"]["=split"] = {"scheme": "expanding", "validation_size": 33, "test_size": 33}
    step = next(next_step._to_be_judged(spaces(given)))
    assert step.change == {"dataset.split.validation_size": 495}
    assert step.text.endswith("validation 495 rows. Expected: an interval.")


def test_a_setting_of_several_keys_that_is_set_is_no_change() -> None:
    stopping = {"monitor": "val_loss", "patience": 5, "restore_best": True}
    made = spaces(
        {
            "experiment": {
                "name": "a",
                "dataset": "d",
                "options": [],
                "=architecture": {},
                "=training": {"early_stopping": stopping | {"min_delta": 0.0}},
            },
            "settings": {"=window": {"horizon": 1}, "=split": {}, "=scaling": {}},
        }
    )
    change = {"experiment.training.early_stopping": stopping}
    assert remedies.settings(change, made) == {}
    made.experiment.training["early_stopping"]["patience"] = 3
    assert remedies.settings(change, made) == {"experiments.a.training.early_stopping": stopping}


def test_a_level_far_behind_its_last_value_gets_a_step_though_its_changes_hold_no_signal() -> None:
    given = trained(controls={"memorise": None, "planted": None}) | {"=course": {}}
    given["unseen"]["naive"] |= {"name": "persistence", "unit_root": 0.5}
    given["unseen"]["networks"] |= {"against_constant": side(0.0, -0.1, 0.1), "against_naive": side(-9.0, -10.0, -8.0)}
    given["unseen"] |= {"linear": side(-0.02, -0.05, 0.01), "trees": side(-0.02, -0.05, 0.01)}
    given["settings"]["=window"] |= {"horizon": 1, "stride": {"evaluation": 1}}
    given["experiment"] |= {"name": "a", "dataset": "d", "options": []}
    made = spaces(given)
    found = assessment.assess(made)
    assert verdict.decide(found, ()) == "no_evidence_of_signal"
    step = next_step.choose(made, found, "no_evidence_of_signal", {})
    assert step.change == {"dataset.scaling.window": "last"}
    given["unseen"]["networks"] |= {"against_naive": side(-0.01, -0.05, 0.03)}
    made = spaces(given)
    step = next_step.choose(made, assessment.assess(made), "no_evidence_of_signal", {})
    assert set(step.change) == {"dataset.split.validation"}
    assert step.text.startswith("No setting of this network is expected to help.")
    assert step.text.endswith(f"judge more windows: validation {step.change['dataset.split.validation']}.")


@pytest.mark.parametrize(
    ("change", "options", "scheme", "expected"),
    [
        ({"experiment.architecture.head": "sigmoid"}, [], "given", "Change the network itself: `head: sigmoid`. Flat."),
        ({"experiment.architecture.head": "sigmoid"}, ["head"], "given", None),
        ({"dataset.window.missing": "drop"}, [], "given", "Change the windows in the file: `missing: drop`. Flat."),
        ({"dataset.window.missing": "drop"}, [], "holdout", None),
    ],
)
def test_what_no_setting_changes_is_named_as_a_change_of_the_file(
    change: dict[str, Any], options: list[str], scheme: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = spaces({"explanation": "Flat. And more.", "cause": True, "advice": None})
    monkeypatch.setitem(next_step.RULES, "flat", rule)
    given = trained()
    given["experiment"] |= {"name": "a", "dataset": "d", "options": options}
    given["settings"]["=window"] |= {"horizon": 1}
    given["settings"]["=split"] = {"scheme": scheme}
    steps = list(next_step._of_findings(spaces(given), {"flat": Evidence({}, change)}))
    assert [step.text for step in steps if not step.change] == ([expected] if expected else [])
    assert len(steps) == 1


@pytest.mark.parametrize(("low", "said"), [(0.4, True), (-0.1, False), (None, False)])
def test_a_reference_is_ahead_only_by_its_interval(low: float | None, said: bool) -> None:
    given = trained()
    given["unseen"]["linear"] = side(0.5, low, 0.6)
    text = "On 200 validation windows, a linear model is ahead (skill 0.5 against 0.3). "
    assert next_step._ahead(spaces(given)) == (text if said else "")


def test_a_file_whose_network_was_not_judged_needs_windows_that_are_held_out() -> None:
    given = trained()
    given["settings"]["=split"] = {"scheme": "given"}
    assert list(next_step._to_be_judged(spaces(given))) == []
    given["unseen"]["over_budget"] = True
    step = next(next_step._to_be_judged(spaces(given)))
    assert step.text.startswith("Hold windows out, so that the trained network itself can be judged. Save more windows")
