"""The accuracy of the diagnosis on the corpus."""

from pipeline.report import corpus
from tests.helpers.reports import CORPUS, diagnosed


def test_the_corpus_by_hand():
    shown = corpus.section(CORPUS, {"a": diagnosed("a"), "b": diagnosed("b"), "c": None})
    assert [half["name"] for half in shown["halves"]] == ["held-out half", "half used for tuning the thresholds"]
    half = shown["halves"][0]
    assert (half["recall"], half["precision"], half["false_alarms"], half["verdict_right"]) == (
        "0.930",
        "0.910",
        "2",
        "95.7 %",
    )
    assert half["right"] == ["19 of 20", "14 of 15", "10 of 11"]
    assert [(bar["text"], bar["chip"]) for bar in shown["bars"]] == [
        ("recall at least 0.92", "met"),
        ("precision at least 0.92", "not met"),
        ("at most 4 wrong verdicts in 60 cases: healthy", "met"),
        ("at most 3 wrong verdicts in 60 cases: nothing to learn", "not met"),
        ("no healthy network is called “not learning”", "not met"),
    ]
    assert [(row["kind"], row["wrong"]) for row in shown["kinds"]] == [("solar", "1 not_learning"), ("noise", "–")]
    assert shown["notes"] == "class_imbalance (2), duplicate_windows (1)"
    assert [(row["code"], row["missed"]) for row in shown["codes"]] == [("memory_too_short", 2), ("dead_output", 0)]
    (case,) = shown["cases"]
    assert (case["acceptable"], case["verdict"]["tone"]) == ("nonfinite_input / nonfinite_weights", "good")
    assert shown["cannot_tell"] == [("What other steps do.", ["a", "b"])]
