"""Windows that came with their targets: a target that lies among its own inputs is found."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import dataset
from pipeline.diagnose.facts import ahead, alignment
from pipeline.diagnose.facts.alignment import Own
from tests.dataset.test_given_windows import LENGTH, RISES, X, Y, made
from tests.diagnose.test_rules import decide


def found(**content):
    classes = content["y"].dtype.kind == "i"
    made({"classes": 2} if classes else {}, classes=classes, **content)
    train = dataset.load("w", 0, "train")
    return alignment.facts(train), ahead.facts(train)


def reported(facts) -> bool:
    return (
        decide("target_misaligned", {"data": {"season": None, "alignment": vars(facts) | {"own": vars(facts.own)}}})
        is not None
    )


def test_honest_windows_hold_their_targets_nowhere(project):
    facts, filters = found(X=X, y=Y[:, 0])
    assert (facts.known, facts.own, facts.later, filters) == (0.0, Own(None, None, None), None, [])
    assert not reported(facts)


@pytest.mark.parametrize("lag", [1, 3])
def test_a_window_that_is_one_row_too_long_holds_its_target(project, lag):
    facts, _ = found(X=X, y=X[:, -lag, 0])
    assert (facts.known, facts.known_lag, facts.known_feature) == (1.0, lag, "x_0")
    assert facts.known_elsewhere == 0.0
    assert reported(facts)


def test_a_label_among_the_features_is_found(project):
    label = np.zeros((len(X), LENGTH, 1))
    label[:, -1, 0] = RISES
    label[:, :-1, 0] = np.random.default_rng(3).integers(0, 2, size=(len(X), LENGTH - 1))
    facts, _ = found(X=np.concatenate([X, label], axis=2), y=RISES)
    assert (facts.known, facts.known_lag, facts.known_feature) == (1.0, 1, "x_1")
    assert reported(facts)
