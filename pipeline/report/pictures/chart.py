"""Charts as inline SVG, without fonts, addresses or dates. Equal numbers give equal bytes.

The SVG is written here because a page would otherwise wait for a library: Matplotlib needs 0.5 s of import and 0.1 s
for each picture, Vega (through vl-convert) 0.6 s for the first picture and 180 MB, this module 1 ms (one core, medians
of three runs; a stretch of 300 windows has 26, 13 and 9 kB).

Marks are drawn in a nested `<svg>` whose unit is a tenth of a point, so that a line is a path of whole numbers.
Strokes do not scale (`vector-effect`), which lets pictures.js zoom by changing the nested viewBox alone. The attributes
`data-x`, `data-y` and `data-name` are what that script needs to name the values under the pointer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from pipeline.report.pictures.scales import Scale
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
        f" {key.rstrip('_').replace('_', '-')}={quoted(_plain(value))}"
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
        viewBox=f"0 0 {WIDTH:g} {_plain(height)}",
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


@dataclass
class Chart:
    """Lines, dots and areas over two axes.

    Attributes:
        x: scale of the horizontal axis.
        y: scale of the vertical axis.
        x_label: what the horizontal axis shows, with its unit.
        y_label: what the vertical axis shows, with its unit.
        height: of the plot, in points.
        y_names: marks of the vertical axis in place of its scale's: places and names.
    """

    x: Scale
    y: Scale
    x_label: str
    y_label: str = ""
    height: float = 150.0
    y_names: Sequence[tuple[float, str]] | None = None
    _back: list[str] = field(default_factory=list)
    _marks: list[str] = field(default_factory=list)
    _entries: list[Entry] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _known: set[float] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Leave as much room at the left as the marks of the vertical axis need."""
        names = [text for _, text in self._y_marks()]
        self._left = max((words(name) for name in names), default=0.0) + 8
        self._wide = WIDTH - self._left - 10

    def line(
        self,
        x: Iterable[float],
        y: Iterable[float | None],
        name: str,
        colour: str,
        dash: str = "",
        width: float = 1.6,
        listed: bool = True,
    ) -> None:
        """Draw a line through the points; None, NaN and infinity are gaps."""
        places = self._places(x, y)
        self._marks.append(self._path(points(*places, joined=True), colour, width, dash, name))
        if listed:
            self._entries.append(Entry(name, colour, dash))

    def dots(
        self,
        x: Iterable[float],
        y: Iterable[float | None],
        name: str,
        colour: str,
        size: float = 4.5,
        listed: bool = True,
    ) -> None:
        """Draw a dot at each point."""
        self._marks.append(self._path(points(*self._places(x, y), joined=False), colour, size, "", name, dots=True))
        if listed:
            self._entries.append(Entry(name, colour, kind="dot"))

    def level(self, y: float, name: str, colour: str, dash: str = "") -> None:
        """Draw a horizontal line over the whole width; without a name it is not listed."""
        self._rule(f"M0 {self._down(y)}h{round(10 * self._wide)}", name, colour, dash)

    def upright(self, x: float, name: str, colour: str, dash: str = "") -> None:
        """Draw a vertical line over the whole height; without a name it is not listed."""
        at = round(10 * self._wide * float(self.x.at(np.array([x]))[0]))
        self._rule(f"M{at} 0v{round(10 * self.height)}", name, colour, dash)

    def area(
        self, x: tuple[float, float], y: tuple[float, float], name: str, colour: str, opacity: float | None = None
    ) -> None:
        """Draw a rectangle; without a name it is not listed."""
        left, right = (10 * self._wide * self.x.at(np.array(x))).tolist()
        low, high = self._down(y[0]), self._down(y[1])
        wide = max(round(right) - round(left), 1)  # what is narrower than a tenth of a point would vanish
        self._back.append(
            element(
                "rect",
                x=round(left),
                y=min(low, high),
                width=wide,
                height=abs(high - low),
                fill=f"var(--{colour})",
                opacity=opacity,
            )
        )
        if name:
            self._entries.append(Entry(name, colour, kind="area"))

    def note(self, text: str) -> None:
        """Write a text into the middle, where there is nothing to draw."""
        self._notes.append(text)

    def svg(self, key: str, title: str, description: str, entries: Sequence[Entry] | None = None) -> str:
        """Return the picture; see `document`.

        Args:
            key: makes its ids unique in a page.
            title: accessible name.
            description: the content in words.
            entries: the legend, in place of the names of what was drawn.
        """
        listed, top = legend(self._entries if entries is None else entries)
        top += 14 if self.y_label else 6
        content = listed
        if self.y_label:
            content += label(0, top - 4, shortened(self.y_label, 60))
        bottom = top + self.height
        content += element("g", self._axis_y(top), class_="y") + element("g", self._axis_x(top, bottom), class_="x")
        content += element("path", d=f"M{_plain(self._left)} {_plain(bottom)}h{_plain(self._wide)}", **_EDGE)
        content += element(
            "svg",
            "".join(self._back) + "".join(self._marks),
            class_="plot",
            x=self._left,
            y=top,
            width=self._wide,
            height=self.height,
            viewBox=f"0 0 {round(10 * self._wide)} {round(10 * self.height)}",
            preserveAspectRatio="none",
        )
        for text in self._notes:
            content += label(self._left + self._wide / 2, top + self.height / 2, text, "middle")
        content += label(self._left + self._wide / 2, bottom + 34, shortened(self.x_label, 60), "middle")
        data = {"data_x": _data(self.x), "data_y": _data(self.y), **self._steps()}
        return document(key, title, description, bottom + 40, content, **data)

    def _steps(self) -> dict[str, str]:
        """Return where points are along the horizontal axis, exactly: first and step, or a list of irregular times."""
        known = sorted(self._known)
        if len(known) < 3:
            return {}
        step = (known[-1] - known[0]) / (len(known) - 1)
        if np.allclose(np.diff(known), step, rtol=1e-6, atol=0):
            return {"data_even": f"{known[0]:.15g} {step:.15g}"}
        return {"data_at": " ".join(f"{value:.15g}" for value in known)} if self.x.kind == "time" else {}

    def _y_marks(self) -> Sequence[tuple[float, str]]:
        return self.y.ticks(4) if self.y_names is None else self.y_names

    def _axis_y(self, top: float) -> str:
        lines, texts = "", ""
        for value, text in self._y_marks():
            at = top + self.height * (1 - float(self.y.at(np.array([value]))[0]))
            if self.y_names is None:
                lines += f"M{_plain(self._left)} {_plain(at)}h{_plain(self._wide)}"
            texts += label(self._left - 6, at + 4, text, "end")
        return (element("path", d=lines, **_GRID) if lines else "") + texts

    def _axis_x(self, top: float, bottom: float) -> str:
        lines, texts, free = "", "", -1e9
        for value, text in self.x.ticks(4 if self.x.kind == "time" else 5):
            at = self._left + self._wide * float(self.x.at(np.array([value]))[0])
            lines += f"M{_plain(at)} {_plain(top)}v{_plain(self.height)}"
            half = words(text) / 2
            if at - half < free or at + half > WIDTH + 8:
                continue  # its line stays, its text would touch another one
            texts, free = texts + label(at, bottom + 16, text, "middle"), at + half + 4
        return (element("path", d=lines, **_GRID) if lines else "") + texts

    def _places(self, x: Iterable[float], y: Iterable[float | None]) -> tuple[np.ndarray, np.ndarray]:
        given = np.asarray(list(x), dtype=float)
        self._known |= set(given[np.isfinite(given)].tolist())
        across = 10 * self._wide * self.x.at(given)
        values = np.array([np.nan if value is None else value for value in y], dtype=float)
        return across, 10 * self.height * (1 - self.y.at(values))

    def _down(self, y: float) -> int:
        return round(10 * self.height * (1 - float(self.y.at(np.array([y]))[0])))

    def _path(self, d: str, colour: str, width: float, dash: str, name: str, dots: bool = False) -> str:
        return element(
            "path",
            d=d,
            stroke=f"var(--{colour})",
            stroke_width=width,
            stroke_dasharray=dash or None,
            class_="dots" if dots else "line",
            data_name=name,
        )

    def _rule(self, d: str, name: str, colour: str, dash: str) -> None:
        self._marks.append(
            element(
                "path", d=d, class_="line", stroke=f"var(--{colour})", stroke_width=1.2, stroke_dasharray=dash or None
            )
        )
        if name:
            self._entries.append(Entry(name, colour, dash))


_GRID = {"class_": "grid"}
_EDGE = {"class_": "edge"}


def _data(scale: Scale) -> str:
    return f"{scale.kind} {scale.low!r} {scale.high!r}"


def _plain(value: object) -> str:
    return f"{round(float(value), 1):g}" if isinstance(value, float | np.floating) else str(value)
