"""Stage `predict`: what every saved network says about every window. The test part is first opened here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.common.architectures import Shape
from pipeline.dataset import Part, state_order
from pipeline.network import backends

if TYPE_CHECKING:
    import keras

# Numbers in the inputs of one call: 32 MiB, enough to keep the arithmetic busy, little beside TensorFlow itself.
_CALL = 2**23
# Largest difference between two predictions of one window that is rounding: the size of a batch changes the order of
# sums in float32, 1e-6 of a prediction's size or so, while state that leaks in moves it by a good part of the spread.
_ROUNDING = 1e-3


def predict(p: dict[str, Any], name: str) -> None:
    """Write models/NAME/predictions/foldK/PART.parquet and state.json (docs/files.md) for every part of every fold.

    Raises:
        UserError: a model is missing, or carried state has no order of windows to be carried along.
    """
    experiment = p["experiments"][name]
    training = experiment["training"]
    backends.prepare(training["threads"], jit_compile=training["state"] == "lanes")
    folder = files.MODELS / name / "predictions"
    written, company = {folder / "state.json"}, []
    for fold in range(dataset.folds(experiment["dataset"])):
        trained = [files.MODELS / name / "training" / f"fold{fold}_seed{seed}.keras" for seed in training["seeds"]]
        for kind in ("train", "validation", "test"):
            if dataset.has(experiment["dataset"], fold, kind):
                part = dataset.load(experiment["dataset"], fold, kind)
                path = folder / f"fold{fold}" / f"{kind}.parquet"
                columns, found = table(part, trained, experiment, f"experiments.{name}")
                files.write_table(path, columns)
                written.add(path)
                company += found
    files.write_json(folder / "state.json", worst(company))
    # Parts that are no longer asked for go last, so that a failure leaves what was there.
    for path in {path for path in folder.rglob("*") if path.is_file()} - written:
        path.unlink()


def table(
    part: Part, trained: list[Path], experiment: dict[str, Any], place: str = "experiment"
) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    """Truth and predictions of one part.

    Args:
        part: its windows.
        trained: one saved model per seed of `experiment.training.seeds`.
        experiment: `architecture` and `training` as in params.yaml.
        place: dotted path of the experiment, for errors.

    Returns:
        `row`, `target_0` …, and per seed `seedS_0` …: float64 [windows], raw units, or the outputs of the head; and per
        seed what `check_batch_independence` found.
    """
    from pipeline.network import models

    training = experiment["training"]
    columns = {"row": part.table["row"]}
    columns |= {f"target_{i}": target for i, target in enumerate(part.raw_targets().T)}
    network, company = None, []
    for seed, path in zip(training["seeds"], trained, strict=True):
        saved = models.load(path)
        if network is None:  # traced once, for all seeds have one architecture
            network = _network(part, saved, experiment, place)
        models.copy_weights(saved, network)
        said = windows(part, network, training)
        company.append(check_batch_independence(part, network, training, said))
        columns |= {f"seed{seed}_{i}": output for i, output in enumerate(part.restore(said).T)}
    return columns, company


def windows(part: Part, network: keras.Model, training: dict[str, Any]) -> np.ndarray:
    """What `network` says about all windows of a part, in their order, as `training.state` asks.

    `none`: each from zero state. `posted`: batch after batch from zero state, as in training; the last batch is filled
    up by repeating its last window. `lanes`: each chain of windows that continue one another, from its first one on and
    from zero state, one chain per row of a batch.

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
            network.predict_on_batch(part.inputs(np.arange(at, min(at + batch, len(part)))))
            for at in range(0, len(part), batch)
        ]
    )


def check_batch_independence(
    part: Part, network: keras.Model, training: dict[str, Any], outputs: np.ndarray
) -> dict[str, Any]:
    """Whether a window's prediction depends on the windows that are fed beside and before it.

    A batch of windows drawn from the whole part, with repetition, is predicted once more, from zero state. Where the
    experiment declares that state is carried, a difference is what it asked for, and says how much the past counts.

    Args:
        outputs: float32 [windows, outputs], what `windows` said about the part.

    Returns:
        `state`, as declared; `windows`, how many were fed again; `difference`, the largest one of their outputs as a
        share of the outputs' spread (None where no output is a number); `tolerance`; `result`: pass, fail, or
        informative where state is declared or nothing can be compared.
    """
    from pipeline.network import models

    declared = training["state"]
    # A batch of the same size as before, so that no backend compiles the network anew.
    batch = _batch(part) if declared == "none" else int(network.input_shape[0])
    # With repetition, so that the batch as a whole is another one too, even where it could hold the whole part.
    drawn = np.random.default_rng(0).integers(len(part), size=batch)
    models.reset_state(network)
    again = network.predict_on_batch(part.inputs(drawn))
    models.reset_state(network)
    known = np.isfinite(outputs[drawn]) & np.isfinite(again)
    difference = None
    if known.any():
        finite = outputs[np.isfinite(outputs)].astype(float)
        # Predictions that are all alike have no spread; a hundredth of their size stands in for it.
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


def worst(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What `check_batch_independence` found, over parts, folds and seeds: windows in all, largest difference, worst result."""
    results = [one["result"] for one in found]
    differences = [one["difference"] for one in found if one["difference"] is not None]
    return {
        **found[0],
        "windows": sum(one["windows"] for one in found),
        # Two digits: what is rounding differs between processors.
        "difference": float(f"{max(differences):.2g}") if differences else None,
        "result": next(result for result in ("fail", "informative", "pass") if result in results),
    }


def _batch(part: Part) -> int:
    """Windows in one call."""
    return max(1, min(len(part), 1024, _CALL // (part.spec.length * len(part.spec.features))))


def _network(part: Part, saved: keras.Model, experiment: dict[str, Any], place: str) -> keras.Model:
    """The network to predict with: as it was saved, or with as many rows in a batch as the part has chains."""
    from pipeline.network import models

    if experiment["training"]["state"] != "lanes":
        return saved
    shape = Shape(part.spec.length, len(part.spec.features), part.spec.outputs, _chains(part).shape[1])
    network = models.build(experiment["architecture"], shape, f"{place}.architecture")
    network.compile(jit_compile=True)  # one step after the other, so the overhead of a step is what it costs
    return network


def _posted(count: int, batch: int) -> np.ndarray:
    """Int [batches, batch], windows in order; -1 where there is none."""
    steps = -(-count // batch)
    order_of = np.full(steps * batch, -1)
    order_of[:count] = np.arange(count)
    return order_of.reshape(steps, batch)


def _chains(part: Part) -> np.ndarray:
    """Int [steps, chains], the windows of each chain in its column; -1 where there is none."""
    found = state_order.chains(state_order.rows_in_time(part), part.spec.length)
    columns = np.full((max(len(chain) for chain in found), len(found)), -1)
    for i, chain in enumerate(found):
        columns[: len(chain), i] = chain
    return columns


def _in_turn(part: Part, network: keras.Model, steps: np.ndarray) -> np.ndarray:
    """Predict batch after batch from zero state; rows without a window take the one before and are dropped."""
    from pipeline.network import models

    models.reset_state(network)
    outputs = np.empty((len(part), part.spec.outputs), dtype=np.float32)
    for windows_of in steps:
        there = windows_of >= 0
        outputs[windows_of[there]] = network.predict_on_batch(
            part.inputs(np.where(there, windows_of, windows_of.max()))
        )[there]
    return outputs
