"""The leaderboard."""

import csv
import io

import pytest

from pipeline.report import leaderboard
from tests.helpers.reports import everything, leaderboard_rows, made_up, render, render_page, side


def test_leaderboard_by_hand():
    naive = {**side("train_mean", 0.41, 0.002), "chosen_on": "validation"}
    one = made_up("a", compared={"naive": naive, "linear": side("ridge", -0.5, 0.004)})
    # On the test rows persistence is the better one of the two, and it is not taken: it was not chosen.
    for name, r2 in (("persistence", 0.5), ("train_mean", -0.1), ("seasonal_naive", 0.6), ("ridge", 0.8)):
        one["parts"]["test"]["baselines"][name] |= {"r2": r2, "mse": 1 - r2}
    one["comparison"]["oracle_share"] = {"share": 0.55, "low": 0.4, "high": 0.7}
    row = leaderboard_rows([one])[0]
    assert (row["naive"], row["naive_score"], row["linear"], row["linear_score"]) == ("train_mean", -0.1, "ridge", 0.8)
    assert row["skill_against"] == "train_mean"
    assert (row["skill"], row["p_value"], row["comparison"]) == (0.41, 0.002, "better")
    assert (row["skill_low"], row["skill_high"]) == pytest.approx((0.21, 0.66))
    assert (row["skill_linear"], row["comparison_linear"]) == (-0.5, "worse")
    assert (row["oracle_share"], row["effective_windows"]) == (0.55, 31.4)
    assert row["accuracy"] is None
    assert row["post"] is None
    assert row["verdict"] == "not_learning"


def test_leaderboard_file_has_a_row_per_experiment_in_order():
    rows = leaderboard_rows(everything())
    read = list(csv.DictReader(io.StringIO(leaderboard.text(rows))))
    assert [row["experiment"] for row in read] == [one["experiment"] for one in everything()]
    broken = next(row for row in read if row["experiment"] == "stateful_classifier")
    assert broken["log_loss"] == ""
    assert float(broken["accuracy"]) > 0
    assert (broken["comparison"], broken["skill"], broken["p_value"]) == ("worse", "", "0.0")
    assert {"skill_low", "skill_high", "skill_linear", "oracle_share", "effective_windows"} <= set(read[0])
    assert leaderboard.COLUMNS.index("verdict") == leaderboard.COLUMNS.index("comparison") + 1
    assert [row["verdict"] for row in read[:2]] == ["not_learning", ""]


def test_the_corrected_interval_belongs_to_the_corrected_outcome():
    """Of two experiments on the same rows, each better alone at 4 %, neither is after the correction."""
    both = [made_up(name, compared={"naive": side("train_mean", 0.41, 0.04)}) for name in ("a", "b")]
    for row in leaderboard_rows(both):
        assert row["comparison"] == "not_distinguishable"
        assert row["skill_low"] > 0 >= row["corrected_low"]
        assert row["corrected_high"] > row["skill_high"]
    (alone,) = leaderboard_rows(both[:1])
    assert alone["comparison"] == "better"
    assert (alone["corrected_low"], alone["corrected_high"]) == (alone["skill_low"], alone["skill_high"])


@pytest.mark.usefixtures("undrawn")
def test_without_a_comparison_nothing_of_it_is_claimed():
    old = made_up("a", compared=False)
    del old["comparison"], old["state"]
    row = leaderboard_rows([old])[0]
    for column in ("naive", "naive_score", "skill", "skill_low", "p_value", "comparison", "comparison_linear"):
        assert row[column] is None, column
    assert row["linear"] == "ridge"
    text = render([old])
    assert "Skill of each seed" not in render_page(old)
    assert "experiments have skill" not in text
    assert "State of each experiment" not in text


@pytest.mark.parametrize(("mse", "skilled"), [(0.2, True), (0.6, True), (1.1, False), (1.3, False)])
@pytest.mark.usefixtures("undrawn")
def test_a_linear_model_without_skill_and_the_slow_references_are_named(mse, skilled):
    naive = {**side("train_mean", 0.41, 0.002), "chosen_on": "validation"}
    one = made_up("a", compared={"naive": naive, "linear": side("ridge", -0.5, 0.004)})
    scored = one["parts"]["test"]["baselines"]
    scored["train_mean"] |= {"r2": -0.1, "mse": 1.1}
    scored["ridge"] |= {"r2": 1 - mse, "mse": mse}
    scored["trees"], scored["ets"] = ({**scored["ridge"], "r2": r2} for r2 in (0.852, 0.819))
    row = leaderboard_rows([one])[0]
    assert row["linear_skill"] == pytest.approx(1 - mse / 1.1)
    assert (row["trees"], row["theta"], row["ets"]) == (0.852, None, 0.819)
    text = render([one])
    assert ("<small>no skill</small>" in text) == (not skilled)
    assert "<small>boosted trees 0.852</small><small>ETS 0.819</small></td>" in text
