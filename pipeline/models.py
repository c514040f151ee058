"""Networks by name: checked, built, compiled, and kept in archives whose bytes depend on the network alone.

Keras is imported inside the functions that need it, for `check_options` also serves stages that need no network.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.architectures import Shape
from pipeline.errors import UserError

if TYPE_CHECKING:
    import keras

FOLDER = Path(__file__).parent / "architectures"
_PACKAGE = "pipeline.architectures"
_LOSSES = {None: "mse", 2: "binary_crossentropy", 3: "categorical_crossentropy"}
_OWN_KEYS = ("name", "builder")
# The earliest date that a zip archive can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def check_options(place: str, architecture: dict[str, Any]) -> None:
    """Compare an architecture's options with the signature of its builder, which is read and not imported.

    Args:
        place: dotted path of `architecture` in params.yaml.
        architecture: `name`, optionally `builder`, and the builder's options.

    Raises:
        UserError: there is no such file or function, it takes no such option, or it needs one that is absent.
    """
    name, function = _builder(place, architecture)
    path = FOLDER / f"{name}.py"
    if not path.is_file():
        known = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__")
        raise UserError(f"{place}.name", "must be a file of pipeline/architectures/", name, f"Known: {', '.join(known)}.")
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except SyntaxError as error:
        raise UserError(f"pipeline/architectures/{name}.py:{error.lineno}", "must be valid Python", error.msg, "Mend this line.") from None
    found = {node.name: node.args for node in body if isinstance(node, ast.FunctionDef)}
    if function not in found:
        raise UserError(
            f"{place}.builder",
            f"must be a function of pipeline/architectures/{name}.py",
            function,
            f"Known: {', '.join(found) or 'none'}.",
        )
    signature = found[function]
    positional = [argument.arg for argument in signature.posonlyargs + signature.args]
    keywords = [argument.arg for argument in signature.kwonlyargs]
    allowed = positional[1:] + keywords
    required = positional[1 : len(positional) - len(signature.defaults)]
    required += [name for name, default in zip(keywords, signature.kw_defaults, strict=True) if default is None]
    given = [key for key in architecture if key not in _OWN_KEYS]
    for key in given:
        if key not in allowed and signature.kwarg is None:
            close = difflib.get_close_matches(key, allowed, 1)
            raise UserError(
                f"{place}.{key}",
                f"must be an option of {name}:{function}",
                key,
                f"Did you mean {close[0]}?" if close else f"Known: {', '.join(allowed) or 'none'}.",
            )
    for key in required:
        if key not in given:
            raise UserError(f"{place}.{key}", f"must be given to {name}:{function}", "nothing", "Add it.")


def build(architecture: dict[str, Any], shape: Shape, place: str = "architecture") -> keras.Model:
    """Call the builder that `architecture` names with its options.

    Raises:
        UserError: as `check_options`, or the builder refuses an option's value, or what it returns is not a Keras model
            from [batch, length, features] to [batch, outputs].
    """
    import keras

    check_options(place, architecture)
    name, function = _builder(place, architecture)
    builder = getattr(importlib.import_module(f"{_PACKAGE}.{name}"), function)
    try:
        model = builder(shape, **{key: value for key, value in architecture.items() if key not in _OWN_KEYS})
    except (TypeError, ValueError) as error:
        raise UserError(place, f"must hold options that {name}:{function} can build from", error, "Mend the option.") from error
    if not isinstance(model, keras.Model):
        raise UserError(place, f"must name a builder that returns a keras.Model ({name}:{function})", type(model).__name__, "Return one.")
    expected = ((shape.batch_size, shape.length, shape.features), (shape.batch_size, shape.outputs))
    if (model.input_shape, model.output_shape) != expected:
        raise UserError(
            place,
            f"must name a builder of a network from {expected[0]} to {expected[1]} ({name}:{function})",
            f"{model.input_shape} to {model.output_shape}",
            "Use every number of `shape`, and return_sequences on no recurrent layer but the inner ones.",
        )
    return model


def compile_model(model: keras.Model, training: dict[str, Any], classes: int | None, place: str = "training") -> None:
    """Compile with the loss that suits the target (or `training.loss`) and the optimiser named.

    Args:
        classes: None for a regression, 2 (one output, 0/1 targets) or 3 (three outputs, one-hot targets).

    Raises:
        UserError: Keras knows no such loss.
    """
    import keras

    loss = training["loss"] or _LOSSES[classes]
    try:
        keras.losses.get(loss)
    except ValueError:
        raise UserError(f"{place}.loss", "must be a loss of Keras", loss, "See https://keras.io/api/losses/ for their names.") from None
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


def reset_state(model: keras.Model) -> None:
    """Set the state of every recurrent layer to zero."""
    for layer in _stateful(model):
        layer.reset_state()


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Give `target` the weights of `source`, of which it may differ in batch size: carried state is left out."""
    for new, old in zip(_weights(target), _weights(source), strict=True):
        new.assign(old)


def save(model: keras.Model, path: Path) -> None:
    """Write a model, without its optimiser, as a `.keras` archive: equal models give equal bytes.

    Keras itself puts in the time of saving, the times of the archive's members and addresses of objects in memory.
    """
    import keras

    whole = io.BytesIO()
    reset_state(model)
    optimizer, model.optimizer, model.compiled = model.optimizer, None, False
    try:
        keras.saving.save_model(model, whole)
    finally:
        model.optimizer, model.compiled = optimizer, optimizer is not None
    with zipfile.ZipFile(whole) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    metadata = json.loads(members["metadata.json"])
    members["metadata.json"] = json.dumps({"keras_version": metadata["keras_version"]}).encode()
    members["config.json"] = json.dumps(_numbered(json.loads(members["config.json"]), {})).encode()
    with files.whole(path) as beside, zipfile.ZipFile(beside, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)


def load(path: Path) -> keras.Model:
    """Read a model that `save` wrote, uncompiled. Layers of an own architecture are found in its file.

    Raises:
        UserError: the file is no such archive.
    """
    import keras

    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
        for module in sorted(_modules(config)):
            importlib.import_module(module)
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(str(path), "must be a model that `train` wrote", error, "Run the stage train again.") from error


def _builder(place: str, architecture: dict[str, Any]) -> tuple[str, str]:
    """File (without .py) and function that build an architecture."""
    name = architecture["name"]
    module, _, function = architecture.get("builder", f"{name}:build").partition(":")
    if not name.isidentifier():
        raise UserError(f"{place}.name", "must be a file of pipeline/architectures/, without .py", name, "Use letters, digits and _.")
    if module.removeprefix(f"{_PACKAGE}.") != name:
        raise UserError(
            f"{place}.builder",
            f"must be a function of pipeline/architectures/{name}.py, as {name}:function",
            architecture["builder"],
            "Put your builder into a file of pipeline/architectures/ and give that as `name`, for DVC watches this file.",
        )
    return name, function


def _stateful(model: keras.Model) -> list[Any]:
    return [layer for layer in model._flatten_layers() if getattr(layer, "stateful", False)]


def _weights(model: keras.Model) -> list[Any]:
    states = {id(state) for layer in _stateful(model) for state in (layer.states or [])}
    return [weight for weight in model.weights if id(weight) not in states]


def _numbered(value: Any, seen: dict[int, int]) -> Any:
    """Replace addresses of shared objects by their rank of appearance."""
    if isinstance(value, dict):
        return {
            key: seen.setdefault(item, len(seen)) if key == "shared_object_id" else _numbered(item, seen)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_numbered(item, seen) for item in value]
    return value


def _modules(value: Any) -> set[str]:
    """Our own modules that a serialised model refers to."""
    if isinstance(value, list):
        return set().union(*map(_modules, value))
    if not isinstance(value, dict):
        return set()
    module = value.get("module")
    own = {module} if isinstance(module, str) and module.startswith(f"{_PACKAGE}.") else set()
    return own.union(*map(_modules, value.values()))
