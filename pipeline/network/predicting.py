"""Stage `predict`: predictions of every saved network for every window. It is the first stage to read the test part."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.dataset import Part, splitting, state_order
from pipeline.network import backends

if TYPE_CHECKING:
    import keras

# Numbers in the inputs of one call: 32 MiB, enough to keep the processor busy, little compared to TensorFlow itself.
_CALL = 2**23
# Largest difference between two predictions of one window that counts as rounding. The batch size changes the order of
# sums in float32, by about 1e-6 of a prediction's size; state that leaks in moves it by a good part of the std.
_ROUNDING = 1e-3


def predict(p: dict[str, Any], name: str) -> None:
    """Write models/NAME/predictions/foldK/PART.parquet and state.json (docs/files.md) for every part of every fold.

    Raises:
        UserError: a model is missing, or carried state has no order of windows to be carried along.
    """
    experiment = p["experiments"][name]
    training = experiment["training"]
    backends.prepare(training["threads"], training["state"] == "lanes", training["backend"])
    folder = files.MODELS / name / "predictions"
    written, checks = {folder / "state.json"}, []
    for fold in range(dataset.folds(experiment["dataset"])):
        models = [files.MODELS / name / "training" / f"fold{fold}_seed{seed}.keras" for seed in training["seeds"]]
        for kind in splitting.PARTS:
            if dataset.has(experiment["dataset"], fold, kind):
                part = dataset.load(experiment["dataset"], fold, kind)
                path = folder / f"fold{fold}" / f"{kind}.parquet"
                columns, part_checks = table(part, models, experiment, f"experiments.{name}")
                files.write_table(path, columns)
                written.add(path)
                checks += part_checks
    files.write_json(folder / "state.json", worst(checks))
    # Files of earlier parts go last, so that a failure leaves the earlier result.
    for path in {path for path in folder.rglob("*") if path.is_file()} - written:
        path.unlink()


def table(
    part: Part, paths: list[Path], experiment: dict[str, Any], place: str = "experiment"
) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    """Predict one part with every seed's model.

    Args:
        part: its windows.
        paths: one saved model per seed of `experiment.training.seeds`.
        experiment: `architecture` and `training` as in params.yaml.
        place: dotted path of the experiment, for errors.

    Returns:
        The table of predictions: `row`, `target_0` …, per seed `seedS_0` …, and `given_0` … for the weights that a
        network came with, float64 [windows] in raw units or as the head gives them. Then, per seed, the result of
        `check_batch_independence`.
    """
    from pipeline.network import models

    training, checks = experiment["training"], []
    columns = {"row": part.table["row"]}
    columns |= {f"target_{i}": target for i, target in enumerate(part.raw_targets().T)}
    saved = (models.load(path) for path in paths)
    for seed, (network, outputs) in zip(training["seeds"], in_turn(part, saved, experiment, place), strict=True):
        checks.append(check_batch_independence(part, network, training, outputs))
        columns |= {f"seed{seed}_{i}": output for i, output in enumerate(part.restore(outputs).T)}
    columns |= _as_given(part, experiment)
    return columns, checks


def _as_given(part: Part, experiment: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the predictions `given_0` … of the weights that a network came with; none where it came without.

    Weights of somebody else's know nothing of our scaling: where there is one, they are not scored.
    """
    from pipeline.network import models

    if experiment["training"]["state"] != "none" or set(part.spec.scaling.values()) != {"none"}:
        return {}
    shape = part.spec.shape()
    given = models.as_given(experiment["architecture"], shape)
    if given is None or given.input_shape[1:] != (shape.length, shape.features):
        return {}
    outputs = windows(part, given, experiment["training"])
    return {f"given_{i}": output for i, output in enumerate(part.restore(outputs).T)}


def in_turn(
    part: Part, saved: Iterable[keras.Model], experiment: dict[str, Any], place: str = "experiment"
) -> Iterator[tuple[keras.Model, np.ndarray]]:
    """Predict all windows of a part with one network after the other, as `windows` does.

    Args:
        part: its windows.
        saved: trained networks of one architecture.
        experiment: `architecture` and `training` as in params.yaml.
        place: dotted path of the experiment, for errors.

    Yields:
        The network that predicted, and its outputs, float32 [windows, outputs]. It is one network with the weights of
        each in turn, so that it is traced once; its next use changes the weights. In the end every saved network has
        its own weights.
    """
    from pipeline.network import models

    network, first = None, None
    try:
        for each in saved:
            if network is None:
                network = _network(part, each, experiment, place)
                first = each.get_weights() if network is each else None
            models.copy_weights(each, network)
            yield network, windows(part, network, experiment["training"])
    finally:
        if network is not None and first is not None:
            network.set_weights(first)


def windows(part: Part, network: keras.Model, training: dict[str, Any]) -> np.ndarray:
    """Predict all windows of a part, in their order; `training.state` decides where state comes from.

    `none`: each window from zero state. `posted`: batch after batch from zero state, as in training; the last batch is
    filled up by repeating its last window. `lanes`: each chain of windows that continue one another, from its first
    window on and from zero state, one chain per row of a batch.

    Returns:
        float32 [windows, outputs].
    """
    if training["state"] == "posted":
        return _in_turn(part, network, _posted(len(part), training["batch_size"]))
    if training["state"] == "lanes":
        return _in_turn(part, network, _chains(part))
    batch = _batch(part)
    return np.concatenate(
        [
            backends.predict(network, part.inputs(np.arange(start, min(start + batch, len(part)))))
            for start in range(0, len(part), batch)
        ]
    )


def check_batch_independence(
    part: Part, network: keras.Model, training: dict[str, Any], outputs: np.ndarray
) -> dict[str, Any]:
    """Check whether a window's prediction depends on the windows beside it and before it.

    A batch of windows drawn from the whole part, with repetition, is predicted once more, from zero state. If the
    experiment declares that state is carried, a difference is expected, and shows how much the past counts.

    Args:
        part: its windows.
        network: the network to check.
        training: the settings of the same name in params.yaml.
        outputs: float32 [windows, outputs], the result of `windows` for the part.

    Returns:
        `state`, as declared; `windows`, the number predicted again; `difference`, the largest one of their outputs
        divided by the outputs' std (None if no output is finite); `tolerance`; `result`: pass, fail, or informative if
        state is declared or nothing can be compared.
    """
    from pipeline.network import models

    declared = training["state"]
    # A batch of the same size as before, so that no backend compiles the network again.
    batch = _batch(part) if declared == "none" else int(network.input_shape[0])
    # With repetition, so that the batch as a whole differs even if it could hold the whole part.
    drawn = np.random.default_rng(0).integers(len(part), size=batch)
    models.reset_state(network)
    again = backends.predict(network, part.inputs(drawn))
    models.reset_state(network)
    known = np.isfinite(outputs[drawn]) & np.isfinite(again)
    difference = None
    if known.any():
        finite = outputs[np.isfinite(outputs)].astype(float)
        # If all predictions are alike, a hundredth of their size stands in for their std.
        unit = max(float(finite.std()), 0.01 * float(np.abs(finite).max()), 1e-12)
        difference = float(np.abs(again.astype(float) - outputs[drawn])[known].max()) / unit
    mixed = bool((np.isfinite(outputs[drawn]) != np.isfinite(again)).any())
    result = "informative"
    if declared == "none" and (known.any() or mixed):
        result = "fail" if mixed or (difference or 0.0) > _ROUNDING else "pass"
    return {
        "state": declared,
        "windows": len(np.unique(drawn)),
        "difference": difference,
        "tolerance": _ROUNDING,
        "result": result,
    }


def worst(checks: list[dict[str, Any]]) -> dict[str, Any]:
    """Join checks of batch independence: the sum of the windows, the largest difference, the worst result."""
    results = [check["result"] for check in checks]
    differences = [check["difference"] for check in checks if check["difference"] is not None]
    return {
        **checks[0],
        "windows": sum(check["windows"] for check in checks),
        # Two digits, for rounding differs between processors.
        "difference": float(f"{max(differences):.2g}") if differences else None,
        "result": next(result for result in ("fail", "informative", "pass") if result in results),
    }


def _batch(part: Part) -> int:
    """Return the number of windows in one call."""
    return max(1, min(len(part), 1024, _CALL // (part.spec.length * len(part.spec.features))))


def _network(part: Part, saved: keras.Model, experiment: dict[str, Any], place: str) -> keras.Model:
    """Return the network to predict with: the saved one, or one with a row in a batch for each chain of the part."""
    from pipeline.network import models

    if experiment["training"]["state"] != "lanes":
        return saved
    shape = part.spec.shape(_chains(part).shape[1])
    network = models.build(experiment["architecture"], shape, f"{place}.architecture")
    models.without_cudnn(network)
    network.compile(jit_compile=True)  # there are many steps, one after the other: their overhead is the cost
    return network


def _posted(count: int, batch: int) -> np.ndarray:
    """Return the windows of each batch in order: int [batches, batch], -1 for none."""
    steps = -(-count // batch)
    order = np.full(steps * batch, -1)
    order[:count] = np.arange(count)
    return order.reshape(steps, batch)


def _chains(part: Part) -> np.ndarray:
    """Return the windows of each chain in its column: int [steps, chains], -1 for none."""
    chains = state_order.chains(state_order.rows_in_time(part), part.spec.length)
    columns = np.full((max(len(chain) for chain in chains), len(chains)), -1)
    for i, chain in enumerate(chains):
        columns[: len(chain), i] = chain
    return columns


def _in_turn(part: Part, network: keras.Model, steps: np.ndarray) -> np.ndarray:
    """Predict batch after batch from zero state; a row without a window gets the last one, and is dropped."""
    from pipeline.network import models

    models.reset_state(network)
    outputs = np.empty((len(part), part.spec.outputs), dtype=np.float32)
    shape = (part.spec.length, len(part.spec.features))
    most = max(1, _CALL // (steps.shape[1] * math.prod(shape)))
    for start in range(0, len(steps), most):
        some = steps[start : start + most]
        real = some >= 0
        windows = np.where(real, some, some.max(axis=1, keepdims=True))
        inputs = part.inputs(windows.ravel()).reshape(*some.shape, *shape)
        outputs[some[real]] = backends.predict_in_turn(network, inputs)[real]
    return outputs
