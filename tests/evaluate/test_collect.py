"""Stored predictions that do not belong to the windows are refused."""

import pytest

from pipeline.common import files
from pipeline.common.errors import UserError
from tests.helpers.evaluated import HOLDOUT, NAME, WAVE, build, predict, run

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_predictions_of_other_windows_are_refused():
    settings = build(WAVE, split_settings=HOLDOUT, window_settings={"length": 5})
    predict(lambda part, seed: part.raw_targets())
    path = files.MODELS / NAME / "predictions" / "fold0" / "test.parquet"
    table = files.read_table(path)
    files.write_table(path, {key: column[1:] for key, column in table.items()})
    with pytest.raises(UserError, match=r"test.parquet` must hold the 15 windows.*Run `dvc repro predict@tiny`"):
        run(settings)


def test_a_seed_without_predictions_is_refused():
    settings = build(WAVE, split_settings=HOLDOUT, window_settings={"length": 5})
    predict(lambda part, seed: part.raw_targets(), seeds=[0])
    with pytest.raises(UserError, match="seed1_0"):
        run(settings)
