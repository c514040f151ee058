"""Confusion and calibration."""

import numpy as np
import pytest

from pipeline.report.pictures import classes
from tests.helpers.pictures import described, drawn, names, parse, texts
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


def row(seed: str, forecast: object, observed: object, label: str = "") -> dict[str, object]:
    return {"part": "validation", "class": label, "seed": seed, "forecast": forecast, "observed": observed}


def test_calibration_has_the_forecast_across() -> None:
    given = [row("0", "0.8", "0.6"), row("0", "0.2", "0.4"), row("1", "0.5", "0.5")]
    picture = classes.calibration("a", given)
    assert picture
    across, up = drawn(picture.svg, "seed 0")
    assert across == pytest.approx([0.2, 0.8], abs=0.002)
    assert up == pytest.approx([0.4, 0.6], abs=0.002)
    assert "Validation windows" in picture.caption
    assert {"mean forecast", "observed mean"} <= set(texts(picture.svg))
    assert "seed 0: largest distance 0.200" in described(picture.svg)[1]


def test_calibration_of_classes_names_them() -> None:
    given = [row("0", 0.2, 0.3, "0"), row("0", 0.4, 0.5, "1")]
    picture = classes.calibration("a", given)
    assert picture
    assert {"class 0, seed 0", "class 1, seed 0"} <= set(names(picture.svg))
    assert "forecast probability" in texts(picture.svg)


def test_calibration_without_a_forecast_is_not_drawn() -> None:
    assert classes.calibration("a", [row("0", "", "")]) is None
    assert classes.calibration("a", []) is None
