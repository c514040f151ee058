"""A network in a `.keras` file of the user's: what it is made of and how it was compiled, as JSON and without Keras.

Nothing of the file is run: layers with code of their own, and classes that are not Keras's, are refused by name.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from pipeline.common.errors import UserError

_FIX = "Save it with model.save('model.keras') in Keras 3."
# Layers that hold code, or read another file when they are loaded.
_REFUSED = {
    "Lambda": "a Lambda holds code, which is never loaded: write the layer with Keras's own ones, or keras.ops",
    "TorchModuleWrapper": "it holds a pickled module",
    "TFSMLayer": "it reads another model from a path",
    "JaxLayer": "it holds code",
    "FlaxLayer": "it holds code",
    "StringLookup": "it may read a file",
    "IntegerLookup": "it may read a file",
    "TextVectorization": "it may read a file",
}
_OWN_CODE = "only Keras's own classes are loaded: build the network with those"


class Compiled(NamedTuple):
    """How a network was compiled, in words of the file.

    Attributes:
        loss: its name as the file has it, such as mse or MeanSquaredError; None without one.
        arguments: of the loss, where it is an object.
        metrics: their names.
        optimizer: name of its class; None without one.
        settings: its configuration.
    """

    loss: str | None
    arguments: dict[str, Any]
    metrics: list[str]
    optimizer: str | None
    settings: dict[str, Any]


class KerasFile(NamedTuple):
    """The content of a file.

    Attributes:
        config: of the network, for `keras.saving.deserialize_keras_object`, without how it was compiled.
        compiled: None where it was saved uncompiled.
        sha256: of the file.
    """

    config: dict[str, Any]
    compiled: Compiled | None
    sha256: str


def read(path: Path) -> KerasFile:
    """Read a file.

    Raises:
        UserError: it is not such a file, or holds a class that is not loaded; the message names it.
    """
    if not path.is_file():
        raise UserError(str(path), "must be a file", "no such file", "Check the path.")
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
            archive.getinfo("model.weights.h5")
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, RuntimeError) as error:
        received = str(error)[:100] or "another file"
        raise UserError(str(path), "must be a network that Keras 3 saved (.keras)", received, _FIX) from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise UserError(str(path), "must be a network that Keras 3 saved (.keras)", "another file", _FIX)
    given = config.pop("compile_config", None)
    for class_name, label, why in _refused(config):
        named = f"`{label}`, a {class_name}" if label and label != class_name else class_name
        raise UserError(str(path), "must hold no code", named, f"{why[0].upper()}{why[1:]}.")
    if config["class_name"] not in ("Functional", "Sequential"):
        raise UserError(str(path), "must be a Functional or Sequential model", config["class_name"], _FIX)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return KerasFile(config, _compiled(path, given) if given else None, digest)


def require(place: str, architecture: dict[str, Any]) -> KerasFile:
    """Read the file that an architecture `file` names, if it is the one that it was made for.

    Args:
        place: dotted path of the architecture, for errors.
        architecture: `path` and `sha256`.

    Raises:
        UserError: the path leads elsewhere, or there is another file, or none.
    """
    path = PurePosixPath(architecture["path"])
    if path.parts[:2] != ("data", "own") or ".." in path.parts:
        raise UserError(f"{place}.path", "must be a file below data/own/", path, "Copy it there.")
    found = read(Path(path))
    if found.sha256 != architecture["sha256"]:
        fix = f"Get the file back with `dvc checkout`, or write its own sum: {found.sha256}."
        raise UserError(f"{place}.sha256", f"must be that of {path}", architecture["sha256"], fix)
    return found


def last_activation(config: dict[str, Any]) -> str | None:
    """Return the name of the activation of a configuration's last layer; None where it has none."""
    layers = config.get("config", {}).get("layers") or [{}]
    last = layers[-1]
    if last.get("class_name") in ("Functional", "Sequential"):
        return last_activation(last)
    if last.get("class_name") == "Softmax":
        return "softmax"
    activation = (last.get("config") or {}).get("activation")
    if isinstance(activation, dict):
        return snake(
            str(activation.get("config") if activation["class_name"] == "function" else activation["class_name"])
        )
    return activation


def _refused(value: Any) -> Iterator[tuple[str, str, str]]:
    """Yield class, name and reason of every object that is not loaded."""
    if isinstance(value, list):
        for item in value:
            yield from _refused(item)
    if not isinstance(value, dict):
        return
    name = value.get("class_name")
    if isinstance(name, str):
        module, registered = value.get("module"), value.get("registered_name")
        config = value.get("config")
        label = str(config.get("name", "")) if isinstance(config, dict) else str(config or "")
        if name in _REFUSED:
            yield name, label, _REFUSED[name]
        elif name == "__lambda__":
            yield "lambda", "", _REFUSED["Lambda"]
        elif name.startswith("__") or (name == "function" and module == "builtins"):
            pass  # Keras's marks of tensors, shapes and slices; functions, which it looks up among its own
        elif (registered and ">" in str(registered)) or not _is_keras(module):
            yield name, label, _OWN_CODE
    for item in value.values():
        yield from _refused(item)


def _is_keras(module: Any) -> bool:
    return isinstance(module, str) and (module == "keras" or module.startswith("keras."))


def _compiled(path: Path, given: dict[str, Any]) -> Compiled:
    loss, arguments = _named(path, "loss", given.get("loss"))
    optimizer, settings = _named(path, "optimizer", given.get("optimizer"))
    metrics = given.get("metrics") or []
    names = [_named(path, "metrics", each)[0] for each in _flat(metrics)]
    return Compiled(loss, arguments, [name for name in names if name], optimizer, settings)


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif isinstance(value, dict) and "class_name" not in value:
        yield from _flat(list(value.values()))
    elif value is not None:
        yield value


def _named(path: Path, what: str, value: Any) -> tuple[str | None, dict[str, Any]]:
    """Return name and settings of a loss, a metric or an optimiser, written as a name or as an object."""
    several = isinstance(value, dict) and "class_name" not in value
    if isinstance(value, list) or several:
        items = list(value.values()) if isinstance(value, dict) else value
        if len(items) != 1:
            fix = "Compile it with a single one."
            raise UserError(f"{path}, {what}", "must be one, for one output", f"{len(items)} of them", fix)
        return _named(path, what, items[0])
    if value is None or isinstance(value, str):
        return value, {}
    for class_name, label, _ in _refused(value):
        named = label or class_name
        fix = "Compile with one of Keras's own, and save again."
        raise UserError(f"{path}, {what}", "must be Keras's own", named, fix)
    config = value.get("config")
    if value["class_name"] == "function":
        return str(config), {}
    return str(value["class_name"]), dict(config or {})


def snake(name: str) -> str:
    """Return the name of a class as Keras writes its function: MeanSquaredError as mean_squared_error."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
