"""Confusion and reliability."""

import re

import numpy as np

from pipeline.report.pictures import classes
from tests.helpers.pictures import described, parse
from tests.helpers.reports import made_up


def test_rows_of_the_confusion_are_true_classes() -> None:
    one = made_up("a", classes=2)
    for seed in one["parts"]["test"]["seeds"].values():
        seed["confusion"] = [[30, 10], [0, 60]]
    picture = classes.confusion(one)
    said = described(picture.svg)[1]
    assert (
        said
        == "true 0, predicted 0: 75%; true 0, predicted 1: 25%; true 1, predicted 0: 0%; true 1, predicted 1: 100%."
    )
    boxes = list(parse(picture.svg).iter("rect"))
    shades = [float(box.attrib["opacity"]) for box in boxes]
    assert np.argsort(shades).tolist() == [2, 1, 0, 3]
    # The second box of the first row is to the right of the first, and the third below it.
    assert float(boxes[1].attrib["x"]) > float(boxes[0].attrib["x"])
    assert float(boxes[2].attrib["y"]) > float(boxes[0].attrib["y"])


def test_a_class_that_comes_true_as_often_as_predicted_is_on_the_diagonal() -> None:
    one = made_up("a", classes=2, seeds=(0,))
    bins = [{"class": "1", "seed": 0, "forecast": p, "observed": p, "windows": 12} for p in (0.2, 0.5, 0.8)]
    one["parts"]["test"]["reliability"] = [*bins, {**bins[0], "forecast": None, "observed": None, "windows": 0}]
    picture = classes.reliability(one)
    assert picture is not None
    lines = {path.attrib["data-name"]: path for path in parse(picture.svg).iter("path") if "data-name" in path.attrib}
    assert set(lines) == {"as often as predicted", "seed 0"}
    dots = [path for path in parse(picture.svg).iter("path") if path.attrib.get("class") == "dots"]
    across, down = np.array(
        [[int(n) for n in place.split()] for place in re.findall(r"M(-?\d+ -?\d+)", dots[0].attrib["d"])]
    ).T
    slope = np.diff(down) / np.diff(across)
    assert np.allclose(slope, slope[0], rtol=0.01)
    assert "of class 1" in picture.caption
    assert classes.reliability(made_up("a")) is None


def test_each_of_three_classes_has_a_line() -> None:
    picture = classes.reliability(made_up("a", classes=3, seeds=(0,), folds=3))
    assert picture is not None
    names = {path.attrib.get("data-name") for path in parse(picture.svg).iter("path")}
    assert {"class 0, seed 0", "class 1, seed 0", "class 2, seed 0"} <= names
    assert "of 3 folds" in picture.caption
