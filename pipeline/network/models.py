"""Build and compile networks by name, and save them in archives whose bytes depend only on the network."""

from __future__ import annotations

import importlib
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras

from pipeline.common import architectures, files
from pipeline.common.architectures import Shape
from pipeline.common.errors import UserError

_PACKAGE = "pipeline.architectures"
_LOSSES = {None: "mse", 2: "binary_crossentropy", 3: "categorical_crossentropy"}
_OWN_KEYS = ("name", "builder")
# The earliest date of a zip archive.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build(architecture: dict[str, Any], shape: Shape, place: str = "architecture") -> keras.Model:
    """Call the builder that `architecture` names with its options; `place` is its dotted path, for errors.

    Raises:
        UserError: `architecture` is wrong (`architectures.check`), the builder refuses the value of an option, or its
            result is not a Keras model from [batch, length, features] to [batch, outputs].
    """
    architectures.check(place, architecture)
    path, function = architectures.locate(place, architecture)
    name = path.stem
    builder = getattr(importlib.import_module(f"{_PACKAGE}.{name}"), function)
    try:
        model = builder(shape, **{key: value for key, value in architecture.items() if key not in _OWN_KEYS})
    except (TypeError, ValueError) as error:
        raise UserError(
            place, f"must have options that {name}:{function} accepts", error, "Correct the option."
        ) from error
    if not isinstance(model, keras.Model):
        raise UserError(
            place,
            f"must name a builder that returns a keras.Model ({name}:{function})",
            type(model).__name__,
            "Return a keras.Model.",
        )
    expected = ((shape.batch_size, shape.length, shape.features), (shape.batch_size, shape.outputs))
    if (model.input_shape, model.output_shape) != expected:
        raise UserError(
            place,
            f"must name a builder of a network from {expected[0]} to {expected[1]} ({name}:{function})",
            f"{model.input_shape} to {model.output_shape}",
            "Use every number of `shape`, and return_sequences on the inner recurrent layers only: Keras silently "
            "broadcasts outputs of another shape against the target (shape_broadcast).",
        )
    return model


def compile_model(model: keras.Model, training: dict[str, Any], classes: int | None, place: str = "training") -> None:
    """Compile with `training.optimizer`, and with `training.loss` or the usual loss for the target.

    Args:
        model: the network.
        training: the settings of the same name in params.yaml, complete.
        classes: None for a regression, 2 (one output, 0/1 targets) or 3 (three outputs, one-hot targets).
        place: dotted path of the training, for errors.

    Raises:
        UserError: Keras has no such loss.
    """
    loss = training["loss"] or _LOSSES[classes]
    try:
        keras.losses.get(loss)
    except ValueError:
        raise UserError(
            f"{place}.loss", "must be a loss of Keras", loss, "See https://keras.io/api/losses/ for their names."
        ) from None
    makers = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "nadam": keras.optimizers.Nadam,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
    }
    accuracy = {2: keras.metrics.BinaryAccuracy, 3: keras.metrics.CategoricalAccuracy}
    model.compile(
        optimizer=makers[training["optimizer"]](
            learning_rate=training["learning_rate"], clipnorm=training["clipnorm"], clipvalue=training["clipvalue"]
        ),
        loss=loss,
        metrics=[accuracy[classes](name="accuracy")] if classes else [],
        jit_compile=training["jit_compile"],
        steps_per_execution=training["steps_per_execution"],
    )


def penalty(model: keras.Model) -> float:
    """Return the regularisers' share of the loss, for the present weights."""
    regularised = (weight for weight in model.trainable_weights if weight.regularizer is not None)
    return float(sum(float(weight.regularizer(weight)) for weight in regularised))


def reset_state(model: keras.Model) -> None:
    """Set the state of every recurrent layer to zero."""
    for layer in _stateful(model):
        layer.reset_state()


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copy the weights of `source` to `target`, without carried state: the batch sizes may differ."""
    for new, old in zip(_weights(target), _weights(source), strict=True):
        new.assign(old)


def save(model: keras.Model, path: Path) -> None:
    """Write a model, without its optimiser, as a `.keras` archive: equal models give equal bytes.

    Keras adds the time of saving, the times of the archive's members and memory addresses; these are removed.
    """
    reset_state(model)
    optimizer, compiled = getattr(model, "optimizer", None), model.compiled
    model.optimizer, model.compiled = None, False
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "model.keras"
        try:
            keras.saving.save_model(model, written)
        finally:
            model.optimizer, model.compiled = optimizer, compiled
        with zipfile.ZipFile(written) as archive:
            members = {name: archive.read(name) for name in sorted(archive.namelist())}
    metadata = json.loads(members["metadata.json"])
    members["metadata.json"] = json.dumps({"keras_version": metadata["keras_version"]}).encode()
    members["config.json"] = json.dumps(_numbered(json.loads(members["config.json"]), {})).encode()
    with files.atomic_write(path) as beside, zipfile.ZipFile(beside, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)


def load(path: Path) -> keras.Model:
    """Read a model that `save` wrote, uncompiled. Custom layers are imported from the file of their architecture.

    Raises:
        UserError: the file is not such an archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
        for module in sorted(_modules(config)):
            importlib.import_module(module)
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(str(path), "must be a model that `train` wrote", error, "Run the stage train again.") from error


def _stateful(model: keras.Model) -> list[Any]:
    return [layer for layer in model._flatten_layers() if getattr(layer, "stateful", False)]


def _weights(model: keras.Model) -> list[Any]:
    states = {id(state) for layer in _stateful(model) for state in (layer.states or [])}
    return [weight for weight in model.weights if id(weight) not in states]


def _numbered(value: Any, seen: dict[int, int]) -> Any:
    """Replace addresses of shared objects by their order of appearance."""
    if isinstance(value, dict):
        return {
            key: seen.setdefault(item, len(seen)) if key == "shared_object_id" else _numbered(item, seen)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_numbered(item, seen) for item in value]
    return value


def _modules(value: Any) -> set[str]:
    """Return the modules of this project that a serialised model refers to."""
    if isinstance(value, list):
        return set().union(*map(_modules, value))
    if not isinstance(value, dict):
        return set()
    module = value.get("module")
    own = {module} if isinstance(module, str) and module.startswith(f"{_PACKAGE}.") else set()
    return own.union(*map(_modules, value.values()))
