"""Facts of a network, as measured."""

import pytest

from pipeline.report.pictures import network
from tests.helpers.pictures import boxes, described, diagnosis, drawn, texts


def test_gradients_are_by_time_step() -> None:
    picture = network.sensitivity(diagnosis())
    assert picture
    steps, gradient = drawn(picture.svg, "seed 0")
    assert steps == pytest.approx([1, 2, 3, 4], abs=0.01)
    assert gradient == pytest.approx([1e-6, 1e-4, 0.01, 1.0], rel=0.02)
    assert drawn(picture.svg, "before training")[1] == pytest.approx([0.5, 0.6, 0.7, 0.8], rel=0.02)
    assert "a linear model needs the last 3" in texts(picture.svg)
    assert "seed 1, the last 3 steps" in picture.caption


def test_bins_of_a_long_window_are_at_their_steps() -> None:
    made = diagnosis()
    made["facts"]["data"]["length"] = 400
    made["facts"]["references"]["needed"] = None
    picture = network.sensitivity(made)
    assert picture
    assert drawn(picture.svg, "seed 0")[0] == pytest.approx([50.5, 150.5, 250.5, 350.5], abs=0.5)


def test_a_gradient_of_zero_or_none_is_not_drawn() -> None:
    made = diagnosis()
    made["facts"]["network"]["initial"]["gradient"] = None
    for snapshot in made["facts"]["network"]["trained"].values():
        snapshot["gradient"]["steps"] = [0.0] * 4
    assert network.sensitivity(made) is None


def test_saturation_is_by_layer() -> None:
    picture = network.saturation(diagnosis())
    assert picture
    assert "rnn_1, units: before training: 0.250; seed 0: 0.750; seed 1: 0.500." in described(picture.svg)[1]
    assert "rnn_0, units" not in texts(picture.svg)  # it has no bound
    before, first, second = boxes(picture.svg)[:3]
    assert first["width"] == pytest.approx(3 * before["width"], rel=0.01)
    assert second["width"] == pytest.approx(2 * before["width"], rel=0.01)


def test_dead_outputs_updates_and_norms() -> None:
    made = diagnosis()
    for draw, said in (
        (network.dead_outputs, "before training: 0.250"),
        (network.updates, "rnn_1: seed 0: 0.000100; seed 1: 0.000100."),
        (network.gradient_norms, "seed 0: 15.7"),
    ):
        picture = draw(made)
        assert picture
        assert said in described(picture.svg)[1]
