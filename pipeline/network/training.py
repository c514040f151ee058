"""Stage `train`: fit every fold and seed of an experiment, on its training and validation parts only."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.common import training as settings
from pipeline.common.architectures import Shape
from pipeline.common.errors import UserError
from pipeline.dataset import Part, state_order
from pipeline.network import backends
from pipeline.network.live import LearningCurve

if TYPE_CHECKING:
    import keras

    from pipeline.network.callbacks import EpochRecorder


@dataclass(frozen=True)
class BatchPlan:
    """The windows of each batch of a training that carries state."""

    windows: np.ndarray | None = None  # int [batches, batch size]; None for any order
    resets: frozenset[int] = frozenset()  # batches before which state is zeroed, besides the first one


def train(p: dict[str, Any], name: str) -> None:
    """Train experiment `name` and write models/NAME/training/foldK_seedS.keras and .json (docs/files.md).

    reports/plots/learning/NAME.csv grows with every epoch.

    Raises:
        UserError: an option of the architecture or the training is impossible.
    """
    place = f"experiments.{name}"
    experiment = p["experiments"][name]
    training = experiment["training"]
    if training["state"] != "none" and training["shuffle"]:
        raise UserError(f"{place}.training.shuffle", "must be false if state is carried", "true", "Add shuffle: false.")
    backends.prepare(training["threads"], training["jit_compile"], training["backend"])
    _check_saving(experiment, place)
    folder = files.MODELS / name / "training"
    written: set[Path] = set()
    folds = dataset.folds(experiment["dataset"])
    curve = LearningCurve(name, folds * len(training["seeds"]), _validated(experiment["dataset"], training["seeds"]))
    for fold in range(folds):
        part, validation = parts(experiment["dataset"], fold)
        for seed in training["seeds"]:
            label = f"fold {fold} · seed {seed}"
            live = functools.partial(curve.callback, fold, seed)
            model, history = fit(part, validation, experiment["architecture"], training, seed, place, label, live=live)
            written |= _write(folder / f"fold{fold}_seed{seed}", model, history)
    # Files of earlier seeds or folds go last, so that a failure leaves the earlier result.
    for path in set(folder.iterdir()) - written:
        path.unlink()


def _validated(data: str, seeds: list[int]) -> int:
    return len(seeds) if dataset.has(data, 0, "validation") else 0


def _check_saving(experiment: dict[str, Any], place: str) -> None:
    """Save and load an untrained network: what cannot be loaded must not be trained for hours.

    It takes 0.3 s for the Dense layers of 123707, 0.8 s for one LSTM, and 2.4 s for two with batches of 500 (470563).
    """
    import keras

    from pipeline.network import models

    part, _ = parts(experiment["dataset"], 0)
    training = experiment["training"]
    keras.backend.clear_session()
    keras.utils.set_random_seed(training["seeds"][0])
    model = models.build(experiment["architecture"], _shape(part, training), f"{place}.architecture")
    models.check_saving(model, part.spec.length, len(part.spec.features), f"{place}.architecture")


def parts(data: str, fold: int) -> tuple[Part, Part | None]:
    """Load the training part of one fold of a dataset, and its validation part, if any."""
    validation = dataset.load(data, fold, "validation") if dataset.has(data, fold, "validation") else None
    return dataset.load(data, fold, "train"), validation


def fit(
    part: Part,
    validation: Part | None,
    architecture: dict[str, Any],
    training: dict[str, Any],
    seed: int,
    place: str = "experiment",
    label: str = "",
    updates: int | None = None,
    live: Callable[[EpochRecorder], keras.callbacks.Callback] | None = None,
) -> tuple[keras.Model, dict[str, Any]]:
    """Build one network from one random seed and fit it.

    Args:
        part: training windows.
        validation: validation windows, scored after each epoch; None for none.
        architecture: `name` and the builder's options.
        training: the settings of the same name in params.yaml, complete.
        seed: of the weights, the dropout and the shuffling.
        place: dotted path of the experiment, for errors.
        label: beginning of each epoch's line of progress; "" for no such lines.
        updates: end the training after so many updates, or at the end of `steps_per_execution`; None for no such end.
        live: makes one more callback, which is called after the epoch's record; None for none.

    Returns:
        The model as the training left it, and its history (docs/files.md). A non-finite loss ends the training and is
        recorded.
    """
    import keras

    from pipeline.network import callbacks, losses
    from pipeline.network.batches import Batches

    model = build(part, architecture, training, seed, place)
    batch_size = training["batch_size"]
    plan = batch_plan(part, training)
    validation_plan = BatchPlan() if validation is None else batch_plan(validation, training)
    windows = len(part) if plan.windows is None else plan.windows.size
    recorder = callbacks.EpochRecorder(windows, batch_size, settings.rate_varies(training))
    early_stopping, plateau = _early_stopping(training), _reduce_on_plateau(training)
    stop = callbacks.StopAtNonfinite(backends.compilation(training)[1], early_stopping)
    batches = Batches(part, batch_size, seed if training["shuffle"] else None, plan.windows)
    backends.run_epochs(
        model,
        batches,
        None if validation is None else Batches(validation, batch_size, None, validation_plan.windows),
        training["epochs"],
        [
            callbacks.StateReset(plan.resets, validation_plan.resets),
            recorder,
            stop,
            *([callbacks.Progress(label, recorder)] if label else []),
            *([live(recorder)] if live else []),
            *([callbacks.StopAfter(updates)] if updates else []),
            *([plateau] if plateau else []),
            *([early_stopping] if early_stopping else []),
        ],
        class_weight=losses.class_weights(part.targets(), training),
        reports=_reports(len(batches), plan, updates),
        validation_reports=validation_plan.resets,
        program=_program(part, architecture, training),
    )
    weights = [keras.ops.convert_to_numpy(weight) for weight in model.weights]
    ended = "early_stopping" if len(recorder.epochs) < training["epochs"] else "completed"
    return model, {
        "weights": model.count_params(),
        "updates": int(model.optimizer.iterations),
        "epochs": recorder.epochs,
        "stopped": "nonfinite" if stop.nonfinite else ended,
        "nonfinite": stop.nonfinite,
        "weights_finite": all(bool(np.isfinite(weight).all()) for weight in weights),
    }


def _reports(batches: int, plan: BatchPlan, updates: int | None) -> Callable[[int], set[int]]:
    """Return, for an epoch, the batches after which callbacks have something to do, counted from 1."""
    from pipeline.network import callbacks

    each = {1, batches, *callbacks.slice_ends(batches), *plan.resets}

    def of_epoch(epoch: int) -> set[int]:
        last = (updates or 0) - epoch * batches
        return each | {last} if 0 < last <= batches else each

    return of_epoch


def _program(part: Part, architecture: dict[str, Any], training: dict[str, Any]) -> str:
    """Describe all that a compiled training depends on besides values."""
    spec = part.spec
    made = [*spec.shape(), spec.features, spec.classes, spec.scaling["window"], _updates(part, training)]
    return json.dumps([made, architecture, training | {"seeds": []}], sort_keys=True)


def _early_stopping(training: dict[str, Any]) -> keras.callbacks.EarlyStopping | None:
    import keras

    given = training["early_stopping"]
    if not given:
        return None
    return keras.callbacks.EarlyStopping(
        monitor=given["monitor"],
        patience=given["patience"],
        min_delta=given["min_delta"],
        restore_best_weights=given["restore_best"],
    )


def _reduce_on_plateau(training: dict[str, Any]) -> keras.callbacks.ReduceLROnPlateau | None:
    import keras

    given = training["reduce_on_plateau"]
    if not given:
        return None
    return keras.callbacks.ReduceLROnPlateau(
        monitor="val_loss",
        patience=given["patience"],
        factor=given["factor"],
        min_lr=given["minimum"],
        min_delta=given["min_delta"],
    )


def build(
    part: Part, architecture: dict[str, Any], training: dict[str, Any], seed: int, place: str = "experiment"
) -> keras.Model:
    """Build and compile the network of one random seed; arguments as for `fit`. Clears Keras's session.

    Raises:
        UserError: an option of the architecture or the training is impossible.
    """
    import keras

    from pipeline.network import models

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = models.build(architecture, _shape(part, training), f"{place}.architecture")
    models.compile_model(model, training, part.spec.classes, f"{place}.training", _updates(part, training))
    return model


def _shape(part: Part, training: dict[str, Any]) -> Shape:
    batch_size = training["batch_size"] if training["state"] != "none" else None
    return part.spec.shape(batch_size)


def _updates(part: Part, training: dict[str, Any]) -> int:
    """Return the updates of one epoch."""
    plan = batch_plan(part, training)
    return -(-len(part) // training["batch_size"]) if plan.windows is None else len(plan.windows)


def batch_plan(part: Part, training: dict[str, Any]) -> BatchPlan:
    """Return the batches of a part for `training.state`.

    Raises:
        UserError: the part has no full batch, or no window continues another one.
    """
    batch_size = training["batch_size"]
    if training["state"] == "none":
        return BatchPlan()
    if training["state"] == "posted":
        return BatchPlan(state_order.posted(len(part), batch_size))
    state_order.require_continuing(part.spec)
    rows, multiple = state_order.rows_in_time(part), training["steps_per_execution"]
    passes = state_order.lanes(rows, part.spec.length, batch_size, multiple)
    ends = np.cumsum([len(each) for each in passes])
    return BatchPlan(np.concatenate(passes), frozenset(ends[:-1].tolist()))


def _write(stem: Path, model: keras.Model, history: dict[str, Any]) -> set[Path]:
    from pipeline.network import models

    paths = {stem.with_suffix(".keras"), stem.with_suffix(".json")}
    models.save(model, stem.with_suffix(".keras"))
    files.write_json(stem.with_suffix(".json"), history)
    return paths
