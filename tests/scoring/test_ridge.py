"""Ridge regression against scikit-learn, with more windows than inputs and with fewer."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV

from pipeline.scoring import ridge


@pytest.mark.parametrize("shape", [(40, 90), (90, 40)])
@pytest.mark.parametrize("dual", [False, True])
@pytest.mark.parametrize("chunk", [7, 90])
def test_it_is_the_same_from_either_side_in_any_chunks_and_as_in_scikit_learn(shape, dual, chunk):
    random = np.random.default_rng(1)
    x = random.normal(size=shape)
    x -= x.mean(axis=0)
    y = (x[:, :3] @ [1.0, -2.0, 0.5] + 0.3 * random.normal(size=shape[0]))[:, None] + 4
    chunks = [x[at : at + chunk] for at in range(0, len(x), chunk)]
    coefficients, intercept = ridge.fit(lambda: chunks, shape[1], y, dual)
    reference = RidgeCV(alphas=ridge.ALPHAS * len(x)).fit(x, y[:, 0])
    assert coefficients[:, 0] == pytest.approx(reference.coef_, abs=1e-8)
    assert intercept[0] == pytest.approx(reference.intercept_)


@pytest.mark.parametrize("noise", [0.0, 0.05, 1.0, 5.0, 100.0])
@pytest.mark.parametrize("shape", [(12, 5), (30, 3), (9, 20)])
@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_the_penalty_is_the_one_that_scikit_learn_chooses(noise, shape, scale):
    random = np.random.default_rng([int(noise * 100), *shape])
    x = scale * random.normal(size=shape)
    x -= x.mean(axis=0)
    y = x[:, :2] @ [[1.0, -1.0], [2.0, 0.5]] + noise * random.normal(size=(shape[0], 2)) + 7
    # As `RidgeCV` for one penalty at a time, because it falls back to another formula where windows are few.
    errors = [
        np.mean([((y[i] - Ridge(alpha * len(x)).fit(*(np.delete(a, i, 0) for a in (x, y))).predict(x[[i]])) ** 2).sum()
                 for i in range(len(x))])
        for alpha in ridge.ALPHAS
    ]  # fmt: skip
    expected = Ridge(ridge.ALPHAS[int(np.argmin(errors))] * len(x)).fit(x, y)
    if np.sort(errors)[1] < np.min(errors) * (1 + 1e-6) + 1e-12:
        return  # two penalties are equally good
    for dual in (False, True):
        coefficients, intercept = ridge.fit(lambda: [x[:4], x[4:]], shape[1], y, dual)
        assert coefficients == pytest.approx(expected.coef_.T, rel=1e-5, abs=1e-7)
        assert intercept == pytest.approx(y.mean(axis=0))


def test_each_penalty_is_ten_times_the_one_before():
    assert ridge.ALPHAS[1:] / ridge.ALPHAS[:-1] == pytest.approx(np.full(len(ridge.ALPHAS) - 1, 10))
    assert (ridge.ALPHAS[0], ridge.ALPHAS[-1]) == pytest.approx((1e-6, 100))


@pytest.mark.parametrize("dual", [False, True])
def test_without_a_window_nothing_is_predicted(dual):
    with pytest.warns(RuntimeWarning):
        coefficients, intercept = ridge.fit(lambda: [], 3, np.zeros((0, 2)), dual)
    assert coefficients.shape == (3, 2)
    assert np.isnan(intercept).all()
