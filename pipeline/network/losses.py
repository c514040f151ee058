"""Losses of Keras by their names, aliases, classes and arguments; and the weights of classes."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np

from pipeline.common.errors import UserError

# Arguments that would change what a loss or an output means to the rest of the project.
CLOSED = {
    "from_logits": "outputs are scored as probabilities: give the head a sigmoid or softmax",
    "reduction": "losses are means over windows",
    "axis": "the last axis holds the outputs",
    "dtype": "losses are float32",
}
_SEE = "See https://keras.io/api/losses/ for names and arguments."


def make(training: dict[str, Any], classes: int | None, place: str) -> Any:
    """Return the loss of a training: its name, or a loss object if it has arguments.

    Args:
        training: the settings of the same name in params.yaml, complete.
        classes: their number, None for a regression; chooses the loss where none is named.
        place: dotted path of the training, for errors.

    Raises:
        UserError: Keras has no such loss, or the loss has no such argument.
    """
    usual = "mse" if not classes else "binary_crossentropy" if classes == 2 else "categorical_crossentropy"
    given = training["loss"] or usual
    arguments = dict(given) if isinstance(given, dict) else {"name": given}
    own = arguments.pop("name")
    try:
        keras.losses.get(own)
    except ValueError:
        raise UserError(f"{place}.loss", "must be a loss of Keras", own, _SEE) from None
    smoothing = training["label_smoothing"]
    if smoothing:
        if "label_smoothing" in arguments:
            raise UserError(
                f"{place}.label_smoothing", "must not be given beside the loss's own argument", smoothing, "Keep one."
            )
        arguments["label_smoothing"] = smoothing
    if not arguments:
        return own
    maker = kind(own)
    known = {key: one.default for key, one in inspect.signature(maker).parameters.items() if key != "name"}
    for key, value in arguments.items():
        _check_argument(place, key, value, own, known, smoothing)
    try:
        made = maker(**arguments)
        made(np.ones((1, classes or 1)), np.full((1, classes or 1), 0.5))  # Keras checks some arguments only now
        return made
    except Exception as error:
        raise UserError(f"{place}.loss", f"must have arguments that {own} accepts", error, _SEE) from error


def _check_argument(place: str, key: str, value: Any, own: str, known: dict[str, Any], smoothing: float) -> None:
    at = f"{place}.label_smoothing" if key == "label_smoothing" and smoothing else f"{place}.loss.{key}"
    if key in CLOSED:
        raise UserError(at, "must not be given", value, f"Remove it: {CLOSED[key]}.")
    if key == "label_smoothing" and not 0 <= value < 1:
        raise UserError(at, "must be a number, 0 or more, below 1", value, "For example 0.1.")
    if key not in known:
        names = ", ".join(name for name in known if name not in CLOSED) or "none"
        raise UserError(at, f"must be an argument of {own}, which has: {names}", value, _SEE)
    of_a_kind = isinstance(value, bool) == isinstance(known[key], bool)
    if not of_a_kind or (isinstance(value, list) and key != "alpha"):  # Keras would broadcast a list
        wanted = "true or false" if isinstance(known[key], bool) else "a number"
        raise UserError(at, f"must be {wanted}", value, _SEE)


def name(loss: Any) -> str:
    """Return the name of a loss that Keras's function has: that of `bce` is `binary_crossentropy`.

    Args:
        loss: a name, an alias, the name of a class, `{name: …}` with arguments, a function or a loss object.
    """
    if isinstance(loss, dict):
        loss = loss["name"]
    found = keras.losses.get(loss)
    if inspect.isfunction(found):
        return str(found.__name__)
    plain = type(found).__name__
    functions = (key for key, value in vars(keras.losses).items() if inspect.isfunction(value))
    return next((key for key in functions if _squeezed(key) == plain.lower()), plain)


def class_weights(targets: np.ndarray, training: dict[str, Any]) -> dict[int, float] | None:
    """Return the weight of each class in the training loss, None for equal ones.

    As in scikit-learn, a class's weight is windows / (classes · windows of the class), so the mean over windows is 1.

    Args:
        targets: of the training windows, float32 [windows, outputs]: 0 or 1, or one-hot.
        training: the settings of the same name in params.yaml, complete.
    """
    if training["class_weight"] == "none":
        return None
    classes = targets[:, 0].round().astype(int) if targets.shape[1] == 1 else targets.argmax(axis=1)
    present, counts = np.unique(classes, return_counts=True)
    return {int(one): len(classes) / (len(present) * int(count)) for one, count in zip(present, counts, strict=True)}


def kind(own: str) -> Any:
    """Return the class of a loss: Keras has one for each of its functions."""
    wanted = _squeezed(name(own))
    classes = (value for value in vars(keras.losses).values() if inspect.isclass(value))
    return next(one for one in classes if one.__name__.lower() == wanted)


def _squeezed(text: str) -> str:
    return text.replace("_", "").lower()
