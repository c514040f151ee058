"""The oracle on rows whose distribution is known."""

import numpy as np
import pytest
from scipy import stats

from pipeline.scoring import oracle
from tests.helpers.parts import make_part

LOCATION = np.array([0.0, 0.1, 0.2, 0.3, 0.4])
SCALE = np.array([1.0, 1.0, 2.0, 1.0, 0.5])
NORMAL = ("normal", None, LOCATION, SCALE)
VALUES = [1.0, -2.0, 3.0, 4.0, -5.0]


def test_no_oracle_and_more_than_one_step():
    assert oracle.predict(make_part(VALUES, length=2)) is None
    assert oracle.predict(make_part(VALUES, length=2, horizon=2, oracle=NORMAL)) is None


def test_regressions_by_hand():
    assert oracle.predict(make_part(VALUES, length=2, oracle=NORMAL))[:, 0].tolist() == [0.2, 0.3, 0.4]
    assert oracle.predict(make_part(VALUES, length=2, kind="difference", oracle=NORMAL))[:, 0] == pytest.approx(
        [2.2, -2.7, -3.6]
    )
    assert oracle.predict(make_part(VALUES, length=2, kind="return", oracle=NORMAL))[:, 0] == pytest.approx(
        [0.2 / -2 - 1, 0.3 / 3 - 1, 0.4 / 4 - 1]
    )


def test_rows_are_found_by_their_number_in_the_series():
    part = make_part(VALUES, length=2, oracle=NORMAL, first_row=1000, name="test")
    assert oracle.predict(part)[:, 0].tolist() == [0.2, 0.3, 0.4]


def test_sign_is_the_probability_above_zero():
    part = make_part(VALUES, length=2, kind="sign", oracle=NORMAL)
    assert oracle.predict(part)[:, 0] == pytest.approx(stats.norm.cdf(LOCATION[2:] / SCALE[2:]))
    heavy = make_part(VALUES, length=2, kind="sign", oracle=("student_t", 3, LOCATION, SCALE))
    assert oracle.predict(heavy)[:, 0] == pytest.approx(stats.t(df=3).cdf(LOCATION[2:] / SCALE[2:]))


def test_sign_of_a_difference_and_of_a_return():
    last = np.array([-2.0, 3.0, 4.0])
    above = 1 - stats.norm.cdf((last - LOCATION[2:]) / SCALE[2:])
    change = make_part(VALUES, length=2, kind="sign", of="difference", oracle=NORMAL)
    assert oracle.predict(change)[:, 0] == pytest.approx(above)
    relative = make_part(VALUES, length=2, kind="sign", of="return", oracle=NORMAL)
    # On a last value below zero the return is above zero where the value falls.
    assert oracle.predict(relative)[:, 0] == pytest.approx([1 - above[0], above[1], above[2]])


def test_three_classes_add_up_to_one():
    part = make_part(VALUES, length=2, kind="classes", thresholds=[-0.5, 0.5], oracle=NORMAL)
    chance = oracle.predict(part)
    assert chance.sum(axis=1) == pytest.approx(1)
    assert chance[:, 0] == pytest.approx(stats.norm.cdf((-0.5 - LOCATION[2:]) / SCALE[2:]))
    assert chance[:, 2] == pytest.approx(1 - stats.norm.cdf((0.5 - LOCATION[2:]) / SCALE[2:]))


@pytest.mark.parametrize("of", ["difference", "return"])
def test_classes_of_a_change_by_simulation(of):
    part = make_part(VALUES, length=2, kind="classes", of=of, thresholds=[-0.4, 0.3], oracle=NORMAL)
    value = LOCATION[2:] + SCALE[2:] * np.random.default_rng(1).normal(size=(200_000, 3))
    last = np.array([-2.0, 3.0, 4.0])
    change = value - last if of == "difference" else value / last - 1
    shares = [(change <= -0.4).mean(axis=0), ((change > -0.4) & (change <= 0.3)).mean(axis=0)]
    np.testing.assert_allclose(oracle.predict(part)[:, :2].T, shares, atol=0.005)


def test_no_noise_is_certain():
    part = make_part(VALUES, length=2, kind="sign", oracle=("normal", None, np.array([0, 0, 0.0, 1.0, -1.0]), 0.0))
    assert oracle.predict(part)[:, 0].tolist() == [0, 1, 0]


def test_exact_is_the_target_itself():
    mean = make_part([0, 1, 0, 0], length=2, kind="sequence_mean", sequence_length=2, oracle=("exact", None, 0.0, 0.0))
    assert oracle.predict(mean).tolist() == [[0.5], [0.0]]
    classes = make_part(VALUES, length=2, kind="classes", thresholds=[-0.5, 0.5], oracle=("exact", None, 0.0, 0.0))
    assert oracle.predict(classes).argmax(axis=1).tolist() == classes.raw_targets().ravel().tolist()


def test_the_oracle_of_an_autoregression_has_the_accuracy_that_theory_gives():
    random, phi = np.random.default_rng(0), 0.3
    values = np.zeros(20000)
    for t in range(1, len(values)):
        values[t] = phi * values[t - 1] + random.normal()
    location = phi * np.concatenate([[0], values[:-1]])
    part = make_part(values, length=3, kind="sign", oracle=("normal", None, location, 1.0))
    accuracy = ((oracle.predict(part) > 0.5) == part.raw_targets()).mean()
    assert accuracy == pytest.approx(0.5 + np.arcsin(phi) / np.pi, abs=0.01)
