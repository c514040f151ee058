"""The accuracy of the diagnosis on the corpus."""

from pipeline.report import corpus
from tests.helpers.reports import CORPUS, diagnosed


def test_the_corpus_by_hand():
    shown = corpus.section(CORPUS, {"a": diagnosed("a"), "b": diagnosed("b"), "c": None})
    assert [half["name"] for half in shown["halves"]] == ["held-out half", "half used for tuning the thresholds"]
    half = shown["halves"][0]
    assert (half["recall"], half["precision"], half["false_alarms"], half["verdict_right"]) == (
        "0.930",
        "0.890",
        "0 of 13",
        "95.7 %",
    )
    assert [(bar["text"], bar["chip"]) for bar in shown["bars"]] == [
        ("recall at least 0.90", "met"),
        ("precision at least 0.90", "not met"),
        ("correct verdict in at least 95 %", "met"),
        ("no false alarm", "met"),
    ]
    assert [(row["code"], row["missed"]) for row in shown["codes"]] == [("memory_too_short", 2), ("dead_output", 0)]
    (case,) = shown["cases"]
    assert (case["acceptable"], case["verdict"]["tone"]) == ("nonfinite_input / nonfinite_weights", "good")
    assert shown["cannot_tell"] == [("What other steps do.", ["a", "b"])]
