"""The learning curves of several revisions."""

from __future__ import annotations

import re

from tests.helpers.compared import side
from workflow.compare import curves
from workflow.compare.revisions import Side


def test_every_revision_has_a_line_of_its_own() -> None:
    lines = [curves.line(order) for order in range(12)]
    assert len(set(map(str, lines))) == 12
    samples = [curves.sample(order) for order in range(12)]
    assert len(set(samples)) == 12
    assert all("var(--" in sample and "#" not in sample for sample in samples)


def test_curves_are_laid_over_each_other() -> None:
    drawn = curves.curve([side("a"), side("b")], "loss", "k", "training loss")
    assert drawn
    for order in (0, 1):
        colour = re.search(r"var\(--[a-z]+\)", curves.sample(order))
        assert colour
        # Two trainings, and their mean.
        assert drawn.count(f'stroke="{colour[0]}"') >= 3
    assert "epoch" in drawn
    assert curves.curve([Side("a")], "loss", "k", "training loss") is None
    lost = side("a")
    for run in lost.evaluation["training"]:
        run["curves"]["loss"] = [None, None]
    assert "no finite loss was recorded" in (curves.curve([lost], "loss", "k", "training loss") or "")
