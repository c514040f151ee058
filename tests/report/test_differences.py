"""The settings in which an experiment and its fix differ."""

from pipeline.report import differences
from tests.helpers.reports import configured, diagnosed


def test_the_settings_in_which_a_pair_differs_are_listed_and_no_other():
    settings = configured(
        "a", "a_fixed", training__learning_rate=0.001, training__jit_compile=True, architecture__units=[8]
    )
    settings["datasets"]["data_a_fixed"]["scaling"]["target"] = "standard"
    settings["experiments"]["a_fixed"]["training"]["early_stopping"] = {"monitor": "loss"}
    found = diagnosed("a")
    found["findings"][0]["remedy"]["set"]["datasets.data_a.scaling"] = {"target": "standard"}
    got = differences.between(settings, "a", "a_fixed", found)
    assert [(one["parameter"], one["before"], one["after"], one["findings"], one["speed"]) for one in got] == [
        ("architecture.units", "[4]", "[8]", [], False),
        ("training.learning_rate", "0.0001", "0.001", ["learning_rate_too_low"], False),
        ("training.early_stopping", "null", "not set", [], False),
        ("dataset.scaling.target", "none", "standard", ["learning_rate_too_low"], False),
        ("training.early_stopping.monitor", "not set", "loss", [], False),
        ("training.jit_compile", "not set", "true", [], True),
    ]
    assert "`architecture.units`" in differences.unnamed(got, found)
    assert "jit_compile" not in differences.unnamed(got, found)
    assert differences.between(settings, "a", "a", None) == []


def test_a_builders_own_value_counts_as_set():
    settings = configured("a", "a_fixed", architecture={"name": "simple_rnn", "l2": 0.01, "dropout": 0.0})
    settings["experiments"]["a"]["architecture"] = {"name": "simple_rnn"}
    got = [
        (one["parameter"], one["before"], one["after"]) for one in differences.between(settings, "a", "a_fixed", None)
    ]
    assert got == [("architecture.dropout", "0.2", "0.0")]
