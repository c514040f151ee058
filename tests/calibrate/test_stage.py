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
    assert list(table["null"]["kinds"]) == list(comparison_power.KINDS)
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
