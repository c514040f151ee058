"""The settings that a file is tried with, each with its reason.

Every choice looks at training rows alone: a period or an input that was chosen by later rows would be a leak. The rows
of the whole file decide only how its cells and times are read, and whether missing cells need a treatment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.common import architectures
from pipeline.common.errors import UserError
from pipeline.dataset import season
from pipeline.report.wording import percent
from pipeline.series import counted, listing
from workflow.tryout import columns as table_columns
from workflow.tryout.columns import Columns
from workflow.tryout.rows import Choice, Rows, Wishes, shares

_FEWEST_WINDOWS = 5  # times the horizon, for an interval (pipeline/diagnose/facts/unseen.py)
_GOOD_WINDOWS = 100
_LONGEST = 192  # rows of a window of several seasons
_MOST_TRAINING, _MOST_EVALUATION = 8000, 4000  # windows; more are thinned
_UPDATES = 2000
_MOST_EPOCHS = 100


@dataclass(frozen=True)
class Proposal:
    """Settings of the three entries, and the decisions behind them.

    Attributes:
        series: settings of `series.NAME`, without its source.
        dataset: of `datasets.NAME`, without its series.
        experiment: of `experiments.NAME`, without its dataset.
        choices: for the user to see.
        reasons: the same reasons for the comments of params.yaml, by key of the entries.
    """

    series: dict[str, Any]
    dataset: dict[str, Any]
    experiment: dict[str, Any]
    choices: list[Choice]
    reasons: dict[str, str]


def propose(
    columns: Columns,
    target: tuple[str, str],
    given: Rows,
    time: str | None,
    wishes: Wishes,
    id: str | None = None,
) -> Proposal:
    """Choose all settings.

    Args:
        columns: the numbers of the file.
        target: the column to predict, and why.
        given: the rows as the pipeline sees them.
        time: name of the column of times in the copy; None without one.
        wishes: of the user.
        id: name of the column of ids; None for a single series.

    Raises:
        UserError: the target is constant, or there are too few rows for the window and the horizon.
    """
    try:
        return _propose(columns, target, given, time, wishes, id)
    except UserError as error:
        horizon = wishes.horizon or 1
        if error.place != "HORIZON" or horizon == 1:
            raise
        # The season, the window and the parts depend on the horizon: try it.
        while horizon > 1:
            horizon = max(horizon // (4 if horizon == wishes.horizon else 2), 1)
            try:
                _propose(columns, target, given, time, replace(wishes, horizon=horizon), id)
            except UserError:
                continue
            fix = f"Choose a shorter HORIZON, such as {horizon}, or give more rows."
            raise UserError("HORIZON", error.rule, error.received, fix) from None
        raise


def _propose(
    columns: Columns, target: tuple[str, str], given: Rows, time: str | None, wishes: Wishes, id: str | None
) -> Proposal:
    name, why = target
    values = given.treated(columns.values[name])
    stretch = values[given.stretch()]
    _check_target(name, values[given.training])
    features, left_out = table_columns.inputs(columns, name, given.in_training, wishes.features, given.begins)
    alone = features == [name]
    labelled, kind_why = table_columns.label(columns, name, given.in_training, wishes.kind, alone)
    horizon = 1 if wishes.horizon is None else wishes.horizon
    if (labelled or not horizon) and (wishes.features is None or not horizon):
        features = without(name, features, horizon)
    period, period_why = (None, "labels have none") if labelled else _period(stretch, wishes.period)
    length, length_why = _window(period, given.stop, horizon, wishes.window)
    split, counts, split_why = _split(given, length, horizon, wishes)
    if split["validation"] > shares(wishes)[0]:
        # The validation part is larger than thought: choose again by the rows that are training now.
        total = given.total
        stop = total - round(split["test"] * total) - round(split["validation"] * total)
        fewer, larger = replace(given, stop=stop), replace(wishes, validation=split["validation"])
        return _propose(columns, target, fewer, time, larger, id)
    stride, stride_why = _stride(counts, wishes.stride)
    relative, scaling_why = _scaling(stretch, horizon, wishes.scaling)
    if wishes.scaling is None and (labelled or not horizon):
        relative, scaling_why = "none", "the target is no input"
    used = [*features, name] if labelled or not horizon else features
    missing = any(np.isnan(given.treated(columns.values[each])).any() for each in used)
    trained, training_why = training(counts[0] // stride["train"], wishes)

    window: dict[str, Any] = {"length": length, "horizon": horizon}
    if labelled:
        window["target"] = {"kind": "label"}
    if stride != {"train": 1, "evaluation": 1}:
        window["stride"] = stride
    if missing:
        window["missing"] = "fill_past"
    named = ({"id": id} if id else {}) | ({"time": time} if time else {})
    series: dict[str, Any] = named | {"target": name, "features": features}
    series |= {"holes": given.setting} if given.setting else {}
    series |= {"period": period} if period else {}
    dataset = {
        "split": split,
        "window": window,
        "scaling": {"features": "standard", "target": "standard", "window": relative},
    }
    experiment = {
        "architecture": {"name": wishes.architecture}
        | ({"units": wishes.units} if wishes.units else {})
        | (head(wishes.architecture, values) if labelled else {}),
        "training": trained,
    }
    task = _task(labelled, horizon)
    inputs_why = "the target and the other columns of numbers" if name in features else "the other columns of numbers"
    inputs_why = "chosen by you" if wishes.features is not None else inputs_why
    ahead = "the next row; HORIZON=… for more" + ("" if features == [name] else ", 0 for the window's last row")
    ahead = "chosen by you" if wishes.horizon is not None else ahead
    parts = (split["validation"], split["test"])
    filled = "missing cells of inputs are filled from the past; windows with a missing target are left out"
    choices = [
        *given.choices,
        Choice("target", name, why),
        Choice("task", task, kind_why),
        Choice("inputs", listing(features, 6), "the target alone" if features == [name] else inputs_why),
        *([Choice("left out", listing(list(left_out), 6), reasons_of(left_out))] if left_out else []),
        Choice("period", str(period or "none"), period_why),
        Choice("window", f"{length} rows", length_why),
        Choice("horizon", counted(horizon, "row"), ahead),
        Choice("stride", _rows_apart(stride), stride_why),
        Choice("split", " / ".join(map(percent, (1 - sum(parts), *parts))), split_why),
        Choice("scaling", f"standard, window {relative}", scaling_why),
        *([Choice("missing", "fill_past", filled)] if missing else []),
        Choice("training", f"{trained['epochs']} epochs", training_why),
    ]  # fmt: skip
    reasons = {choice.what: choice.why for choice in choices}
    return Proposal(series, dataset, experiment, choices, reasons)


def _rows_apart(stride: dict[str, int]) -> str:
    train, evaluation = (counted(stride[part], "row") for part in ("train", "evaluation"))
    return train if train == evaluation else f"{train} in training, {evaluation} in evaluation"


def without(name: str, features: list[str], horizon: int) -> list[str]:
    """Return the inputs without the target.

    Raises:
        UserError: none is left.
    """
    left = [each for each in features if each != name]
    if not left:
        rule = "must have another column of numbers as an input" + ("" if horizon else " with HORIZON=0")
        raise UserError(f"TARGET={name}", rule, "none", "Choose a file with one, or KIND=value and a HORIZON above 0.")
    return left


def head(architecture: str, values: np.ndarray) -> dict[str, str]:
    """Return the head for labels, where the architecture has such an option."""
    path, function = architectures.locate("ARCHITECTURE", {"name": architecture})
    if "head" not in (architectures.options(path, function) or []):
        return {}
    return {"head": "sigmoid" if len(np.unique(values[~np.isnan(values)])) == 2 else "softmax"}


def _task(labelled: bool, horizon: int) -> str:
    if not horizon:
        return f"{'label' if labelled else 'value'} of the window's last row"
    if labelled:
        return f"label of the {'next row' if horizon == 1 else f'row {horizon} rows ahead'}"
    return f"regression of {'the next value' if horizon == 1 else f'the next {horizon} values'}"


def reasons_of(reasons: dict[str, str]) -> str:
    """Return each reason once, with the columns that it is for where there are several."""
    names: dict[str, list[str]] = {}
    for name, why in reasons.items():
        names.setdefault(why.removeprefix("is "), []).append(name)
    if len(names) == 1:
        return next(iter(names))
    shown = [f"{listing(some, 3)}: {why}" for why, some in list(names.items())[:6]]
    return "; ".join([*shown, *(["…"] if len(names) > 6 else [])])


def _check_target(name: str, training: np.ndarray) -> None:
    known = training[~np.isnan(training)]
    place, fix = f"TARGET={name}", "Name another column, or a file in which it changes early."
    if not len(known):
        raise UserError(place, "must have values in the training rows", "missing cells alone", fix)
    if known.max() == known.min():
        raise UserError(place, "must change within the training rows", f"{known[0]:g} in every row", fix)
    if len(known) < 0.5 * len(training):
        received = f"{len(known):,} of {len(training):,}"
        raise UserError(place, "must have a value in half of the training rows or more", received, fix)


def _period(stretch: np.ndarray, wanted: int | str | None) -> tuple[int | None, str]:
    """Choose the period by the autocorrelation of training rows."""
    if wanted == "none":
        return None, "chosen by you"
    found = season.describe(stretch, wanted if isinstance(wanted, int) else None)
    if isinstance(wanted, int):
        at = found["autocorrelation"]
        return wanted, "chosen by you" + (
            f"; the autocorrelation of the training rows there is {at:.2f}" if at is not None else ""
        )
    if found["visible"] is None:
        return None, "no season is visible in the training rows"
    return (
        found["visible"],
        f"the training rows have autocorrelation {found['visible_autocorrelation']:.2f} at this lag",
    )


def _window(period: int | None, training: int, horizon: int, wanted: int | None) -> tuple[int, str]:
    most = max((training - horizon) // 5, 4)
    if wanted is not None:
        return wanted, "chosen by you"
    if period is None:
        length = min(48 if training >= 1000 else 24, most)
        return length, "no season to cover" if length < most else "a fifth of the training rows"
    seasons = max(2, math.ceil(24 / period))
    length = seasons * period if seasons * period <= _LONGEST else period if period <= 2 * _LONGEST else _LONGEST
    if length > most:
        length = most // period * period or most
        if length < period:
            return length, "a fifth of the training rows, for they are few"
    seasons = length // period
    return (
        length,
        f"{seasons} {'season' if seasons == 1 else 'seasons'}"
        if seasons
        else f"a season of {period:,} rows is too long for a window",
    )


def _split(given: Rows, length: int, horizon: int, wishes: Wishes) -> tuple[dict[str, Any], tuple[int, int], str]:
    """Choose the shares and the policy so that there are enough windows to judge on.

    Returns:
        The settings, the number of training and of validation windows, and why.
    """
    total = given.total
    validation, test = shares(wishes)
    needed = _FEWEST_WINDOWS * max(horizon, 1)

    def windows(share: float, policy: str) -> int:
        stop = total - round(test * total)
        start = stop - round(share * total)
        return given.windows(start - (length if policy == "carry" else 0), stop, length + horizon)

    policy, why = "strict", "the last rows are the test, those before them the validation"
    if wishes.validation == 0:
        why = "without a validation part, as you chose"
    else:
        if windows(validation, policy) < max(_GOOD_WINDOWS, 2 * needed):
            policy = "carry"
            why += "; their first windows read earlier rows (carry), because there are few"
        while wishes.validation is None and windows(validation, policy) < 2 * needed and validation < 0.3:
            validation = round(validation + 0.01, 2)
        have = windows(validation, policy)
        if have < needed:
            received = f"{have} validation windows, where {needed} are needed for an interval"
            raise UserError("HORIZON", f"must fit {total:,} rows", received, "Give more rows.")
    stop = total - round(test * total) - round(validation * total)
    train = given.windows(0, stop, length + horizon)
    if train < 10:
        received = f"{train} training windows of {length} + {horizon} rows in {stop:,} training rows"
        raise UserError(
            "WINDOW", "must leave 10 training windows or more", received, "Choose a shorter WINDOW or HORIZON."
        )
    split = {"scheme": "holdout", "validation": validation, "test": test}
    return split | ({"policy": policy} if policy == "carry" else {}), (train, windows(validation, policy)), why


def _stride(counts: tuple[int, int], wanted: int | None) -> tuple[dict[str, int], str]:
    if wanted is not None:
        return {"train": wanted, "evaluation": wanted}, "chosen by you"
    train, evaluation = (
        max(math.ceil(n / most), 1) for n, most in zip(counts, (_MOST_TRAINING, _MOST_EVALUATION), strict=True)
    )
    if train == evaluation == 1:
        return {"train": 1, "evaluation": 1}, f"every window: {counts[0]:,} to train on"
    return {
        "train": train,
        "evaluation": evaluation,
    }, f"{counts[0]:,} windows are more than needed: about {counts[0] // train:,} are used"


def _scaling(stretch: np.ndarray, horizon: int, wanted: str | None) -> tuple[str, str]:
    """Choose whether each window is taken relative to its last value, by the training rows."""
    if wanted is not None:
        return wanted, "chosen by you"
    known = stretch[~np.isnan(stretch)]
    third = max(len(known) // 3, 1)
    spread = float(known.std()) if len(known) else 0.0
    if not spread:
        return "none", "the longest stretch without a hole is constant"
    level = abs(float(known[-third:].mean() - known[:third].mean())) / spread
    horizon = max(horizon, 1)
    changes = stretch[horizon:] - stretch[:-horizon]
    changes = changes[~np.isnan(changes)]
    ratio = float(changes.var() / known.var()) if len(changes) else 1.0
    if ratio < 1:
        share = percent(ratio) if ratio >= 0.005 else "less than 1 %"
        return "last", f"windows relative to their last value: changes have {share} of the variance of the values"
    if level > 0.5:
        return "last", f"windows relative to their last value: the level moves by {level:.1f} standard deviations"
    return "none", "the values vary around one level"


def training(windows: int, wishes: Wishes) -> tuple[dict[str, Any], str]:
    """Choose batch size and epochs by the number of training windows, and say why."""
    batch = 32 if windows >= 500 else 16
    per_epoch = math.ceil(windows / batch)
    epochs = wishes.epochs or min(max(math.ceil(_UPDATES / per_epoch), 5), _MOST_EPOCHS)
    made: dict[str, Any] = {
        "learning_rate": wishes.rate or 0.001,
        "batch_size": batch,
        "epochs": epochs,
        "seeds": wishes.seeds,
    }
    why = f"{epochs * per_epoch:,} updates of {batch} windows each, for {counted(len(wishes.seeds), 'seed')}"
    return made, ("chosen by you: " if wishes.epochs else "") + why
