"""What a job asks for, from measured costs."""

from __future__ import annotations

import pytest

from pipeline.common import costs
from pipeline.common.costs import Cost
from workflow import resources

TRAINING = "train@mine"


def test_costs_of_another_size_do_not_count(tmp_path):
    last, shipped = tmp_path / "last.csv", tmp_path / "shipped.csv"
    costs.write([("train@a", Cost(10, 500, "full")), ("train@b", Cost(20, 600, "full"))], shipped)
    costs.write([("train@a", Cost(30, 700, "full")), (TRAINING, Cost(1, 100, "quick"))], last)
    found = resources.measured("full", last, shipped)
    assert found == {"train@a": Cost(30, 700, "full"), "train@b": Cost(20, 600, "full")}


@pytest.mark.parametrize(
    ("cost", "attempt", "megabytes", "minutes"),
    [
        (None, 1, 4000, 1440),
        (None, 2, 8000, 2880),
        (Cost(3.0, 200.0, "quick"), 1, 1000, 10),
        (Cost(600.0, 2010.0, "quick"), 1, 3100, 50),
        (Cost(600.0, 2010.0, "quick"), 2, 6200, 100),
    ],
)
def test_a_job_asks_for_more_than_was_measured_and_twice_as_much_the_second_time(cost, attempt, megabytes, minutes):
    assert resources.megabytes(TRAINING, cost, attempt) == megabytes
    assert resources.minutes(TRAINING, cost, attempt) == minutes


def test_every_kind_of_stage_has_shipped_costs():
    kinds = {"raw", "split", "window", "scale", "baselines", "train", "predict", "evaluate", "diagnose", "leakage"}
    shipped = {stage.partition("@")[0] for stage in costs.read(resources.SHIPPED["quick"])}
    assert kinds | {"leaks", "calibrate", "report"} <= shipped
