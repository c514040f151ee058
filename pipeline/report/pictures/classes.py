"""Pictures of classes: which are taken for which, and whether forecasts mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.report.pictures.chart import DASHES, SEEDS, WIDTH, Chart, Picture, document, element, label, written
from pipeline.report.pictures.scales import Scale, around


def confusion(evaluation: dict[str, Any]) -> Picture:
    """Draw how often each true class is predicted as each class, over all test windows and seeds.

    Args:
        evaluation: output of the stage `evaluate`.
    """
    seeds = evaluation["parts"]["test"]["seeds"].values()
    table = np.sum([np.asarray(score["confusion"], dtype=float) for score in seeds], axis=0)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    size, left, top, tall = len(table), 70.0, 34.0, 36.0
    wide = (WIDTH - left) / size
    content = label(left + (WIDTH - left) / 2, 12, "predicted class", "middle") + label(0, 28, "true class")
    texts = []
    for true in range(size):
        content += label(left - 8, top + true * tall + 22, f"class {true}", "end")
        content += label(left + (true + 0.5) * wide, 28, f"class {true}", "middle")
        for given in range(size):
            share = float(shares[true, given])
            x, y = left + given * wide, top + true * tall
            opacity = f"{0.06 + 0.5 * share:.2f}"
            content += element(
                "rect", x=x + 1, y=y + 1, width=wide - 2, height=tall - 2, fill="var(--network)", opacity=opacity
            )
            content += label(x + wide / 2, y + 22, f"{share:.0%}", "middle", class_="ink")
            texts.append(f"true {true}, predicted {given}: {share:.0%}")
    title = "Confusion matrix of the test windows"
    svg = document(
        f"{evaluation['experiment']}-confusion", title, "; ".join(texts) + ".", top + size * tall + 4, content
    )
    caption = (
        "How often each true class is predicted as each class, over all test windows and seeds; a row adds up to "
        "100 %. A good classifier has high shares on the diagonal; a single full column means one class for everything."
    )
    return Picture(title, svg, caption)


def calibration(name: str, rows: list[dict[str, Any]]) -> Picture | None:
    """Draw the observed mean or share over the forecast one, ten bins of equally many windows; None without any.

    Args:
        name: the experiment.
        rows: of `reports/plots/calibration/NAME.csv`, as texts or numbers.
    """
    known = [row for row in rows if row.get("forecast") not in ("", None) and row.get("observed") not in ("", None)]
    if not known:
        return None
    lines: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in known:
        key = (str(row["class"]), str(row["seed"]))
        lines.setdefault(key, []).append((float(row["forecast"]), float(row["observed"])))
    classes = list(dict.fromkeys(key[0] for key in lines))
    seeds = list(dict.fromkeys(key[1] for key in lines))
    chances = classes != [""]
    every = np.array([value for pairs in lines.values() for pair in pairs for value in pair])
    scale = Scale(-0.02, 1.02) if chances else around(every)
    observed = "observed share" if chances else "observed mean"
    chart = Chart(scale, scale, "forecast probability" if chances else "mean forecast", observed, height=230)
    chart.line([scale.low, scale.high], [scale.low, scale.high], "perfect", "oracle", "6 3", width=1.2)
    for (own, seed), pairs in lines.items():
        several = len(classes) > 1
        colour = SEEDS[(classes.index(own) if several else seeds.index(seed)) % len(SEEDS)]
        text = (f"class {own}, " if several else "") + f"seed {seed}"
        pairs.sort()
        x, y = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        chart.line(x, y, text, colour, DASHES[seeds.index(seed) % len(DASHES)])
        chart.dots(x, y, text, colour, listed=False)
    title = "Calibration"
    gaps = {key: max(abs(forecast - seen) for forecast, seen in pairs) for key, pairs in lines.items()}
    text = "; ".join(
        (f"class {own}, " if own else "") + f"seed {seed}: largest distance {written(gap)}"
        for (own, seed), gap in gaps.items()
    )
    part = str(known[0].get("part") or "validation")
    caption = f"{part.capitalize()} windows in ten bins of equally many, by their forecast. "
    if chances:
        caption += (
            "On the dashed line a class occurs as often as the network says. A flatter curve means that it is too "
            "sure, a steeper one that it is not sure enough."
        )
    else:
        caption += (
            "On the dashed line the truth is on average what was predicted. A flatter curve means that predictions are "
            "too extreme, a steeper one that they are too timid."
        )
    return Picture(title, chart.svg(f"{name}-calibration", title, text + "."), caption)
