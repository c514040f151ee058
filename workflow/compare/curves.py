"""Learning curves of several revisions in one picture, in the style of the report."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pipeline.report.pictures.chart import Chart
from pipeline.report.pictures.scales import Scale, loss_scale
from pipeline.report.pictures.svg import DASHES, element, written
from workflow.compare.revisions import Side

# The first revision has the text colour; the others can be told apart by their dashes alone.
_COLOURS = ("ink", "network", "reference", "oracle", "test", "validation")
_WIDTH = 1.8


def line(order: int) -> tuple[str, str]:
    """Return colour and dashes for the revision at this position."""
    if order == 0:
        return _COLOURS[0], DASHES[0]
    index = order - 1
    others = len(_COLOURS) - 1
    return _COLOURS[1 + index % others], DASHES[(index + index // others) % len(DASHES)]


def sample(order: int) -> str:
    """Return a short sample of a revision's line as inline SVG, for the tables."""
    colour, dash = line(order)
    drawn = element("path", d="M0 4h26", stroke=f"var(--{colour})", stroke_width=_WIDTH, stroke_dasharray=dash or None)
    return element("svg", drawn, class_="stroke", width=26, height=8, viewBox="0 0 26 8", aria_hidden="true")


def curve(sides: list[Side], name: str, key: str, label: str) -> str | None:
    """Draw a recorded loss per epoch, one line per side; None if no side has recorded it.

    The thick line is the mean over a side's trainings (seeds and folds), up to the end of the shortest; the thin lines
    are the trainings.

    Args:
        sides: Sides of one experiment, in the user's order.
        name: `loss` or `val_loss`.
        key: Makes the ids unique in the page.
        label: Label of the y axis.
    """
    runs = {order: _runs(side, name) for order, side in enumerate(sides)}
    if not any(runs.values()):
        return None
    drawn = [value for own in runs.values() for values in own for value in values if math.isfinite(value)]
    longest = max(2, *(len(values) for own in runs.values() for values in own))
    marks: list[tuple[float, str]] | None = None if drawn else []
    epochs = Scale(0.9, longest + 0.1, whole=True)
    chart = Chart(epochs, loss_scale(np.array(drawn)), "epoch", label, y_names=marks)
    texts = []
    for order, own in runs.items():
        colour, dash = line(order)
        for number_, values in enumerate(own, start=1):
            several = f"{sides[order].revision}, training {number_}"
            chart.line(range(1, len(values) + 1), values, several, colour, width=0.7)
        if own:
            mean = np.mean([values[: min(map(len, own))] for values in own], axis=0).tolist()
            at = range(1, len(mean) + 1)
            chart.line(at, mean, f"{sides[order].revision}, mean", colour, dash, width=_WIDTH)
            if len(mean) < 3:
                chart.dots(at, mean, f"{sides[order].revision}, mean", colour)
            texts.append(
                f"{sides[order].revision}: mean {written(mean[0])} in the first epoch, {written(mean[-1])} at last"
            )
    if not drawn:
        chart.note("no finite loss was recorded")
    title = f"{label.capitalize()} per epoch, by revision"
    # The page's tables have the legend.
    return chart.svg(f"{key}-{name}", title, "; ".join(texts) + ".", entries=())


def _runs(side: Side, name: str) -> list[list[float]]:
    """Return the recorded losses of every training, one per epoch; NaN if not finite."""
    recorded: list[Any] = [run["curves"].get(name) for run in (side.evaluation or {}).get("training") or []]
    return [[math.nan if value is None else value for value in values] for values in recorded if values]
