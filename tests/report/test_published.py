"""The comparison with a published table."""

import pytest

from pipeline.report import published
from tests.helpers.reports import TABLE, made_up, side


def beside(persistence, **table):
    """The section of an experiment whose persistence has this MSE."""
    one = made_up("ours", compared={"linear": side("ridge", -0.05, 0.3)})
    one["settings"]["experiment"]["published"] = "table"
    test = one["parts"]["test"]
    for name, mse in (("persistence", persistence), ("seasonal_naive", 0.05), ("ridge", 0.026), ("train_mean", 2.0)):
        test["baselines"][name] |= {"mse": mse, "mae": mse * 2}
    for seed, mse in (("0", 0.0271), ("1", 0.0267)):
        test["seeds"][seed] |= {"mse": mse, "mae": 0.12}
    test["network"]["mse"]["mean"], test["network"]["mae"]["mean"] = 0.0269, 0.12
    return published.sections([one, made_up("other")], {"table": {**TABLE, **table}})


def test_published_rows_are_sorted_beside_ours():
    (shown,) = beside(0.034)
    assert [(row["name"], row["mse"]) for row in shown["rows"]] == [
        ("ridge", "0.0260"),
        ("seed 1", "0.0267"),
        ("ours", "0.0269"),
        ("seed 0", "0.0271"),
        ("persistence", "0.0340"),
        ("seasonal naive", "0.0500"),
        ("Informer", "0.0980"),
        ("LSTMa", "0.114"),
        ("train mean", "2.00"),
    ]


@pytest.mark.parametrize(
    ("persistence", "sentence"),
    [
        (0.034, "LSTMa and Informer lose to persistence"),
        (0.1, "LSTMa loses to persistence"),
        (0.2, "Every published network has a lower MSE than persistence"),
    ],
)
def test_the_published_sentence_follows_the_numbers(persistence, sentence):
    (shown,) = beside(persistence)
    assert shown["summary"][0].startswith(sentence)
    assert ("These are all networks of the table" in shown["summary"][0]) is (persistence == 0.034)
    assert shown["summary"][1] == "Our network's skill against ridge is −0.050; Diebold-Mariano −1.23, p 0.217."


def test_a_published_table_of_another_setting_is_not_compared():
    (shown,) = beside(0.034, windows=2857, units="standardised")
    assert shown["differs"] == [
        "test windows: published 2,857, here 120",
        "units: published standardised, here original",
    ]
    assert shown["rows"] == shown["summary"] == []


def test_the_published_tables_that_the_project_ships_can_be_shown():
    for name, table in published.tables().items():
        assert {"title", "source", "windows", "horizon", "units", "rows"} <= set(table), name
        assert all({"name", "mse", "mae"} <= set(row) for row in table["rows"])
