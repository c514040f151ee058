"""Windows that came in a file: no setting is proposed that the file decides."""

from __future__ import annotations

from types import SimpleNamespace

from pipeline.diagnose import next_step, remedies

CHANGE = {
    "dataset.split.validation": 0.3,
    "dataset.window.length": 48,
    "dataset.scaling.window": "last",
    "dataset.scaling.features": "standard",
    "experiment.training.learning_rate": 0.01,
    "experiment.architecture.units": [64],
}


def facts(scheme: str) -> SimpleNamespace:
    training = {"learning_rate": 0.001}
    experiment = SimpleNamespace(
        name="mine", dataset="mine", options=["path", "sha256", "end"], architecture={"name": "file"}, training=training
    )
    settings = SimpleNamespace(split={"scheme": scheme}, window={}, scaling={})
    unseen = SimpleNamespace(windows=20, needed=40, over_budget=False, overlap=1)
    return SimpleNamespace(experiment=experiment, settings=settings, unseen=unseen)


def test_what_the_file_decides_is_not_proposed():
    assert remedies.settings(CHANGE, facts("given")) == {
        "datasets.mine.scaling.features": "standard",
        "experiments.mine.training.learning_rate": 0.01,
    }
    assert "datasets.mine.split.validation" in remedies.settings(CHANGE, facts("holdout"))


def test_too_few_windows_are_for_the_file_to_change():
    (judged,) = next_step._to_be_judged(facts("given"))
    (narrower,) = next_step._narrower(facts("given"))
    assert (
        judged.text
        == "Cannot be judged: 20 windows, 40 are needed. Save more windows of the part validation in the file."
    )
    assert narrower.text.endswith("Save more windows of the part validation in the file.")
    assert judged.change == narrower.change == {}
