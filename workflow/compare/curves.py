"""Learning curves of several revisions in one figure, in the style of the report."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pipeline.report.pictures import canvas
from workflow.compare.revisions import Side

# The first revision has the text colour; the others can be told apart by their dashes alone.
_COLOURS = (canvas.INK, canvas.NETWORK, canvas.REFERENCE, canvas.ORACLE, canvas.TEST, canvas.VALIDATION)
_WIDTH = 1.8


def line(order: int) -> tuple[str, Any]:
    """Return Matplotlib's colour and dashes for the revision at this position."""
    if order == 0:
        return _COLOURS[0], canvas.DASHES[0]
    index = order - 1
    others = len(_COLOURS) - 1
    return _COLOURS[1 + index % others], canvas.DASHES[(index + index // others) % len(canvas.DASHES)]


def sample(order: int) -> str:
    """Return a short sample of a revision's line as inline SVG, for the tables."""
    colour, dash = line(order)
    dashes = "" if dash == "-" else f' stroke-dasharray="{" ".join(f"{_WIDTH * part:g}" for part in dash[1])}"'
    return (
        '<svg class="stroke" width="26" height="8" viewBox="0 0 26 8" aria-hidden="true">'
        f'<line x1="0" y1="4" x2="26" y2="4" stroke="{canvas.variable(colour)}" stroke-width="{_WIDTH}"{dashes}/>'
        "</svg>"
    )


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
    with canvas.canvas(2.5) as (figure, axes):
        drawn: list[float] = []
        longest = 2
        for order, own in runs.items():
            colour, dash = line(order)
            for values in own:
                drawn += [value for value in values if math.isfinite(value)]
                longest = max(longest, len(values))
                axes.plot(range(1, len(values) + 1), values, color=colour, linewidth=0.7, alpha=0.45)
            if own:
                mean = np.mean([values[: min(map(len, own))] for values in own], axis=0)
                marker = "o" if len(mean) < 3 else ""
                epochs = range(1, len(mean) + 1)
                axes.plot(epochs, mean, color=colour, linewidth=_WIDTH, linestyle=dash, marker=marker, markersize=3.5)
        if drawn and min(drawn) > 0 and max(drawn) / min(drawn) > 20:
            axes.set_yscale("log")
        axes.set(xlabel="epoch", ylabel=label, xlim=(0.9, longest + 0.1))
        axes.xaxis.set_major_locator(canvas.ticks(integer=True))
        if not drawn:
            axes.set_yticks([])
            axes.text(0.5, 0.5, "no finite loss was recorded", transform=axes.transAxes, ha="center", color=canvas.SOFT)
        return canvas.svg(figure, f"{key}-{name}", f"{label.capitalize()} per epoch, by revision")


def _runs(side: Side, name: str) -> list[list[float]]:
    """Return the recorded losses of every training, one per epoch; NaN if not finite."""
    recorded = [run["curves"].get(name) for run in (side.evaluation or {}).get("training") or []]
    return [[math.nan if value is None else value for value in values] for values in recorded if values]
