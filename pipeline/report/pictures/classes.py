"""Pictures of classes: which are taken for which, and whether forecasts mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.report.pictures.chart import Chart
from pipeline.report.pictures.scales import around
from pipeline.report.pictures.svg import DASHES, SEEDS, WIDTH, Picture, document, element, label, shortened, written

# Classes that have a row of their own; the rarest of more are one row.
_MOST = 10


def confusion(evaluation: dict[str, Any]) -> Picture:
    """Draw how often each true class is predicted as each class, over all test windows and seeds.

    Of more than ten classes, all but the nine most frequent ones are one row.

    Args:
        evaluation: output of the stage `evaluate`.
    """
    seeds = evaluation["parts"]["test"]["seeds"].values()
    table = np.sum([np.asarray(score["confusion"], dtype=float) for score in seeds], axis=0)
    table, names = _merged(table, evaluation.get("labels") or [f"class {k}" for k in range(len(table))])
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    size, left, top, tall = len(table), 90.0 if evaluation.get("labels") else 70.0, 34.0, 36.0
    letters = int((WIDTH - left) / size / 7)
    wide = (WIDTH - left) / size
    content = label(left + (WIDTH - left) / 2, 12, "predicted class", "middle") + label(0, 28, "true class")
    texts = []
    for true in range(size):
        content += label(left - 8, top + true * tall + 22, shortened(names[true], 12), "end")
        content += label(left + (true + 0.5) * wide, 28, shortened(names[true], max(letters, 2)), "middle")
        for given in range(size):
            share = float(shares[true, given])
            x, y = left + given * wide, top + true * tall
            opacity = f"{0.06 + 0.5 * share:.2f}"
            content += element(
                "rect", x=x + 1, y=y + 1, width=wide - 2, height=tall - 2, fill="var(--network)", opacity=opacity
            )
            content += label(x + wide / 2, y + 22, f"{share:.0%}", "middle", class_="ink")
            pair = (names[true], names[given]) if evaluation.get("labels") else (true, given)
            texts.append(f"true {pair[0]}, predicted {pair[1]}: {share:.0%}")
    title = "Confusion matrix of the test windows"
    svg = document(
        f"{evaluation['experiment']}-confusion", title, "; ".join(texts) + ".", top + size * tall + 4, content
    )
    caption = (
        "How often each true class is predicted as each class, over all test windows and seeds; a row adds up to "
        "100 %. A good classifier has high shares on the diagonal; a single full column means one class for everything."
    )
    return Picture(title, svg, caption)


def reliability(evaluation: dict[str, Any]) -> Picture | None:
    """Draw how often a class comes true over the probability that it is predicted with, on all test windows.

    Args:
        evaluation: output of the stage `evaluate`.
    """
    rows = [row for row in evaluation["parts"]["test"]["reliability"] or [] if row["windows"]]
    if not rows:
        return None
    scale = around(np.array([row[side] for row in rows for side in ("forecast", "observed")]))
    chart = Chart(scale, scale, "predicted probability", "share of windows in which it comes true", height=200)
    chart.line([scale.low, scale.high], [scale.low, scale.high], "as often as predicted", "oracle", "6 3", width=1.2)
    lines = dict.fromkeys((row["class"], row["seed"]) for row in rows)
    several, texts = len({of for of, _ in lines}) > 1, []
    for order, (of, seed) in enumerate(lines):
        own = [row for row in rows if (row["class"], row["seed"]) == (of, seed)]
        forecast, observed = ([row[side] for row in own] for side in ("forecast", "observed"))
        name = f"class {of}, seed {seed}" if several else f"seed {seed}"
        colour, dash = SEEDS[order % len(SEEDS)], DASHES[order % len(DASHES)]
        chart.line(forecast, observed, name, colour, dash)
        chart.dots(forecast, observed, name, colour, listed=False)
        far = max(own, key=lambda row: abs(row["observed"] - row["forecast"]))
        texts.append(f"{name}: furthest off where {written(far['forecast'])} is predicted, {written(far['observed'])}")
    title = "Do the probabilities mean what they say?"
    caption = (
        f"The test windows{_of_folds(evaluation)} in up to ten bins of equal size, by the predicted probability"
        f"{' of each class' if several else ' of class 1'}. On the dashed line a class comes true as often as "
        "predicted; a line that is flatter than it shows probabilities that are too sure."
    )
    return Picture(title, chart.svg(f"{evaluation['experiment']}-reliability", title, "; ".join(texts) + "."), caption)


def _of_folds(evaluation: dict[str, Any]) -> str:
    folds = len(evaluation["split"]["folds"])
    return f" of {folds} folds" if folds > 1 else ""


def _merged(table: np.ndarray, names: list[str]) -> tuple[np.ndarray, list[str]]:
    """Return the table of counts and the names of at most ten classes, the rarest of more added up as one."""
    if len(table) <= _MOST:
        return table, names
    kept = np.sort(np.argsort(-table.sum(axis=1), kind="stable")[: _MOST - 1])
    group = np.full(len(table), _MOST - 1)
    group[kept] = np.arange(_MOST - 1)
    merged = np.zeros((_MOST, _MOST))
    np.add.at(merged, (group[:, None], group[None, :]), table)
    return merged, [*(names[k] for k in kept), f"{len(table) - _MOST + 1} others"]
