"""A chart of lines, dots and areas over two axes.

Marks are drawn in a nested `<svg>` whose unit is a tenth of a point, so that a line is a path of whole numbers.
Strokes do not scale (`vector-effect`), which lets pictures.js zoom by changing the nested viewBox alone. The attributes
`data-x`, `data-y` and `data-name` are what that script needs to name the values under the pointer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.report.pictures.scales import Scale
from pipeline.report.pictures.svg import (
    WIDTH,
    Entry,
    document,
    element,
    label,
    legend,
    plain,
    points,
    shortened,
    words,
)


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
        content += element("path", d=f"M{plain(self._left)} {plain(bottom)}h{plain(self._wide)}", **_EDGE)
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
                lines += f"M{plain(self._left)} {plain(at)}h{plain(self._wide)}"
            texts += label(self._left - 6, at + 4, text, "end")
        return (element("path", d=lines, **_GRID) if lines else "") + texts

    def _axis_x(self, top: float, bottom: float) -> str:
        lines, texts, free = "", "", -1e9
        for value, text in self.x.ticks(4 if self.x.kind == "time" else 5):
            at = self._left + self._wide * float(self.x.at(np.array([value]))[0])
            lines += f"M{plain(at)} {plain(top)}v{plain(self.height)}"
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
