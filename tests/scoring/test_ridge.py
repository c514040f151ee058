"""Ridge regression against scikit-learn, with more windows than inputs and with fewer."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV

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


@pytest.mark.parametrize("dual", [False, True])
def test_without_a_window_nothing_is_predicted(dual):
    with pytest.warns(RuntimeWarning):
        coefficients, intercept = ridge.fit(lambda: [], 3, np.zeros((0, 2)), dual)
    assert coefficients.shape == (3, 2)
    assert np.isnan(intercept).all()
