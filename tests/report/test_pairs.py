"""Pairs of an experiment and its fix."""

import numpy as np
import pytest

from pipeline.report import pairs
from tests.helpers.reports import a_pair, made_up, stored


def test_a_pair_is_shown_seed_by_seed_with_the_intervals_of_both_differences():
    pair = a_pair()
    assert pair["names"] == ("a", "a_fixed")
    assert [row["name"] for row in pair["rows"]][:6] == [
        "without the fix, seed 0",
        "retrained unchanged, seed 1",
        "retrained unchanged, against the first seed",
        "with the fix, seed 0",
        "with the fix, seed 1",
        "with the fix, against without it, all seeds",
    ]
    unchanged, effect = (next(row for row in pair["rows"] if row["kind"] == k) for k in ("unchanged", "effect"))
    assert (effect["reduction"], effect["interval"]) == ("50.0 %", "50.0 % to 50.0 %")
    assert effect["chip"]["chip"] == "better"
    assert (unchanged["reduction"], unchanged["chip"]["chip"]) == ("−0.1 %", "worse")
    # What chance alone does is no failure.
    assert (effect["chip"]["tone"], unchanged["chip"]["tone"]) == ("good", "unknown")
    assert pair["summary"] == (
        "With the fix, better: the test loss is 50.0 % lower (50.0 % to 50.0 %). With other seeds alone, worse: the "
        "test loss is 0.1 % higher (0.1 % to 0.1 %)."
    )
    assert pair["unnamed"] == "A finding names each of these settings."
    assert pairs.summary([pair]) == "1 of 1 fix lowers the loss significantly"
    assert pairs.summary([a_pair(factor=1.2), pair]) == "1 of 2 fixes lower the loss significantly"


def test_a_pair_that_is_not_evaluated_names_the_command():
    evaluations = {"a": made_up("a", 107289)}
    pair = a_pair(evaluations=evaluations)
    assert pair["missing"] == "Not evaluated yet: run `dvc repro evaluate@a_fixed`."
    assert (pair["rows"], pair["summary"]) == ([], "")
    pair = a_pair(losses={"a": stored("a")})
    assert pair["missing"] == "The losses of the windows are missing: run `dvc repro evaluate@a_fixed` again."
    assert {row["kind"] for row in pair["rows"]} == {"seed", "beside"}
    assert a_pair(diagnoses={})["unnamed"].startswith("Not diagnosed yet")
    assert pairs.summary([pair]) == ""


def test_a_pair_whose_losses_mean_other_things_is_not_compared():
    evaluations = {name: made_up(name, 107289) for name in ("a", "a_fixed")}
    evaluations["a_fixed"]["units"] = "standardised"
    pair = a_pair(evaluations=evaluations)
    assert pair["missing"] == ("The two cannot be compared window by window: units original and standardised.")
    assert pair["summary"] == ""


def test_one_seed_is_named_and_unanswered_windows_are_counted():
    losses = {"a": stored("a", seeds=(0,)), "a_fixed": stored("a_fixed", factor=0.5)}
    losses["a_fixed"]["loss_1"][:4] = np.nan
    pair = a_pair(losses=losses)
    assert pair["summary"].startswith("With the fix, not distinguishable: the test loss is ")
    assert (
        "; with one seed only, nothing follows for other seeds. The network without the fix has one seed only"
        in pair["summary"]
    )
    assert pair["remarks"][1] == "Windows without a finite prediction: 0 without the fix, 4 with it."
    assert not any("Not answered" in remark for remark in a_pair()["remarks"])


def test_losses_of_another_scaling_are_shown_in_the_units_of_the_first():
    evaluations = {name: made_up(name, 107289) | {"units": "standardised"} for name in ("a", "a_fixed")}
    evaluations["a"]["score_scale"], evaluations["a_fixed"]["score_scale"] = 2.0, 4.0
    evaluations["a"]["parts"]["test"]["seeds"]["0"]["mse"] = 0.3
    for score in (evaluations["a_fixed"]["parts"]["test"][key] for key in ("oracle", "seeds")):
        (score.get("0") or score)["mse"] = 0.1
    pair = a_pair(evaluations=evaluations, factor=1.0)
    rows = {row["name"]: row["loss"] for row in pair["rows"]}
    assert (rows["without the fix, seed 0"], rows["with the fix, seed 0"], rows["oracle"]) == (
        "0.300",
        "0.400",
        "0.400",
    )
    assert pair["summary"].startswith("With the fix, not distinguishable: the test loss is 0.0 % lower")
    mean = stored("a")["loss_0"].mean() * 1.0005 / 4
    assert rows["with the fix, against without it, all seeds"] == f"{mean:.3f} → {mean:.3f}"
    assert (
        "Losses with the fix are converted from units of 4.00 to units of 2.00, the scaling of the first."
        in (pair["remarks"])
    )
    assert not any("converted" in remark for remark in a_pair()["remarks"])


def test_windows_that_only_one_has_are_counted_and_nan_is_named():
    losses = {"a": stored("a"), "a_fixed": stored("a", rows=100, first=30, factor=0.5)}
    assert a_pair(losses=losses)["remarks"][0] == (
        "Compared on the 90 test windows that both have; 30 exist only without the fix, 10 only with it."
    )
    losses["a"] = {name: column * (np.nan if name != "row" else 1) for name, column in stored("a").items()}
    pair = a_pair(losses=losses)
    assert pair["summary"] == (
        "With the fix, better: the loss before is NaN. With other seeds alone, not distinguishable: both losses are "
        "NaN."
    )


@pytest.mark.parametrize(("reduction", "text"), [(-0.0001, "0.0 %"), (-0.561, "−56.1 %"), (-99.0, "100 times as high")])
def test_a_reduction_for_people(reduction, text):
    assert pairs._reduction(reduction) == text
