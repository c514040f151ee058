"""Confusion."""

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
