"""Pictures of many classes, with names."""

from __future__ import annotations

import numpy as np

from pipeline.report.pictures import classes, shares


def evaluation(count: int, labels: list[str] | None) -> dict:
    table = np.random.default_rng(0).integers(0, 20, (count, count)).tolist()
    parts = {"test": {"seeds": {"0": {"confusion": table}}}}
    return {"experiment": "e", "classes": count, "parts": parts} | ({"labels": labels} if labels else {})


def test_names_stand_in_place_of_numbers() -> None:
    names = ["N1", "N2", "N3", "REM", "Wake"]
    picture = classes.confusion(evaluation(5, names))
    assert all(picture.svg.count(f">{name}<") == 2 for name in names)
    assert "true N1, predicted Wake" in picture.svg
    assert "class 0" not in picture.svg


def test_the_rarest_of_many_classes_are_one_row() -> None:
    many = evaluation(30, [f"label {k}" for k in range(30)])
    picture = classes.confusion(many)
    assert "21 others" in picture.svg
    table = np.array(many["parts"]["test"]["seeds"]["0"]["confusion"], dtype=float)
    merged, names = classes._merged(table, many["labels"])
    assert merged.shape == (10, 10)
    assert merged.sum() == table.sum()
    frequent = {f"label {k}" for k in np.argsort(-table.sum(axis=1))[:9]}
    assert set(names[:-1]) == frequent
    kept = int(names[0].removeprefix("label "))
    assert merged[0, 0] == table[kept, kept]


def test_shares_of_many_classes_are_few() -> None:
    known = {"shares": [0.5, *[0.5 / 29] * 29], "names": [f"label {k}" for k in range(30)]}
    picture = shares.classes({"experiment": "e", "facts": {"data": {"classes": known}}})
    assert "label 0" in picture.svg
    assert "19 others" in picture.svg
    without = {"shares": [0.5, 0.3, 0.2]}
    assert "class 2" in shares.classes({"experiment": "e", "facts": {"data": {"classes": without}}}).svg
