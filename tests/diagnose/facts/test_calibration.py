"""What calibration adds to the skill of a classifier's probabilities."""

import numpy as np
import pytest

from pipeline.diagnose.facts import calibration


def drawn(classes, count=4000, seed=0):
    """True probabilities, and classes drawn from them."""
    draw = np.random.default_rng(seed)
    raw = np.exp(draw.standard_normal((count, classes)))
    shares = raw / raw.sum(axis=1, keepdims=True)
    return shares, (draw.random(count)[:, None] > shares.cumsum(axis=1)).sum(axis=1)


def sharpened(shares, power):
    made = shares**power
    return made / made.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3])
def test_too_sure_probabilities_gain_and_right_ones_do_not(classes):
    shares, truth = drawn(classes)
    assert calibration.gain(shares, truth, classes) == pytest.approx(0, abs=0.01)
    assert calibration.gain(sharpened(shares, 6), truth, classes) > 0.15
    # Back to the true ones, so both gains add up to the same skill.
    known = np.eye(classes)[truth]
    best, sure = (np.mean((known - each) ** 2) for each in (shares, sharpened(shares, 6)))
    constant = np.mean((known - known.mean(axis=0)) ** 2)
    assert calibration.gain(sharpened(shares, 6), truth, classes) == pytest.approx((sure - best) / constant, abs=0.02)


def test_few_windows_or_a_lacking_class_tell_nothing():
    shares, truth = drawn(2)
    assert calibration.gain(shares[:98], truth[:98], 2) is None
    assert calibration.gain(shares, np.where(np.arange(len(truth)) < 2000, truth, 0), 2) is None
