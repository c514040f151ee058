"""From what a `.keras` file was compiled with to the settings of a training, or one line on what is not supported.

Where the loss and the head say the same in other words, the words of params.yaml are used: a loss of logits becomes an
activation after the last layer, and a softmax over two becomes the probability of class 1. Where the loss cannot be
computed for the target at all, the usual one is used; the diagnosis reports what the file says
(`pipeline/diagnose/facts/compiled.py`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras

from pipeline.common.errors import UserError
from pipeline.common.keras_file import Compiled
from pipeline.network import losses, optimizers

CROSS_ENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
_SETTINGS = ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "momentum", "nesterov")
# Of an optimiser's configuration: what it does not train by.
_IGNORED = ("name", "learning_rate", "loss_scale_factor")
_OWN_DEFAULTS = {"momentum": 0.0, "nesterov": False}
_AGAIN = "Compile it without, and save again."


class Training(NamedTuple):
    """Settings of a training.

    Attributes:
        settings: keys of `training` in params.yaml.
        end: of the architecture `file`.
        notes: what is not as in the file, or was not in it, a sentence each.
    """

    settings: dict[str, Any]
    end: str
    notes: list[str]


def training(
    compiled: Compiled | None, classes: int | None, head: tuple[str | None, int], place: str, rate: float | None = None
) -> Training:
    """Return the settings of a training as the file was compiled.

    Args:
        compiled: as in the file; None where it was saved uncompiled.
        classes: of the target; None for a regression.
        head: the activation of the last layer, and the number of outputs.
        place: the file, for errors.
        rate: learning rate of the user's, instead of the file's.

    Raises:
        UserError: an optimiser, a loss or an argument is not supported; or the outputs do not suit the target.
    """
    if compiled is None or compiled.optimizer is None:
        settings = {"optimizer": "adam", "learning_rate": rate or 0.001}
        notes = ["the file was saved uncompiled: Adam and the usual loss of the target"]
        loss, arguments = (None, {}) if compiled is None else (compiled.loss, compiled.arguments)
    else:
        settings, notes = _optimizer(compiled, place, rate), []
        loss, arguments = compiled.loss, compiled.arguments
    name = None if loss is None else _loss_name(loss, place)
    logits = bool(arguments.get("from_logits", False))
    end = _end(name, logits, classes, head, place)
    chosen, note = _chosen(name, classes, head[1])
    settings["loss"] = chosen if chosen is None else _with_arguments(chosen, name, arguments, place)
    notes += [note] if note else []
    return Training(settings, end, notes)


def _optimizer(compiled: Compiled, place: str, rate: float | None) -> dict[str, Any]:
    name = str(compiled.optimizer).lower()
    at, known = f"{place}, optimizer", ", ".join(optimizers.MAKERS)
    if name not in optimizers.MAKERS:
        raise UserError(at, f"must be one of {known}", compiled.optimizer, "Compile with one of these, and save again.")
    given = compiled.settings
    usual = optimizers.MAKERS[name]().get_config()
    found = given.get("learning_rate", usual["learning_rate"])
    if rate is None and not isinstance(found, int | float):
        kind = found.get("class_name", "a schedule") if isinstance(found, dict) else found
        raise UserError(f"{at}, learning_rate", "must be a number", kind, "Give one, for example RATE=0.001.")
    settings: dict[str, Any] = {"optimizer": name, "learning_rate": rate or float(f"{found:.7g}")}
    for key, value in given.items():
        default = usual.get(key)
        if key in _IGNORED or value == default:
            continue
        if key not in _SETTINGS:
            raise UserError(f"{at}, {key}", f"must be Keras's own, {default}", value, _AGAIN)
        if key in _OWN_DEFAULTS and value == _OWN_DEFAULTS[key]:
            continue
        settings[key] = value
    return settings


def _loss_name(loss: str, place: str) -> str:
    try:
        return losses.name(loss)
    except ValueError:
        fix = "Compile with one of Keras's own, and save again."
        raise UserError(f"{place}, loss", "must be a loss of Keras", loss, fix) from None


def _end(name: str | None, logits: bool, classes: int | None, head: tuple[str | None, int], place: str) -> str:
    """Return what ends the network, and check that its outputs suit the target."""
    activation, units = head
    if classes is None:
        return "sigmoid" if logits and name == "binary_crossentropy" else "none"
    if classes == 2 and units == 2:
        if activation == "softmax" or (logits and activation == "linear"):
            return "class_1"
        rule = "must end in one unit, or in a softmax over two, for two classes"
        raise UserError(place, rule, f"two units with {activation}", "Change the last layer.")
    wanted = 1 if classes == 2 else classes
    if units != wanted:
        fix = f"Give the last layer {wanted} unit{'s' if wanted > 1 else ''}."
        raise UserError(place, f"must have an output for each of the {classes} classes of y", f"{units} outputs", fix)
    if not logits:
        return "none"
    return "sigmoid" if classes == 2 else "softmax"


def _chosen(name: str | None, classes: int | None, units: int) -> tuple[str | None, str]:
    """Return the loss to train with, None for the usual one of the target, and a note where it is another one."""
    if name in CROSS_ENTROPIES and classes == 2 and units == 2:
        return "binary_crossentropy", ""
    if name != "sparse_categorical_crossentropy":
        return name, ""
    if classes and classes > 2:
        return "categorical_crossentropy", ""
    target = "a regression" if classes is None else "one unit"
    return None, f"{name} cannot be computed for {target}: the usual loss of the target is used instead"


def _with_arguments(chosen: str, name: str | None, given: dict[str, Any], place: str) -> Any:
    """Return the loss with the arguments that are not Keras's own ones."""
    if not given or (chosen != name and name not in CROSS_ENTROPIES):
        return chosen
    usual = losses.kind(str(name))().get_config()
    arguments = {}
    for key, value in given.items():
        default = usual.get(key)
        if key in ("name", "from_logits", "dtype") or value == default:
            continue
        simple = isinstance(value, bool | int | float) and key not in losses.CLOSED
        if not simple:
            raise UserError(f"{place}, loss, {key}", f"must be Keras's own, {default}", value, _AGAIN)
        arguments[key] = value
    return {"name": chosen, **arguments} if arguments else chosen


def head(model: keras.Model) -> tuple[str | None, int]:
    """Return the activation that ends a network, None where it is not known, and the number of outputs."""
    return _activation(model), int(model.output_shape[-1])


def _activation(model: keras.Model) -> str | None:
    for layer in reversed(model.layers):
        if isinstance(layer, keras.Model):
            return _activation(layer)
        if isinstance(layer, keras.layers.Softmax):
            return "softmax"
        if isinstance(layer, keras.layers.Dense | keras.layers.Activation):
            return getattr(layer.activation, "__name__", None)
        if not isinstance(layer, keras.layers.Dropout | keras.layers.Flatten | keras.layers.Reshape):
            return None
    return None
