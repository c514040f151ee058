"""Settings of a dataset that must fit each other."""

from __future__ import annotations

import datetime
import re
from typing import Any

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.common.explaining import as_yaml

# As NumPy reads dates: year first, and as much of the rest as is known.
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}([T ]\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?)?)?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_SHARES = "For example `validation: 0.15` and `test: 0.15`."


def complete(dataset: dict[str, Any]) -> None:
    """Set what follows from other settings, in place: a whole sequence has no next row, so its label is in the last.

    Args:
        dataset: its settings, with defaults.
    """
    window = dataset["window"]
    if window["length"] == "sequence" and window["target"]["kind"] in ("value", "label"):
        window["horizon"] = 0


def check(place: str, dataset: dict[str, Any], series: dict[str, Any]) -> None:
    """Check a dataset with its series.

    Args:
        place: dotted path of the dataset.
        dataset: its settings, complete.
        series: settings of its series.

    Raises:
        UserError: two settings do not fit: whole sequences need three of them, classes need quantiles, labels and
            horizon 0 need inputs of their own, shares leave no rows to train on, or an edge is no date.
    """
    split = dataset["split"]
    if series.get("id"):
        _check_ids(place, dataset)
    elif split["scheme"] == "groups" or dataset["scaling"]["per"] == "id":
        key = "split.scheme" if split["scheme"] == "groups" else "scaling.per"
        rule = f"must not be {'groups' if key == 'split.scheme' else 'id'} for a series without ids"
        fix = f"Name the column of ids, `series.{dataset['series']}.id`, or choose another value."
        raise UserError(f"{place}.{key}", rule, f"series {dataset['series']}", fix)
    _check_kind(place, dataset, series)
    _check_inputs(place, dataset, series)
    if split.get("stratify") and split["order"] == "last":
        rule = "must be false for `order: last`, which draws nothing"
        raise UserError(f"{place}.split.stratify", rule, "true", "Set `order: random`.")
    if split["scheme"] in ("holdout", "sequences", "groups"):
        _check_shares(f"{place}.split", split)
    if split["scheme"] == "holdout":
        timed = "time" in series or series["source"].endswith("/bundled.py")
        for name in ("train", "validation", "test"):
            if isinstance(split.get(name), dict):
                _check_edges(f"{place}.split.{name}", split[name], timed, dataset["series"])


def _check_ids(place: str, dataset: dict[str, Any]) -> None:
    """Check what only a series with ids may have."""
    scheme, scaling = dataset["split"]["scheme"], dataset["scaling"]
    if scaling["per"] == "id" and scheme in ("groups", "sequences"):
        rule = f"must be all for `split.scheme: {scheme}`: an id that is held out has no training rows of its own"
        raise UserError(f"{place}.scaling.per", rule, "id", "Set it to all, or split by time.")
    if dataset["window"]["length"] == "sequence" and scaling["window"] != "none":
        rule = "must be none for whole sequences, which may begin with padding"
        raise UserError(f"{place}.scaling.window", rule, scaling["window"], "Set it to none.")


def _check_kind(place: str, dataset: dict[str, Any], series: dict[str, Any]) -> None:
    scheme, length, target = dataset["split"]["scheme"], dataset["window"]["length"], dataset["window"]["target"]
    cut = series["source"].endswith(".npz")
    if cut or scheme == "given" or target["kind"] == "given":
        _check_given(place, dataset, cut)
        return
    whole = length == "sequence"
    steps = series["source"].endswith("/steps.py")
    if whole != (scheme == "sequences") or (steps and not whole) or (whole and not steps and not series.get("id")):
        raise UserError(
            f"{place}.split.scheme",
            "must be `sequences`, with `window.length: sequence`, for independent sequences, and only for them",
            f"{scheme}, length {length}, series {dataset['series']}",
            "Use all three together, or none; a file holds sequences if its series has an `id`.",
        )
    # The sequences of a file also have a target in their last row, of which the other columns are inputs.
    last = whole and bool(series.get("id")) and target["kind"] in ("value", "label")
    if (target["kind"] == "sequence_mean") != whole and not last:
        kinds = "`sequence_mean`, `label` or `value`" if whole and series.get("id") else "`sequence_mean`"
        raise UserError(
            f"{place}.window.target.kind",
            f"must be {kinds} for whole sequences, which have no next row, and only for them",
            target["kind"],
            "Set it together with `window.length: sequence`.",
        )
    quantiles, example = target.get("quantiles"), "For example `quantiles: [0.33, 0.67]`."
    if (target["kind"] == "classes") != (quantiles is not None):
        rule = "must be given for `kind: classes`, and only for it"
        fix = example if quantiles is None else "Remove the line, or set `kind: classes`."
        raise UserError(f"{place}.window.target.quantiles", rule, as_yaml(quantiles), fix)
    if quantiles and not quantiles[0] < quantiles[1]:
        raise UserError(f"{place}.window.target.quantiles", "must rise", as_yaml(quantiles), example)


def _check_given(place: str, dataset: dict[str, Any], cut: bool) -> None:
    """Check a dataset of windows that somebody else cut, which come with their parts and targets."""
    split, window, target = dataset["split"], dataset["window"], dataset["window"]["target"]
    received = f"{split['scheme']}, length {window['length']}, kind {target['kind']}, series {dataset['series']}"
    if not (cut and split["scheme"] == "given" and window["length"] == "sequence" and target["kind"] == "given"):
        rule = "must be `given`, with `window.length: sequence` and `window.target.kind: given`, for a file of windows"
        raise UserError(f"{place}.split.scheme", f"{rule} (.npz), and only for it", received, "Use all, or none.")
    if dataset["scaling"]["window"] != "none":
        rule = "must be none for windows that came with their targets: nothing is known of a target's own level"
        raise UserError(f"{place}.scaling.window", rule, dataset["scaling"]["window"], "Remove it.")
    if target.get("classes") and (target.get("past") is not None or window["horizon"] > 1):
        rule = "must be left out beside `classes`"
        key = "target.past" if target.get("past") is not None else "horizon"
        raise UserError(f"{place}.window.{key}", rule, target.get("past", window["horizon"]), "Remove it.")


def _check_inputs(place: str, dataset: dict[str, Any], series: dict[str, Any]) -> None:
    """Check that the target is no input where it must not be one, and that other inputs are named."""
    window, scaling, name = dataset["window"], dataset["scaling"]["window"], dataset["series"]
    kind, target, features = window["target"]["kind"], series.get("target"), series.get("features")
    own = files.is_own(series["source"])
    if kind == "label" and own and features is None:
        rule = f"must name the inputs, because the target of `{place}` is a label and no input by default"
        raise UserError(f"series.{name}.features", rule, "nothing", "For example `features: [signal]`.")
    if kind == "label" and window["target"]["of"] != "value":
        raise UserError(
            f"{place}.window.target.of", "must be `value` for labels", window["target"]["of"], "Remove the line."
        )
    if window["horizon"]:
        return
    if kind not in ("value", "label", "sequence_mean"):
        raise UserError(
            f"{place}.window.target.kind",
            "must be `value` or `label` with `horizon: 0`, where no change lies between the last row and the target",
            kind,
            "Set one of the two, or `horizon: 1`.",
        )
    if (features is not None and target in features) or (own and features is None):
        raise UserError(
            f"series.{name}.features",
            "must name inputs other than the target with `horizon: 0`, where the target would be one of its own inputs",
            as_yaml(features) if features else f"nothing, which means [{target}]",
            f"Name the other columns, without {target}, or set `{place}.window.horizon: 1`.",
        )
    if kind == "value" and scaling != "none":
        raise UserError(
            f"{place}.scaling.window",
            "must be none with `horizon: 0`: it would shift each target by earlier ones, which are no inputs",
            scaling,
            "Remove the line.",
        )


def _check_shares(place: str, split: dict[str, Any]) -> None:
    shares = {name: split.get(name) for name in ("validation", "test")}
    numbers = {name: share for name, share in shares.items() if isinstance(share, int | float)}
    if sum(numbers.values()) >= 1:
        received = " + ".join(f"{name} {share}" for name, share in numbers.items() if share)
        rule = "must leave a share of the rows for training"
        raise UserError(place, rule, f"{received} = {round(sum(numbers.values()), 9)}", _SHARES)


def _check_edges(place: str, part: dict[str, Any], timed: bool, series: str) -> None:
    for name in ("from", "to"):
        edge = part.get(name)
        if isinstance(edge, str):
            _check_date(f"{place}.{name}", name, edge, timed, series)
    start, stop = part.get("from"), part.get("to")
    if type(start) is type(stop) and start is not None and str(start) != str(stop) and _later(start, stop):
        raise UserError(place, "must end after it begins", f"{start} to {stop}", f"Write `from: {stop}, to: {start}`.")


def _later(start: Any, stop: Any) -> bool:
    if isinstance(start, str):
        return start.replace("T", " ") > stop.replace("T", " ")
    return bool(start > stop)


def _check_date(place: str, key: str, edge: str, timed: bool, series: str) -> None:
    rule = "must be a row number or a date"
    if edge.isdigit() and len(edge) != 4:
        raise UserError(place, rule, as_yaml(edge), f"Take off the quotes: `{key}: {int(edge)}`.")
    if not timed:
        fix = f"Write a row number, or name the column of times: `series.{series}.time`."
        raise UserError(place, "must be a row number, because the series has no time column", edge, fix)
    if _valid(edge):
        return
    day_first = _DAY_FIRST.fullmatch(edge.strip())
    meant = f"{day_first[3]}-{int(day_first[2]):02}-{int(day_first[1]):02}" if day_first else ""
    raise UserError(place, rule, edge, f'Write the year first: `{key}: "{meant if _valid(meant) else "2020-12-31"}"`.')


def _valid(edge: str) -> bool:
    if not _DATE.fullmatch(edge):
        return False
    given = edge.replace("T", " ")
    padded = given + "0001-01-01 00:00:00"[len(given) :] if len(given) < 19 else given[:19]
    try:
        datetime.datetime.fromisoformat(padded)
    except ValueError:
        return False
    return True
