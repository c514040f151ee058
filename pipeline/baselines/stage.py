"""Stage `baselines`: forecasts of every baseline for every part of a dataset, and which of them are the references.

They are the same for all experiments on the dataset. Each is learned from the training part; a forecast reads no row
after its window, of whichever part.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pipeline import dataset
from pipeline.baselines import slow
from pipeline.common import files
from pipeline.common.numbers import significant
from pipeline.dataset import splitting
from pipeline.dataset.history import row_times, target_column
from pipeline.scoring import baselines as fast
from pipeline.scoring import choosing, linear, skill
from pipeline.scoring.blocks import blocks

Parts = dict[str, dataset.Part]
Outputs = dict[str, dict[str, np.ndarray]]  # part -> name -> [windows, outputs]


class Fold(NamedTuple):
    """Forecasts of one fold, the numbers that describe the slow ones, and why others are left out."""

    outputs: Outputs
    about: dict[str, dict[str, Any]]
    left_out: dict[str, str]


def baselines(p: dict[str, Any], name: str) -> None:
    """Write baselines.json and the forecasts of dataset `name` (docs/files.md)."""
    from threadpoolctl import threadpool_limits

    values, count = target_column(name), dataset.folds(name)
    history = fast.History(dataset.load(name, 0, "train").spec.positions(np.arange(len(values))), values)
    # The number of threads changes the order of sums, and with it the last digits.
    with threadpool_limits(1):
        seconds = p["datasets"][name]["baselines"]["seconds"] / count
        folds = [forecasts(load(name, k), history, seconds) for k in range(count)]
        chosen = choose(load(name, 0), folds[0].outputs)
    # A baseline that one fold is too short for has no score over all of them.
    names = [key for key in folds[0].outputs["train"] if all(key in fold.outputs["train"] for fold in folds)]
    times, folder = row_times(name), files.empty_folder(files.BASELINES / name)
    for k, fold in enumerate(folds):
        for part, windows in load(name, k).items():
            table = {"row": np.asarray(windows.table["row"])}
            if times is not None:
                table["time"] = times[table["row"]]
            for key in names:
                made = fold.outputs[part][key]
                table |= {f"{key}_{column}": np.ascontiguousarray(made[:, column]) for column in range(made.shape[1])}
            files.write_table(folder / f"fold{k}" / f"{part}.parquet", table)
    described = [{"models": fold.about, "left_out": fold.left_out} for fold in folds]
    files.write_json(folder / "baselines.json", significant({"names": names, "chosen": chosen, "folds": described}, 7))


def load(name: str, fold: int) -> Parts:
    """Open all parts of one fold."""
    return {part: dataset.load(name, fold, part) for part in splitting.PARTS if dataset.has(name, fold, part)}


def forecasts(parts: Parts, history: fast.History, seconds: float) -> Fold:
    """Fit every baseline to the training part of a fold, and forecast all its parts.

    Args:
        parts: of the fold.
        history: all rows of the series.
        seconds: estimated processor seconds that each slow baseline may take.
    """
    learned = fast.fit(parts["train"], history=history)
    fallback = learned.get("persistence") or next(iter(learned.values()))
    late = slow.fit(parts["train"], history, fallback, seconds)
    every = learned | late.forecasts
    outputs = {part: {key: forecast(windows) for key, forecast in every.items()} for part, windows in parts.items()}
    return Fold(outputs, late.about, late.left_out)


def choose(parts: Parts, outputs: Outputs) -> dict[str, dict[str, Any]]:
    """Choose the naive and the linear reference, on rows before every test row.

    On validation; without it, the naive one on the training rows, and the linear one, which has as many coefficients as
    the window has cells, on a later fifth of them after learning from those before.

    Returns:
        By `naive` and `linear`: `baseline`, `chosen_on` and the mean `losses` there.
    """
    train = parts["train"]
    if "validation" in parts:
        where = dict.fromkeys(("naive", "linear"), ("validation", _losses(parts["validation"], outputs["validation"])))
    else:
        early, late = (train.subset(side) for side in blocks(train))
        trained = _losses(train, outputs["train"])
        held = {key: forecast(late) for key, forecast in linear.fit(early).items()} if len(early) and len(late) else {}
        where = {"naive": ("train", trained)}
        where["linear"] = ("held_back", _losses(late, held)) if held else ("train", trained)
    chosen = {}
    for side, names in (("naive", fast.NAIVE), ("linear", fast.LINEAR)):
        part, losses = where[side]
        means = {name: float(np.mean(losses[name])) for name in names if name in losses}
        chosen[side] = {"baseline": choosing.chosen(losses, names), "chosen_on": part, "losses": means}
    return chosen


def _losses(part: dataset.Part, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key: skill.losses(part.raw_targets(), made, part.spec.classes) for key, made in outputs.items()}
