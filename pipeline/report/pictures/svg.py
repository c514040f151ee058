"""Elements of pictures as inline SVG, without fonts, addresses or dates. Equal numbers give equal bytes.

The SVG is written here because a page would otherwise wait for a library: Matplotlib needs 0.5 s of import and 0.1 s
for each picture, Vega (through vl-convert) 0.6 s for the first picture and 180 MB, this module 1 ms (one core, medians
of three runs; a stretch of 300 windows has 26, 13 and 9 kB).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from pipeline.report.wording import number

WIDTH = 420.0
# On narrow screens pictures.css enlarges texts by a quarter; room is kept for that.
_TEXT, _GROWN = 11.0, 13.5
_LETTER = 0.54  # mean width of a letter, as a share of the size of the text
# Lines of one colour family differ by their dashes, which works without colours too.
DASHES = ("", "6 3", "2 2.5", "8 2.5 2 2.5", "12 3", "1 4", "5 6", "12 3 2 3 2 3")
SEEDS = ("network", "seed-2", "seed-3", "seed-4", "seed-5")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


class Picture(NamedTuple):
    """A picture of what was measured.

    Attributes:
        title: what it shows, in a few words.
        svg: an `<svg>` element with a title and a description of its own.
        caption: how to read it, in one to four sentences.
    """

    title: str
    svg: str
    caption: str


class Entry(NamedTuple):
    """One entry of a legend: a sample of a `line`, a `dot` or an `area`."""

    name: str
    colour: str
    dash: str = ""
    kind: str = "line"


def clean(text: object) -> str:
    """Escape a text for SVG; control characters and marks of direction are left out."""
    return escape(_CONTROL.sub("", str(text)))


def quoted(text: object) -> str:
    """Return a text as an attribute, with its quotes."""
    return quoteattr(_CONTROL.sub("", str(text)))


def written(value: float | None) -> str:
    """Write a number with three digits; NaN for None and for what is not finite."""
    return number(value if value is not None and np.isfinite(value) else None)


def shortened(name: object, most: int = 24) -> str:
    """Cut a long name at its end."""
    text = _CONTROL.sub("", str(name))
    return text if len(text) <= most else text[: most - 1] + "…"


def words(text: str, size: float = _GROWN) -> float:
    """Return about how wide a text is, in points."""
    return len(text) * _LETTER * size


def element(name: str, content: str = "", **attributes: object) -> str:
    """Return one element; an underscore in a name of an attribute is a hyphen, and None leaves it out."""
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoted(plain(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>{content}</{name}>" if content else f"<{name}{given}/>"


def label(x: float, y: float, text: object, anchor: str = "start", **more: object) -> str:
    """Return a text at a place; its colour is soft unless `fill` is given."""
    ends = None if anchor == "start" else anchor
    return element("text", clean(text), x=x, y=y, text_anchor=ends, **more)


def document(key: str, title: str, description: str, height: float, content: str, **data: object) -> str:
    """Return the `<svg>` element around a picture.

    Args:
        key: makes its ids unique in a page.
        title: accessible name.
        description: its content in words and numbers, for those who do not see it.
        height: in points.
        content: elements.
        data: attributes `data_…` for pictures.js.
    """
    own = "p" + hashlib.sha256(key.encode()).hexdigest()[:8]
    texts = element("title", clean(title), id=own) + element("desc", clean(description), id=own + "d")
    return element(
        "svg",
        texts + content,
        class_="figure",
        viewBox=f"0 0 {WIDTH:g} {plain(height)}",
        role="img",
        aria_labelledby=own,
        aria_describedby=own + "d",
        font_size=_TEXT,
        fill="var(--soft)",
        **data,
    )


def legend(entries: Sequence[Entry]) -> tuple[str, float]:
    """Return the legend at the top of a picture, and its height in points; a name is listed once."""
    x, y, content = 0.0, 10.0, ""
    if len({entry.name for entry in entries}) < 1:
        return "", 0.0
    for entry in dict.fromkeys(entries):
        wide = 24 + words(entry.name) + 10
        if x and x + wide > WIDTH:
            x, y = 0.0, y + 17
        colour = f"var(--{entry.colour})"
        if entry.kind == "line":
            dash = entry.dash or None
            content += element("path", d=f"M{x:g} {y - 4:g}h18", stroke=colour, stroke_width=2, stroke_dasharray=dash)
        elif entry.kind == "dot":
            content += element("circle", cx=x + 9, cy=y - 4, r=3, fill=colour)
        else:
            content += element("rect", x=x + 2, y=y - 9, width=14, height=10, fill=colour)
        content += label(x + 23, y, entry.name)
        x += wide
    return content, y + 8


def points(x: np.ndarray, y: np.ndarray, joined: bool) -> str:
    """Return a path through the points, or of dots at them; a gap where one is not finite.

    Args:
        x: places in tenths of a point.
        y: the same.
        joined: whether neighbours are joined by a line.
    """
    known = np.isfinite(x) & np.isfinite(y)
    limit = 10_000_000  # far outside, so that a steep line still leaves the picture where it should
    at = np.rint(np.clip(np.where(known, np.stack([x, y]), 0), -limit, limit)).astype(np.int64)
    path, last = [], None
    for k in np.flatnonzero(known).tolist():
        here = (int(at[0, k]), int(at[1, k]))
        if not joined:
            path.append(f"M{here[0]} {here[1]}h0")
        elif last is None or last[0] != k - 1:
            alone = k + 1 >= len(known) or not known[k + 1]
            path.append(f"M{here[0]} {here[1]}{'h0' if alone else 'l'}")
        else:
            moved = f"{here[0] - last[1][0]} {here[1] - last[1][1]}"
            path.append(moved if path[-1][-1] == "l" else " " + moved)
        last = (k, here)
    return "".join(path).replace(" -", "-")


def plain(value: object) -> str:
    """Write a float with one digit, and anything else as it is."""
    return f"{round(float(value), 1):g}" if isinstance(value, float | np.floating) else str(value)
