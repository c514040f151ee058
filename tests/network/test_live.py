from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipeline.common import plots
from pipeline.network import backends
from pipeline.network.live import LearningCurve


def table(name: str) -> list[dict[str, str]]:
    with plots.path("learning", name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def recorder(losses: list[float], validation: list[float | None] | None = None) -> Any:
    epochs = [{"loss": loss} for loss in losses]
    for epoch, loss in zip(epochs, validation or [], strict=False):
        epoch["val_loss"] = loss  # type: ignore[assignment]
    return SimpleNamespace(epochs=epochs)


def test_there_is_a_curve_for_each_part_fold_and_seed(project: Path) -> None:
    curve = LearningCurve("a", 4, 2)
    for fold in (0, 1):
        for seed in (0, 7):
            curve.callback(fold, seed, recorder([2.0, 1.0], [3.0, float("nan")]))
    curve.write()
    rows = table("a")
    # The validation rows of the second fold are test rows of the first one.
    assert len(rows) == 2 * 2 * 2 + 2 * 2
    assert rows[0] == {"experiment": "a", "part": "train", "fold": "0", "seed": "0", "epoch": "1", "loss": "2"}
    assert {(row["part"], row["fold"], row["seed"]) for row in rows} == {
        (part, fold, seed)
        for part, fold in (("train", "0"), ("train", "1"), ("validation", "0"))
        for seed in ("0", "7")
    }
    assert rows[-1]["loss"] == ""


def test_the_table_grows_with_every_epoch(project: Path) -> None:
    backends.prepare(threads=1, jit_compile=True)
    import keras

    curve, epochs = LearningCurve("a", 1, 0), recorder([])
    seen = []

    class Record(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            epochs.epochs.append({"loss": float(epoch)})

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            seen.append([row["epoch"] for row in table("a")])

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    zeros = keras.ops.zeros((4, 1))
    model.fit(zeros, zeros, epochs=3, verbose=0, callbacks=[Record(), curve.callback(0, 0, epochs), Look()])
    assert seen == [["1"], ["1", "2"], ["1", "2", "3"]]


def test_long_trainings_are_thinned_and_keep_both_ends(project: Path) -> None:
    curve = LearningCurve("a", 5, 0)
    for seed in range(5):
        curve.callback(0, seed, recorder([float(k) for k in range(2000)]))
    rows = list(curve.rows())
    assert 500 < len(rows) <= plots.POINTS
    assert rows[-120]["epoch"] == 1
    assert rows[-1]["epoch"] == 2000
