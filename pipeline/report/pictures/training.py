"""Losses of the recorded trainings."""

from __future__ import annotations

import math
from typing import Any

from pipeline.report.pictures.canvas import DASHES, PART, REFERENCE, SOFT, canvas, svg, ticks


def curves(evaluation: dict[str, Any], key: str) -> str:
    """Draw loss per epoch on training and validation, one line per training, and the reference level."""
    from matplotlib.lines import Line2D

    runs = evaluation["training"]
    with canvas(2.5) as (figure, axes):
        drawn: list[float] = []
        handles = {}
        for order, run in enumerate(runs):
            dash = DASHES[order % len(DASHES)]
            for name, part in (("loss", "train"), ("val_loss", "validation"), ("penalty", "penalty")):
                values = [float("nan") if v is None else v for v in run["curves"].get(name, [])]
                finite = [v for v in values if math.isfinite(v)]
                if not finite or (name == "penalty" and max(finite) <= 0):
                    continue
                colour = PART.get(part, SOFT)
                marker = "o" if len(finite) < 4 else ""
                epochs = range(1, len(values) + 1)
                axes.plot(epochs, values, color=colour, linestyle=dash, marker=marker, markersize=3.5)
                handles[part] = Line2D([], [], color=colour, label=part)
                drawn += finite
            failure = run["nonfinite"]
            if failure:
                axes.axvline(failure["epoch"], color=REFERENCE, linewidth=1, linestyle=":")
                label = "NaN" if "NaN" not in handles else None
                handles.setdefault("NaN", Line2D([], [], color=REFERENCE, linestyle=":", label=label))
        level, name = _reference(evaluation)
        if level is not None and drawn:
            axes.axhline(level, color=REFERENCE, linewidth=1, linestyle=(0, (6, 3)))
            handles["reference"] = Line2D([], [], color=REFERENCE, linewidth=1, linestyle=(0, (6, 3)), label=name)
        if drawn and min(drawn) > 0 and max(drawn) / min(drawn) > 20:
            axes.set_yscale("log")
        longest = max((len(run["curves"].get("loss", [])) for run in runs), default=1)
        axes.set(xlabel="epoch", ylabel="loss", xlim=(0.9, max(longest, 2) + 0.1))
        axes.xaxis.set_major_locator(ticks(integer=True))
        if not drawn:
            axes.set_yticks([])
            axes.text(0.5, 0.5, "no finite loss was recorded", transform=axes.transAxes, ha="center", color=SOFT)
        if handles:
            figure.legend(
                handles=list(handles.values()), loc="outside upper left", ncols=5, handlelength=1.6, columnspacing=1
            )
        return svg(figure, f"{key}-curves", "Learning curves: loss per epoch")


def _reference(evaluation: dict[str, Any]) -> tuple[float | None, str]:
    """Return the loss of always predicting the class shares of the training windows, and its label."""
    if evaluation["classes"]:
        shares = [s for s in evaluation["shares"] or [] if s > 0]
        level = -sum(s * math.log(s) for s in shares)
        return (level, f"class shares only, {level:.4f}") if shares else (None, "")
    return None, ""
