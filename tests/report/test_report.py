"""The report, from evaluations made up here and from one that the stage `evaluate` wrote."""

import copy
import csv
import io
import math
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

import pipeline.report.__main__ as command
from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.report import (
    comparison,
    corpus,
    diagnosis,
    differences,
    figures,
    leaderboard,
    methods,
    pairs,
    posts,
    published,
    stage,
    studies,
    symptoms,
    trust,
    wording,
)
from tests.helpers import evaluated
from tests.helpers.reports import (
    CORPUS,
    REFERENCE,
    STUDIES,
    TABLE,
    _Reader,
    a_leak,
    a_pair,
    calibrated,
    configured,
    diagnosed,
    everything,
    made_up,
    proof,
    render,
    render_all,
    said,
    side,
    stored,
    symptom,
)


@pytest.fixture
def undrawn(monkeypatch):
    """The page without its figures, which take most of the time: for what is not about them."""
    for name in ("split", "curves", "stretch"):
        monkeypatch.setattr(figures, name, lambda evaluation, key: "<svg></svg>")


@pytest.fixture(scope="module")
def whole():
    return render_all()


@pytest.fixture(scope="module")
def read(whole):
    reader = _Reader()
    reader.feed(whole)
    return reader


def test_the_page_is_well_nested_with_one_main_heading(read):
    assert read.wrong == []
    assert read.open == []
    assert read.headings.count("h1") == 1


def test_ids_are_unique_and_every_link_inside_has_its_place(read):
    assert len(read.ids) == len(set(read.ids))
    inside = {address[1:] for _, _, address in read.refs if address.startswith("#")}
    assert inside <= set(read.ids)


def test_nothing_is_loaded_from_outside(whole, read):
    loaded = [ref for ref in read.refs if ref[0] != "a" and not ref[2].startswith(("#", "data:"))]
    assert loaded == []
    assert not re.search(r"<script|@import|url\((?!#)", whole)
    addresses = set(re.findall(r"https?://[^\s\"<]+", whole))
    assert all("stackexchange.com/questions" in a or a in (TABLE["url"], REFERENCE, corpus.SOURCE) for a in addresses)


def test_equal_inputs_give_equal_bytes(whole):
    assert render_all() == whole


def test_no_time_of_day_and_no_path_of_a_machine(whole):
    assert not re.search(r"\b\d\d:\d\d(:\d\d)?\b", whole)
    assert str(Path.cwd()) not in whole
    assert "/root" not in whole
    assert "/home" not in whole


def test_figures_have_captions_and_names_and_keep_their_labels(whole):
    assert whole.count("<figure") == whole.count("<figcaption>") == 3 * len(everything())
    assert whole.count('role="img" aria-label="') == whole.count("<figure")
    # Colours follow the page: none of the stand-ins is left.
    assert not re.search(r"#0[1-9a-b]0[1-9a-b]0[1-9a-b]", whole)
    assert "0.6931" in figures.curves(everything()[-2], "x")


def test_names_are_escaped():
    one = made_up("<b>bold</b>&", oracle=False)
    one["target"]["column"] = "<script>alert(1)</script>"
    one["settings"]["series"] = {"target": "<script>alert(2)</script>"}
    text = render([one])
    assert "<script>" not in text
    assert "<b>bold" not in text
    assert "&lt;b&gt;bold&lt;/b&gt;&amp;" in text


def test_what_is_not_evaluated_is_said(whole):
    assert "later_one" in whole


@pytest.mark.usefixtures("undrawn")
def test_size_full_does_not_claim_smaller_settings():
    assert "smaller than posted" not in render(everything()[:1], size="full")
    assert "smaller than posted" in render(everything()[:1])


def test_a_nan_result_is_told_with_its_batch(whole):
    assert "no number from batch" in whole
    assert "1.060" in whole


def test_every_symptom_names_a_rule_and_every_rule_is_used():
    posts = yaml.safe_load((Path(stage.__file__).parent / "posts.yaml").read_text())
    assert [post["post"] for post in posts] == [123707, 67599, 68047, 107289, 470563, 51264]
    used = {symptom["rule"] for post in posts for symptom in post["symptoms"]}
    assert used == set(symptoms.RULES)


def test_the_posts_contradictions_are_told():
    text = (Path(stage.__file__).parent / "posts.yaml").read_text()
    for figure in ("4,608", "4,385", "104,760", "10,477", "randn(42)", "196 stands on both sides"):
        assert figure in text


# --- rules: each yes and no


def judge(rule, evaluation, figure=None):
    return symptoms.judge(rule, evaluation, figure).came_out


def test_r2_near_zero():
    one = made_up("a")
    for seed in one["parts"]["train"]["seeds"].values():
        seed["r2"] = -0.02
    assert judge("r2_near_zero_on_training", one) is True
    one["parts"]["train"]["seeds"]["1"]["r2"] = 0.06
    assert judge("r2_near_zero_on_training", one) is False
    one["parts"]["train"]["seeds"]["1"]["r2"] = None
    assert judge("r2_near_zero_on_training", one) is False


@pytest.mark.parametrize("rule", ["one_value_for_all", "predictions_hug_the_mean", "no_better_than_train_mean"])
def test_constant_predictions(rule):
    constant = made_up("a", constant=True)
    for part in constant["parts"].values():
        part["baselines"]["train_mean"]["mse"] = part["seeds"]["0"]["mse"]
    learned = made_up("a", noise=0.05)
    for part in learned["parts"].values():
        part["baselines"]["train_mean"]["mse"] = 0.5
    assert judge(rule, constant) is True
    assert judge(rule, learned) is False


@pytest.mark.parametrize(
    ("train", "test", "came"),
    [(0.02, 0.0, True), (0.5, 0.48, False), (0.5, 0.0, False), (0.02, 0.3, False), (None, 0.0, False)],
)
def test_no_overfitting(train, test, came):
    one = made_up("a")
    one["parts"]["train"]["seeds"]["1"]["r2"], one["parts"]["test"]["seeds"]["1"]["r2"] = train, test
    one["parts"]["train"]["seeds"]["0"]["r2"], one["parts"]["test"]["seeds"]["0"]["r2"] = 0.0, 0.0
    assert judge("no_overfitting", one) is came


def test_low_loss_and_its_penalty():
    one = made_up("a", losses=[1.2, 1.0], penalty=0.97)
    outcome = symptoms.judge("loss_as_low_as_posted", one, 0.002)
    assert outcome.came_out is False
    assert "penalty 97%" in outcome.measured
    assert judge("loss_as_low_as_posted", made_up("a", losses=[1.2, 0.0025]), 0.002) is True


def test_validation_below_training():
    assert judge("validation_loss_below_training", made_up("a")) is False
    one = made_up("a")
    for run in one["training"]:
        run["curves"]["val_loss"][-1] = 0.1
    assert judge("validation_loss_below_training", one) is True
    assert judge("validation_loss_below_training", made_up("a", validation=False)) is None


def test_worse_than_persistence():
    one = made_up("a")
    one["parts"]["test"]["baselines"]["persistence"]["mse"] = 1e-6
    assert judge("worse_than_persistence", one) is True
    one["parts"]["test"]["baselines"]["persistence"]["mse"] = 1e6
    assert judge("worse_than_persistence", one) is False


def test_nan_at_a_higher_rate():
    one = made_up("a", nan=True)
    assert judge("turns_nan_at_a_higher_rate", one) is True
    one["settings"]["experiment"]["training"]["learning_rate"] = 1e-4
    assert judge("turns_nan_at_a_higher_rate", one) is None
    assert judge("turns_nan_at_a_higher_rate", made_up("a")) is False


def test_the_stateful_classifier():
    broken = made_up("a", classes=3, nan=True, losses=[None])
    clean = made_up("a", classes=3, losses=[1.1, 1.0, 0.9])
    for rule in ("accuracy_is_share_of_class_0", "nothing_changes_after_epoch_1", "nan_in_epoch_1"):
        assert judge(rule, broken) is True, rule
        assert judge(rule, clean) is False, rule
    assert judge("loss_at_floor", broken, 1e-6) is False
    assert judge("loss_at_floor", made_up("a", classes=3, losses=[0.28, 1.1921e-07]), 1e-6) is True
    assert judge("nothing_changes_after_epoch_1", made_up("a", classes=3, losses=[0.28, 1e-7, 1e-7])) is True
    assert judge("nothing_changes_after_epoch_1", made_up("a", classes=3, losses=[0.28])) is None
    assert judge("accuracy_falls_after_epoch_1", broken) is None
    for run in clean["training"]:
        run["curves"]["accuracy"] = [0.999]
    falls = clean["parts"]["train"]["network"]["accuracy"]["max"] < 0.999
    assert judge("accuracy_falls_after_epoch_1", clean) is falls
    for run in clean["training"]:
        run["curves"]["accuracy"] = [0.0]
    assert judge("accuracy_falls_after_epoch_1", clean) is False


def test_the_sign_classifier():
    assert judge("loss_at_ln_2", made_up("a", classes=2, losses=[0.7, math.log(2) + 0.0019])) is True
    assert judge("loss_at_ln_2", made_up("a", classes=2, losses=[0.7, math.log(2) - 0.0025])) is False
    one = made_up("a", classes=2)
    for part in one["parts"].values():
        part["windows"] = 9429
        for seed in part["seeds"].values():
            seed["accuracy"] = 0.512
    assert judge("accuracy_at_chance", one) is True
    one["parts"]["train"]["seeds"]["0"]["accuracy"] = 0.56
    assert judge("accuracy_at_chance", one) is False


def test_weights():
    assert judge("weights_as_posted", made_up("a", weights=4641), 4641) is True
    assert judge("weights_as_posted", made_up("a", weights=4385), 4641) is False


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (-0.5, "−0.500"),
        (0, "0"),
        (1234.5, "1,234"),
        (12.34, "12.3"),
        (1.1921e-07, "1.19e−07"),
        (None, "not a number"),
    ],
)
def test_numbers_for_people(value, text):
    assert symptoms.number(value) == text


# --- leaderboard


def rows_of(evaluations):
    verdicts = {evaluations[0]["experiment"]: "not_learning"}
    return leaderboard.rows(evaluations, comparison.corrected(evaluations), verdicts)


def test_leaderboard_by_hand():
    naive = {**side("train_mean", 0.41, 0.002), "chosen_on": "validation"}
    one = made_up("a", told={"naive": naive, "linear": side("ridge", -0.5, 0.004)})
    # On the test rows persistence is the better one of the two, and it is not taken: it was not chosen.
    for name, r2 in (("persistence", 0.5), ("train_mean", -0.1), ("seasonal_naive", 0.6), ("ridge", 0.8)):
        one["parts"]["test"]["baselines"][name] |= {"r2": r2, "mse": 1 - r2}
    one["comparison"]["oracle_share"] = {"share": 0.55, "low": 0.4, "high": 0.7}
    row = rows_of([one])[0]
    assert (row["naive"], row["naive_score"], row["linear"], row["linear_score"]) == ("train_mean", -0.1, "ridge", 0.8)
    assert row["skill_against"] == "train_mean"
    assert (row["skill"], row["p_value"], row["comparison"]) == (0.41, 0.002, "better")
    assert (row["skill_low"], row["skill_high"]) == pytest.approx((0.21, 0.66))
    assert (row["skill_linear"], row["comparison_linear"]) == (-0.5, "worse")
    assert (row["oracle_share"], row["effective_windows"]) == (0.55, 31.4)
    assert row["accuracy"] is None
    assert row["post"] is None
    assert row["verdict"] == "not_learning"


@pytest.mark.usefixtures("undrawn")
def test_without_a_comparison_nothing_of_it_is_claimed():
    old = made_up("a", told=False)
    del old["comparison"], old["state"]
    row = rows_of([old])[0]
    for column in ("naive", "naive_score", "skill", "skill_low", "p_value", "comparison", "comparison_linear"):
        assert row[column] is None, column
    assert row["linear"] == "ridge"
    text = render([old])
    assert "Is it skill?" not in text
    assert "experiments have skill" not in text
    assert "State, per experiment" not in text


@pytest.mark.usefixtures("undrawn")
def test_the_chosen_baseline_is_shown_and_where_it_was_chosen():
    naive = {**side("seasonal_naive", 0.41, 0.002), "chosen_on": "train"}
    text = said(render([made_up("a", told={"naive": naive})]))
    assert "against seasonal naive, chosen on training rows" in text
    assert "better +0.410 0.210 to 0.660" in text


@pytest.mark.usefixtures("undrawn")
def test_holm_corrects_the_experiments_on_the_same_test_windows_and_no_other():
    def one(name, key, p_value):
        return made_up(name, told={"naive": side("train_mean", 0.3, p_value), "windows_key": key})

    evaluations = [one("a", "same", 0.03), one("b", "same", 0.04), one("c", "other", 0.03)]
    outcomes = comparison.corrected(evaluations)
    # 0.03 x 2 is above 5 %; alone on its windows 0.03 is enough.
    assert [outcomes[name]["naive"] for name in "abc"] == ["not_distinguishable", "not_distinguishable", "better"]
    assert [row["comparison"] for row in rows_of(evaluations)] == [outcomes[name]["naive"] for name in "abc"]
    assert outcomes["a"]["family"] == ["a", "b"]
    text = said(render(evaluations))
    assert "better before the correction" in text
    assert "Corrected (Holm) together with b, on the same test windows." in text
    assert "No other experiment has exactly these test windows, so there is nothing to correct for." in text
    assert "1 of 3 experiments have skill" in text


def test_each_question_is_a_family_of_its_own():
    sides = {"naive": side("train_mean", 0.3, 0.03), "linear": side("ridge", 0.3, 0.4), "windows_key": "same"}
    other = {"naive": side("train_mean", 0.3, 0.001), "linear": side("ridge", 0.3, 0.01), "windows_key": "same"}
    outcomes = comparison.corrected([made_up("a", told=sides), made_up("b", told=other)])
    assert [outcomes[n][q] for n in "ab" for q in ("naive", "linear")] == [
        "better",
        "not_distinguishable",
        "better",
        "better",
    ]
    assert comparison.counted(outcomes) == (
        "2 of 2 experiments have skill; 1 of them is better than the linear model too."
    )


@pytest.mark.usefixtures("undrawn")
def test_details_of_a_comparison():
    text = said(render([made_up("a", classes=2, told={"oracle_share": {"share": 0.553, "low": 0.43, "high": 0.66}})]))
    assert "120 test windows, worth about as much as 31 independent ones; resampled 1,000 times in blocks of 9" in text
    assert "Accuracy 0.510: 0.450 to 0.570 by blocks; 0.480 to 0.540 by the binomial formula" in text
    assert "Signs: 51 % right; Pesaran-Timmermann 1.50, p 0.134." in text
    assert "Share of the oracle's skill that was reached: 55 % (43 % to 66 %)." in text
    assert "−1.23, p 0.217, 7 lags" in text
    sequences = said(render([made_up("a", kind="sequence_mean", told={"unit": "sequence", "block_length": 1})]))
    assert "resampled 1,000 times by whole sequences" in sequences
    assert "blocks of" not in sequences.split("Methods")[1].split("Skill of each seed")[-1].split("Settings")[0]


@pytest.mark.usefixtures("undrawn")
def test_no_finite_prediction_is_worse_and_has_no_skill():
    text = said(render([made_up("a", nan=True)]))
    assert "worse no finite predictions" in text
    assert "independent ones; resampled" not in text
    assert "0 of 1 experiments have skill." in text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-0.5, 0.25, "−0.500 to 0.250"), (-2e15, -5e9, "all below −1,000"), (None, 0.3, "up to 0.300"), (None, None, "–")],
)
def test_intervals_of_skill(low, high, text):
    assert wording.skills(low, high) == text


def test_leaderboard_file_has_a_row_per_experiment_in_order():
    rows = rows_of(everything())
    read = list(csv.DictReader(io.StringIO(leaderboard.text(rows))))
    assert [row["experiment"] for row in read] == [one["experiment"] for one in everything()]
    broken = next(row for row in read if row["experiment"] == "stateful_classifier")
    assert broken["log_loss"] == ""
    assert float(broken["accuracy"]) > 0
    assert (broken["comparison"], broken["skill"], broken["p_value"]) == ("worse", "", "0.0")
    assert {"skill_low", "skill_high", "skill_linear", "oracle_share", "effective_windows"} <= set(read[0])
    assert leaderboard.COLUMNS.index("verdict") == leaderboard.COLUMNS.index("comparison") + 1
    assert [row["verdict"] for row in read[:2]] == ["not_learning", ""]


# --- can the scores be trusted?


def test_folds_are_one_chip_the_worst_one():
    proofs = [proof("intervals"), proof("intervals", "fail", 1, ["row 7 is in two parts"]), proof("intervals", fold=2)]
    proofs += [proof("duplicates", "informative", 0), proof("duplicates", fold=1), proof("prefix", fold=None)]
    shown = trust.section({"d": {"proofs": proofs}}, None, [])
    assert [column["name"] for column in shown["columns"]] == ["intervals", "prefix", "duplicates"]
    assert [(c["chip"], c["more"]) for c in shown["datasets"][0]["cells"]] == [
        ("fail", "fold 2 of 3"),
        ("pass", ""),
        ("informative", "fold 1 of 2"),
    ]
    assert shown["datasets"][0]["proofs"][0]["compared"] == "1,546 windows, 84 test rows"


def test_what_was_read_stands_once_for_each_series_with_its_hash():
    own = {"series": "mine", "path": "data/own/mine.csv", "sha256": "5e" * 32}
    leakage = {name: {"proofs": [proof("intervals")], "read": own} for name in ("a", "b")}
    assert trust.section(leakage | {"c": None}, None, [])["read"] == [own]
    page = render([made_up("a")], leakage=leakage)
    assert page.count("5e" * 32) == 1
    assert "data/own/mine.csv" in page


def test_a_dataset_without_a_proof_has_a_dash_and_an_unknown_proof_its_own_column():
    leakage = {"a": {"proofs": [proof("intervals")]}, "b": {"proofs": [proof("a_new_one")]}}
    shown = trust.section(leakage, None, [])
    assert [column["title"] for column in shown["columns"]] == ["Intervals", "A new one"]
    assert [cell and cell["chip"] for cell in shown["datasets"][1]["cells"]] == [None, "pass"]


@pytest.mark.usefixtures("undrawn")
def test_a_failed_proof_stands_at_the_top_of_the_page():
    fine = {"d": {"proofs": [proof("intervals"), proof("duplicates", "informative")]}}
    text = render([made_up("a")], leakage=fine, leaks={"leaks": [a_leak()]})
    assert "Do not trust" not in text
    assert (
        "No leak was found: 2 proofs over 1 dataset, 1 of them with a remark; 1 of 1 leaks planted to test the proofs "
        "were caught." in said(text)
    )
    broken = {"d": {"proofs": [proof("intervals"), proof("prefix", "fail", 1, ["row 7, by `fill`"])]}}
    text = render([made_up("a")], leakage=broken)
    top = text[: text.index('<section id="leaderboard">')]
    assert "Do not trust these scores." in top
    assert "Dataset d fails the proof “Prefix”, fold 2: row 7, by <code>fill</code>." in top
    assert "No leak was found" not in text


def test_state_and_missed_leaks_are_alerts_too_and_many_are_not_all_told_at_the_top():
    one = made_up("a")
    one["state"] = {"state": "none", "windows": 32, "difference": 0.3123, "tolerance": 1e-5, "result": "fail"}
    leaks = {"leaks": [a_leak(caught=False), a_leak("back_filling", clean_passes=False)]}
    alerts = trust.section({}, leaks, [one])["alerts"]
    assert alerts == [
        "Predictions of a depend on which windows came before: they differ by 31.2 % of their spread.",
        "The planted leak “no gap” is missed by “Intervals”.",
        "The clean twin of “back filling” fails “Intervals”.",
    ]
    many = {"d": {"proofs": [proof("prefix", "fail", fold) for fold in range(8)]}}
    alerts = trust.section(many, None, [])["alerts"]
    assert len(alerts) == 6
    assert alerts[-1] == "3 more."


@pytest.mark.usefixtures("undrawn")
def test_state_of_each_experiment():
    kept, told = made_up("a"), made_up("b")
    told["state"] = {"state": "posted", "windows": 32, "difference": 0.31, "tolerance": 1e-5, "result": "informative"}
    text = said(render([kept, told]))
    assert "Yes in 1 of 2 experiments, informative in 1." in text
    assert "b posted informative 32 0.31" in text


@pytest.mark.usefixtures("undrawn")
def test_planted_leaks():
    leaks = [a_leak(), a_leak("back_filling", metric="accuracy", clean=0.5, leaky=0.4, gain=-0.1)]
    text = said(render([made_up("a")], leaks={"leaks": leaks}))
    assert "2 of 2 leaks are caught, and 2 of 2 clean twins pass. 1 of the leaks flatter the score" in text
    assert "the most flattering is no gap, R² from 0.110 to 0.460." in text
    assert (
        "Back filling What the mistake is. caught Intervals row 140 is in two parts passes Accuracy 0.500 0.400" in text
    )


@pytest.mark.usefixtures("undrawn")
def test_what_is_not_computed_yet_is_said_with_its_command():
    some = render([made_up("a")], leakage={"d": None, "e": None, "f": {"proofs": [proof("prefix")]}})
    assert "Not computed yet: d and e; run <code>dvc repro leakage</code>." in some
    text = render([made_up("a")], leakage={"d": None, "e": None})
    assert "Not computed yet: run <code>dvc repro leakage</code>." in text
    assert "Not computed yet: run <code>dvc repro leaks</code>." in text
    assert "Not computed yet: run <code>dvc repro -f -s calibrate</code>." in text
    assert "No leak was found" not in text
    assert "Do not trust" not in text


# --- calibration and published tables


def test_calibration_by_hand():
    rows = methods.calibration(calibrated())["rows"]
    assert [(row["name"], row["rate"], row["limits"], row["chip"] and row["chip"]["chip"]) for row in rows] == [
        ("no signal: random walk", "6.0 %", "at most 9.5 %", "not kept"),
        ("no signal, all together", "2.5 %", "at most 3.1 %", "kept"),
        ("a signal planted, oracle's R² 0.10", "75.0 %", "at least 71.2 %", "not kept"),
        ("two equally good forecasts: overlapping", "2.2 %, worse 3.3 %", "both at most 10.1 %", None),
        ("two equally good forecasts, all together", "2.2 %, worse 3.3 %", "both at most 10.1 %", None),
    ]


def beside(persistence, **table):
    """The section of an experiment whose persistence has this MSE."""
    one = made_up("ours", told={"linear": side("ridge", -0.05, 0.3)})
    one["settings"]["experiment"]["published"] = "table"
    test = one["parts"]["test"]
    for name, mse in (("persistence", persistence), ("seasonal_naive", 0.05), ("ridge", 0.026), ("train_mean", 2.0)):
        test["baselines"][name] |= {"mse": mse, "mae": mse * 2}
    for seed, mse in (("0", 0.0271), ("1", 0.0267)):
        test["seeds"][seed] |= {"mse": mse, "mae": 0.12}
    test["network"]["mse"]["mean"], test["network"]["mae"]["mean"] = 0.0269, 0.12
    return published.sections([one, made_up("other")], {"table": {**TABLE, **table}})


def test_published_rows_are_sorted_beside_ours():
    (shown,) = beside(0.034)
    assert [(row["name"], row["mse"]) for row in shown["rows"]] == [
        ("ridge", "0.0260"),
        ("seed 1", "0.0267"),
        ("ours", "0.0269"),
        ("seed 0", "0.0271"),
        ("persistence", "0.0340"),
        ("seasonal naive", "0.0500"),
        ("Informer", "0.0980"),
        ("LSTMa", "0.114"),
        ("train mean", "2.00"),
    ]


@pytest.mark.parametrize(
    ("persistence", "sentence"),
    [
        (0.034, "LSTMa and Informer lose to persistence"),
        (0.1, "LSTMa loses to persistence"),
        (0.2, "Every published network is better than persistence"),
    ],
)
def test_the_published_sentence_follows_the_numbers(persistence, sentence):
    (shown,) = beside(persistence)
    assert shown["said"][0].startswith(sentence)
    assert ("Every network of the table does" in shown["said"][0]) is (persistence == 0.034)
    assert shown["said"][1] == "Our network's skill against ridge is −0.050; Diebold-Mariano −1.23, p 0.217."


def test_a_published_table_of_another_setting_is_not_compared():
    (shown,) = beside(0.034, windows=2857, units="standardised")
    assert shown["differs"] == [
        "test windows: published 2,857, here 120",
        "units: published standardised, here original",
    ]
    assert shown["rows"] == shown["said"] == []


def test_the_published_tables_that_the_project_ships_can_be_shown():
    for name, table in published.tables().items():
        assert {"title", "source", "windows", "horizon", "units", "rows"} <= set(table), name
        assert all({"name", "mse", "mae"} <= set(row) for row in table["rows"])


@pytest.mark.usefixtures("undrawn")
def test_new_names_are_escaped_everywhere():
    bad = "<i>&bad"
    one = made_up(bad, told={"naive": side(bad, 0.3, 0.001, chosen_on=bad), "linear": side(bad), "windows_key": "k"})
    one["parts"]["test"]["baselines"][bad] = one["parts"]["test"]["baselines"]["ridge"]
    one["settings"]["experiment"]["published"] = "t"
    one["state"] = {"state": bad, "windows": 3, "difference": 0.1, "tolerance": 0.1, "result": "fail"}
    twin = made_up("twin", told={"windows_key": "k"})
    table = {**TABLE, "title": bad, "source": bad, "url": '"' + bad, "rows": [{"name": bad, "mse": 1e9, "mae": 1.0}]}
    calibration = {**calibrated(), "learner": bad}
    calibration["null"]["kinds"] = {bad: calibration["null"]["kinds"]["random_walk"]}
    calibration["equal"]["kinds"] = {bad: calibration["equal"]["kinds"]["overlapping"]}
    found = diagnosed(bad, bad, cannot_tell=[bad])
    found["reasons"] = [bad]
    found["findings"][0] |= {"code": bad, "weight": bad, "evidence": {bad: bad}, "explanation": bad, "advice": bad}
    found["findings"][0]["reference"] = {"title": bad, "url": 'https://x"' + bad}
    found["findings"][0]["remedy"] = {"set": {bad: bad}, "command": bad}
    pair = a_pair()
    for key in ("told", "missing", "unnamed"):
        pair[key] = bad
    pair |= {"names": (bad, bad), "remarks": [bad], "post": None}
    pair["changed"] = [{"parameter": bad, "posted": bad, "remedied": bad, "findings": [bad], "speed": False}]
    study = {key: bad for key in ("name", "question", "command", "size", "answer")} | {"post": None, "columns": [bad]}
    study |= {"rows": [{"label": bad, "set": {bad: bad}, "seeds": [0], "figures": {bad: [bad]}}]}
    case = {key: bad for key in ("name", "base", "verdict")} | {key: [bad] for key in ("faults", "acceptable", "found")}
    told = {**CORPUS, "cases": [{**case, "half": "reported"}], "codes": {bad: {"cases": 1, "found": 1}}, "command": bad}
    text = render(
        [one, twin],
        diagnoses={bad: found},
        pairs=[pair],
        studies={"studies": [{**study, "bar": {"text": bad, "met": None}}]},
        corpus=told,
        leakage={
            bad: {"proofs": [{**proof(bad, "fail", 0, [bad], {bad: 3}), "about": bad}, proof(bad, bad)]},
            bad + "2": None,
        },
        leaks={"leaks": [a_leak(**{key: bad for key in ("name", "about", "proof", "metric", "learner")}, found=[bad])]},
        calibration=calibration,
        tables={"t": table},
    )
    assert "<i>" not in text.lower()
    assert '""' not in re.sub(r'=""', "", text)
    assert text.lower().count("&lt;i&gt;&amp;bad") > 70


# --- diagnosis, pairs, studies, corpus


@pytest.mark.usefixtures("undrawn")
def test_a_finding_is_told_with_evidence_reference_remedy_and_command():
    own = diagnosed("a", findings=[symptom("persistence_echo"), *diagnosed("a")["findings"]])
    text = render([made_up("a")], diagnoses={"a": own})
    assert (
        "learning_rate_too_low cause Ten times the rate of training does it. best rate 0.001 row 4,500 column x "
        "first yes ratio not a number Smith 2017 https://arxiv.org/abs/1506.01186 "
        "Remedy: experiments.a.training.learning_rate = 0.001 dvc exp run -S" in said(text)
    )
    assert f'<a href="{REFERENCE}"' in text
    assert '<a href="../docs/findings/persistence_echo.md"><code>persistence_echo</code></a>' in text
    # The cause stands before the symptom, whatever their order in the file.
    assert text.index("learning_rate_too_low</code>") < text.index("persistence_echo</code>")
    assert "Of 1 experiments: 1 not learning." in said(text)


@pytest.mark.parametrize("verdict", diagnosis.VERDICTS)
def test_chips_of_verdicts(verdict):
    tone = {"learning": "good", "no_evidence_of_signal": "unknown", "undetermined": "unknown"}.get(verdict, "bad")
    assert diagnosis.chip({"verdict": verdict}) == {"chip": verdict.replace("_", " "), "tone": tone}


@pytest.mark.usefixtures("undrawn")
def test_no_other_address_than_one_of_the_web_becomes_a_link():
    own = diagnosed("a")
    own["findings"][0]["reference"]["url"] = "javascript:alert(1)"
    text = render([made_up("a")], diagnoses={"a": own})
    assert "javascript:alert(1)" in said(text)
    assert 'href="javascript' not in text


@pytest.mark.usefixtures("undrawn")
def test_what_is_not_diagnosed_or_studied_is_said_in_its_place():
    text = said(render([made_up("a"), made_up("deep_rnn", 107289)]))
    assert "Not diagnosed yet: run dvc repro diagnose@a ." in text
    assert "Not diagnosed yet: run dvc repro diagnose@deep_rnn ." in text
    assert "No experiment of this post has a remedied twin in params.yaml ." in text
    assert "Not run yet: python -m benchmarks.studies writes benchmarks/results/studies.json ." in text
    assert "Not measured yet: run make bench ." in text
    assert "experiments diagnosed" not in text


def test_the_settings_in_which_a_pair_differs_are_listed_and_no_other():
    settings = configured(
        "a", "a_remedied", training__learning_rate=0.001, training__jit_compile=True, architecture__units=[8]
    )
    settings["datasets"]["data_a_remedied"]["scaling"]["target"] = "standard"
    settings["experiments"]["a_remedied"]["training"]["early_stopping"] = {"monitor": "loss"}
    found = diagnosed("a")
    found["findings"][0]["remedy"]["set"]["datasets.data_a.scaling"] = {"target": "standard"}
    got = differences.between(settings, "a", "a_remedied", found)
    assert [(one["parameter"], one["posted"], one["remedied"], one["findings"], one["speed"]) for one in got] == [
        ("architecture.units", "[4]", "[8]", [], False),
        ("training.learning_rate", "0.0001", "0.001", ["learning_rate_too_low"], False),
        ("training.early_stopping", "null", "not set", [], False),
        ("dataset.scaling.target", "none", "standard", ["learning_rate_too_low"], False),
        ("training.early_stopping.monitor", "not set", "loss", [], False),
        ("training.jit_compile", "not set", "true", [], True),
    ]
    assert "`architecture.units`" in differences.unnamed(got, found)
    assert "jit_compile" not in differences.unnamed(got, found)
    assert differences.between(settings, "a", "a", None) == []


def test_a_builders_own_value_counts_as_set():
    settings = configured("a", "a_remedied", architecture={"name": "simple_rnn", "l2": 0.01, "dropout": 0.0})
    settings["experiments"]["a"]["architecture"] = {"name": "simple_rnn"}
    got = [
        (one["parameter"], one["posted"], one["remedied"])
        for one in differences.between(settings, "a", "a_remedied", None)
    ]
    assert got == [("architecture.dropout", "0.2", "0.0")]


def test_a_pair_is_told_seed_by_seed_with_the_intervals_of_both_differences():
    pair = a_pair()
    assert pair["names"] == ("a", "a_remedied")
    assert [row["name"] for row in pair["rows"]][:6] == [
        "as posted, seed 0",
        "retrained unchanged, seed 1",
        "retrained unchanged against the first seed",
        "remedied, seed 0",
        "remedied, seed 1",
        "remedied against as posted, all seeds",
    ]
    unchanged, remedied = (next(row for row in pair["rows"] if row["kind"] == k) for k in ("unchanged", "remedied"))
    assert (remedied["reduction"], remedied["interval"]) == ("50.0 %", "50.0 % to 50.0 %")
    assert remedied["chip"]["chip"] == "better"
    assert (unchanged["reduction"], unchanged["chip"]["chip"]) == ("−0.1 %", "worse")
    assert pair["told"] == (
        "Remedied, the test loss is 50.0 % lower (50.0 % to 50.0 %): better; retrained unchanged, the test loss is "
        "0.1 % higher (0.1 % to 0.1 %): worse."
    )
    assert pair["unnamed"] == "Every one of them is named by a finding."
    assert pairs.counted([pair]) == "1 of 1 remedy is better"
    assert pairs.counted([a_pair(factor=1.2), pair]) == "1 of 2 remedies are better"


def test_a_pair_that_is_not_measured_says_what_to_run():
    evaluations = {"a": made_up("a", 107289)}
    pair = a_pair(evaluations=evaluations)
    assert pair["missing"] == "Not measured yet: run `dvc repro evaluate@a_remedied`."
    assert (pair["rows"], pair["told"]) == ([], "")
    pair = a_pair(losses={"a": stored("a")})
    assert pair["missing"] == "No loss of each window is stored: run `dvc repro evaluate@a_remedied` again."
    assert {row["kind"] for row in pair["rows"]} == {"seed", "beside"}
    assert a_pair(diagnoses={})["unnamed"].startswith("Not diagnosed yet")
    assert pairs.counted([pair]) == ""


def test_a_pair_whose_losses_mean_other_things_is_not_compared():
    evaluations = {name: made_up(name, 107289) for name in ("a", "a_remedied")}
    evaluations["a_remedied"]["units"] = "standardised"
    pair = a_pair(evaluations=evaluations)
    assert pair["missing"] == ("The two cannot be compared window by window: units original and standardised.")
    assert pair["told"] == ""


def test_windows_that_only_one_has_are_counted_and_a_nan_is_told():
    losses = {"a": stored("a"), "a_remedied": stored("a", rows=100, first=30, factor=0.5)}
    assert a_pair(losses=losses)["remarks"][0] == (
        "90 test windows that both have; left out 30 that only the posted one has and 10 that only the remedied one "
        "has."
    )
    losses["a"] = {name: column * (np.nan if name != "row" else 1) for name, column in stored("a").items()}
    pair = a_pair(losses=losses)
    assert pair["told"] == (
        "Remedied, the loss before is not a number: better; retrained unchanged, the loss is not a number on either "
        "side: not distinguishable."
    )


@pytest.mark.parametrize(("reduction", "text"), [(-0.0001, "0.0 %"), (-0.561, "−56.1 %"), (-99.0, "100 times as high")])
def test_a_reduction_for_people(reduction, text):
    assert pairs._lower(reduction) == text


def test_a_remedied_experiment_is_judged_by_no_symptom():
    entry = {"post": 107289, "posted": {"length": 100}, "symptoms": [{"text": "t", "rule": "worse_than_persistence"}]}
    evaluations = [made_up("a", 107289), made_up("a_remedied", 107289), made_up("other")]
    shown = {one["experiment"]: one["experiment"] for one in evaluations}
    told = posts.post(entry, evaluations, shown, [a_pair()], None)
    assert (told["experiments"], told["remedied"]) == (["a"], ["a_remedied"])
    assert len(told["symptoms"][0]["cells"]) == len(told["sizes"][0]["ours"]) == 1
    assert told["effect"] == "1 of 1 remedy is better"
    alone = posts.post(entry, evaluations, shown, [], None)
    assert alone["experiments"] == ["a", "a_remedied"]


def test_studies_stand_with_their_post_their_bar_and_the_range_of_seeds():
    (one,) = studies.of_post(STUDIES, 67599)
    assert studies.of_post(STUDIES, 68047) == studies.of_post(None, 67599) == []
    assert [row["cells"] for row in one["rows"]] == [["0.00100 to 0.00200", "–"], ["0.150; 1 of 2 not a number", "0"]]
    assert one["met"]["chip"] == "not met"
    assert one["rows"][0]["set"] == [("head", "linear")]
    assert studies.spread([None, None]) == "not a number"
    assert studies.spread(["better", "better"]) == "better"


def test_the_corpus_by_hand():
    shown = corpus.section(CORPUS, {"a": diagnosed("a"), "b": diagnosed("b"), "c": None})
    assert [half["name"] for half in shown["halves"]] == ["reported half", "half that the thresholds were tuned on"]
    half = shown["halves"][0]
    assert (half["recall"], half["precision"], half["false_alarms"], half["verdict_right"]) == (
        "0.930",
        "0.890",
        "0 of 13",
        "95.7 %",
    )
    assert [(bar["text"], bar["chip"]) for bar in shown["bars"]] == [
        ("recall at least 0.90", "met"),
        ("precision at least 0.90", "not met"),
        ("verdict right in 95 %", "met"),
        ("no false alarm", "met"),
    ]
    assert [(row["code"], row["missed"]) for row in shown["codes"]] == [("memory_too_short", 2), ("dead_output", 0)]
    (case,) = shown["cases"]
    assert (case["acceptable"], case["verdict"]["tone"]) == ("nonfinite_input / nonfinite_weights", "good")
    assert shown["cannot_tell"] == [("What other steps do.", ["a", "b"])]


# --- the stage


def test_the_stage_writes_both_files_from_what_evaluate_wrote(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(params.architectures, "check", lambda place, architecture: None)
    settings = evaluated.build(
        evaluated.WAVE, split_settings=evaluated.HOLDOUT, window_settings={"length": 5, "horizon": 2}, period=19
    )
    evaluated.predict(lambda part, seed: part.raw_targets() + 0.1 * (seed + 1))
    evaluated.run(settings)
    files.write_json(files.LEAKAGE / "tiny.json", {"dataset": "tiny", "proofs": [proof("intervals")]})
    files.write_json(files.LEAKS, {"leaks": [a_leak()]})
    files.write_json(files.CALIBRATION, calibrated())
    files.write_json(files.DIAGNOSIS / "tiny.json", diagnosed("tiny", "overfitting"))
    files.write_json(corpus.FILE, CORPUS)
    files.write_json(studies.FILE, STUDIES)
    remedied = copy.deepcopy(settings)
    remedied["experiments"]["tiny_remedied"] = copy.deepcopy(settings["experiments"]["tiny"])
    stage.report(remedied)
    assert "run <code>dvc repro evaluate@tiny_remedied</code>" in files.REPORT.read_text()
    assert ",overfitting," in files.LEADERBOARD.read_text()
    stage.report(settings)
    assert "tiny" in files.REPORT.read_text()
    assert "No leak was found: 1 proof over" in files.REPORT.read_text()
    assert "Not computed yet" not in files.REPORT.read_text()
    assert "Each step of the test part" in files.REPORT.read_text()
    assert files.LEADERBOARD.read_text().splitlines()[1].startswith("tiny,tiny,,value,r2,")
    before = files.REPORT.read_bytes()
    stage.report(settings)
    assert files.REPORT.read_bytes() == before


def test_no_evaluation_at_all_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="must hold at least one evaluation"):
        stage.report({"size": "quick", "experiments": {"a": {}}})
    assert not files.REPORT.exists()


def test_the_command_takes_no_argument():
    with pytest.raises(UserError, match="takes no argument"):
        command.main(["co2_lstm"])


def test_made_up_evaluations_have_the_shape_of_real_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(params.architectures, "check", lambda place, architecture: None)
    settings = evaluated.build(
        evaluated.WAVE, split_settings=evaluated.HOLDOUT, window_settings={"length": 5}, period=19
    )
    evaluated.predict(lambda part, seed: part.raw_targets())
    real, _ = evaluated.run(settings)
    ours = made_up("tiny", oracle=False)
    assert set(ours) == set(real)
    assert set(ours["comparison"]) == set(real["comparison"])
    assert set(ours["comparison"]["naive"]) == set(real["comparison"]["naive"])
    assert set(ours["comparison"]["linear"]) == set(real["comparison"]["linear"])
    assert set(ours["parts"]["test"]) == set(real["parts"]["test"])
    assert set(ours["parts"]["test"]["drawn"]) == set(real["parts"]["test"]["drawn"])
    assert set(ours["training"][0]) == set(real["training"][0])
    assert copy.deepcopy(ours)["parts"]["test"]["network"].keys() == real["parts"]["test"]["network"].keys()
