"""What a Masking layer skips."""

import dataclasses

import numpy as np
import pytest

from pipeline.network import backends
from pipeline.network.training import build
from tests.helpers.parts import make_part
from tests.helpers.trainings import TRAINING, noise

backends.prepare(threads=1, jit_compile=True)

from pipeline.diagnose.facts import masking  # noqa: E402


def look(part, value):
    model = build(part, {"name": "masked_lstm", "units": 2, "mask_value": value}, TRAINING, 0)
    return masking.facts(part, model)


def test_masked_steps_are_counted():
    values = np.array([0, 0, 1, 2, 0, 3, 0, 0, 0, 0, 0, 0, 4, 0.0])
    part = make_part(values, length=6, kind="sequence_mean", stride=1)
    part = dataclasses.replace(part, table={k: v[[0, 6]] for k, v in part.table.items()})
    # windows: 0 0 1 2 0 3 and 0 0 0 0 0 0
    found = look(part, 0.0)
    assert (found.value, found.share, found.windows) == (0.0, 0.75, 0.5)
    assert found.inside == pytest.approx(1 / 12)
    assert found.features[0].mean == 2
    assert found.outside == pytest.approx(1 / np.std([1, 2, 3]))


def test_a_sentinel_lies_far_outside_and_is_no_cell():
    values = noise(300)
    values[::7] = -999.0
    found = look(make_part(values, length=10), -999.0)
    assert found.outside > 900
    assert abs(found.features[0].mean) < 0.3
    assert found.features[0].std == pytest.approx(1, abs=0.15)
    values[::7] = 0.0
    assert look(make_part(values, length=10), 0.0).outside == 0


def test_no_other_cell_varies_or_is_there():
    values = np.tile([0.0, 1.0], 30)
    assert look(make_part(values, length=6), 0.0).outside is None
    nothing = look(make_part(np.zeros(60), length=6), 0.0)
    assert (nothing.share, nothing.features, nothing.outside) == (1.0, None, None)
    assert masking.facts(make_part(values, length=6), build_plain(make_part(values, length=6))) is None


def build_plain(part):
    return build(part, {"name": "lstm", "units": [2]}, TRAINING, 0)


def test_a_mask_of_padding_hides_nothing_else():
    part = make_part(
        np.array([0, 0, 1, 2, 3, 0, 1, 3, 0, 2, 1, 1.0]), length=4, kind="sequence_mean", sequence_length=4
    )
    padded = dataclasses.replace(part, spec=dataclasses.replace(part.spec, padded=True))
    assert not look(part, 0.0).padding
    assert look(padded, 0.0).padding
    assert not look(padded, 3.0).padding
    own = masking.facts(padded, build(padded, {"name": "lstm", "units": [2]}, TRAINING, 0))
    assert (own.value, own.padding) == (0.0, True)
