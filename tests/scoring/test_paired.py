"""Two experiments on their common test windows."""

import numpy as np
import pytest
from scipy import stats

from pipeline.scoring import pairing
from tests.helpers.losses import against, correlated, pair


def experiment(*losses, rows=None):
    table = {f"loss_{seed}": loss for seed, loss in enumerate(losses)}
    return {"row": np.arange(len(losses[0])) if rows is None else rows} | table


def paired(*tables, networks=True, **about):
    return pairing.paired(*tables, networks=networks, **about)


def test_a_pair_is_compared_as_a_network_and_a_baseline_are():
    random = np.random.default_rng(31)
    fixed, posted = pair(random, worse=1.5)
    expected = against(fixed, posted)
    got = paired(experiment(posted), experiment(fixed))
    side = expected["naive"]
    assert got["reduction"] == pytest.approx(1 - fixed.mean() / posted.mean())
    # Two products of matrices of other widths: the last digits are not promised.
    for key in ("low", "high", "p_value"):
        assert got[key] == pytest.approx(side[key], rel=1e-12)
    assert got["comparison"] == side["comparison"]
    assert (got["block_length"], got["windows"]) == (expected["block_length"], 200)
    back = paired(experiment(fixed), experiment(posted))
    assert (got["comparison"], back["comparison"]) == ("better", "worse")
    assert (got["before"], got["after"]) == pytest.approx((posted.mean(), fixed.mean()))


def test_windows_belong_together_by_their_row_and_the_others_are_counted():
    random = np.random.default_rng(32)
    fixed, posted = pair(random, worse=1.5)
    whole = paired(experiment(posted[50:]), experiment(fixed[50:]))
    order = random.permutation(170)
    got = paired(
        experiment(posted, rows=np.arange(200) + 7),
        experiment(np.r_[fixed[50:], np.full(20, 99.0)][order], rows=(np.arange(170) + 57)[order]),
    )
    assert got.pop("left_out") == {"before": 50, "after": 20}
    assert whole.pop("left_out") == {"before": 0, "after": 0}
    assert got == whole


def test_seeds_are_averaged_and_unchanged_is_the_first_against_the_others():
    random = np.random.default_rng(33)
    a, b, c = random.random((3, 100)) + 1
    assert paired(experiment(a, b), experiment(c))["before"] == pytest.approx((a + b).mean() / 2)
    got = pairing.unchanged(experiment(a, b, c))
    assert got == paired(experiment(a), experiment(b, c))
    assert pairing.unchanged(experiment(a)) is None


def test_the_overlap_and_the_sequences_of_a_pair():
    random = np.random.default_rng(34)
    a, b = (np.convolve(random.normal(size=205), np.ones(6), "valid") ** 2 for _ in range(2))
    assert paired(experiment(a), experiment(b), overlap=6)["block_length"] >= 12
    few = paired(experiment(a[:29]), experiment(a[:29] / 9), overlap=6)
    assert (few["comparison"], few["low"], few["p_value"]) == ("not_distinguishable", None, 1.0)
    rows = np.arange(5) * 2000 + 1999
    five = paired(experiment(a[:5] + 9, rows=rows), experiment(a[:5] + 0.1, rows=rows), sequence_length=2000)
    assert (five["unit"], five["block_length"], five["windows"]) == ("sequence", 1, 5)


@pytest.mark.parametrize(
    ("posted", "fixed", "comparison", "p_value"),
    [(np.nan, 1.0, "better", 0.0), (1.0, np.nan, "worse", 0.0), (np.nan, np.nan, "not_distinguishable", 1.0)],
)
def test_losses_that_are_not_finite_are_worse_than_any(posted, fixed, comparison, p_value):
    ones = np.ones(30)
    got = paired(experiment(ones, posted * ones), experiment(fixed * ones))
    assert (got["comparison"], got["p_value"]) == (comparison, p_value)
    assert (got["reduction"], got["low"], got["high"]) == (None, None, None)
    assert got["reason"] == ("unanswered" if comparison == "not_distinguishable" else None)
    assert (got["before"] is None, got["after"] is None) == (bool(np.isnan(posted)), bool(np.isnan(fixed)))


def test_windows_that_both_answer_are_compared_and_the_others_counted():
    random = np.random.default_rng(36)
    fixed, posted = pair(random, windows=300, worse=2.0)
    kept = np.arange(300) > 9
    whole = paired(experiment(posted[kept]), experiment(fixed[kept]))
    holes = np.where(kept, fixed, np.nan)
    got = paired(experiment(posted), experiment(fixed, holes))
    assert (got["unanswered"], got["windows"]) == ({"before": 0, "after": 10}, 300)
    assert [got[key] for key in ("before", "after", "low", "p_value")] == [
        whole[key] for key in ("before", "after", "low", "p_value")
    ]
    assert (got["comparison"], got["reason"]) == ("better", None)
    # More than 5 % is not better, and may be worse.
    holes[:16] = np.nan
    got = paired(experiment(posted), experiment(holes))
    assert (got["comparison"], got["reason"]) == ("not_distinguishable", "unanswered")
    assert paired(experiment(holes), experiment(posted))["comparison"] == "not_distinguishable"
    assert paired(experiment(fixed), experiment(np.where(kept, posted, np.nan)))["comparison"] == "worse"


def test_no_common_window_and_a_loss_of_0():
    ones = np.ones(30)
    got = paired(experiment(ones), experiment(ones, rows=np.arange(30) + 30))
    assert (got["windows"], got["before"], got["comparison"]) == (0, None, "not_distinguishable")
    assert got["left_out"] == {"before": 30, "after": 30}
    assert paired(experiment(0 * ones), experiment(ones))["reduction"] is None
    assert paired(experiment(ones), experiment(ones))["comparison"] == "not_distinguishable"


def test_equal_experiments_rarely_differ():
    differ = []
    for number in range(200):
        random = np.random.default_rng([35, number])
        level = correlated(random, 150, rho=0.5)
        a, b = ((level + random.normal(size=150)) ** 2 for _ in range(2))
        differ.append(paired(experiment(a), experiment(b))["comparison"] != "not_distinguishable")
    assert 0 < np.mean(differ) <= 0.10


# --- other seeds


def trained(random, seeds, spread=0.1, worse=1.0, windows=200):
    """Losses of seeds: each seed's are higher or lower by `spread`, on the same windows."""
    common = (random.normal(size=windows) ** 2 + 0.5) * worse
    return [common * (1 + spread * random.normal()) + 0.05 * random.random(windows) for _ in range(seeds)]


def test_one_seed_concludes_nothing_about_others():
    random = np.random.default_rng(37)
    one, two = trained(random, 1), trained(random, 2, worse=9.0)
    for before, after in ((one, two), (two, one)):
        got = pairing.paired(experiment(*before), experiment(*after))
        assert (got["comparison"], got["reason"], got["p_value"]) == ("not_distinguishable", "one_seed", 1)
        assert got["low"] is None
        assert abs(got["reduction"]) > 0.5
    assert paired(experiment(*two), experiment(*one))["comparison"] == "better"
    assert pairing.unchanged(experiment(*two))["reason"] != "one_seed"


def test_the_error_of_the_seeds_is_students_on_their_logarithms():
    random = np.random.default_rng(38)
    # Seeds differ by a constant in each window: all of the error is that of the seeds.
    posted, fixed = np.exp(random.normal(2, 0.3, size=3)), np.exp(random.normal(1.5, 0.3, size=5))
    before, after = (experiment(*(np.full(50, level) for level in levels)) for levels in (posted, fixed))
    got, expected = pairing.paired(before, after), stats.ttest_ind(np.log(posted), np.log(fixed))
    ratio = np.log(posted.mean() / fixed.mean())
    # The variance is raised for few seeds, by 4 / 6³.
    standard = (np.log(posted).mean() - np.log(fixed).mean()) / expected.statistic * np.sqrt(1 + 4 / 216)
    assert got["p_value"] == pytest.approx(2 * stats.t.sf(ratio / standard, 6))
    reach = stats.t.ppf(0.975, 6) * standard / ratio * got["reduction"]
    assert (got["low"], got["high"]) == pytest.approx((got["reduction"] - reach, min(got["reduction"] + reach, 1)))
    # A loss of 0 has no logarithm.
    zero = experiment(*(np.full(50, level) for level in (0.0, 0.5, 1.0)))
    statistic = stats.ttest_ind(posted, [0.0, 0.5, 1.0]).statistic / np.sqrt(1 + 4 / 64)
    assert pairing.paired(before, zero)["p_value"] == pytest.approx(2 * stats.t.sf(statistic, 4))


def test_a_large_effect_is_found_although_the_posted_seeds_differ_much():
    random = np.random.default_rng(40)
    errors = random.normal(size=500) ** 2
    before, after = experiment(24.2 * errors, 37.0 * errors), experiment(8.9 * errors, 8.6 * errors)
    assert pairing.paired(before, after)["comparison"] == "better"
    assert pairing.paired(after, before)["comparison"] == "worse"
    assert pairing.paired(before, experiment(20 * errors, 39 * errors))["comparison"] == "not_distinguishable"


def test_other_seeds_of_the_same_settings_rarely_differ():
    told = {False: 0, True: 0}
    found = 0
    for number in range(150):
        random = np.random.default_rng([39, number])
        runs = trained(random, 4)
        for networks in told:
            got = pairing.paired(experiment(*runs[:2]), experiment(*runs[2:]), networks=networks)
            told[networks] += got["comparison"] != "not_distinguishable"
        five = trained(random, 10)
        better = experiment(*(0.8 * run for run in five[5:]))
        found += pairing.paired(experiment(*five[:5]), better)["comparison"] == "better"
    assert told[True] / 150 > 0.3
    assert told[False] / 150 < 0.07
    assert found / 150 > 0.6


def test_a_mean_is_in_the_unit_of_the_scores_where_the_other_experiment_answers_nothing() -> None:
    got = pairing.paired(experiment(np.full(40, 6.0)), experiment(np.full(40, np.nan)), scale=2.0)
    assert (got["before"], got["after"], got["comparison"]) == (1.5, None, "worse")
