"""Comparisons against closed forms, and over many repetitions of a case whose answer is known."""

import numpy as np
import pytest
from scipy import stats

from pipeline.scoring import bootstrap, gains, long_run, scores, significance, skill
from tests.helpers.losses import against, correlated, pair


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


def test_a_baseline_without_an_answer_is_not_compared():
    network, base = pair(np.random.default_rng(22), windows=60)
    got = skill.compare({0: network}, ("train_mean", base * np.nan), ("ridge", network * 2))
    side = got["naive"]
    assert (side["skill"], side["low"], side["p_value"], side["diebold_mariano"]) == (None, None, 1.0, None)
    assert (side["comparison"], side["reason"], side["windows"]) == ("not_distinguishable", "baseline", 0)
    assert got["effective_windows"] is None
    assert (got["linear"]["comparison"], got["linear"]["windows"]) == ("better", 60)
    assert got["linear"]["diebold_mariano"] is not None


@pytest.mark.parametrize("whose", ["network", "baseline"])
def test_windows_are_compared_that_both_sides_answer(whose):
    network, base = pair(np.random.default_rng(32), windows=300, worse=2.0)
    gone = [7, 8, 100]
    kept = np.delete(np.arange(300), gone)
    whole = skill.compare(
        {0: network[kept], 1: network[kept]}, ("persistence", base[kept]), ("ridge", base[kept]), rows=kept
    )
    holes = {"network": network.copy(), "baseline": base.copy()}
    holes[whose][gone] = np.nan
    # One seed's missing answers are the network's.
    got = skill.compare({0: network, 1: holes["network"]}, ("persistence", holes["baseline"]), ("ridge", base))
    assert {k: got["naive"][k] for k in ("low", "high", "p_value", "comparison", "windows")} == {
        k: whole["naive"][k] for k in ("low", "high", "p_value", "comparison", "windows")
    }
    assert (got["naive"]["comparison"], got["naive"]["windows"]) == ("better", 297)
    assert (got["windows"], got["unanswered"]) == (300, 3 if whose == "network" else 0)
    assert got["linear"]["windows"] == (297 if whose == "network" else 300)
    assert got["effective_windows"] == whole["effective_windows"]


@pytest.mark.parametrize(("count", "network_better", "base_better"), [(15, "better", "worse"), (16, None, None)])
def test_nothing_is_better_that_leaves_more_than_five_percent_unanswered(count, network_better, base_better):
    network, base = pair(np.random.default_rng(33), windows=300, worse=4.0)
    part = np.where(np.arange(300) < count, np.nan, 1.0)
    for loss, other, expected, reason in (
        (network * part, base, network_better, "unanswered"),
        (base, network * part, base_better, "baseline"),
    ):
        side = against(loss, other)["naive"]
        assert (side["comparison"], side["reason"]) == (
            (expected, None) if expected else ("not_distinguishable", reason)
        )
        assert side["p_value"] == 1 or expected
        assert side["low"] > 0 or side["high"] < 0
    # The one that does not answer may still be worse.
    assert against(base * part, network)["naive"]["comparison"] == "worse"
    assert against(network, base * part)["naive"]["comparison"] == "better"


def test_accuracy_has_a_word_of_its_own():
    random = np.random.default_rng(34)
    naive = (random.random(400) < 0.5).astype(float)
    hits = np.where(random.random(400) < 0.4, 1.0, naive)
    base = random.random(400)
    got = against(base * 2, base, hits=hits, rival=("persistence", naive))
    # Overconfident: more often right, and a higher Brier score.
    assert (got["naive"]["comparison"], got["accuracy"]["comparison"]) == ("worse", "better")
    expected = against(1 - hits, 1 - naive)["naive"]
    assert {k: got["accuracy"][k] for k in ("skill", "low", "high", "p_value", "reason")} == {
        k: expected[k] for k in ("skill", "low", "high", "p_value", "reason")
    }
    assert (got["accuracy"]["baseline"], got["accuracy"]["baseline_score"]) == ("persistence", naive.mean())
    assert (
        against(base, base, hits=hits, rival=("persistence", hits))["accuracy"]["comparison"] == "not_distinguishable"
    )
    assert against(base * np.nan, base, hits=hits, rival=("majority", naive))["accuracy"]["comparison"] == "worse"


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
    assert got["naive"]["reason"] == "interval"
    assert against(network[:29], base[:29], overlap=6)["naive"]["reason"] == "few_windows"


def test_a_dozen_windows_of_a_slow_wave_are_worth_too_few():
    # A difference of 1 with an AR(0.97) around it, of which twelve windows show a straight line.
    wave = correlated(np.random.default_rng(28), 12, 0.97)
    got = against(np.ones(12) + 0.2 * (wave - wave.mean()), np.full(12, 2.0))
    side = got["naive"]
    assert (side["comparison"], side["reason"], side["low"], side["p_value"]) == (
        "not_distinguishable",
        "few_windows",
        None,
        1.0,
    )
    assert got["effective_windows"] < 5
    # The order decides, not the values.
    mixed = np.array([0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11])
    again = against((np.ones(12) + 0.2 * (wave - wave.mean()))[mixed], np.full(12, 2.0))
    assert (again["naive"]["comparison"], again["naive"]["reason"]) == ("better", None)
    assert again["effective_windows"] == pytest.approx(12, rel=0.1)


@pytest.mark.parametrize(("windows", "overlap", "worse"), [(30, 1, 1.5), (60, 6, 5.0), (12, 1, 3.0), (100, 1, 1.2)])
def test_the_conclusion_alone_is_that_of_the_side(windows, overlap, worse):
    seen = set()
    for number in range(40):
        network, base = pair(np.random.default_rng([30, number, windows]), windows, worse=worse)
        side = against(network, base, overlap=overlap)["naive"]
        assert gains.conclusion(network, base, overlap) == side["comparison"]
        seen.add(side["comparison"])
    assert seen == {"better", "not_distinguishable"}


def test_the_wider_of_both_intervals_holds():
    random = np.random.default_rng(29)
    seen = {"wider": 0, "resampled": 0}
    for number in range(40):
        network, base = (correlated(random, 30, 0.9) ** 2 for _ in range(2))
        side = against(network, base * (1 + number % 3))["naive"]
        units = np.column_stack([network, base * (1 + number % 3), np.ones(30)])
        draws = bootstrap.draw(units, bootstrap.block_length([units[:, 0] - units[:, 1]]))
        alone = draws.p_value(draws.means[1] - draws.means[0], draws.resampled[:, 1] - draws.resampled[:, 0])
        if side["reason"] == "few_windows":
            continue
        errors, _ = long_run.errors(units[:, 1] - units[:, 0])
        modelled = max(error.p_value(draws.means[1] - draws.means[0]) for error in errors)
        assert side["p_value"] == pytest.approx(max(alone, modelled))
        assert (side["low"] > 0 or side["high"] < 0) == (side["p_value"] < 0.05)
        seen["wider" if modelled > alone else "resampled"] += 1
    assert seen["wider"] > 10


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
    # Comparisons that are not listed count too: of five, 0.05 / 5 is the limit.
    assert skill.corrected([side(0.009, "better"), side(0.02, "worse")], tried=5) == ["better", none]
    assert skill.corrected([side(0.0101, "better")], tried=5) == [none]
    assert skill.corrected([side(0.04, "better")], tried=1) == skill.corrected([side(0.04, "better")]) == ["better"]
    assert skill.corrected([], tried=3) == []


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


@pytest.mark.parametrize("level", [0.05, 0.025, 0.01, 0.05 / 30])
def test_an_interval_at_a_lower_level_leaves_0_out_exactly_where_the_p_value_is_below_it(level):
    random = np.random.default_rng(31)
    outside = []
    for _ in range(40):
        network, base = pair(random, int(random.integers(20, 200)), worse=random.uniform(0.7, 1.6))
        side = against(network, base)["naive"]
        low, high = gains.at_level(side, level)
        assert low <= side["low"] <= side["skill"] <= side["high"] <= high <= 1
        outside.append(low > 0 or high < 0)
        assert outside[-1] == (side["p_value"] < level)
    assert 0 < sum(outside) < 40


def test_ends_at_the_level_of_a_pair_of_normal_means():
    side = {"skill": 0.2, "low": 0.1, "high": 0.35, "p_value": 0.0004, "degrees": 1e9}
    # 1.96 standard errors for 5 %, 2.5758 for 1 %: the far end moves in proportion, the near one towards 3.5401.
    low, high = gains.at_level(side, 0.01)
    assert low == pytest.approx(0.1 * (3.5401 - 2.5758) / (3.5401 - 1.96), abs=1e-4)
    assert high == pytest.approx(0.2 + 0.15 * 2.5758 / 1.96, abs=1e-4)
    assert gains.at_level(side, 0.05) == (0.1, 0.35)
    assert gains.at_level({**side, "low": None, "high": None}, 0.01) == (None, None)
    mirrored = {**side, "skill": -0.2, "low": -0.35, "high": -0.1}
    assert gains.at_level(mirrored, 0.01) == pytest.approx((-high, -low))


@pytest.mark.parametrize("seed", range(20))
def test_levels_are_those_at_which_holm_tests(seed):
    random = np.random.default_rng(seed)
    p_values = random.random(int(random.integers(1, 9))) ** 4
    sides = [{"p_value": float(p), "comparison": "better"} for p in p_values]
    below = [p < level for p, level in zip(p_values, skill.levels(sides), strict=True)]
    assert below == [word == "better" for word in skill.corrected(sides)]
    assert 0.05 / len(sides) <= min(skill.levels(sides)) <= max(skill.levels(sides)) <= 0.05
