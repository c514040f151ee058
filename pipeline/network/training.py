"""Stage `train`: fit every fold and seed of an experiment, on its training and validation parts alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.common.architectures import Shape
from pipeline.common.errors import UserError
from pipeline.dataset import Part, state_order
from pipeline.network import backends

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class BatchPlan:
    """Which windows a batch holds where training carries state."""

    windows: np.ndarray | None = None  # int [batches, batch size]; None for any order
    resets: frozenset[int] = frozenset()  # batches before which state is zeroed, besides the first one


def train(p: dict[str, Any], name: str) -> None:
    """Train experiment `name` and write models/NAME/training/foldK_seedS.keras and .json (docs/files.md).

    Raises:
        UserError: an option of the architecture or the training that cannot be.
    """
    place = f"experiments.{name}"
    experiment = p["experiments"][name]
    training = experiment["training"]
    if training["state"] != "none" and training["shuffle"]:
        raise UserError(
            f"{place}.training.shuffle", "must be false where state is carried", "true", "Add shuffle: false."
        )
    backends.prepare(training["threads"], training["jit_compile"])
    folder = files.MODELS / name / "training"
    written: set[Path] = set()
    for fold in range(dataset.folds(experiment["dataset"])):
        part, held = parts(experiment["dataset"], fold)
        for seed in training["seeds"]:
            label = f"fold {fold} · seed {seed}"
            model, history = fit(part, held, experiment["architecture"], training, seed, place, label)
            written |= _write(folder / f"fold{fold}_seed{seed}", model, history)
    # Files of seeds or folds that are no longer asked for go last, so that a failure leaves what was there.
    for path in set(folder.iterdir()) - written:
        path.unlink()


def parts(data: str, fold: int) -> tuple[Part, Part | None]:
    """What one fold of a dataset trains on, and what its early stopping may watch, if there is such a part."""
    held = dataset.load(data, fold, "validation") if dataset.has(data, fold, "validation") else None
    return dataset.load(data, fold, "train"), held


def fit(
    part: Part,
    held: Part | None,
    architecture: dict[str, Any],
    training: dict[str, Any],
    seed: int,
    place: str = "experiment",
    label: str = "",
) -> tuple[keras.Model, dict[str, Any]]:
    """Build one network from one random seed and fit it.

    Args:
        part: training windows.
        held: validation windows, scored after each epoch; None for none.
        architecture: `name` and the builder's options.
        training: the settings of the same name in params.yaml, complete.
        seed: of the weights, the dropout and the shuffling.
        place: dotted path of the experiment, for errors.
        label: what each epoch's line of progress begins with; "" for no such lines.

    Returns:
        The model as the training left it, and its history as docs/files.md describes it. A loss that is not finite
        ends the training and is recorded.
    """
    import keras

    from pipeline.network.batches import Batches
    from pipeline.network.callbacks import Recorder

    model = build(part, architecture, training, seed, place)
    batch = training["batch_size"]
    fixed = batch_plan(part, training)
    batches, validation = Batches(part, batch, seed if training["shuffle"] else None, fixed.windows), None
    held_resets: frozenset[int] = frozenset()
    if held is not None:
        held_fixed = batch_plan(held, training)
        held_resets = held_fixed.resets
        validation = Batches(held, batch, None, held_fixed.windows)
    windows = len(part) if fixed.windows is None else fixed.windows.size
    recorder = Recorder(label, training["steps_per_execution"], fixed.resets, held_resets, windows, batch)
    callbacks: list[keras.callbacks.Callback] = [recorder]
    if stopping := training["early_stopping"]:
        recorder.early = keras.callbacks.EarlyStopping(
            monitor=stopping["monitor"],
            patience=stopping["patience"],
            min_delta=stopping["min_delta"],
            restore_best_weights=stopping["restore_best"],
        )
        callbacks.append(recorder.early)
    model.fit(
        batches,
        validation_data=validation,
        epochs=training["epochs"],
        shuffle=False,  # Batches shuffles by itself
        verbose=0,
        callbacks=callbacks,
    )
    weights = [keras.ops.convert_to_numpy(weight) for weight in model.weights]
    return model, {
        "weights": model.count_params(),
        "updates": int(model.optimizer.iterations),
        "epochs": recorder.epochs,
        "stopped": recorder.stopped,
        "nonfinite": recorder.nonfinite,
        "weights_finite": all(bool(np.isfinite(weight).all()) for weight in weights),
    }


def build(
    part: Part, architecture: dict[str, Any], training: dict[str, Any], seed: int, place: str = "experiment"
) -> keras.Model:
    """The compiled network of one random seed, as it is before its first step. Clears Keras's session.

    Raises:
        UserError: an option of the architecture or the training that cannot be.
    """
    import keras

    from pipeline.network import models

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    batch = training["batch_size"] if training["state"] != "none" else None
    shape = Shape(part.spec.length, len(part.spec.features), part.spec.outputs, batch)
    model = models.build(architecture, shape, f"{place}.architecture")
    models.compile_model(model, training, part.spec.classes, f"{place}.training")
    return model


def batch_plan(part: Part, training: dict[str, Any]) -> BatchPlan:
    """The batches of a part for `training.state`."""
    batch = training["batch_size"]
    if training["state"] == "none":
        return BatchPlan()
    if training["state"] == "posted":
        return BatchPlan(state_order.posted(len(part), batch))
    passes = state_order.lanes(state_order.rows_in_time(part), part.spec.length, batch, training["steps_per_execution"])
    ends = np.cumsum([len(each) for each in passes])
    return BatchPlan(np.concatenate(passes), frozenset(ends[:-1].tolist()))


def _write(stem: Path, model: keras.Model, history: dict[str, Any]) -> set[Path]:
    from pipeline.network import models

    paths = {stem.with_suffix(".keras"), stem.with_suffix(".json")}
    models.save(model, stem.with_suffix(".keras"))
    files.write_json(stem.with_suffix(".json"), history)
    return paths
