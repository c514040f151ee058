"""The comparison with the baselines, and its correction."""

import pytest

from pipeline.report import comparison
from tests.helpers.reports import leaderboard_rows, made_up, render, render_page, side, visible_text


@pytest.mark.usefixtures("undrawn")
def test_the_chosen_baseline_is_shown_and_where_it_was_chosen():
    naive = {**side("seasonal_naive", 0.41, 0.002), "chosen_on": "train"}
    one = made_up("a", compared={"naive": naive})
    assert "against seasonal naive, chosen on training rows better +0.410 0.210 to 0.660" in visible_text(
        render_page(one)
    )
    assert "better +0.410 0.210 to 0.660" in visible_text(render([one]))


def on_rows(evaluation, start, stop, series="s"):
    evaluation["split"]["folds"] = [{"test": {"intervals": [[start, stop]], "context": 0}}]
    evaluation["settings"]["dataset"]["series"] = series
    return evaluation


def test_holm_corrects_the_experiments_on_common_test_rows_and_no_other():
    def one(name, p_value, *rows):
        return on_rows(made_up(name, compared={"naive": side("train_mean", 0.3, p_value), "windows_key": name}), *rows)

    evaluations = [one("a", 0.03, 800, 900), one("b", 0.04, 850, 1000), one("c", 0.03, 1000, 1200)]
    evaluations.append(one("d", 0.03, 800, 900, "other"))
    outcomes = comparison.corrected(evaluations)
    # 0.03 x 2 is above 5 %; alone on its rows 0.03 is enough.
    found = [outcomes[name]["naive"] for name in "abcd"]
    assert found == ["not_distinguishable", "not_distinguishable", "better", "better"]
    assert [row["comparison"] for row in leaderboard_rows(evaluations)] == found
    assert [outcomes[name]["family"] for name in "abcd"] == [["a", "b"], ["a", "b"], ["c"], ["d"]]


@pytest.mark.usefixtures("undrawn")
def test_the_index_names_a_label_that_the_correction_changed_and_the_page_has_the_uncorrected_one():
    def one(name, p_value):
        return made_up(name, compared={"naive": side("train_mean", 0.3, p_value)})

    evaluations = [one("a", 0.03), one("b", 0.04), on_rows(one("c", 0.03), 0, 1)]
    text = visible_text(render(evaluations))
    changed = "better alone (p 0.030), not after the correction for 2 experiments on these test rows"
    # The end that faces 0 is 0 at the p-value; the label is tested at 0.025.
    assert f"not distinguishable +0.300 −0.010 to 0.587 {changed}" in text
    assert "better +0.300 0.100 to 0.550" in text
    assert text.count("better alone (p") == 2
    assert "1 of 3 experiments has skill" in text
    own = visible_text(render_page(evaluations[0]))
    assert "against train mean better +0.300" in own
    assert "not corrected for other experiments on the same test rows" in own
    assert "better alone" not in own


def test_each_question_is_a_family_of_its_own():
    sides = {"naive": side("train_mean", 0.3, 0.03), "linear": side("ridge", 0.3, 0.4), "windows_key": "same"}
    other = {"naive": side("train_mean", 0.3, 0.001), "linear": side("ridge", 0.3, 0.01), "windows_key": "same"}
    outcomes = comparison.corrected([made_up("a", compared=sides), made_up("b", compared=other)])
    assert [outcomes[n][q] for n in "ab" for q in ("naive", "linear")] == [
        "better",
        "not_distinguishable",
        "better",
        "better",
    ]
    evaluations = [made_up("a", compared=sides), made_up("b", compared=other)]
    summary = comparison.summary(outcomes, evaluations)
    assert summary == "2 of 2 experiments have skill; 1 of them also beats the linear model."


@pytest.mark.usefixtures("undrawn")
def test_details_of_a_comparison():
    text = visible_text(
        render_page(made_up("a", classes=2, compared={"oracle_share": {"share": 0.553, "low": 0.43, "high": 0.66}}))
    )
    assert "120 test windows, about as informative as 31 independent ones; resampled 1,000 times in blocks of 9" in text
    assert "Accuracy 0.510: 0.450 to 0.570 by blocks; 0.480 to 0.540 by the binomial formula" in text
    assert "Signs: 51 % correct; Pesaran-Timmermann 1.50, p 0.134." in text
    assert "Share of the oracle's skill reached by the network: 55 % (43 % to 66 %)." in text
    assert "−1.23, p 0.217, 7 lags" in text
    sequences = visible_text(
        render_page(made_up("a", kind="sequence_mean", compared={"unit": "sequence", "block_length": 1}))
    )
    assert "resampled 1,000 times by whole sequences" in sequences
    assert "blocks of" not in sequences.split("Skill of each seed")[-1]


@pytest.mark.usefixtures("undrawn")
def test_no_finite_prediction_is_worse_and_has_no_skill():
    one = made_up("a", nan=True)
    assert "worse – no finite predictions" in visible_text(render_page(one))
    assert "independent ones; resampled" not in visible_text(render_page(one))
    text = visible_text(render([one]))
    assert "worse no finite predictions" in text
    assert "0 of 1 experiments have skill." in text


@pytest.mark.usefixtures("undrawn")
def test_too_few_windows_are_named_where_nothing_is_concluded():
    few = {**side("train_mean", 0.9, 1.0), "low": None, "high": None, "reason": "few_windows"}
    text = visible_text(render([made_up("a", compared={"naive": few})]))
    assert "not judged +0.900 fewer than five independent windows" in text
    assert "1 of 1 could not be judged." in text
    assert "not judged" in visible_text(render_page(made_up("a", compared={"naive": few})))
    plain = visible_text(render([made_up("a")])).split("Methods")[0]
    assert "fewer than five" not in plain
    assert "judged" not in plain.split("Leaderboard")[-1].split("Can the scores")[0]


@pytest.mark.usefixtures("undrawn")
def test_unanswered_windows_and_the_word_of_accuracy_are_on_the_leaderboard():
    one = made_up("a", classes=2, compared={"unanswered": 12})
    one["comparison"]["accuracy"] |= {"comparison": "better", "p_value": 0.001, "reason": None}
    text = visible_text(render([one]))
    assert "12 of 120 windows without a finite prediction" in text
    assert "accuracy: better" in text
    own = visible_text(render_page(one))
    assert "Is it right more often? against persistence" in own
    assert "persistence: 0.470." in own
    row = leaderboard_rows([one])[0]
    assert (row["unanswered"], row["comparison_accuracy"], row["comparison"]) == (12, "better", "not_distinguishable")
    assert (row["accuracy_against"], row["accuracy_against_score"]) == ("persistence", 0.47)
    assert "without a finite prediction" not in visible_text(render([made_up("a")]))
    assert leaderboard_rows([made_up("a")])[0]["comparison_accuracy"] is None
