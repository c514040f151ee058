"""A few series of each kind; the stage itself draws thousands."""

import json

import pytest
import yaml
from scipy import stats

from pipeline.calibrate import comparison_power, stage
from pipeline.calibrate.__main__ import main
from pipeline.common import files, params
from pipeline.scoring import bootstrap


def test_the_stage_writes_its_table(project):
    settings = yaml.safe_load(params.FILE.read_text()) | {"calibration": {"series": 30, "planted": 12, "pairs": 10}}
    params.FILE.write_text(yaml.safe_dump(settings))
    main([])
    before = files.CALIBRATION.read_bytes()
    table = json.loads(before)
    assert (table["level"], table["resamples"]) == (0.05, bootstrap.RESAMPLES)
    for key, kinds, count in (("null", comparison_power.KINDS, 30), ("equal", comparison_power.EQUAL, 50)):
        assert [own["windows"] for own in table[key]] == [12, 30, 100, 500]
        for own in table[key]:
            assert list(own["kinds"]) == list(kinds)
            assert own["better"] == sum(kind["better"] for kind in own["kinds"].values())
            assert own["series"] == sum(kind["series"] for kind in own["kinds"].values()) == count
            # Only wrong statistics could miss these: 5 % of 30 and 50.
            assert own["better"] + own.get("worse", 0) <= 7
    found = {(own["kind"], own["windows"], own["oracle_r2"]): own["better"] for own in table["planted"]}
    assert list(found) == list(comparison_power.PLANTED)
    assert {own["series"] for own in table["planted"]} == {12}
    assert found["autoregression", 500, 0.1] >= 8
    assert found["independent", 100, 0.3] >= 5
    main([])
    assert files.CALIBRATION.read_bytes() == before


def test_the_limits_are_clopper_and_pearsons():
    for count, of in ((0, 60), (3, 60), (60, 60)):
        lower, upper = stage._limits(count, of)
        # At a limit what was seen, or more of it, has a probability of 2.5 %.
        assert count == 0 or stats.binom.sf(count - 1, of, lower) == pytest.approx(0.025)
        assert count == of or stats.binom.cdf(count, of, upper) == pytest.approx(0.025)
    assert (stage._limits(0, 60)[0], stage._limits(60, 60)[1]) == (0, 1)
