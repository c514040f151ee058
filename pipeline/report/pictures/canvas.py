"""The report's figures as inline SVG, without fonts, URLs or dates; their colours follow the light or dark mode.

Matplotlib draws in placeholder colours, which are then replaced by CSS variables. Equal numbers give equal bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
PART = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
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


def ticks(integer: bool = False) -> Any:
    """Return a locator of few ticks at round numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, integer=integer, steps=[1, 2, 5, 10])


def thousands(value: float, _: int) -> str:
    """Return a tick label with separated thousands."""
    return f"{value:,.0f}"
