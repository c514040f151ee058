"""Build and compile networks by name, and save them in archives whose bytes depend only on the network."""

from __future__ import annotations

import importlib
import json
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipeline.common import architectures, errors, files
from pipeline.common.architectures import Shape
from pipeline.common.errors import UserError
from pipeline.network import backends, losses, optimizers

_PACKAGE = "pipeline.architectures"
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
    except UserError as error:
        raise UserError(error.place.replace("architecture", place, 1), error.rule, error.received, error.fix) from None
    except Exception as error:
        line = errors.own_line(error)
        raised = f"{errors.shown(error)} ({line})" if line else errors.shown(error)
        rule = f"must have options that {name}:{function} accepts"
        raise UserError(place, rule, raised, "Correct the option, or that line.") from error
    if not isinstance(model, keras.Model):
        raise UserError(
            place,
            f"must name a builder that returns a keras.Model ({name}:{function})",
            type(model).__name__,
            "Return a keras.Model: the function may lack its `return`.",
        )
    if shape.batch_size is not None and not hasattr(model, "input_shape"):
        raise UserError(
            place,
            f"must name a builder of a Functional or Sequential model if state is carried ({name}:{function})",
            f"{type(model).__name__}, a subclassed model",
            "Connect its layers with keras.Input, or set `training.state: none`.",
        )
    expected = ((shape.batch_size, shape.length, shape.features), (shape.batch_size, shape.outputs))
    received = _shapes(model, expected[0], f"{name}:{function}", place)
    if received != expected:
        raise UserError(
            place,
            f"must name a builder of a network from {expected[0]} to {expected[1]} ({name}:{function})",
            f"{received[0]} to {received[1]}",
            _shape_fix(received[1], expected),
        )
    return _on_own_loops(model)


def as_given(architecture: dict[str, Any], shape: Shape) -> keras.Model | None:
    """Return the network with the weights that it came with; None for an architecture that comes without."""
    module = importlib.import_module(f"{_PACKAGE}.{architecture['name']}")
    made = getattr(module, "given", None)
    options = {key: value for key, value in architecture.items() if key not in _OWN_KEYS}
    return made(shape, **options) if made else None


def _shape_fix(outputs: tuple[int | None, ...], expected: tuple[tuple[int | None, ...], ...]) -> str:
    """Return the fix for a network of another shape than expected."""
    if len(outputs) == 3:
        return "Leave `return_sequences=True` out of the last recurrent layer: one vector per window is expected."
    if outputs[-1:] != expected[1][-1:]:
        return "Give the last layer `shape.outputs` units."
    return "Begin with `keras.Input((shape.length, shape.features), batch_size=shape.batch_size)`."


def _shapes(model: keras.Model, given: tuple[int | None, ...], builder: str, place: str) -> tuple[Any, Any]:
    """Return the shapes of inputs and outputs; a subclassed model, which has none, is built for `given`."""
    try:
        if model.built and hasattr(model, "input_shape"):
            return model.input_shape, model.output_shape
        return given, tuple(model(keras.KerasTensor(given)).shape)
    except Exception as error:
        raise UserError(
            place,
            f"must name a builder of a network that takes windows of shape {given} ({builder})",
            f"{type(error).__name__}: {error}",
            "Correct the network's `call`.",
        ) from error


def compile_model(
    model: keras.Model, training: dict[str, Any], classes: int | None, place: str = "training", updates: int = 1
) -> None:
    """Compile with the optimiser and the loss of `training`, or the usual loss for the target.

    Args:
        model: the network.
        training: the settings of the same name in params.yaml, complete.
        classes: None for a regression, 2 (one output, 0/1 targets) or more (an output for each, one-hot targets).
        place: dotted path of the training, for errors.
        updates: updates in one epoch, for the schedule of the learning rate.

    Raises:
        UserError: Keras has no such loss or argument, or compiles otherwise than requested.
    """
    loss = losses.make(training, classes, place)
    jit_compile, steps = backends.compilation(training)
    if jit_compile:
        without_cudnn(model)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Model doesn't support `jit_compile=True`")  # an error below
        model.compile(
            optimizer=optimizers.make(training, updates),
            loss=loss,
            metrics=accuracy(classes),
            jit_compile=jit_compile,
            steps_per_execution=steps,
        )
    _check_compiled(model, training, loss, place)
    optimizers.check(model.optimizer, training, updates, place)


def accuracy(classes: int | None) -> list[keras.metrics.Metric]:
    """Return the metrics of a training: the accuracy, or none for a regression."""
    kind = keras.metrics.BinaryAccuracy if classes == 2 else keras.metrics.CategoricalAccuracy
    return [kind(name="accuracy")] if classes else []


def without_cudnn(model: keras.Model) -> None:
    """Let XLA compile recurrent layers that would choose cuDNN by themselves on a GPU: XLA cannot compile cuDNN's."""
    for layer in model._flatten_layers():
        if getattr(layer, "use_cudnn", None) == "auto":
            layer.use_cudnn, layer.supports_jit = False, True


def _on_own_loops(model: keras.Model) -> keras.Model:
    """Return a network without cuDNN where that would compute something else than Keras's own loops.

    With a mask, cuDNN refuses one that skips the first steps of a window; on JAX, see docs/benchmarks.md.
    """
    masked = any(isinstance(layer, keras.layers.Masking) for layer in model._flatten_layers())
    if masked or keras.backend.backend() == "jax":
        without_cudnn(model)
    return model


def _check_compiled(model: keras.Model, training: dict[str, Any], loss: Any, place: str) -> None:
    """Check that Keras compiled as requested; a network may have a `compile` of its own."""
    jit_compile, steps = backends.compilation(training)
    unable = [layer.name for layer in model._flatten_layers() if not layer.supports_jit]
    if bool(model.jit_compile) != jit_compile or (unable and jit_compile):
        why = f"XLA cannot compile {', '.join(unable)}" if unable else "XLA is not possible on this machine"
        other = f"jit_compile: {json.dumps(not jit_compile)}"
        raise UserError(
            f"{place}.jit_compile",
            "must be what Keras compiles with" + (f" ({why})" if jit_compile else ""),
            json.dumps(jit_compile),
            f"Set {other if keras.backend.backend() == 'tensorflow' else 'backend: tensorflow'}.",
        )
    if model.loss is not loss:
        received = getattr(model.loss, "name", model.loss)
        rule = f"must be the loss that the network is compiled with ({losses.name(loss)})"
        raise UserError(f"{place}.loss", rule, received, "Let the network not replace it.")
    if model.run_eagerly or model.steps_per_execution != steps:
        raise UserError(
            f"{place}.steps_per_execution",
            f"must be what the network is compiled with ({steps})",
            "eager execution" if model.run_eagerly else model.steps_per_execution,
            "Let the network not change it.",
        )


def penalty(model: keras.Model) -> float:
    """Return the regularisers' share of the loss, for the present weights."""
    regularised = (weight for weight in model.trainable_weights if weight.regularizer is not None)
    return float(sum(float(weight.regularizer(weight)) for weight in regularised))


def reset_state(model: keras.Model) -> None:
    """Set the state of every recurrent layer to zero."""
    for layer in _stateful(model):
        layer.reset_state()


def states(model: keras.Model) -> list[Any]:
    """Return the variables that carry state from batch to batch."""
    return [state for layer in _stateful(model) for state in (layer.states or [])]


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copy the weights of `source` to `target`, without carried state: the batch sizes may differ.

    As copies: on JAX, Keras's `predict_on_batch` gives the memory of a network's variables to its results.
    """
    for new, old in zip(_weights(target), _weights(source), strict=True):
        new.assign(keras.ops.copy(old))


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
        return _load(path)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(str(path), "must be a model that `train` wrote", error, "Run the stage train again.") from error


def check_saving(model: keras.Model, length: int, features: int, place: str) -> None:
    """Save a network and load it as `predict` will, before a long training.

    Args:
        model: the network, built.
        length: steps of a window.
        features: inputs of a step.
        place: dotted path of the architecture, for errors.

    Raises:
        UserError: it cannot be loaded, or computes something else then; names the layer, if one is to blame.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            save(model, path)
            loaded = _load(path)
        except Exception as error:
            raise _unsaveable(model, error, place) from error
    rows = model.input_shape[0] if hasattr(model, "input_shape") else None
    inputs = np.random.default_rng(0).standard_normal((rows or 1, length, features)).astype(np.float32)
    before, after = (backends.predict(network, inputs) for network in (model, loaded))
    reset_state(model)
    if before.shape != after.shape or not np.allclose(before, after, rtol=1e-3, atol=1e-5, equal_nan=True):
        raise UserError(
            place,
            "must build a network that computes the same after it is saved and loaded",
            "other outputs",
            "Let `get_config` of each own layer return every argument of its constructor.",
        )


def _unsaveable(model: keras.Model, error: Exception, place: str) -> UserError:
    """Return an error that names the innermost layer that cannot be loaded."""
    failing = []
    for layer in model._flatten_layers(include_self=False):
        try:
            serialized = keras.saving.serialize_keras_object(layer)
            keras.saving.deserialize_keras_object(serialized, safe_mode=True)
        except Exception as problem:
            failing.append((len(layer._flatten_layers()), layer, problem))
    _, layer, reason = min(failing, key=lambda item: item[0], default=(0, model, error))
    kind = type(layer).__name__
    fix = "Let `get_config` return every argument of its constructor, and register or import what it uses by name."
    if isinstance(layer, keras.layers.Lambda):
        fix = "Write a layer class in the architecture's file instead: a Lambda stores code, which is not loaded."
    return UserError(
        place,
        f"must build a network that can be saved and loaded (layer `{layer.name}`, a {kind})",
        f"{type(reason).__name__}: {str(reason)[:200]}",
        fix,
    )


def _load(path: Path) -> keras.Model:
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    for module in sorted(_modules(config)):
        importlib.import_module(module)
    return _on_own_loops(keras.saving.load_model(path, compile=False, safe_mode=True))


def _stateful(model: keras.Model) -> list[Any]:
    return [layer for layer in model._flatten_layers() if getattr(layer, "stateful", False)]


def _weights(model: keras.Model) -> list[Any]:
    carried = {id(state) for state in states(model)}
    return [weight for weight in model.weights if id(weight) not in carried]


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
