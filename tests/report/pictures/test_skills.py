"""Skills beside each other."""

import pytest

from pipeline.report.pictures import skills
from tests.helpers.pictures import boxes, described, diagnosis, drawn, texts


def test_controls_have_every_skill_with_its_interval() -> None:
    picture = skills.controls(diagnosis())
    assert picture
    assert described(picture.svg)[1] == (
        "Short trainings, against a constant: as they are: 0.400; inputs set to zero: 0.0100; targets shuffled: −11.1; "
        "planted signal: 0.400 of 0.800. "
        "Unseen windows, against a constant: network: 0.160 (0.120 to 0.190); seasonal naive: 0.600 (0.400 to 0.700). "
        "Unseen windows, against seasonal naive: network: −1.03 (−1.76 to −0.480); linear model: 0.520 "
        "(0.440 to 0.580); boosted trees: 0.480 (0.410 to 0.550)."
    )
    real, zeroed, shuffled, *_ = boxes(picture.svg)
    assert real["width"] == pytest.approx(0.4 * 202, abs=0.5)
    assert zeroed["width"] == pytest.approx(0.01 * 202, abs=0.5)
    assert shuffled["width"] == pytest.approx(202, abs=0.5)  # cut off at -1
    assert "591 unseen windows are validation windows" in picture.caption


def test_only_what_was_measured_is_drawn() -> None:
    made = diagnosis()
    made["facts"]["unseen"] |= {"networks": None, "trees": None}
    made["facts"]["controls"] |= {"planted": None, "shuffled": None}
    picture = skills.controls(made)
    assert picture
    said = described(picture.svg)[1]
    assert "network" not in said
    assert "planted" not in said
    assert "best possible" not in texts(picture.svg)
    made["facts"]["controls"] = dict.fromkeys(made["facts"]["controls"])
    made["facts"]["unseen"]["naive"] = None
    assert skills.controls(made) is None
    assert skills.controls({"experiment": "a", "facts": {}}) is None


def test_a_planted_signal_that_gave_nan_is_named() -> None:
    made = diagnosis()
    made["facts"]["controls"]["planted"]["share"] = None
    picture = skills.controls(made)
    assert picture
    assert "planted signal: NaN of 0.800" in described(picture.svg)[1]


def test_seeds_side_by_side() -> None:
    picture = skills.seeds(diagnosis(), "constant_skill", "Skill", "skill", "")
    assert picture
    said = "Training windows: seed 0: 0.500; seed 1: 0.400. Validation windows: seed 0: 0.300."
    assert described(picture.svg)[1] == said
    nested = skills.seeds(diagnosis(), "echo.direction", "Echo", "correlation", "")
    assert nested
    assert "seed 1: 0.125" in described(nested.svg)[1]
    assert skills.seeds(diagnosis(), "nothing", "t", "a", "") is None


def test_the_skill_by_length_is_drawn_by_rows() -> None:
    picture = skills.window_lengths(diagnosis())
    assert picture
    rows, skill = drawn(picture.svg, "linear model")
    assert rows == pytest.approx([4, 8, 16], rel=0.01)
    assert skill == pytest.approx([0.2, 0.5, 0.55], abs=0.002)
    assert "length of the window, 4" in texts(picture.svg)


def test_training_and_unseen_windows_are_set_apart() -> None:
    picture = skills.references(diagnosis())
    assert picture
    assert "Training windows, against a constant: network: 0.700." in described(picture.svg)[1]
