"""The pictures beside findings: every finding is thought of, and none invents a number."""

import json

import pytest

from pipeline.diagnose.facts import from_json, to_json
from pipeline.diagnose.rules import RULES
from pipeline.report import drawings, pictures
from pipeline.report.pictures import findings, shares
from tests.helpers.pictures import described, diagnosis, found, parse
from tests.helpers.reports import made_up

# The evidence of these is a word or one number: a name of a loss, a shape.
_WITHOUT = {"shape_broadcast", "loss_head_mismatch"}


def test_every_finding_has_a_picture_or_needs_none() -> None:
    assert set(RULES) == set(findings._OF) | set(findings._CURVES) | _WITHOUT
    assert not _WITHOUT & set(findings._OF)


def test_the_facts_here_are_those_that_the_diagnosis_writes() -> None:
    made = diagnosis()["facts"]
    # Required facts that no picture reads.
    made |= {"settings": {"split": {}, "window": {}, "scaling": {}}}
    for course in made["course"].values():
        course |= dict.fromkeys(("last", "fall", "noise", "worst_rise", "val_rise"))
    made["unseen"] |= dict.fromkeys(
        ("overlap", "needed", "effective", "updates", "seconds", "over_budget", "recalibrated")
    )
    kept = to_json(from_json(made))

    def compare(own: object, other: object, place: str) -> None:
        if isinstance(own, dict):
            assert isinstance(other, dict), place
            for key, value in own.items():
                assert key in other or value is None, f"{place}.{key} is no fact"
                if key in other:
                    compare(value, other[key], f"{place}.{key}")

    compare(made, kept, "facts")


EVIDENCE = {
    "looks_ahead": {"explained": 0.97, "explained_by_past": 0.4},
    "target_misaligned": {"known": 0.95},
    "miscalibrated": {"skill": 0.1, "gain_by_calibration": 0.2},
    "level_instead_of_change": {"persistence": 0.9, "train_skill": 0.8},
    "weight_decay_large": {"kept_by_decay": 0.2},
    "unscaled_input": {"feature": "load"},
}


@pytest.mark.parametrize("code", sorted(set(RULES) - _WITHOUT))
def test_every_picture_is_well_formed_small_and_described(code: str) -> None:
    made = found(code, **EVIDENCE.get(code, {}))
    drawn = pictures.for_finding(code, made, made_up("mine_lstm", oracle=False))
    assert drawn
    for picture in drawn:
        parse(picture.svg)
        assert len(picture.svg) < 25_000
        name, text = described(picture.svg)
        assert name == picture.title
        assert any(character.isdigit() for character in text), text
        assert picture.caption.endswith(".")
        assert "None" not in picture.svg + picture.caption
        assert "nan" not in picture.svg
    assert drawn == pictures.for_finding(code, made, made_up("mine_lstm", oracle=False))


def test_ids_differ_below_two_findings() -> None:
    made = diagnosis()
    first, second = (pictures.for_finding(code, made)[0].svg for code in ("saturated_units", "memory_too_short"))
    one, other = (pictures.for_finding(code, made)[-1] for code in ("inputs_ignored", "vanishing_gradients"))
    assert first != second
    assert one.title == other.title
    assert parse(one.svg).attrib["aria-labelledby"] != parse(other.svg).attrib["aria-labelledby"]


def test_nothing_is_drawn_of_what_was_not_measured() -> None:
    empty = json.loads(json.dumps(diagnosis()))
    facts = empty["facts"]
    facts["controls"] = dict.fromkeys(facts["controls"])
    facts["network"] |= {"initial": None, "trained": {}, "masking": None}
    facts["course"], facts["outcome"] = {}, {"seeds": {}}
    facts["references"] = {"needed": None, "longer": None}
    facts["unseen"] |= {"naive": None, "networks": None, "train_skill": None}
    facts["data"] |= dict.fromkeys(("nonfinite", "shift", "state", "season", "time", "classes"))
    facts["data"]["target"] = {"mean": None, "std": None, "quantiles": {"0.01": None, "0.99": None}}
    still = {"constant_feature", "unscaled_input", "duplicate_windows"}
    assert {code for code in RULES if pictures.for_finding(code, empty)} == still
    assert pictures.for_finding("dead_output", {"experiment": "a", "facts": {}}) == []
    assert pictures.for_finding("unknown", diagnosis()) == []


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (shares.penalty, "before training: penalty 75.0%, error 25.0%; seed 0, last epoch: penalty 90.0%, error 10.0%"),
        (shares.outside, "outside the range of training 74.0%, within it 26.0%"),
        (shares.masked, "skipped between others 20.0%, skipped at the ends 40.0%, seen 40.0%"),
        (shares.handovers, "to another window 87.5%, to the window that continues 12.5%"),
        (shares.duplicates, "equal to another 30.0%, unlike any other 70.0%"),
        (shares.classes, "class 0 75.0%, class 1 25.0%"),
        (shares.steps, "of 1 hour 85.0%, longer 10.0%, shorter 5.0%"),
        (shares.season, "visible: 7 rows: 0.800; period is set: 24 rows: 0.100"),
        (shares.scales, "Standard deviation: load: 40.0. Size of the mean: load: 250."),
        (shares.constants, "constant 50.0%, vary 50.0%"),
        (shares.ranges, "targets: mean, 1 % to 99 %: 0.500 (−1.50 to 2.00)"),
        (shares.ranges, "range of the head: sigmoid: 0.500 (0 to 1.00)"),
    ],
)
def test_shares_are_those_measured(draw: findings.Draw, said: str) -> None:
    picture = draw(diagnosis())
    assert picture
    assert said in described(picture.svg)[1]


def test_an_experiment_has_its_pictures_once() -> None:
    def titles(classes: int | None) -> list[str]:
        one = made_up("a", classes=classes) if classes else made_up("a", oracle=False)
        groups = drawings.of_experiment(one, {"findings": []})
        return [picture.title for key in ("rows", "training", "controls", "predictions") for picture in groups[key]]

    assert titles(None) == [
        "How the rows are divided",
        "Learning curves: loss per epoch",
        "Predictions on the first test windows",
        "Prediction against truth",
        "Residuals on the first test windows",
        "Autocorrelation of the residuals",
    ]
    for classes in (2, 3):
        assert titles(classes).count("Confusion matrix of the test windows") == 1
        assert len(titles(classes)) == len(set(titles(classes)))


def test_a_learning_curve_without_a_loss_is_no_evidence() -> None:
    one, found = made_up("a"), diagnosis()
    code = "nonfinite_weights"
    assert any("Learning curves" in picture.title for picture in pictures.for_finding(code, found, one))
    for run in one["training"]:
        run["curves"] = {key: [None] * len(values) for key, values in run["curves"].items()}
    assert not any("Learning curves" in picture.title for picture in pictures.for_finding(code, found, one))
