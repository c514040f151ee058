"""Features that know later rows of the target, and honest ones that look much like them."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.signal import lfilter

from pipeline.diagnose import rules
from pipeline.diagnose.facts import ahead
from tests.diagnose.facts.test_data import with_features
from tests.helpers.parts import make_part

ROWS = 3000


def noise(seed):
    return np.random.default_rng(seed).standard_normal(ROWS)


def smooth(values, phi):
    return lfilter([1], [1, -phi], values)


def mean(values, width):
    return np.convolve(values, np.ones(width) / width, "same")


SEASON = np.sin(2 * np.pi * np.arange(ROWS) / 24)
Y, SEASONAL, WALK = smooth(noise(1), 0.5), SEASON + 0.3 * noise(2), np.cumsum(noise(3))
X, SLOW = noise(4), smooth(noise(5), 0.9)
FORWARD = np.concatenate([mean(Y, 5)[3:], np.zeros(3)])

LEAKS = {
    "centred mean of 5": (Y, mean(Y, 5)),
    "centred mean of 3": (Y, mean(Y, 3)),
    "centred mean of 25": (Y, mean(Y, 25)),
    "centred mean of 5 with errors": (Y, mean(Y, 5) + 0.01 * noise(6)),
    "mean of the next 5": (Y, FORWARD),
    "bell over a season": (SEASONAL, np.convolve(SEASONAL, np.exp(-(np.arange(-6, 7) ** 2) / 8), "same")),
    "centred mean of a walk": (WALK, mean(WALK, 5)),
    "next value with 5 % of errors": (Y, np.roll(Y, -1) + 0.05 * Y.std() * noise(7)),
    "next value with 10 % of errors": (Y, np.roll(Y, -1) + 0.1 * Y.std() * noise(7)),
    "third next value with 5 % of errors": (Y, np.roll(Y, -3) + 0.05 * Y.std() * noise(7)),
    "next value of a season": (SEASONAL, np.roll(SEASONAL, -1) + 0.05 * noise(7)),
}
HONEST = {
    "driver": (0.9 * np.roll(X, 1) + 0.05 * noise(8), X),
    "driver without errors": (0.9 * np.roll(X, 1), X),
    "slow driver": (0.9 * np.roll(SLOW, 1) + 0.05 * noise(8), SLOW),
    "weak driver": (0.9 * np.roll(X, 1) + 0.4 * noise(8), X),
    "two lags": (0.4 * np.roll(X, 1) + 0.9 * np.roll(X, 2), X),
    "two lags with errors": (0.4 * np.roll(SLOW, 1) + 0.9 * np.roll(SLOW, 2) + 0.05 * noise(8), SLOW),
    "heater": (lfilter([0, 1], [1, -0.9], X), X),
    "slow heater": (lfilter([0, 1], [1, -0.99], SLOW), SLOW),
    "oscillator": (lfilter([0, 1], [1, -1.58, 0.81], X), X),
    "tank": (np.cumsum(np.roll(X, 1)), X),
    "bent": (np.tanh(np.roll(X, 1)), X),
    "second sensor": (SEASONAL, SEASONAL + 0.05 * noise(8)),
    "late sensor": (SEASONAL, np.roll(SEASONAL, 2)),
    "mean of the past": (Y, lfilter(np.ones(5) / 5, [1], Y)),
    "past change": (WALK, np.diff(WALK, prepend=0.0)),
    "season without errors": (SEASON, np.cos(2 * np.pi * np.arange(ROWS) / 24)),
    "season of a noisy target": (SEASONAL, SEASON),
    "unrelated": (Y, X),
}


def reported(target, feature):
    part = with_features(make_part(target, length=12), {"feature": feature})
    found = ahead.facts(part)
    limit = rules.Limits(**{name: one.value for name, one in rules.RULES["looks_ahead"].limits.items()})
    facts = SimpleNamespace(data=SimpleNamespace(ahead=found, alignment=None))
    return rules.RULES["looks_ahead"].decide(facts, None, limit)


@pytest.mark.parametrize("name", LEAKS)
def test_later_rows_are_found(name):
    assert reported(*LEAKS[name]).values["feature"] == "feature"


@pytest.mark.parametrize("name", HONEST)
def test_honest_features_are_not(name):
    assert not reported(*HONEST[name])


def test_the_rows_are_those_of_the_leak():
    assert reported(*LEAKS["third next value with 5 % of errors"]).values["rows_ahead"] == 3
    found = reported(*LEAKS["centred mean of 25"]).values
    assert found["rows_ahead"] == 12
    assert "slope" not in found


def test_a_cut_is_not_crossed_and_few_rows_tell_nothing():
    part = with_features(make_part(Y[:30], length=12), {"feature": np.roll(Y, -1)[:30]})
    assert ahead.facts(part) == []
    part = make_part(Y, length=12)
    assert ahead.facts(part) == []  # no other feature
