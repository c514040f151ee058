"""Pictures of a network as the diagnosis measured it: what its outputs depend on, its units and its updates."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.report.pictures.bars import Bar, Group, bars
from pipeline.report.pictures.chart import Chart
from pipeline.report.pictures.scales import Scale, around
from pipeline.report.pictures.svg import DASHES, SEEDS, Picture, written

BEFORE = "before training"
_MOST_LAYERS = 12


def sensitivity(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw how much the network depends on the input of each time step, before training and for each seed."""
    facts = diagnosis["facts"]
    known = {
        name: gradient for name, gradient in _gradients(facts) if gradient.get("steps") and max(gradient["steps"]) > 0
    }
    if not known:
        return None
    length = facts["data"]["length"]
    values = np.concatenate([gradient["steps"] for gradient in known.values()])
    positive = values[values > 0]
    wide = positive.max() / positive.min() > 20
    y = around(positive, "log" if wide else "linear") if wide else around(np.append(values, 0.0))
    chart = Chart(Scale(1.0, float(max(length, 2)), whole=True), y, "time step of the window, oldest first", "gradient")
    for name, gradient in known.items():
        at = _centres(len(gradient["steps"]), length)
        colour, dash = _style(name, facts)
        chart.line(at, gradient["steps"], name, colour, dash)
        if len(at) < 4:
            chart.dots(at, gradient["steps"], name, colour, listed=False)
    needed = facts["references"]["needed"]
    if needed and needed < length:
        chart.upright(length - needed + 1, f"a linear model needs the last {needed:,}", "ink", "3 2")
    title = "Gradient of the outputs by time step"
    text = "; ".join(
        f"{name}: {written(gradient['steps'][0])} at the oldest step, {written(gradient['steps'][-1])} at the newest"
        + (f", 99 % within the last {gradient['memory']:,}" if gradient.get("memory") else "")
        for name, gradient in known.items()
    )
    caption = (
        "How much the network's features before the head change with the input of each step. A curve that falls to "
        "nothing on the left means that early steps do not reach the output"
    )
    reach = [
        f"{name}, the last {gradient['memory']:,} steps" for name, gradient in known.items() if gradient.get("memory")
    ]
    caption += f". 99 % of it is within: {'; '.join(reach)}." if reach else "."
    if wide:
        caption += " The axis is logarithmic."
    return Picture(title, chart.svg(f"{diagnosis['experiment']}-sensitivity", title, text + "."), caption)


def saturation(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the share of each layer's units and gates that are at a bound, before training and for each seed."""
    facts = diagnosis["facts"]
    groups: dict[str, list[Bar]] = {}
    for name, snapshot in _snapshots(facts):
        for kind in ("units", "gates"):
            for layer, found in (snapshot.get(kind) or {}).items():
                if found["saturated"] is not None:
                    own = groups.setdefault(f"{layer}, {kind}", [])
                    own.append(Bar(name, found["saturated"], _style(name, facts)[0]))
    if not groups:
        return None
    worst = sorted(groups, key=lambda layer: -max(bar.value or 0.0 for bar in groups[layer]))[:_MOST_LAYERS]
    shown = [Group(layer, own) for layer, own in groups.items() if layer in worst]
    title = "Share of units at a bound of their activation"
    caption = (
        "Where most units of a layer are at a bound, almost no gradient passes. Gates are at a bound when open or shut."
    )
    if len(groups) > len(worst):
        caption += f" The {len(worst)} worst of {len(groups)} are drawn."
    svg = bars(f"{diagnosis['experiment']}-saturation", title, shown, "share at a bound", limits=(0.0, 1.0))
    return Picture(title, svg, caption)


def dead_outputs(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the share of outputs without a gradient, before training and for each seed."""
    facts = diagnosis["facts"]
    own = _bars(facts, [(name, snapshot.get("dead_output")) for name, snapshot in _snapshots(facts)])
    if not own:
        return None
    title = "Share of outputs at which the head has no gradient"
    svg = bars(f"{diagnosis['experiment']}-dead", title, [Group("", own)], "share of outputs", limits=(0.0, 1.0))
    caption = (
        f"At these outputs the head's {facts['network']['head']['activation']} is flat, and no update reaches a weight."
    )
    return Picture(title, svg, caption)


def updates(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the size of the updates of each layer beside its weights."""
    facts = diagnosis["facts"]
    layers: dict[str, list[Bar]] = {}
    for seed, course in facts["course"].items():
        for layer, found in (course["update_ratio"] or {}).items():
            layers.setdefault(layer, []).append(Bar(f"seed {seed}", found["median"], _style(f"seed {seed}", facts)[0]))
    groups = [Group(layer, own) for layer, own in layers.items()][:_MOST_LAYERS]
    if not any(bar.value and bar.value > 0 for group in groups for bar in group.bars):
        return None
    title = "Updates of each layer beside its weights"
    axis = "norm of an update, as a share of the weights' norm"
    svg = bars(
        f"{diagnosis['experiment']}-updates", title, groups, axis, scale="log", mark=(0.001, "usual: a thousandth")
    )
    caption = (
        "Median over the epochs. Layers that move far less than others learn last; at a millionth a layer stays at its "
        "random start. The axis is logarithmic."
    )
    return Picture(title, svg, caption)


def gradient_norms(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the norm of the gradient of all weights, before training and for each seed."""
    facts = diagnosis["facts"]
    own = _bars(facts, [(name, gradient.get("norm")) for name, gradient in _gradients(facts)])
    if not any(bar.value for bar in own):
        return None
    title = "Norm of the gradient of all weights"
    svg = bars(f"{diagnosis['experiment']}-norms", title, [Group("", own)], "norm", scale="log")
    return Picture(title, svg, "On training windows, with the loss of the experiment. The axis is logarithmic.")


def _bars(facts: dict[str, Any], values: list[tuple[str, float | None]]) -> list[Bar]:
    """Return a bar for each snapshot whose value is known."""
    return [Bar(name, value, _style(name, facts)[0]) for name, value in values if value is not None]


def _snapshots(facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the network before training and after it, by name."""
    network = facts["network"]
    before = [(BEFORE, network["initial"])] if network["initial"] else []
    return before + [(f"seed {seed}", snapshot) for seed, snapshot in network["trained"].items()]


def _gradients(facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, snapshot["gradient"]) for name, snapshot in _snapshots(facts) if snapshot.get("gradient")]


def _style(name: str, facts: dict[str, Any]) -> tuple[str, str]:
    """Return colour and dashes of a snapshot."""
    if name == BEFORE:
        return "naive", "6 3"
    order = [f"seed {seed}" for seed in facts["network"]["trained"]].index(name)
    return SEEDS[order % len(SEEDS)], DASHES[order % len(DASHES)]


def _centres(bins: int, length: int) -> np.ndarray:
    """Return the middle step of each bin, counted from 1: the diagnosis bins the steps of long windows."""
    edges = np.linspace(0, length, bins + 1).astype(int)
    return np.asarray((edges[:-1] + edges[1:] + 1) / 2)
