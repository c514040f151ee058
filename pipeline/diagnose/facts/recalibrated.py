"""Probabilities of a network whose loss distorts them, mapped back by what its training windows say.

A focal loss or weights of classes move every probability on purpose: their best answer is not the share of the class
(Mukhoti and others 2020, 4). Judged as they are, such outputs look worse than what the network knows.

No loss makes probabilities flat. A map that has to spread their log-odds more than tenfold makes up for updates that
are missing: such outputs are judged as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.diagnose.facts import calibration
from pipeline.scoring import scores

if TYPE_CHECKING:
    import keras

# Losses whose best answer is the probability itself (Gneiting and Raftery 2007).
_PROPER = {
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "kl_divergence",
    "mean_squared_error",
}

# A focal loss of exponent g divides log-odds by about 1 + g, and g is 2 as published and rarely above 5.
_MOST = 10.0


def distorts(network: keras.Model, training: dict[str, Any]) -> bool:
    """Return whether the best answer to the training loss is another one than the probabilities."""
    import keras

    loss = keras.losses.get(network.loss)
    name = getattr(loss, "name", None) or getattr(loss, "__name__", "")
    return name not in _PROPER or training["class_weight"] != "none" or bool(training["label_smoothing"])


def mapped(seen: np.ndarray, truth: np.ndarray, outputs: np.ndarray, classes: int) -> np.ndarray:
    """Map outputs by `calibration.mapped`, learned from the outputs for training windows.

    Args:
        seen: outputs of the head for training windows, [windows, outputs].
        truth: their class numbers, [windows].
        outputs: to be mapped, [others, outputs]; NaN stays NaN.
        classes: their number.

    Returns:
        Probabilities in the form of `outputs`. The outputs themselves where the training windows have one class, or
        where the log-odds of training windows would spread more than tenfold.
    """
    known = np.isfinite(seen).all(axis=1)
    if len(np.unique(truth[known])) < classes:
        return outputs
    learned = scores.probabilities(seen[known], classes)
    own = calibration.mapped(learned, truth[known], learned)
    if calibration.log_odds(own).std() > _MOST * calibration.log_odds(learned).std():
        return outputs
    result = np.full(outputs.shape, np.nan)
    answered = np.isfinite(outputs).all(axis=1)
    if answered.any():
        others = scores.probabilities(outputs[answered], classes)
        shares = calibration.mapped(learned, truth[known], others)
        result[answered] = shares[:, 1:] if classes == 2 else shares
    return result
