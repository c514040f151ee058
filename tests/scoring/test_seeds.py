"""The error of a difference for other seeds and other windows."""

import numpy as np
import pytest
from scipy import signal

from pipeline.scoring import gains, seeds
from pipeline.scoring.long_run import Error


def losses(random, count, common, own=0.0, level=0.1, rho=0.0):
    """Losses of seeds around `common`: each has a level, and values of its own on single windows."""
    noise = own * random.normal(size=(count, len(common) + 50))
    noise = signal.lfilter([np.sqrt(1 - rho**2)], [1, -rho], noise)[:, 50:]
    return common + level * random.normal(size=(count, 1)) + noise


def variances(draw, draws=300, **about):
    """Return the variance of the difference of means, and the mean squares of the smallest and largest error."""
    differences, squares = [], []
    for number in range(draws):
        before, after = draw(np.random.default_rng([50, number]))
        differences.append(before.mean() - after.mean())
        found = [error.standard**2 for error in seeds.errors(before, after, **about)]
        squares.append([min(found), max(found)])
    return np.var(differences), *np.mean(squares, axis=0)


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_what_seeds_do_on_single_windows_counts_once(rho):
    common = 10 + np.random.default_rng(51).normal(size=240)

    def draw(random):
        return tuple(losses(random, 5, common, own=3.0, level=0.05, rho=rho) for _ in range(2))

    true, low, high = variances(draw)
    # Counted twice, it is twice the variance. What is left above it are differences of the windows that are never < 0.
    assert 0.8 * true < low <= high < 1.6 * true
    before, after = draw(np.random.default_rng(52))
    separate = gains.errors(gains.sample([after.mean(axis=0), before.mean(axis=0)], [(0, 1)]), 0, 1)[0]
    students = (before.mean(axis=1).var(ddof=1) + after.mean(axis=1).var(ddof=1)) / 5
    for error, own in zip(seeds.errors(before, after), separate, strict=True):
        assert students * 0.99 <= error.standard**2 < students + 0.9 * own.standard**2


def test_a_difference_of_the_experiments_on_windows_stays():
    def draw(random):
        first, second = 10 + random.normal(size=(2, 240))
        return losses(random, 5, first, own=0.5, level=0.05), losses(random, 5, second, own=0.5, level=0.05)

    true, low, high = variances(draw)
    assert 0.8 * true < low <= high < 1.5 * true


def test_a_slow_difference_stays_beside_a_quick_interaction():
    def draw(random):
        slow = [10 + signal.lfilter([0.3], [1, -0.9], random.normal(size=300))[60:] for _ in range(2)]
        return tuple(losses(random, 5, common, own=1.0, level=0.05) for common in slow)

    true, _, high = variances(draw)
    assert high > 0.8 * true


def test_no_more_than_the_windows_variance_is_taken_off():
    random = np.random.default_rng(53)
    # Two seeds that mirror each other: their mean does not vary over windows, and the interaction is large.
    mirrored = (np.outer([1, -1], random.normal(size=200)) for _ in range(2))
    before, after = (own + np.array([[10.0], [level]]) for own, level in zip(mirrored, (10.5, 10.8), strict=True))
    students = seeds._groups(before, after).error
    found = seeds.errors(before, after)
    assert len(found) == 3
    assert all(error == pytest.approx((students.standard, 2.0)) for error in found)


def test_few_blocks_and_sequences():
    random = np.random.default_rng(54)
    common = 10 + random.normal(size=60)
    before, after = (losses(random, 3, common, own=2.0) for _ in range(2))
    few = seeds.errors(before, after, overlap=12)
    relative = [own - own.mean(axis=1, keepdims=True) for own in (before, after)]
    assert len(few) == 2
    # Five groups of windows that overlap say nothing of the interaction: all of the windows' error is added.
    windows = gains.errors(gains.sample([own.mean(axis=0) for own in relative], [(0, 1)], 12), 0, 1)[0]
    alone = seeds._groups(before, after).error
    for error, own in zip(few, windows, strict=True):
        assert error.standard**2 == pytest.approx(alone.standard**2 + own.standard**2, rel=0.2)
    groups = np.repeat(np.arange(20), 3)
    (one,) = seeds.errors(before, after, sequences=groups)
    sums = before.reshape(3, 20, 3).sum(axis=2), after.reshape(3, 20, 3).sum(axis=2)
    (same,) = seeds.errors(*(own / 3 for own in sums), rows=None, sequences=np.arange(20))
    assert one == pytest.approx(same)


def test_together_has_cochrans_critical_value():
    found = seeds._together(Error(3.0, 2.0), Error(4.0, 50.0))
    assert found.standard == 5
    expected = (9 * Error(1.0, 2.0).reach(0.05) + 16 * Error(1.0, 50.0).reach(0.05)) / 25
    assert found.reach(0.05) == pytest.approx(5 * expected)
    assert seeds._together(Error(3.0, 2.0), Error(0.0, 50.0)) == pytest.approx((3.0, 2.0))
    assert seeds._together(Error(0.0, 2.0), Error(4.0, 50.0)) == pytest.approx((4.0, 50.0))
    assert seeds._together(Error(0.0, 2.0), Error(0.0, 50.0)) == (0.0, 2.0)


def test_one_seed_has_no_error():
    random = np.random.default_rng(55)
    two, one = random.random((2, 50)), random.random((1, 50))
    assert seeds.errors(two, one) is None
    assert seeds.errors(one, two) is None
