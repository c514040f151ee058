"""The statistics against closed forms, other libraries and many repetitions of a case whose answer is known."""

import numpy as np
import pytest
from scipy import signal, stats
from statsmodels.stats.diagnostic import pesaran_timmermann
from statsmodels.tsa.stattools import diebold_mariano_test

from pipeline.scoring import bootstrap, scores, significance, skill


def pair(random, windows=200, worse=1.0, errors=0.5):
    """Losses of a network and of a baseline on the same truth: what they have in common is most of them."""
    truth = random.normal(size=windows)
    return (truth + errors * random.normal(size=windows)) ** 2, worse * (
        truth + errors * random.normal(size=windows)
    ) ** 2


def correlated(random, windows, rho=0.9):
    return signal.lfilter([1.0], [1.0, -rho], random.normal(size=windows + 100))[100:]


def against(network, base, **options):
    return skill.compare({0: network}, ("train_mean", base), ("ridge", base), **options)


@pytest.mark.parametrize("classes", [None, 2, 3])
def test_the_mean_loss_is_the_score(classes):
    random = np.random.default_rng(1)
    if classes:
        truth = random.integers(0, classes, size=(50, 1)).astype(float)
        # Rows of three that do not sum to 1: a sigmoid head's.
        outputs = random.random((50, 1 if classes == 2 else 3))
        expected = scores.classification(truth, outputs, classes)["brier"]
    else:
        truth, outputs = random.normal(size=(2, 50, 4))
        expected = scores.regression(truth, outputs)["mse"]
    got = skill.losses(truth, outputs, classes)
    assert got.shape == (50,)
    assert got.mean() == pytest.approx(expected)


def test_the_naive_baseline_is_the_one_of_the_least_loss_and_of_two_the_first():
    ones = np.ones(5)
    assert skill.chosen({"train_mean": ones, "persistence": 2 * ones}) == "train_mean"
    assert skill.chosen({"train_mean": ones, "persistence": ones}) == "persistence"
    assert skill.chosen({"persistence": np.nan * ones, "train_mean": ones}) == "train_mean"
    # A linear model is never the naive one.
    assert skill.chosen({"ridge": 0 * ones, "majority": ones}) == "majority"


def test_skill_and_comparison_of_plain_cases():
    random = np.random.default_rng(2)
    network, base = pair(random, worse=3.0)
    better, worse = against(network, base), against(base, network)
    side = better["naive"]
    assert side["skill"] == pytest.approx(1 - network.mean() / base.mean())
    assert (side["comparison"], worse["naive"]["comparison"]) == ("better", "worse")
    assert side["low"] < side["skill"] < side["high"]
    assert side["p_value"] < 0.05
    assert side["diebold_mariano"]["statistic"] < 0
    assert better["linear"]["baseline"] == "ridge"
    assert {key: better[key] for key in ("windows", "unit", "resamples", "level")} == {
        "windows": 200,
        "unit": "window",
        "resamples": 1000,
        "level": 0.05,
    }
    assert against(network, base) == better


def test_the_seeds_are_one_network_and_a_spread_of_their_own():
    base = np.random.default_rng(3).random(50) + 1
    got = skill.compare({0: base * 0.5, 7: base * 0.7}, ("persistence", base), ("ridge", base * 0.1))
    assert got["naive"]["skill"] == pytest.approx(0.4)
    assert got["naive"]["seeds"] == pytest.approx({"0": 0.5, "7": 0.3})
    assert got["linear"]["seeds"] == pytest.approx({"0": -4.0, "7": -6.0})
    assert (got["naive"]["comparison"], got["linear"]["comparison"]) == ("better", "worse")


def test_equal_losses_are_not_distinguishable():
    base = np.random.default_rng(4).random(50)
    side = against(base, base)["naive"]
    assert (side["skill"], side["low"], side["high"], side["p_value"]) == (0.0, 0.0, 0.0, 1.0)
    assert side["comparison"] == "not_distinguishable"
    assert side["diebold_mariano"] is None


def test_a_perfect_baseline_has_no_skill_against_it_but_a_comparison():
    random = np.random.default_rng(5)
    side = against(random.random(5) + 1, np.zeros(5), sequences=np.arange(5))["linear"]
    assert (side["skill"], side["low"], side["high"]) == (None, None, None)
    assert side["comparison"] == "worse"
    assert against(np.zeros(50), np.zeros(50))["naive"]["p_value"] == 1.0


def test_a_baseline_that_is_right_in_some_windows_leaves_no_number_that_is_not_one():
    base = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    side = against(np.full(5, 0.1), base, sequences=np.arange(5))["naive"]
    assert side["skill"] == pytest.approx(0.5)
    assert side["comparison"] == "not_distinguishable"
    assert side["low"] == -np.inf  # null in the file
    assert side["high"] <= 1


@pytest.mark.parametrize(
    ("windows", "options", "enough"),
    [
        (4, {}, False),
        (5, {}, True),
        (30, {"overlap": 24}, False),
        (119, {"overlap": 24}, False),
        (120, {"overlap": 24}, True),
        (40, {"sequences": np.arange(40) // 10}, False),
        # Sequences are independent, however much the windows in one of them overlap.
        (50, {"sequences": np.arange(50) // 10, "overlap": 24}, True),
    ],
)
def test_fewer_than_five_independent_units_are_too_few_for_any_conclusion(windows, options, enough):
    network = np.random.default_rng(21).random(windows) * 0.1 + 1
    got = against(network, 9 * network, oracle=network / 2, hits=np.arange(windows) % 2.0, **options)
    side = got["naive"]
    assert side["skill"] == pytest.approx(8 / 9)
    assert side["comparison"] == ("better" if enough else "not_distinguishable")
    assert (side["low"] is not None, side["high"] is not None, side["p_value"] < 1) == (enough, enough, enough)
    assert (got["oracle_share"] is not None) == enough
    assert (got["accuracy"]["block"] != [None, None]) == enough
    assert got["accuracy"]["binomial"][0] is not None


def test_a_baseline_that_is_not_finite_is_not_compared():
    network, base = pair(np.random.default_rng(22), windows=60)
    base[3] = np.nan
    got = skill.compare({0: network}, ("train_mean", base), ("ridge", network * 2))
    side = got["naive"]
    assert (side["skill"], side["low"], side["p_value"], side["diebold_mariano"]) == (None, None, 1.0, None)
    assert side["comparison"] == "not_distinguishable"
    assert got["effective_windows"] is None
    assert got["linear"]["comparison"] == "better"
    assert got["linear"]["diebold_mariano"] is not None


def test_the_overlap_reaches_every_number():
    random = np.random.default_rng(23)
    network, base = (np.convolve(random.normal(size=205), np.ones(6), "valid") ** 2 for _ in range(2))
    got = against(network, base, overlap=6)
    assert got["block_length"] == bootstrap.block_length([network - base], 6) >= 12
    expected = significance.diebold_mariano(network, base, 6)
    assert expected != significance.diebold_mariano(network, base, 1)
    assert got["naive"]["diebold_mariano"] == got["linear"]["diebold_mariano"] == pytest.approx(expected)
    draws = bootstrap.draw(np.column_stack([network, base, np.ones(200)]), got["block_length"])
    assert got["effective_windows"] == pytest.approx(skill.effective(network - base, draws))
    assert got["effective_windows"] < 0.6 * 200


def test_a_network_that_is_not_finite_is_worse():
    base = np.random.default_rng(6).random(30)
    hits = np.r_[np.ones(10), np.zeros(20)]
    got = skill.compare({0: base, 1: np.nan * base}, ("majority", base), ("logistic", base), oracle=base / 2, hits=hits)
    for side in (got["naive"], got["linear"]):
        assert (side["skill"], side["low"], side["high"], side["p_value"]) == (None, None, None, 0.0)
        assert side["comparison"] == "worse"
        assert side["diebold_mariano"] is None
        assert side["seeds"] == {"0": 0.0, "1": None}
    assert got["oracle_share"] is None
    assert got["effective_windows"] is None
    assert got["accuracy"]["score"] == pytest.approx(1 / 3)


def test_the_interval_covers_the_true_skill_as_often_as_it_says():
    covered, wrong = 0, 0
    for number in range(250):
        random = np.random.default_rng([7, number])
        # Expected losses 1.25 and 2.5: skill 0.5.
        network, base = pair(random, worse=2.0)
        side = against(network, base)["naive"]
        covered += side["low"] <= 0.5 <= side["high"]
        wrong += against(*pair(random))["naive"]["comparison"] != "not_distinguishable"
    assert 0.92 <= covered / 250 <= 0.98
    assert 0.016 <= wrong / 250 <= 0.085


def test_blocks_know_that_windows_overlap():
    missed = {"blocks": 0, "independent": 0}
    for number in range(120):
        random = np.random.default_rng([8, number])
        truth, one, other = (correlated(random, 300) for _ in range(3))
        network, base = (truth + 0.3 * one) ** 2, (truth + 0.3 * other) ** 2
        blocks, alone = against(network, base), against(network, base, sequences=np.arange(300))
        assert blocks["block_length"] > 1
        missed["blocks"] += blocks["naive"]["comparison"] != "not_distinguishable"
        missed["independent"] += alone["naive"]["comparison"] != "not_distinguishable"
    assert missed["blocks"] / 120 < 0.15
    assert missed["independent"] / 120 > 0.25


def test_block_length_grows_with_the_correlation_and_the_overlap():
    random = np.random.default_rng(9)
    noise, slow = random.normal(size=400), correlated(random, 400, 0.95)
    assert bootstrap.block_length([noise]) <= 4
    assert bootstrap.block_length([slow]) >= 15
    assert bootstrap.block_length([noise, slow]) == bootstrap.block_length([slow])
    assert bootstrap.block_length([noise], overlap=10) >= 20
    assert bootstrap.block_length([noise], overlap=1000) == 100
    assert bootstrap.block_length([np.zeros(400)]) == 1
    assert bootstrap.block_length([noise * 1e-12]) == bootstrap.block_length([noise])
    assert [bootstrap.block_length([noise[:n]]) for n in (1, 2, 5, 20)][:3] == [1, 1, 1]


def test_with_blocks_of_one_window_the_widening_is_students():
    for units in (5, 30, 1000):
        deviation = np.sqrt(1 - 1 / units)  # of a resampled mean, as a share of the sample's standard error
        student = stats.t.ppf(0.975, units - 1)
        assert bootstrap.widening(units, 1) * deviation * stats.norm.ppf(0.975) == pytest.approx(student)
    assert bootstrap.widening(500, 50) > bootstrap.widening(500, 5) > bootstrap.widening(500, 1)


def test_the_widening_of_long_blocks_is_priestleys():
    weights = (1 - 1 / 48) ** np.abs(np.arange(-5000, 5001))
    # Of 500 windows' mean: what the sample's own mean takes away, and chi-squared's degrees of freedom.
    share, degrees = 1 - weights.sum() / 500, 500 / (weights**2).sum() - 1
    assert share == pytest.approx(0.81)
    student = stats.t.ppf(0.975, degrees) / stats.norm.ppf(0.975)
    assert bootstrap.widening(500, 48) == pytest.approx(student / np.sqrt(share)) == pytest.approx(1.272, abs=0.001)
    assert np.isfinite(bootstrap.widening(1, 1))


@pytest.mark.parametrize("units", [5, 30])
def test_small_p_values_are_as_rare_as_they_say(units):
    random = np.random.default_rng([24, units])
    found = []
    for _ in range(2500):
        draws = bootstrap.draw(np.column_stack([random.normal(size=units), np.ones(units)]), 1)
        found.append(draws.p_value(draws.means[0], draws.resampled[:, 0]))
    for level in (0.05, 0.01, 0.003):
        rate, deviation = np.mean(np.array(found) < level), np.sqrt(level / 2500)
        assert abs(rate - level) < 3.5 * deviation, level


def test_a_p_value_without_a_spread():
    draws = bootstrap.draw(np.column_stack([np.zeros(30), np.full(30, 2.0), np.ones(30)]), 1)
    assert draws.p_value(0.0, draws.resampled[:, 0]) == 1
    assert 0 < draws.p_value(2.0, draws.resampled[:, 1]) < 1e-6
    assert 0 < draws.p_value(-2.0, -draws.resampled[:, 1]) < 1e-6
    assert against(np.ones(30), np.full(30, 2.0))["naive"]["comparison"] == "better"


def test_a_p_value_is_never_0_of_a_finite_network():
    network, other = np.random.default_rng(25).random((2, 2000))
    # So far out that Student's t leaves nothing.
    assert 0 < against(network, other + 1000)["naive"]["p_value"] < 1e-9


def test_the_p_value_is_below_the_level_exactly_where_the_interval_leaves_0_out():
    random = np.random.default_rng(10)
    seen = set()
    for number in range(150):
        network, base = pair(random, windows=60, worse=random.uniform(0.7, 1.4))
        side = against(network, base)["naive"]
        outside = side["low"] > 0 or side["high"] < 0
        assert outside == (side["p_value"] < 0.05) == (side["comparison"] != "not_distinguishable"), number
        seen.add(side["comparison"])
    assert len(seen) == 3


@pytest.mark.parametrize("units", [40, 2000])
def test_a_resample_is_of_pairs_and_has_the_spread_of_a_mean(units):
    random = np.random.default_rng(11)
    losses = random.normal(size=units)
    draws = bootstrap.draw(np.column_stack([losses, 3 * losses, np.ones(units)]), 1)
    assert draws.resampled.shape == (1000, 2)
    np.testing.assert_allclose(draws.resampled[:, 1], 3 * draws.resampled[:, 0])
    assert draws.resampled[:, 0].std() == pytest.approx(losses.std() / np.sqrt(units), rel=0.1)
    assert draws.means[0] == pytest.approx(losses.mean())


def test_kept_draws_and_streamed_ones_are_the_same(monkeypatch):
    table = np.column_stack([np.random.default_rng(12).random(80), np.ones(80)])
    kept = bootstrap.draw(table, 5).resampled
    monkeypatch.setattr(bootstrap, "_KEPT", 10)
    np.testing.assert_allclose(bootstrap.draw(table, 5).resampled, kept, rtol=1e-12)


def test_sequences_are_drawn_whole():
    random = np.random.default_rng(13)
    sequences = np.repeat(np.arange(12), random.integers(1, 9, size=12))
    level = random.normal(size=12)[sequences]
    network = (level + 0.1 * random.normal(size=len(sequences))) ** 2
    base = np.full(len(sequences), network.mean())
    whole, apart = against(network, base, sequences=sequences), against(network, base, sequences=np.arange(len(base)))
    assert whole["unit"] == "sequence"
    assert (whole["block_length"], whole["windows"]) == (1, len(sequences))
    assert whole["naive"]["skill"] == pytest.approx(0, abs=1e-9)
    width = [one["naive"]["high"] - one["naive"]["low"] for one in (whole, apart)]
    assert width[0] > 1.3 * width[1]
    assert whole["effective_windows"] < 20
    assert apart["effective_windows"] == pytest.approx(len(sequences))


def test_diebold_mariano_is_that_of_statsmodels_on_the_forecasts():
    random = np.random.default_rng(14)
    truth, one, other = random.normal(size=(3, 120))
    for overlap in (1, 8):
        # The cube root of 120, and twice the overlap's own lags.
        lags = 5 if overlap == 1 else 14
        expected = diebold_mariano_test(truth, one, other, criterion="mse", harvey_adj=True, horizon=overlap, lags=lags)
        got = significance.diebold_mariano((one - truth) ** 2, (other - truth) ** 2, overlap)
        assert got == pytest.approx({"statistic": expected.statistic, "p_value": expected.pvalue, "lags": lags})
    assert significance.diebold_mariano(truth, truth + 1) is None
    assert significance.diebold_mariano(truth[:3], one[:3]) is None
    for least, overlap in ((10, 1), (80, 8)):
        assert significance.diebold_mariano(truth[: least - 1], one[: least - 1], overlap) is None
        assert significance.diebold_mariano(truth[:least], one[:least], overlap) is not None
    assert significance.diebold_mariano(truth[:4], one[:4], sequences=np.arange(4)) is None


def test_diebold_mariano_of_independent_sequences_is_students():
    one, other = np.random.default_rng(15).random((2, 9))
    got = significance.diebold_mariano(one, other, overlap=500, sequences=np.arange(9))
    expected = stats.ttest_1samp(one - other, 0)
    assert got["lags"] == 0
    assert got["statistic"] == pytest.approx(expected.statistic)
    assert got["p_value"] == pytest.approx(expected.pvalue)


def test_pesaran_timmermann_is_that_of_statsmodels():
    random = np.random.default_rng(16)
    last, change = random.normal(size=(2, 100))
    forecast = last + change + random.normal(size=100)
    got = significance.signs(last + change, forecast, last)
    expected = pesaran_timmermann(change, forecast - last)
    assert (got["statistic"], got["p_value"]) == pytest.approx((expected.statistic, expected.pvalue))
    assert got["hits"] == pytest.approx(np.mean((change > 0) == (forecast > last)))
    # Overlapping targets are thinned, not taken for independent.
    thinned = significance.signs(last + change, forecast, last, overlap=4)
    assert thinned == pytest.approx(significance.signs((last + change)[::4], forecast[::4], last[::4]))
    assert thinned["p_value"] > got["p_value"]


def test_signs_that_do_not_change_have_no_test():
    truth = np.random.default_rng(17).normal(size=40)
    assert significance.signs(truth, np.ones(40), np.zeros(40)) is None
    assert significance.signs(truth, truth * np.nan, np.zeros(40)) is None
    missing = np.where(np.arange(40) < 5, np.nan, 0.0)
    assert significance.signs(truth, truth, missing)["hits"] == 1


def test_few_signs_have_no_test():
    truth = np.random.default_rng(26).normal(size=60)
    assert significance.signs(truth[:20], truth[:20], np.zeros(20)) is not None
    assert significance.signs(truth[:19], truth[:19], np.zeros(19)) is None
    assert significance.signs(truth, truth, np.zeros(60), overlap=3) is not None
    assert significance.signs(truth[:57], truth[:57], np.zeros(57), overlap=3) is None


def test_the_effective_number_of_windows():
    def found(difference, block):
        table = np.column_stack([difference, np.zeros(len(difference)), np.ones(len(difference))])
        return skill.effective(difference, bootstrap.draw(table, block))

    random = np.random.default_rng(18)
    assert found(random.normal(size=500), 1) == pytest.approx(500, rel=0.1)
    # Student's factor is that of the independent windows too, and takes nothing off.
    assert found(random.normal(size=12), 1) == pytest.approx(12, rel=0.1)
    assert found(np.zeros(10), 1) == 10
    assert found(np.tile([1.0, -1.0], 20), 10) == 40
    # Sums of 24 independent rows, one row farther each time, have 24 - |lag| rows in common: 500 windows are worth 21.
    sums = [np.convolve(random.normal(size=523), np.ones(24), "valid") for _ in range(60)]
    worth = np.median([found(one, bootstrap.block_length([one], 24)) for one in sums])
    assert worth == pytest.approx(500 / 24, rel=0.2)


def test_the_oracle_share():
    random = np.random.default_rng(19)
    noise, level = random.normal(size=(2, 400))
    naive, best, half = (level + noise) ** 2, noise**2, (0.5 * level + noise) ** 2
    got = skill.compare({0: half}, ("train_mean", naive), ("ridge", best), oracle=best)["oracle_share"]
    # Half of the signal leaves a quarter of its variance.
    assert got["share"] == pytest.approx((naive - half).mean() / (naive - best).mean())
    assert got["low"] < 0.75 < got["high"]
    assert 0.02 < got["high"] - got["low"] < 0.3
    whole = skill.compare({0: best}, ("train_mean", naive), ("ridge", best), oracle=best)["oracle_share"]
    assert whole == pytest.approx({"share": 1, "low": 1, "high": 1})
    # No oracle, one without an advantage, one whose advantage may be chance.
    for oracle in (None, naive, (level + noise + 0.1 * random.normal(size=400)) ** 2):
        got = skill.compare({0: half}, ("train_mean", naive), ("ridge", best), oracle=oracle)
        assert got["oracle_share"] is None


def test_the_accuracy_with_both_intervals():
    random = np.random.default_rng(20)
    hits = (correlated(random, 400) > 0).astype(float)
    base = random.random(400)
    got = against(base * 0.9, base, hits=hits)["accuracy"]
    assert got["score"] == pytest.approx(hits.mean())
    # Wilson (1927), by hand.
    z, p = stats.norm.ppf(0.975), hits.mean()
    centre = (p + z**2 / 800) / (1 + z**2 / 400)
    half = z / (1 + z**2 / 400) * np.sqrt(p * (1 - p) / 400 + z**2 / (4 * 400**2))
    assert got["binomial"] == pytest.approx([centre - half, centre + half])
    assert got["block"][1] - got["block"][0] > 2 * (got["binomial"][1] - got["binomial"][0])
    assert against(base, base, hits=np.ones(400))["accuracy"]["block"] == [1.0, 1.0]


# --- pairs of experiments


def experiment(*losses, rows=None):
    table = {f"loss_{seed}": loss for seed, loss in enumerate(losses)}
    return {"row": np.arange(len(losses[0])) if rows is None else rows} | table


def test_a_pair_is_compared_as_a_network_and_a_baseline_are():
    random = np.random.default_rng(31)
    remedied, posted = pair(random, worse=1.5)
    expected = against(remedied, posted)
    got = skill.paired(experiment(posted), experiment(remedied))
    side = expected["naive"]
    assert got["reduction"] == pytest.approx(1 - remedied.mean() / posted.mean())
    # Two products of matrices of other widths: the last digits are not promised.
    for key in ("low", "high", "p_value"):
        assert got[key] == pytest.approx(side[key], rel=1e-12)
    assert got["comparison"] == side["comparison"]
    assert (got["block_length"], got["windows"]) == (expected["block_length"], 200)
    back = skill.paired(experiment(remedied), experiment(posted))
    assert (got["comparison"], back["comparison"]) == ("better", "worse")
    assert (got["posted"], got["remedied"]) == pytest.approx((posted.mean(), remedied.mean()))


def test_windows_belong_together_by_their_row_and_the_others_are_counted():
    random = np.random.default_rng(32)
    remedied, posted = pair(random, worse=1.5)
    whole = skill.paired(experiment(posted[50:]), experiment(remedied[50:]))
    order = random.permutation(170)
    got = skill.paired(
        experiment(posted, rows=np.arange(200) + 7),
        experiment(np.r_[remedied[50:], np.full(20, 99.0)][order], rows=(np.arange(170) + 57)[order]),
    )
    assert got.pop("left_out") == {"posted": 50, "remedied": 20}
    assert whole.pop("left_out") == {"posted": 0, "remedied": 0}
    assert got == whole


def test_seeds_are_averaged_and_unchanged_is_the_first_against_the_others():
    random = np.random.default_rng(33)
    a, b, c = random.random((3, 100)) + 1
    assert skill.paired(experiment(a, b), experiment(c))["posted"] == pytest.approx((a + b).mean() / 2)
    got = skill.unchanged(experiment(a, b, c))
    assert got == skill.paired(experiment(a), experiment(b, c))
    assert skill.unchanged(experiment(a)) is None


def test_the_overlap_and_the_sequences_of_a_pair():
    random = np.random.default_rng(34)
    a, b = (np.convolve(random.normal(size=205), np.ones(6), "valid") ** 2 for _ in range(2))
    assert skill.paired(experiment(a), experiment(b), overlap=6)["block_length"] >= 12
    few = skill.paired(experiment(a[:29]), experiment(a[:29] / 9), overlap=6)
    assert (few["comparison"], few["low"], few["p_value"]) == ("not_distinguishable", None, 1.0)
    rows = np.arange(5) * 2000 + 1999
    five = skill.paired(experiment(a[:5] + 9, rows=rows), experiment(a[:5] + 0.1, rows=rows), sequence_length=2000)
    assert (five["unit"], five["block_length"], five["windows"]) == ("sequence", 1, 5)


@pytest.mark.parametrize(
    ("posted", "remedied", "comparison", "p_value"),
    [(np.nan, 1.0, "better", 0.0), (1.0, np.nan, "worse", 0.0), (np.nan, np.nan, "not_distinguishable", 1.0)],
)
def test_losses_that_are_not_finite_are_worse_than_any(posted, remedied, comparison, p_value):
    ones = np.ones(30)
    got = skill.paired(experiment(ones, posted * ones), experiment(remedied * ones))
    assert (got["comparison"], got["p_value"]) == (comparison, p_value)
    assert (got["reduction"], got["low"], got["high"]) == (None, None, None)
    assert (got["posted"] is None, got["remedied"] is None) == (bool(np.isnan(posted)), bool(np.isnan(remedied)))


def test_no_common_window_and_a_loss_of_0():
    ones = np.ones(30)
    got = skill.paired(experiment(ones), experiment(ones, rows=np.arange(30) + 30))
    assert (got["windows"], got["posted"], got["comparison"]) == (0, None, "not_distinguishable")
    assert got["left_out"] == {"posted": 30, "remedied": 30}
    assert skill.paired(experiment(0 * ones), experiment(ones))["reduction"] is None
    assert skill.paired(experiment(ones), experiment(ones))["comparison"] == "not_distinguishable"


def test_equal_experiments_are_rarely_told_apart():
    told = []
    for number in range(200):
        random = np.random.default_rng([35, number])
        level = correlated(random, 150, rho=0.5)
        a, b = ((level + random.normal(size=150)) ** 2 for _ in range(2))
        told.append(skill.paired(experiment(a), experiment(b))["comparison"] != "not_distinguishable")
    assert 0 < np.mean(told) <= 0.10


def test_holms_correction():
    def side(p_value, comparison):
        return {"p_value": p_value, "comparison": comparison}

    # Ordered: 0.01 to 0.05 / 4, 0.016 to 0.05 / 3, 0.03 against 0.05 / 2: there it ends, for 0.04 too.
    sides = [side(0.03, "better"), side(0.01, "better"), side(0.04, "better"), side(0.016, "worse")]
    none = "not_distinguishable"
    assert skill.corrected(sides) == [none, "better", none, "worse"]
    assert skill.corrected(sides, level=0.2) == ["better", "better", "better", "worse"]
    assert skill.corrected([side(0.04, "better")]) == ["better"]
    assert skill.corrected([]) == []


def test_holms_correction_leaves_forty_strong_effects():
    sides = [against(*pair(np.random.default_rng([27, n]), windows=100, worse=4.0))["naive"] for n in range(40)]
    assert {side["comparison"] for side in sides} == {"better"}
    assert skill.corrected(sides) == ["better"] * 40


def test_a_key_per_set_of_test_windows():
    rows, targets = np.arange(5), np.arange(5.0)[:, None]
    key = skill.windows_key("a", rows, targets)
    assert len(key) == 16
    assert int(key, 16) >= 0
    assert key == skill.windows_key("a", rows.astype(np.int32), targets.copy())
    others = [("b", rows, targets), ("a", rows + 1, targets), ("a", rows, -targets), ("a", rows[:4], targets[:4])]
    assert len({key, *(skill.windows_key(*other) for other in others)}) == 5
