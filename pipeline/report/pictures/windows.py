"""Predictions of test windows beside the truth."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.report.pictures.canvas import (
    DASHES,
    INK,
    LINE,
    NAIVE,
    NETWORK,
    ORACLE,
    PART,
    TRUTH,
    canvas,
    svg,
    thousands,
    ticks,
)


def stretch(evaluation: dict[str, Any], key: str) -> str:
    """Draw predictions of the test part with truth, persistence and oracle."""
    if evaluation["target"]["kind"] == "sequence_mean":
        return _pairs(evaluation, key)
    if evaluation["classes"] == 3:
        return _confusion(evaluation, key)
    return _lines(evaluation, key)


def _clean(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _lines(evaluation: dict[str, Any], key: str) -> str:
    drawn = evaluation["parts"]["test"]["drawn"]
    binary = evaluation["classes"] == 2
    with canvas(2.5) as (figure, axes):
        at = np.asarray(drawn["row"])
        truth = _clean(drawn["truth"])
        if binary:
            axes.plot(at, truth, "|", color=TRUTH, markersize=5, label="truth")
            axes.axhline(0.5, color=LINE, linewidth=0.8)
        else:
            axes.plot(at, truth, color=TRUTH, linewidth=1.2, label="truth")
            if drawn["persistence"] is not None:
                axes.plot(at, _clean(drawn["persistence"]), color=NAIVE, linewidth=0.8, label="persistence")
        if drawn["oracle"] is not None:
            axes.plot(at, _clean(drawn["oracle"]), color=ORACLE, linewidth=1, label="oracle")
        _network(axes, at, drawn["seeds"])
        axes.set(
            xlabel="row of the series", ylabel="probability of class 1" if binary else evaluation["target"]["column"]
        )
        axes.xaxis.set_major_locator(ticks())
        axes.xaxis.set_major_formatter(thousands)
        figure.legend(loc="outside upper left", ncols=4, handlelength=1.6, columnspacing=1)
        return svg(figure, f"{key}-stretch", "Predictions and truth on the first test rows")


def _network(axes: Any, at: np.ndarray, seeds: dict[str, list[float | None]]) -> None:
    for order, values in enumerate(seeds.values()):
        line = _clean(values)
        if not np.isfinite(line).any():
            continue
        label = "network" if order == 0 else None
        axes.plot(at, line, color=NETWORK, linewidth=1.5, linestyle=DASHES[order % len(DASHES)], label=label)


def _pairs(evaluation: dict[str, Any], key: str) -> str:
    """Draw prediction over truth, one mark per sequence; the diagonal is perfect."""
    with canvas(2.9) as (figure, axes):
        ends: list[float] = [0.0]
        for part, marker in (("train", "o"), ("test", "D")):
            drawn = evaluation["parts"][part]["drawn"]
            truth = _clean(drawn["truth"])
            ends += truth.tolist()
            for order, values in enumerate(drawn["seeds"].values()):
                size = {"train": 3.2, "test": 4.5}[part]
                label = part if order == 0 else None
                full = PART[part] if order == 0 else "none"
                axes.plot(
                    truth,
                    _clean(values),
                    marker,
                    markersize=size,
                    color=PART[part],
                    markerfacecolor=full,
                    markeredgewidth=0.9,
                    label=label,
                )
        axes.plot([0, max(ends)], [0, max(ends)], color=ORACLE, linewidth=1, label="perfect")
        axes.set(xlabel="mean of the sequence", ylabel="prediction")
        figure.legend(loc="outside upper left", ncols=4, handlelength=1.6, columnspacing=1)
        return svg(figure, f"{key}-stretch", "Prediction against truth for each sequence")


def _confusion(evaluation: dict[str, Any], key: str) -> str:
    """Draw how often each true class is predicted as each class, over all seeds."""
    from matplotlib.patches import Rectangle

    seeds = evaluation["parts"]["test"]["seeds"].values()
    table = np.sum([np.asarray(score["confusion"]) for score in seeds], axis=0)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    size = len(table)
    with canvas(2.5) as (figure, axes):
        for true in range(size):
            for given in range(size):
                share = shares[true, given]
                axes.add_patch(
                    Rectangle(
                        (given - 0.47, true - 0.45), 0.94, 0.9, facecolor=NETWORK, alpha=0.08 + 0.6 * share, linewidth=0
                    )
                )
                axes.text(given, true, f"{share:.0%}", ha="center", va="center", color=INK)
        names = [f"class {k}" for k in range(size)]
        axes.set_xticks(range(size), names)
        axes.set_yticks(range(size), names)
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xlabel="predicted class", ylabel="true class")
        axes.grid(False)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return svg(figure, f"{key}-stretch", "Confusion matrix of the test rows")
