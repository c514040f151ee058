"""A few series of each kind; the stage itself draws thousands."""

import json

import numpy as np
import pytest
import yaml
from scipy import stats

from pipeline.calibrate import stage
from pipeline.calibrate.__main__ import main
from pipeline.common import files, params
from pipeline.scoring import baselines, bootstrap, skill


def test_the_stage_writes_its_table(project):
    settings = yaml.safe_load(params.FILE.read_text()) | {"calibration": {"series": 30, "planted": 12}}
    params.FILE.write_text(yaml.safe_dump(settings))
    main([])
    before = files.CALIBRATION.read_bytes()
    table = json.loads(before)
    assert {key: table[key] for key in ("level", "windows", "resamples")} == {
        "level": 0.05,
        "windows": 500,
        "resamples": bootstrap.RESAMPLES,
    }
    assert list(table["null"]["kinds"]) == list(stage.KINDS)
    for key in ("null", "equal"):
        kinds = table[key]["kinds"].values()
        assert table[key]["better"] == sum(kind["better"] for kind in kinds)
        assert table[key]["series"] == sum(kind["series"] for kind in kinds)
    assert (table["null"]["series"], table["planted"]["series"], table["equal"]["series"]) == (30, 12, 30)
    # Both could only be missed by statistics that are wrong: 5 % of 30, 80 % of 12.
    assert table["null"]["better"] <= 3
    assert table["planted"]["better"] >= 9
    assert table["planted"]["oracle_r2"] == 0.1
    main([])
    assert files.CALIBRATION.read_bytes() == before


def test_the_limits_are_clopper_and_pearsons():
    for count, of in ((0, 60), (3, 60), (60, 60)):
        lower, upper = stage._limits(count, of)
        # At a limit what was seen, or more of it, has a probability of 2.5 %.
        assert count == 0 or stats.binom.sf(count - 1, of, lower) == pytest.approx(0.025)
        assert count == of or stats.binom.cdf(count, of, upper) == pytest.approx(0.025)
    assert (stage._limits(0, 60)[0], stage._limits(60, 60)[1]) == (0, 1)


@pytest.mark.parametrize("horizon", [1, 10])
def test_the_parts_are_those_of_the_stages(horizon):
    values = np.random.default_rng(1).normal(size=stage._rows_needed(horizon)).cumsum()
    train, validation, test = stage.parts(values, horizon, levels=True)
    assert len(test) == stage.WINDOWS
    assert skill.overlapping(test.spec) == horizon
    # No row of one part is in another one, and the last target is the last row.
    assert train.spec.first_rows[-1] + 1 == validation.spec.first_rows[0]
    assert validation.spec.first_rows[-1] + 1 == test.spec.first_rows[0]
    assert test.raw_targets()[-1, -1] == values[-1]
    persistence = baselines.fit(train)["persistence"](test)
    assert persistence[3, 0] == values[test.table["row"][3] - 1]
    np.testing.assert_allclose(test.restore(test.targets()), test.raw_targets(), atol=1e-3)
    assert train.spec.target_center == pytest.approx(values[: len(train.rows)].mean())


def test_the_series_are_what_they_are_called():
    random = np.random.default_rng(2)
    kinds = {kind: stage.rows(kind, 20000, random) for kind in stage.KINDS}
    assert {len(values) for values in kinds.values()} == {20000}

    def correlation(values):
        return np.corrcoef(values[1:], values[:-1])[0, 1]

    assert abs(correlation(kinds["white_noise"])) < 0.03
    assert abs(correlation(np.diff(kinds["random_walk"]))) < 0.03
    clusters = kinds["volatility_clusters"]
    assert stats.kurtosis(clusters) > 2
    assert correlation(np.abs(clusters)) > 0.1
    planted = np.concatenate([stage.autoregression(number) for number in range(10)])
    assert correlation(planted) ** 2 == pytest.approx(0.1, abs=0.02)


def test_the_learner_finds_a_linear_signal_and_little_else():
    shares = []
    for number in range(5):
        train, validation, test = stage.parts(stage.autoregression(number), 1, levels=False)
        forecast = stage.learner(train, validation, np.random.default_rng(number))(test)
        truth = test.raw_targets()
        shares.append(1 - np.mean((forecast - truth) ** 2) / truth.var())
    assert np.mean(shares) > 0.06


def test_equal_forecasts_have_equal_expected_losses():
    for kind in stage.EQUAL:
        losses = []
        for number in range(60):
            truth, one, other = stage._alike(kind, np.random.default_rng([3, number]))
            losses.append([np.mean((truth + one) ** 2), np.mean((truth + other) ** 2)])
        first, second = np.transpose(losses)
        assert first.shape == (60,)
        assert abs(np.mean(first - second)) < 4 * np.std(first - second) / np.sqrt(60)
        assert np.std(first - second) > 0
