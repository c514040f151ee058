"""A network that somebody else built, from a `.keras` file of theirs under data/own/.

Its architecture is built anew, with weights of its initialisers; `given` has the weights as they came. Layers of the
type Normalization keep what they were adapted to, which is no weight that a training would learn again.
"""

from __future__ import annotations

import copy
from typing import Any

import keras
import numpy as np

from pipeline.common import keras_file
from pipeline.common.architectures import Shape
from pipeline.common.errors import UserError

ENDS = ("none", "sigmoid", "softmax", "class_1")


def build(shape: Shape, *, path: str, sha256: str, end: str = "none") -> keras.Model:
    """Build the network of a file with fresh weights.

    Args:
        shape: of the windows; the file decides, and `models.build` compares the two.
        path: the file, below data/own/.
        sha256: of the file, so that another file under the same name is noticed.
        end: `sigmoid` or `softmax` after the last layer, where the loss was compiled with `from_logits=True`; `class_1`
            makes the probability of class 1 of a softmax over two; `none` leaves the network as it is.

    Returns:
        The network, uncompiled.

    Raises:
        UserError: the file is missing, is another one, or cannot be built.
    """
    inner, loaded = _networks(path, sha256, end)
    _keep_adapted(loaded, inner)
    return _ended(_sized(inner, shape), end)


def given(shape: Shape, *, path: str, sha256: str, end: str = "none") -> keras.Model:
    """Return the network with the weights of the file; arguments as for `build`."""
    inner, loaded = _networks(path, sha256, end)
    inner.set_weights(loaded.get_weights())
    _keep_adapted(loaded, inner)
    return _ended(_sized(inner, shape), end)


def _sized(inner: keras.Model, shape: Shape) -> keras.Model:
    """Return a network for windows of any length as one for windows of this length."""
    if inner.input_shape[1] is not None:
        return inner
    windows = keras.Input((shape.length, shape.features))
    return keras.Model(windows, inner(windows))


def _networks(path: str, sha256: str, end: str) -> tuple[keras.Model, keras.Model]:
    """Return the network with fresh weights, without its end, and the one that was saved."""
    if end not in ENDS:
        raise UserError("architecture.end", f"must be one of {', '.join(ENDS)}", end, "Leave it out.")
    read = keras_file.require("architecture", {"path": path, "sha256": sha256})
    config = copy.deepcopy(read.config)
    if end == "class_1":
        _linear_head(config)
    try:
        fresh = keras.saving.deserialize_keras_object(config, safe_mode=True)
        loaded = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        fix = "Save it again with this version of Keras."
        raise UserError(path, "must be a network that Keras can load", reason, fix) from None
    return fresh, loaded


def _keep_adapted(loaded: keras.Model, fresh: keras.Model) -> None:
    for old, new in zip(loaded._flatten_layers(), fresh._flatten_layers(), strict=True):
        if isinstance(old, keras.layers.Normalization) and old.get_weights():
            new.set_weights(old.get_weights())
            new.finalize_state()


def _linear_head(config: dict[str, Any]) -> None:
    """Take the softmax off the end of a configuration: the last layer's activation, or a layer of its own.

    Raises:
        UserError: the last layer is another one.
    """
    last = config["config"]["layers"][-1]
    if last["class_name"] == "Softmax":
        last["class_name"] = "Activation"
        last["config"] = {"name": last["config"]["name"], "activation": "linear"}
    elif last["class_name"] in ("Dense", "Activation"):
        last["config"]["activation"] = "linear"
    else:
        rule = "must be none unless the last layer has a softmax"
        raise UserError("architecture.end", rule, last["class_name"], "Leave it out.")


def _ended(inner: keras.Model, end: str) -> keras.Model:
    if end == "none":
        return inner
    if end == "class_1":
        # softmax(z)_1 of two is the sigmoid of z_1 - z_0.
        last = keras.layers.Dense(1, activation="sigmoid", use_bias=False, trainable=False, name="class_1")
        model = keras.Model(inner.inputs[0], last(inner.outputs[0]))
        last.set_weights([np.array([[-1.0], [1.0]], dtype=np.float32)])
        return model
    return keras.Model(inner.inputs[0], keras.layers.Activation(end, name="probabilities")(inner.outputs[0]))
