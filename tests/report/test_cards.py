"""Cards: what happened, why, what to try, how sure."""

import pytest

from pipeline.report import cards
from tests.helpers.reports import diagnosed, made_up, symptom

UNSEEN = {
    "part": "validation",
    "folds": 1,
    "windows": 291,
    "effective": 27.46,
    "naive": {"name": "drift"},
    "linear": {"skill": 0.28},
    "trees": {"skill": 0.44},
    "networks": {"against_naive": {"skill": -5.2}},
}


def found(verdict="behind", findings=None, **unseen):
    result = diagnosed("a", verdict, findings)
    return {**result, "facts": {"unseen": {**UNSEEN, **unseen}}}


def skills(naive, constant=0.5):
    return {"against_naive": {"skill": naive, "low": naive - 0.1}, "against_constant": {"skill": constant}}


@pytest.mark.parametrize(
    ("verdict", "unseen", "headline"),
    [
        ("behind", {}, "has learned something, but the last value with drift is better"),
        ("behind", {"networks": skills(0.1)}, "has learned something, but a linear model is better"),
        (
            "behind",
            {"networks": skills(0.1), "linear": {"skill": None}},
            "has learned something, but a forecast of boosted trees is better",
        ),
        (
            "behind",
            {"networks": skills(-0.1, constant=0.04)},
            "is hardly better than a constant, but the last value with drift is better",
        ),
        ("behind", {"networks": None}, "has learned something, but less than there is to learn"),
        ("learning", {}, "predicts as well as the best naive forecast"),
        (
            "learning",
            {"networks": {"against_naive": {"skill": 0.3, "low": 0.1}}},
            "predicts better than the best naive forecast",
        ),
        # A skill of 0.290 (-9.817 to 0.874) on 22 windows is no proof of being better.
        (
            "learning",
            {"networks": {"against_naive": {"skill": 0.29, "low": -9.8}}},
            "predicts as well as the best naive forecast",
        ),
        ("numerical_failure", {}, "the training broke: NaN or infinite values"),
        (
            "undetermined",
            {},
            "291 validation windows, worth about 27 independent ones, are too few to be sure",
        ),
        ("undetermined", {"windows": 39, "effective": 39.0}, "39 validation windows are too few to be sure"),
        ("undetermined", {"effective": 291.0}, "cannot be judged yet"),
        ("a_new_one", {}, "a new one"),
    ],
)
def test_headlines(verdict, unseen, headline):
    assert cards.card("a", made_up("a"), found(verdict, **unseen))["headline"] == headline


def test_a_network_that_fits_and_fails_later_is_called_so():
    one = made_up("a")
    one["parts"]["train"]["network"]["r2"]["mean"] = 0.99
    one["parts"]["test"]["network"]["r2"]["mean"] = -0.62
    assert cards.card("a", one, found())["headline"].startswith("fits its training windows, but")


def test_scores_name_part_and_windows_and_the_forecasts_to_beat():
    one = made_up("a", oracle=False)
    for part, value in (("train", 0.9969), ("validation", 0.7946), ("test", -1234.5)):
        one["parts"][part]["network"]["r2"]["mean"] = value
    one["parts"]["test"]["baselines"]["train_mean"]["r2"] = -0.001
    one["parts"]["test"]["baselines"]["ridge"]["r2"] = 0.98
    assert cards.card("a", one, found())["happened"] == [
        "R² is 0.997 on 120 training windows, 0.79 on 120 validation windows and below −1,000 on 120 test windows.",
        "On the test windows, predicting the training mean gets 0.00 and a linear model gets 0.98.",
    ]


def test_the_next_step_does_not_repeat_the_cause_above_it():
    own = found()
    own["findings"].insert(0, {**own["findings"][0], "code": "dead_output", "remedy": None})
    own["next"] = {
        "text": "Set `training.learning_rate: 0.001`. Ten times the rate of `training` does it. Worth 0.2.",
        "set": own["findings"][1]["remedy"]["set"],
        "command": "dvc exp run -n a_try -S x=1 page@a",
    }
    card = cards.card("a", made_up("a"), own)
    # The cause that the step removes, though another one stands first.
    assert card["why"] == (
        "Learning rate too low. Ten times the rate of `training` does it. "
        "Measured: best rate 0.001, row 4,500, column x. Also found: dead output."
    )
    assert card["try"] == {
        "text": "Set `training.learning_rate: 0.001`. Worth 0.2.",
        "command": "dvc exp run -n a_try -S x=1 page@a",
        "compare": 'make compare OF="HEAD a_try" ONLY=a',
        "fix": "make fix NAME=a",
    }


@pytest.mark.parametrize(
    ("verdict", "fix"),
    [
        ("learning", ""),
        ("no_evidence_of_signal", ""),
        ("behind", "make fix NAME=a"),
        ("undetermined", "make fix NAME=a"),
    ],
)
def test_make_fix_is_offered_where_it_does_something(verdict: str, fix: str) -> None:
    own = found(verdict) | {
        "next": {"text": "Go on.", "set": {"x": 1}, "command": "dvc exp run -n a_try -S x=1 page@a"}
    }
    assert cards.card("a", made_up("a"), own)["try"]["fix"] == fix


def test_the_text_of_a_step_stays_where_the_card_does_not_explain_it():
    own = found("learning", [{**found()["findings"][0], "weight": "note"}])
    own["next"] = {"text": "To improve it: set `x: 1`. Ten times the rate of `training` does it.", "set": {}}
    assert cards.card("a", made_up("a"), own)["try"]["text"] == own["next"]["text"]


def test_a_network_that_predicts_nan_has_no_accuracy():
    one = made_up("a", classes=2)
    for part in one["parts"].values():
        part["network"]["brier"]["mean"] = None
        part["network"]["accuracy"]["mean"] = 0.2
    card = cards.card("a", one, found())
    assert (
        card["happened"][0]
        == "The predictions are NaN or infinite. The accuracy of such predictions is that of always naming class 0."
    )
    assert "seeds get" not in card["sure"]
    one["parts"]["train"]["network"]["brier"]["mean"] = 0.1
    assert cards.card("a", one, found())["happened"][0].startswith("Accuracy is 0.20 on ")


def test_persistence_of_classes_is_named_for_what_it_is():
    headline = cards.card(
        "a", made_up("a", classes=2), found(classes=2, naive={"name": "persistence"}, trees=None, linear=None)
    )["headline"]
    assert headline == "has learned something, but predicting the shares that follow the last class is better"


def test_a_cause_is_a_reason_whatever_the_verdict():
    card = cards.card("a", made_up("a"), found("undetermined"))
    assert card["because"] == "Why"


def test_evidence_keeps_its_total():
    own = found()
    own["findings"][0]["evidence"] = {"activation": "elu", "diverged": True, "layers": 2, "of": 4, "late_fall": 3.0}
    assert (
        "Measured: activation elu, layers 2 of 4, fall of the loss in the last quarter 3."
        in cards.card("a", made_up("a"), own)["why"]
    )


def test_equal_seeds_are_one_number_and_few_windows_are_not_sure():
    one = made_up("a")
    one["parts"]["validation"]["network"]["r2"] |= {"min": 0.681, "max": 0.684}
    card = cards.card("a", one, found(effective=291.0))
    assert "; 2 seeds get R² 0.68 on validation windows" in card["sure"]
    unsure = found(effective=291.0) | {"cannot_tell": ["There are few training windows, so every interval is wide."]}
    assert cards.card("a", one, unsure)["sure"].startswith("medium: ")


def test_without_a_cause_the_measurement_stands_there():
    card = cards.card("a", made_up("a"), found("learning", [symptom("loss_at_floor")]))
    assert (card["because"], card["why"]) == ("Measured", "The skill is −0.62.")
    card = cards.card("a", made_up("a"), found("not_learning", []))
    assert (card["because"], card["why"]) == ("Why", "No check found a fault. The skill is −0.62.")


@pytest.mark.parametrize(
    ("verdict", "unseen", "sure"),
    [
        ("behind", {}, "medium: 291 validation windows, worth about 27 independent ones; 2 seeds get "),
        ("behind", {"effective": 291.0, "folds": 3}, "high: 291 validation windows of 3 folds; 2 seeds get "),
        ("behind", {"effective": 9.0}, "low: "),
        ("behind", {"effective": None}, "low: "),
        ("behind", {"effective": 291.0, "part": "last_tenth"}, "medium: 291 held-back training windows; there is no "),
        ("undetermined", {"effective": 291.0}, "low: "),
        ("behind", {"windows": 0}, "low: no windows are left to judge the network on."),
        ("numerical_failure", {}, "high: NaN or infinite values were recorded."),
    ],
)
def test_how_sure_a_verdict_is(verdict, unseen, sure):
    assert cards.card("a", made_up("a"), found(verdict, **unseen))["sure"].startswith(sure)


def test_seeds_that_disagree_or_are_missing_make_it_less_sure():
    own = found(findings=[symptom("seeds_disagree")], effective=291.0)
    assert cards.card("a", made_up("a"), own)["sure"].startswith("medium: ")
    alone = cards.card("a", made_up("a", seeds=(0,)), found(effective=291.0))
    assert "one seed only, so chance is unknown" in alone["sure"]


def test_a_failure_comes_before_an_earlier_result():
    card = cards.card("a", made_up("a"), found(), {"stage": "train@a", "reason": "Because."})
    assert (card["code"], card["headline"], card["why"]) == ("failed", "stage `train@a` failed", "Because.")
    assert card["happened"][0].startswith("The results of an earlier run: R² is ")
    assert card["try"]["command"] == "snakemake --cores 2 reports/experiments/a.html"
    assert card["sure"] == ""


def test_the_order_is_own_first_then_worst_first():
    verdicts = ["learning", "undetermined", "behind", "not_learning", "numerical_failure", "a_new_one"]
    shown = [cards.card(name, None, diagnosed(name, name)) for name in verdicts]
    shown += [cards.card("mine", None, None, own=True), cards.card("out", None, None, {"stage": "s", "reason": "r"})]
    assert [card["name"] for card in cards.in_order(shown)] == [
        "mine",
        "out",
        "numerical_failure",
        "not_learning",
        "behind",
        "undetermined",
        "learning",
        "a_new_one",
    ]
    assert cards.counted(shown) == (
        "Of 8 networks, 1 failed to run, 1 broke (NaN), 1 is not learning, 1 is behind a simpler forecast, 1 could not "
        "be judged, 1 is learning, 1 has not been run and 1 got another verdict."
    )
    assert cards.counted(shown[:1]) == "Of 1 network, 1 is learning."
    assert cards.counted([]) == ""


def test_a_proof_that_fails_comes_first():
    proofs = [
        {"name": "intervals", "result": "pass", "found": []},
        {"name": "prepare", "result": "fail", "found": ["temperature_mean: row 0 changes", "another"]},
    ]
    card = cards.card("a", made_up("a"), found("learning"), leakage={"proofs": proofs})
    assert card["happened"][0] == "The proof prepare fails, so these scores may be too good."
    assert card["try"]["text"].startswith("Look at the proof that fails")
    faulty = cards.card("c", made_up("c"), found("behind"), leakage={"proofs": proofs})
    assert faulty["try"] == cards.card("c", made_up("c"), found("behind"))["try"]
    fine = cards.card("b", made_up("b"), found("not_learning"), leakage={"proofs": proofs[:1]})
    assert "proof" not in fine["happened"][0]
    assert [each["name"] for each in cards.in_order([fine, card])] == ["a", "b"]
