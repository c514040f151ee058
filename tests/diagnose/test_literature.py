"""Faults that others describe, made anew from their description in small: the diagnosis has to name them.

Broadcast targets, wrong activations of the last layer and ReLU in recurrent layers are among the faults collected by
Humbatova et al. (2020, "Taxonomy of Real Faults in Deep Learning Systems") and by Islam et al. (2019).
"""

import numpy as np
import pytest

from benchmarks import workshop
from benchmarks.corpus import bases
from benchmarks.corpus.bases import change, own


def small(work, count=600, **changes):
    """The first rows of a base, trained for one epoch unless said otherwise."""
    table = {name: column[:count] for name, column in work.rows.items()}
    return change(work, **({"rows": table, "training__epochs": 1} | changes))


def diagnosed(work):
    """Verdict and finding codes."""
    from pipeline.diagnose import stage

    with workshop.project(work) as p:
        judged = stage.judge(stage.measure(workshop.run(p)))
    return judged["verdict"], {finding["code"] for finding in judged["findings"]}


def test_last_layer_returns_sequences_against_a_flat_target():
    work = small(bases.season(1), architecture=own("lstm", units=4, sequences=True), unchecked=True)
    assert "shape_broadcast" in diagnosed(change(work, dataset__window__length=12))[1]


def test_deviation_of_fewer_rows_than_the_mean():
    # The mean is that of all rows, the deviation that of the first 60, in which the machine stood still.
    draw = np.random.default_rng(3)
    load = np.where(np.arange(700) < 60, 0.01, 1.0) * draw.standard_normal(700).cumsum() * 0.1 + 5
    scaled = (load - load.mean()) / load[:60].std()
    work = small(bases.season(1), rows={"value": scaled}, architecture=own("lstm", units=4))
    scaling = {"features": "none", "target": "none"}
    _, codes = diagnosed(change(work, dataset__window__length=12, dataset__scaling=scaling))
    assert {"unscaled_input", "unscaled_target"} <= codes


def test_sigmoid_head_over_three_classes_behind_a_masked_bidirectional_lstm():
    architecture = own("lstm", units=4, both_ways=True, mask_value=0.0, head="sigmoid")
    assert "loss_head_mismatch" in diagnosed(small(bases.price_(1), architecture=architecture))[1]


def test_softmax_on_one_unit():
    verdict, codes = diagnosed(small(bases.sign(1), 2000, architecture=own("lstm", units=4, head="softmax")))
    assert "loss_head_mismatch" in codes
    assert verdict == "not_learning"


def test_relu_lstm():
    # A cell state without a bound, over 60 steps of inputs that are no smaller than 10.
    work = small(bases.season(1), 1000, architecture=own("lstm", activation="relu"), training__optimizer="sgd")
    scaling = {"features": "none", "target": "standard"}
    verdict, codes = diagnosed(
        change(work, dataset__window__length=60, dataset__scaling=scaling, training__learning_rate=0.05)
    )
    assert codes & {"exploding_gradients", "nonfinite_weights", "learning_rate_too_high"}
    assert verdict in ("numerical_failure", "not_learning")


@pytest.fixture(autouse=True)
def anywhere(tmp_path, monkeypatch):
    """No test may lean on the files of the folder it is started in."""
    monkeypatch.chdir(tmp_path)
