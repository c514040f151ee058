"""The report's figures as inline SVG, without fonts, URLs or dates; their colours follow the light or dark mode.

Matplotlib draws in placeholder colours, which are then replaced by CSS variables. Equal numbers give equal bytes.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

# Placeholder colours for matplotlib, and the CSS variable that replaces each.
_COLOURS = {
    "#010101": "--ink",
    "#020202": "--soft",
    "#030303": "--line",
    "#040404": "--train",
    "#050505": "--validation",
    "#060606": "--test",
    "#070707": "--truth",
    "#080808": "--oracle",
    "#090909": "--naive",
    "#0a0a0a": "--network",
    "#0b0b0b": "--reference",
}
INK, SOFT, LINE, TRAIN, VALIDATION, TEST, TRUTH, ORACLE, NAIVE, NETWORK, REFERENCE = _COLOURS
_PART = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
# Seeds share a colour and differ by their dashes, which works without colours too.
DASHES = ["-", (0, (4, 1.5)), (0, (1.5, 1.2)), (0, (5, 1, 1, 1)), (0, (8, 2))]
# In inches. On a phone 400 pixels wide, a point of the SVG is a pixel, so that text of 9.5 points is readable.
_WIDTH = 5.6


_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "flatline",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.labelcolor": SOFT,
    "lines.linewidth": 1.4,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "path.simplify_threshold": 0.5,
}


@contextmanager
def canvas(height: float) -> Iterator[tuple[Any, Any]]:
    """Open a figure of the page's width and style with this height in inches, and its axes."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        yield figure, figure.subplots()


def svg(figure: Any, key: str, label: str) -> str:
    """Return the figure as an `<svg>` element.

    Args:
        figure: A Matplotlib figure.
        key: Makes the element's ids unique in the page.
        label: Accessible name.
    """
    from xml.sax.saxutils import quoteattr

    file = io.StringIO()
    empty = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(file, format="svg", metadata=empty)
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    text = text.replace("xlink:href=", "href=")
    # Drop ids without a reference; prefix the others, since many figures share a page.
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", text))
    prefix = "f" + hashlib.sha256(key.encode()).hexdigest()[:8]
    text = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", text)
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}-", text)
    # Use the page's font and colours. Text was laid out in DejaVu Sans, which is wider than most fonts.
    text = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font-size: \1px", text)
    text = re.sub(r"font-family: [^;\"]+;? ?", "", text)
    for colour, name in _COLOURS.items():
        text = text.replace(colour, f"var({name})")
    # Round coordinates to hundredths of a point; labels keep their digits.
    text = re.sub(r' (?:d|x|y|transform)="[^"]*"', lambda m: re.sub(r"(\.\d\d)\d+", r"\1", m[0]), text)
    box = re.search(r'viewBox="[^"]+"', text)
    head = f'<svg {box[0] if box else ""} role="img" aria-label={quoteattr(label)} class="figure">'
    text = head + text[text.index(">") + 1 :]
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def variable(colour: str) -> str:
    """Return the CSS variable for one of the colours above."""
    return f"var({_COLOURS[colour]})"


def split(evaluation: dict[str, Any], key: str) -> str:
    """Draw the parts of each fold as bars, one line per fold."""
    from matplotlib.patches import Patch

    folds, rows = evaluation["split"]["folds"], evaluation["split"]["rows"]
    with canvas(0.75 + 0.26 * len(folds)) as (figure, axes):
        for line, fold in enumerate(folds):
            for part, colour in _PART.items():
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
        axes.xaxis.set_major_formatter(_thousands)
        present = [part for part in _PART if folds[0][part] is not None]
        handles = [Patch(color=_PART[part], label=part) for part in present]
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
                colour = _PART.get(part, SOFT)
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
        axes.xaxis.set_major_formatter(_thousands)
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
                full = _PART[part] if order == 0 else "none"
                axes.plot(
                    truth,
                    _clean(values),
                    marker,
                    markersize=size,
                    color=_PART[part],
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


def ticks(integer: bool = False) -> Any:
    """Return a locator of few ticks at round numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, integer=integer, steps=[1, 2, 5, 10])


def _thousands(value: float, _: int) -> str:
    return f"{value:,.0f}"
