"""Pictures of trainings: the loss of each epoch, and the short trainings at other learning rates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pipeline.common import training
from pipeline.report.pictures.chart import Chart
from pipeline.report.pictures.scales import Scale, around, loss_scale
from pipeline.report.pictures.svg import DASHES, Entry, Picture, written

_PARTS = (("loss", "train", "training"), ("val_loss", "validation", "validation"), ("penalty", "soft", "penalty"))


def recorded(evaluation: dict[str, Any]) -> bool:
    """Return whether any epoch has a finite loss."""
    losses = [run["curves"].get("loss", []) for run in evaluation["training"]]
    return any(map(math.isfinite, [value for each in losses for value in _numbers(each)]))


def curves(evaluation: dict[str, Any]) -> Picture:
    """Draw the loss of each epoch on training and validation windows, a line per training, and a reference level.

    Args:
        evaluation: output of the stage `evaluate`.
    """
    runs = evaluation["training"]
    several = len({run["fold"] for run in runs}) > 1
    lines = [
        (order, run, part, colour, _numbers(run["curves"].get(key, [])))
        for order, run in enumerate(runs)
        for key, colour, part in _PARTS
    ]
    lines = [line for line in lines if any(map(math.isfinite, line[4])) and (line[2] != "penalty" or max(line[4]) > 0)]
    level, name = _reference(evaluation)
    drawn = [value for line in lines for value in line[4]] + ([level] if level is not None and lines else [])
    longest = max((len(run["curves"].get("loss", [])) for run in runs), default=1)
    epochs = Scale(0.8, max(longest, 2) + 0.2, whole=True)
    marks: list[tuple[float, str]] | None = None if drawn else []
    chart = Chart(epochs, loss_scale(np.array(drawn)), "epoch", _loss_name(evaluation), y_names=marks)
    if not drawn:
        chart.note("no finite loss was recorded")
    entries: dict[str, Entry] = {}
    for order, run, part, colour, values in lines:
        dash = DASHES[order % len(DASHES)]
        own = f"{part}, {_run(run, several)}" if len(runs) > 1 else part
        x = range(1, len(values) + 1)
        chart.line(x, values, own, colour, dash)
        if len(values) < 4:
            chart.dots(x, values, own, colour)
        entries.setdefault(part, Entry(part, colour, kind="area" if len(runs) > 1 else "line"))
    if len(runs) > 1 and lines:
        for order, run in enumerate(runs[: len(DASHES)]):
            entries[f"run {order}"] = Entry(_run(run, several), "ink", DASHES[order])
        if len(runs) > len(DASHES):
            entries["more"] = Entry(f"and {len(runs) - len(DASHES)} more", "ink")
    failed = [run["nonfinite"] for run in runs if run["nonfinite"]]
    for failure in failed:
        chart.upright(failure["epoch"], "", "reference", "2 2")
        entries["NaN"] = Entry("loss is NaN or infinite", "reference", "2 2")
    if level is not None and lines:
        chart.level(level, name, "reference", "6 3")
        entries["reference"] = Entry(name, "reference", "6 3")
    ends = [
        f"{part} {_run(run, several)}: {written(values[0])} in the first epoch, {written(values[-1])} in the last"
        for _, run, part, _, values in lines
    ]
    text = "; ".join(ends) + "." if ends else "No finite loss was recorded."
    title = "Learning curves: loss per epoch"
    caption = _curves_caption(evaluation) if lines else "No finite loss was recorded."
    return Picture(title, chart.svg(f"{evaluation['experiment']}-curves", title, text, list(entries.values())), caption)


def range_test(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw what is left of the loss on one batch after the same steps at several learning rates."""
    memorised = diagnosis["facts"]["controls"]["memorise"]
    if not memorised:
        return None
    own = training.rate(diagnosis["facts"]["experiment"]["training"])
    rates = sorted((float(multiple) * own, rate) for multiple, rate in memorised["rates"].items())
    known = [(rate, found["ratio"]) for rate, found in rates if found["finite"] and found["ratio"] is not None]
    failed = [rate for rate, found in rates if not found["finite"]]
    if not known and not failed:
        return None
    ratios = [ratio for _, ratio in known]
    y = loss_scale(np.array([*ratios, 1.0]))
    chart = Chart(
        around(np.array([rate for rate, _ in rates]), "log", 0.05), y, "learning rate", "loss left on one batch"
    )
    chart.level(1.0, "loss before", "naive", "6 3")
    chart.upright(own, f"rate of this experiment, {own:g}", "ink", "3 2")
    chart.line([rate for rate, _ in known], ratios, "loss left, as a share", "network")
    chart.dots([rate for rate, _ in known], ratios, "loss left, as a share", "network", listed=False)
    for rate in failed:
        chart.upright(rate, "NaN or infinite", "reference", "2 2")
    text = "; ".join(f"at {rate:g}: {written(ratio)}" for rate, ratio in known)
    text += "".join(f"; at {rate:g}: NaN or infinite" for rate in failed)
    title = "One batch, trained on at five learning rates"
    caption = (
        "The same batch is trained on with the same number of steps at five rates, all else as in the experiment. "
        "A good rate is at the bottom; at 1 nothing was learned, above it the loss grew."
    )
    return Picture(
        title, chart.svg(f"{diagnosis['experiment']}-range", title, f"Share of the loss left {text}."), caption
    )


def _numbers(values: list[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def _run(run: dict[str, Any], several: bool) -> str:
    return f"fold {run['fold'] + 1}, seed {run['seed']}" if several else f"seed {run['seed']}"


def _loss_name(evaluation: dict[str, Any]) -> str:
    """Return the name of the loss: the one that is set, or the usual one of the kind of target."""
    given = evaluation["settings"]["experiment"]["training"].get("loss")
    classes = evaluation["classes"]
    usual = f"{'binary' if classes == 2 else 'categorical'} crossentropy" if classes else "mean squared error"
    if isinstance(given, dict):
        given = given.get("name")
    name = str(given).replace("_", " ") if given else usual
    return f"loss: {name}" + ("" if evaluation["classes"] else ", of the scaled target")


def _reference(evaluation: dict[str, Any]) -> tuple[float | None, str]:
    """Return the loss of always predicting the class shares of the training windows, and its label."""
    if evaluation["classes"]:
        shares = [s for s in evaluation["shares"] or [] if s > 0]
        level = -sum(s * math.log(s) for s in shares)
        return (level, f"class shares only, {level:.4f}") if shares else (None, "")
    return None, ""


def _curves_caption(evaluation: dict[str, Any]) -> str:
    seeds = len(evaluation["parts"]["test"]["seeds"])
    text = "One line per training, solid for the first. " if len(evaluation["training"]) > 1 else "One training. "
    if evaluation["classes"]:
        text += "The long dashes are the loss of always predicting the class shares: "
        text += "a curve that stays there has learned nothing. "
    if any(max((v or 0 for v in run["curves"].get("penalty", [])), default=0) > 0 for run in evaluation["training"]):
        text += "The grey line is the part of the loss that comes from the weight penalty. "
        text += "If it is nearly the whole loss, the loss says little about the fit. "
    if any(run["nonfinite"] for run in evaluation["training"]):
        text += "The dotted line marks the epoch in which the loss became NaN or infinite. "
    if "validation" not in evaluation["parts"]:
        text += "This split has no validation part. "
    return (text + ("If the lines differ, the result depends on the seed." if seeds > 1 else "")).strip()
