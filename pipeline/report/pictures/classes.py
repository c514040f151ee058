"""Pictures of classes: which are taken for which, and whether forecasts mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.report.pictures.chart import WIDTH, Picture, document, element, label


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
