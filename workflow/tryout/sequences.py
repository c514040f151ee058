"""Settings for whole sequences: the target is the same in all rows of each id, as with one label for each patient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pipeline.common.errors import UserError
from pipeline.dataset import panel
from pipeline.report.wording import percent
from pipeline.series import counted, listing
from workflow.tryout import columns as table_columns
from workflow.tryout import proposal
from workflow.tryout.columns import Columns
from workflow.tryout.proposal import Proposal
from workflow.tryout.rows import SHARE, Choice, Rows, Wishes

_FEWEST = 5  # ids of a part, for an interval (pipeline/scoring/grouping.py)
_LARGEST = 0.3
_SEED = 0


def propose(
    columns: Columns, target: tuple[str, str], given: Rows, time: str | None, wishes: Wishes, id: str | None
) -> Proposal | None:
    """Choose all settings for one target for each id; None where windows of a fixed length are to be cut.

    Which ids are training is drawn first. Inputs are chosen by the rows of these alone.

    Args:
        columns: as for `proposal.propose`.
        target: as for `proposal.propose`.
        given: as for `proposal.propose`.
        time: as for `proposal.propose`.
        wishes: of the user; those that are of windows rule sequences out.
        id: as for `proposal.propose`.

    Raises:
        UserError: there are too few ids.
    """
    if id is None or given.axis is None or wishes.window or wishes.stride or wishes.horizon:
        return None
    if wishes.scaling not in (None, "none"):
        return None
    name, why = target
    starts = given.axis.starts
    labels = _of_each(given.treated(columns.values[name]), starts)
    if labels is None or len(np.unique(labels)) < 2:
        return None
    split = _split(wishes, len(labels))
    alone = len(columns.values) == 1
    # Each id counts once: a number that few ids share is a quantity.
    each = Columns({name: labels}, labels={name: columns.labels[name]} if name in columns.labels else {})
    labelled, kind_why = table_columns.label(each, name, slice(None), wishes.kind, alone)
    side, split = _sides(split, labels, labelled)
    lengths = np.diff(np.append(starts, len(given.file_rows)))
    rows = given.file_rows[np.repeat(side == 0, lengths)]
    features, left_out = table_columns.inputs(columns, name, rows[rows >= 0], wishes.features, given.begins)
    features = proposal.without(name, features, 0)
    network, network_why = _network(wishes, lengths, labels if labelled else None)
    training, training_why = proposal.training(int((side == 0).sum()), wishes)
    missing = any(np.isnan(columns.values[one]).any() for one in features)

    window: dict[str, Any] = {"length": "sequence", "target": {"kind": "label" if labelled else "value"}}
    window |= {"missing": "fill_past"} if missing else {}
    series: dict[str, Any] = {"id": id} | ({"time": time} if time else {}) | {"target": name, "features": features}
    holes = wishes.holes or ("irregular" if given.setting else None)
    series |= {"holes": holes} if holes else {}
    dataset = {"split": split, "window": window, "scaling": {"features": "standard", "target": "standard"}}
    span = f"{lengths.min()} to {lengths.max()} rows" if lengths.min() < lengths.max() else counted(lengths[0], "row")
    parts = (split["validation"], split["test"])
    same = f"{name} is the same in all rows of each {id}; WINDOW=… cuts windows within each instead"
    whole = "whole ids, drawn at random" + (", with equal shares of the labels" if "stratify" in split else "")
    choices = [
        *[choice for choice in given.choices if choice.what not in ("id", "holes")],
        Choice("id", id, f"{len(labels):,} ids"),
        Choice("target", name, why),
        Choice("task", f"{'label' if labelled else 'value'} of each {id}", kind_why),
        Choice("inputs", listing(features, 6), "chosen by you" if wishes.features else "the other columns of numbers"),
        *([Choice("left out", listing(list(left_out), 6), proposal.reasons_of(left_out))] if left_out else []),
        Choice("window", f"whole sequences of {span}", same),
        Choice("split", " / ".join(map(percent, (1 - sum(parts), *parts))), whole),
        Choice("architecture", network["name"], network_why),
        *([Choice("missing", "fill_past", "missing cells are filled from the past of the id")] if missing else []),
        Choice("training", f"{training['epochs']} epochs", training_why),
    ]  # fmt: skip
    reasons = {choice.what: choice.why for choice in choices}
    return Proposal(series, dataset, {"architecture": network, "training": training}, choices, reasons)


def _of_each(values: np.ndarray, starts: np.ndarray) -> np.ndarray | None:
    """Return the one value of each id, float64 [ids]; None if one has two, or none in its last row."""
    last = values[np.append(starts[1:], len(values)) - 1]
    known = np.repeat(last, np.diff(np.append(starts, len(values))))
    same = (values == known) | np.isnan(values)
    return last if same.all() and not np.isnan(last).any() else None


def _split(wishes: Wishes, ids: int) -> dict[str, Any]:
    """Return shares that leave enough ids in each part for an interval.

    Raises:
        UserError: none do.
    """
    enough = math.ceil(_FEWEST / _LARGEST)
    if ids < enough:
        rule = f"must have {enough} ids or more, because the target is the same in all rows of each"
        raise UserError("ID", rule, counted(ids, "id"), "Give more, or name a target that changes within an id.")
    least = max(SHARE, math.ceil(100 * _FEWEST / ids) / 100)
    validation = least if wishes.validation is None else wishes.validation
    drawn = {"order": "random", "seed": _SEED}
    return {"scheme": "sequences", "validation": validation, "test": wishes.test or least, **drawn}


def _sides(split: dict[str, Any], labels: np.ndarray, labelled: bool) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the part of each id, and the split with `stratify` where every label has enough ids for it."""
    number = np.arange(len(labels))
    if labelled:
        try:
            return panel.sides("split", split | {"stratify": True}, number, labels), split | {"stratify": True}
        except UserError:
            pass  # some label has too few ids: they are drawn without regard to it
    return panel.sides("split", split | {"stratify": False}, number), split


def _network(wishes: Wishes, lengths: np.ndarray, labels: np.ndarray | None) -> tuple[dict[str, Any], str]:
    """Return the architecture: of sequences of several lengths one that skips the padding, unless another is named."""
    name, units, why = wishes.architecture, wishes.units, "chosen by you" if wishes.architecture != "lstm" else ""
    made: dict[str, Any] = {"name": name} | ({"units": units} if units else {})
    if name == "lstm" and len(units) == 1 and lengths.min() < lengths.max():
        made = {"name": "masked_lstm", "units": units[0]}
        why = "it skips the padding before shorter sequences"
    return made | (proposal.head(made["name"], labels) if labels is not None else _linear(made["name"])), why


def _linear(name: str) -> dict[str, str]:
    return {"head": "linear"} if name == "masked_lstm" else {}
