"""How the rows are divided into parts."""

from __future__ import annotations

from typing import Any

from pipeline.report.pictures.canvas import PART, canvas, svg, thousands, ticks


def split(evaluation: dict[str, Any], key: str) -> str:
    """Draw the parts of each fold as bars, one line per fold."""
    from matplotlib.patches import Patch

    folds, rows = evaluation["split"]["folds"], evaluation["split"]["rows"]
    with canvas(0.75 + 0.26 * len(folds)) as (figure, axes):
        for line, fold in enumerate(folds):
            for part, colour in PART.items():
                if fold[part] is None:
                    continue
                bars = _merged(fold[part]["intervals"])
                # Under `carry`, a part may also read rows of earlier parts: draw these thinner, below.
                context = fold[part].get("context", 0)
                if context:
                    start = bars[0][0]
                    axes.broken_barh([(start, context)], (line + 0.3, 0.16), color=colour, linewidth=0)
                    bars[0] = (start + context, bars[0][1] - context)
                axes.broken_barh(bars, (line - 0.28, 0.56), color=colour, linewidth=0)
        axes.set(xlim=(0, rows), ylim=(len(folds) - 0.45, -0.5), xlabel="row of the series")
        axes.set_yticks(range(len(folds)), [f"fold {k + 1}" for k in range(len(folds))] if len(folds) > 1 else [""])
        axes.grid(False)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(ticks())
        axes.xaxis.set_major_formatter(thousands)
        present = [part for part in PART if folds[0][part] is not None]
        handles = [Patch(color=PART[part], label=part) for part in present]
        figure.legend(handles=handles, loc="outside upper left", ncols=3, handlelength=1, columnspacing=1.2)
        return svg(figure, f"{key}-split", "How the rows are divided: " + ", ".join(present))


def _merged(intervals: list[list[int]]) -> list[tuple[int, int]]:
    """Merge adjacent intervals, each into start and width: 45 sequences side by side are one bar."""
    merged: list[list[int]] = []
    for start, stop in sorted(intervals):
        if merged and merged[-1][1] == start:
            merged[-1][1] = stop
        else:
            merged.append([start, stop])
    return [(start, stop - start) for start, stop in merged]
