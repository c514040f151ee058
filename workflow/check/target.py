"""What the targets of windows are: numbers or classes, and whether a feature holds their own past."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.common.errors import UserError
from pipeline.common.keras_file import Compiled, snake
from pipeline.dataset import labels
from pipeline.series import given
from pipeline.series.given import Windows

# Different whole numbers that are classes where the loss does not say so.
_FEW = 3
# Share of the training windows whose target must be the last value of the next window.
_SAME = 0.9
_OF_CLASSES = ("crossentropy", "hinge", "bce", "dice", "tversky", "kl_divergence", "kld")


class Target(NamedTuple):
    """The target of windows.

    Attributes:
        classes: their number; None for a regression.
        outputs: numbers to predict; 1 for classes.
        past: the feature that holds the target's own past, or None.
        task: what it is, for the user.
        why: and the reason.
        past_why: why there is such a feature, or none.
    """

    classes: int | None
    outputs: int
    past: int | None
    task: str
    why: str
    past_why: str


def decide(
    path: Path, windows: Windows, compiled: Compiled | None, head: tuple[str | None, int], chosen: dict[str, Any]
) -> Target:
    """Decide what the targets are.

    Args:
        path: of the windows, for errors.
        windows: their content.
        compiled: how the network was compiled.
        head: activation and number of outputs of the network.
        chosen: the user's choices: `task`, `target_feature`.

    Raises:
        UserError: there are too many classes, or a choice does not fit.
    """
    classes, why = _is_classes(windows.y, compiled, head)
    if "task" in chosen:
        classes, why = chosen["task"] == "classes", "chosen by you"
    if classes:
        _, names = given.class_numbers(path, windows.y)
        if len(names) > labels.MOST:
            fix = "Merge classes, or set TASK=regression if they are numbers."
            raise UserError(f"{path}, y", f"must have {labels.MOST} classes at most", f"{len(names)}", fix)
        if "target_feature" in chosen:
            value = chosen["target_feature"]
            raise UserError("TARGET_FEATURE", "must be left out for classes", value, "Remove it.")
        return Target(len(names), 1, None, f"{len(names)} classes: {', '.join(names)}", why, "classes have none here")
    y = given.numbers(path, windows.y)
    if not np.ptp(y[windows.part == 0], axis=0).all():
        fix = "Save other windows: a constant leaves nothing to predict."
        raise UserError(f"{path}, y", "must vary over the training windows", "a column of one value", fix)
    past, past_why = _past(windows, y, chosen.get("target_feature"))
    count = y.shape[1]
    return Target(None, count, past, f"regression of {count} number{'s' if count > 1 else ''}", why, past_why)


def _is_classes(y: np.ndarray, compiled: Compiled | None, head: tuple[str | None, int]) -> tuple[bool, str]:
    """Return whether the targets are classes, and why."""
    if y.dtype.kind != "f":
        return True, "y holds labels"
    loss = snake(compiled.loss) if compiled is not None and compiled.loss else ""
    of_classes = any(word in loss for word in _OF_CLASSES)
    if given.is_one_hot(y):
        return True, "the rows of y are one-hot"
    if y.shape[1] > 1:
        return False, "y holds several numbers a window"
    whole = bool((y == np.round(y)).all())
    few = len(np.unique(y)) <= max(_FEW, head[1])
    if whole and few and (of_classes or head[0] == "softmax" or (head[0] == "sigmoid" and set(y.ravel()) <= {0, 1})):
        return True, f"y holds {len(np.unique(y))} whole numbers, and the network is made for classes"
    return False, "y holds numbers"


def _past(windows: Windows, y: np.ndarray, wanted: str | None) -> tuple[int | None, str]:
    """Return the feature with the target's own past: the one named, or the one that goes on with it exactly."""
    if wanted is not None:
        names = windows.features
        at = names.index(wanted) if wanted in names else int(wanted) if wanted.isdigit() else -1
        if not 0 <= at < len(names):
            fix = f"They are {', '.join(names[:8])}, or numbers from 0."
            raise UserError("TARGET_FEATURE", "must be a feature of X", wanted, fix)
        return at, "chosen by you"
    first = np.flatnonzero(windows.part == 0)
    here = first[:-1][np.diff(first) == 1]
    shares = (
        [float((y[here, 0] == windows.x[here + 1, -1, k]).mean()) for k in range(windows.x.shape[2])]
        if len(here)
        else []
    )
    best = int(np.argmax(shares)) if shares else 0
    if shares and shares[best] >= _SAME:
        return best, f"it ends with the target of the window before in {shares[best]:.0%} of the training windows"
    return None, "no feature goes on with y exactly, so that no last value is a forecast; TARGET_FEATURE names one"
