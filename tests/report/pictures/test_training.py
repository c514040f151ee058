"""Losses of trainings, as recorded."""

import pytest

from pipeline.report.pictures import training
from tests.helpers.pictures import described, diagnosis, drawn, names, parse, texts
from tests.helpers.reports import made_up


def test_losses_are_where_they_were_recorded() -> None:
    svg = training.curves(made_up("a", losses=[1.0, 0.6, 0.4], oracle=False)).svg
    for name, factor in (("training, seed 0", 1.0), ("training, seed 1", 1.0), ("validation, seed 1", 1.1)):
        epochs, losses = drawn(svg, name)
        assert epochs == pytest.approx([1, 2, 3], abs=0.01)
        assert losses == pytest.approx([1.0 * factor, 0.6 * factor, 0.4 * factor], abs=0.002)


def test_seeds_and_folds_are_told_apart_in_the_legend() -> None:
    one = training.curves(made_up("a", oracle=False))
    assert {"training", "validation", "seed 0", "seed 1"} <= set(texts(one.svg))
    folds = training.curves(made_up("a", folds=3, oracle=False)).svg
    assert {"fold 1, seed 0", "fold 3, seed 1"} <= set(texts(folds))
    dashes = {
        each.get("stroke-dasharray")
        for each in parse(folds).iter("path")
        if (each.get("data-name") or "").startswith("training")
    }
    assert len(dashes) == 6


def test_a_penalty_is_drawn_only_where_there_is_one() -> None:
    with_one = training.curves(made_up("a", penalty=0.97, oracle=False))
    assert drawn(with_one.svg, "penalty, seed 0")[1][0] == pytest.approx(0.97, abs=0.005)
    assert "grey line" in with_one.caption
    assert not [name for name in names(training.curves(made_up("a", oracle=False)).svg) if "penalty" in name]


def test_a_nan_loss_is_marked_and_none_is_invented() -> None:
    picture = training.curves(made_up("a", classes=3, nan=True, losses=[None], validation=False))
    assert "no finite loss was recorded" in texts(picture.svg)
    assert "loss is NaN or infinite" in texts(picture.svg)
    assert not names(picture.svg)
    assert not [each for each in parse(picture.svg).iter("text") if each.get("text-anchor") == "end"]  # no false scale


def test_the_level_of_class_shares_is_named() -> None:
    picture = training.curves(made_up("a", classes=2, losses=[0.6934, 0.6932], validation=False))
    assert "class shares only, 0.6931" in texts(picture.svg)


def test_the_loss_has_its_name_and_unit() -> None:
    one = made_up("a", oracle=False)
    assert "loss: mean squared error, of the scaled target" in texts(training.curves(one).svg)
    one["settings"]["experiment"]["training"]["loss"] = {"name": "huber", "delta": 2}
    assert "loss: huber, of the scaled target" in texts(training.curves(one).svg)


def test_the_range_test_is_drawn_by_rate() -> None:
    picture = training.range_test(diagnosis())
    assert picture
    rates, left = drawn(picture.svg, "loss left, as a share")
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2], rel=0.01)
    assert left == pytest.approx([0.9, 0.5, 0.1], abs=0.002)
    assert {"rate of this experiment, 0.001", "NaN or infinite"} <= set(texts(picture.svg))
    assert "at 0.1: NaN or infinite" in described(picture.svg)[1]


def test_without_a_range_test_nothing_is_drawn() -> None:
    made = diagnosis()
    made["facts"]["controls"]["memorise"] = None
    assert training.range_test(made) is None


def test_a_loss_that_ends_in_nan_is_told_as_nan() -> None:
    picture = training.curves(made_up("a", losses=[1.0, 0.6, None], oracle=False))
    assert "training seed 0: 1.00 in the first epoch, NaN in the last" in described(picture.svg)[1]
    assert drawn(picture.svg, "training, seed 0")[1] == pytest.approx([1.0, 0.6], abs=0.002)
