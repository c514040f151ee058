"""The shipped example of sequences from a file, as a user would add it."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import dataset, raw
from pipeline.common import params
from pipeline.dataset import scaling, splitting, windowing
from tests.conftest import PROJECT
from tools import merge

DATASET, EXPERIMENT = "sequences_mean", "sequences_lstm"


@pytest.fixture
def example(project: Path) -> pd.DataFrame:
    """The project with the example's dataset, up to its scaling; the rows of the file."""
    shutil.copytree(PROJECT / "examples", project / "examples", dirs_exist_ok=True)
    runpy.run_path("examples/sequences.py", run_name="__main__")
    merge.main(["examples/sequences.yaml"])
    raw.main(["sequences"])
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(params.load(), DATASET)
    return pd.read_csv("data/own/sequences.csv")


def test_each_sequence_is_one_window_with_its_mean_as_target(example: pd.DataFrame) -> None:
    lengths = example.groupby("sequence")["step"].size()
    assert (len(lengths), lengths.min(), lengths.max()) == (400, 10, 40)
    parts = {name: dataset.load(DATASET, 0, name) for name in splitting.PARTS}
    assert sum(map(len, parts.values())) == 400
    found = np.sort(np.concatenate([part.raw_targets()[:, 0] for part in parts.values()]))
    np.testing.assert_allclose(found, np.sort(example.groupby("sequence")["step"].mean()))
    contents = {name: {rows.tobytes() for rows in part.inputs()} for name, part in parts.items()}
    assert not contents["train"] & contents["test"]
    assert not contents["train"] & contents["validation"]


def test_the_network_skips_the_padding_alone_and_learns(example: pd.DataFrame) -> None:
    from pipeline.network import predicting, training

    p = params.load()
    experiment = p["experiments"][EXPERIMENT]
    train, validation = training.parts(DATASET, 0)
    settings = experiment["training"] | {"epochs": 12}
    network, _ = training.fit(train, validation, experiment["architecture"], settings, seed=0)
    outputs = validation.restore(predicting.windows(validation, network, settings))
    assert np.mean((outputs - validation.raw_targets()) ** 2) < 0.5 * validation.raw_targets().var()
    masked = network.get_layer("masking").compute_mask(train.inputs())
    np.testing.assert_array_equal(np.asarray(masked), ~train.spec.padding.reshape(len(train), -1))
