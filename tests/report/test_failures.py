"""Failed stages, and the experiments that wait for them."""

import pytest

from pipeline.report import failures

SETTINGS = {
    "datasets": {"d": {"series": "s"}, "e": {"series": "s"}, "f": {"series": "t"}},
    "experiments": {"a": {"dataset": "d"}, "b": {"dataset": "d"}, "c": {"dataset": "e"}, "g": {"dataset": "f"}},
}


@pytest.mark.parametrize(
    ("stage", "waiting"),
    [
        ("raw@s", ["a", "b", "c"]),
        ("split@d", ["a", "b"]),
        ("leakage@e", ["c"]),
        ("baselines@f", ["g"]),
        ("train@a", ["a"]),
        ("page@g", ["g"]),
        ("train@gone", []),
        ("leaks", []),
        ("report", []),
    ],
)
def test_who_waits_for_a_stage(stage, waiting):
    failure = failures.Failure(stage, "Because.")
    assert list(failures.by_experiment(SETTINGS, [failure])) == waiting
    assert failures.of_none(SETTINGS, [failure]) == ([] if waiting else [failure])


def test_the_first_failure_of_an_experiment_is_named():
    both = [failures.Failure("split@d", "First."), failures.Failure("train@a", "Second.")]
    assert failures.by_experiment(SETTINGS, both)["a"] == {"stage": "split@d", "reason": "First."}
