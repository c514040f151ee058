"""Horizontal bars with names and values: skills with their intervals, and shares of a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.report.pictures.scales import Scale, around
from pipeline.report.pictures.svg import (
    WIDTH,
    Entry,
    clean,
    document,
    element,
    label,
    legend,
    shortened,
    words,
    written,
)

_ROW, _HEAD, _BAR = 33.0, 21.0, 10.0
_SIDE = 8.0  # room for the arrow of a bar that goes on


class Bar(NamedTuple):
    """One bar.

    Attributes:
        name: what it shows.
        value: its end; None or NaN for a value that is not finite.
        colour: of the palette in pictures.css.
        low: lower end of its interval, or None.
        high: upper end.
        best: the best value that is possible, drawn as a mark, or None.
    """

    name: str
    value: float | None
    colour: str = "network"
    low: float | None = None
    high: float | None = None
    best: float | None = None


class Group(NamedTuple):
    """Bars below a heading; no heading if it is empty."""

    heading: str
    bars: Sequence[Bar]


class Share(NamedTuple):
    """One part of a whole."""

    name: str
    share: float
    colour: str


def told(bar: Bar) -> str:
    """Return a bar's value, interval and best value in words."""
    text = written(bar.value)
    if bar.low is not None and bar.high is not None:
        text += f" ({written(bar.low)} to {written(bar.high)})"
    return text + (f" of {written(bar.best)}" if bar.best is not None else "")


def described(groups: Sequence[Group]) -> str:
    """Return all values in words."""
    texts = []
    for group in groups:
        values = "; ".join(f"{bar.name}: {told(bar)}" for bar in group.bars)
        texts.append(f"{group.heading}: {values}." if group.heading else f"{values}.")
    return " ".join(texts)


def bars(
    key: str,
    title: str,
    groups: Sequence[Group],
    axis: str,
    *,
    limits: tuple[float, float] | None = None,
    scale: str = "linear",
    mark: tuple[float, str] | None = None,
    entries: Sequence[Entry] = (),
) -> str:
    """Draw groups of bars with their values beside them.

    Args:
        key: makes the ids unique in a page.
        title: accessible name.
        groups: bars below their headings.
        axis: what is measured.
        limits: ends of the axis; a bar beyond one ends in an arrow there. Without limits all bars fit.
        scale: `linear`, whose bars begin at 0, or `log`, whose bars begin at the left end.
        mark: a value that is marked by a vertical line, and its name.
        entries: the legend.
    """
    groups = [group for group in groups if group.bars]
    named = [bar for group in groups for bar in group.bars]
    measure = _scale(named, limits, scale, mark)
    content, y = legend([*entries, *([Entry(mark[1], "ink", "3 2")] if mark else [])])
    tops = []
    for group in groups:
        if group.heading:
            content += label(0, y + 15, group.heading, class_="ink", font_weight=600)
            y += _HEAD
        for bar in group.bars:
            content += label(_SIDE, y + 13, shortened(bar.name, 36))
            content += label(WIDTH - _SIDE, y + 13, told(bar), "end", class_="ink")
            content += _bar(bar, measure, y + 18)
            tops.append(y + 18)
            y += _ROW
    content = _axis(measure, tops, y, mark) + content
    content += label(WIDTH / 2, y + 34, shortened(axis, 60), "middle")
    return document(key, title, described(groups), y + 40, content)


def stacked(key: str, title: str, wholes: Sequence[tuple[str, Sequence[Share]]], of: str) -> str:
    """Draw wholes as bars of the same length, each cut into its shares.

    Args:
        key: makes the ids unique in a page.
        title: accessible name.
        wholes: each a name and its shares, which add up to 1.
        of: what the whole is.
    """
    entries = [Entry(share.name, share.colour, kind="area") for _, shares in wholes for share in shares]
    content, y = legend(entries)
    left = max((words(name) for name, _ in wholes if name), default=-8) + 8
    texts = []
    for name, shares in wholes:
        if name:
            content += label(left - 6, y + 19, name, "end")
        x = left
        for share in shares:
            wide = (WIDTH - left) * share.share
            tip = element("title", clean(f"{share.name}: {share.share:.1%}"))
            content += element(
                "rect",
                tip,
                x=x,
                y=y + 4,
                width=max(wide, 0.5 if share.share else 0.0),
                height=22.0,
                fill=f"var(--{share.colour})",
            )
            text = f"{share.share:.0%}" if share.share >= 0.01 or not share.share else f"{share.share:.2g}"
            if wide > words(text) + 4:
                ink = "var(--ink)" if share.colour == "left" else "var(--card)"
                content += label(x + wide / 2, y + 19, text, "middle", fill=ink, font_weight=600)
            x += wide
        texts.append((f"{name}: " if name else "") + ", ".join(f"{s.name} {s.share:.1%}" for s in shares))
        y += 32
    return document(key, title, f"Shares of {of}. " + "; ".join(texts) + ".", y + 2, content)


def _scale(
    named: Sequence[Bar], limits: tuple[float, float] | None, kind: str, mark: tuple[float, str] | None
) -> Scale:
    if limits:
        return Scale(*limits, kind)
    ends = [end for bar in named for end in (bar.value, bar.low, bar.high, bar.best) if end is not None]
    ends += [mark[0]] if mark else []
    if kind == "log":
        return around(np.array(ends), "log", 0.1)
    low, high = min([0.0, *ends]), max([0.0, *ends])
    return Scale(low * 1.05, high * 1.05) if high > low else Scale(0.0, 1.0)


def _bar(bar: Bar, measure: Scale, top: float) -> str:
    """Draw one bar from 0, or from the left end of a logarithmic axis, with its interval."""
    tip = element("title", clean(f"{bar.name}: {told(bar)}"))
    if bar.value is None or not np.isfinite(bar.value):
        return ""

    def place(value: float) -> float:
        return _across(measure, value, clipped=True)

    start = _SIDE if measure.kind == "log" else place(0.0)
    # The logarithm of 0 has no place: nothing is drawn, the value stands beside.
    if measure.kind == "log" and bar.value <= 0:
        return ""
    end = place(bar.value)
    fill = f"var(--{bar.colour})"
    drawn = element("rect", tip, x=min(start, end), y=top, width=max(abs(end - start), 1.0), height=_BAR, fill=fill)
    middle = top + _BAR / 2
    if bar.value < measure.low or bar.value > measure.high:
        way = -1 if bar.value < measure.low else 1
        tip_of_arrow = f"M{end + 5 * way:.1f} {middle:.1f}l{-5 * way} -6v12z"
        drawn += element("path", d=tip_of_arrow, fill=fill)
    if bar.low is not None and bar.high is not None:
        low, high = place(bar.low), place(bar.high)
        caps = f"M{low:.1f} {middle:.1f}H{high:.1f}M{low:.1f} {middle - 4:.1f}v8M{high:.1f} {middle - 4:.1f}v8"
        drawn += element("path", d=caps, stroke="var(--ink)", stroke_width=1.4, fill="none")
    if bar.best is not None:
        drawn += element(
            "path", d=f"M{place(bar.best):.1f} {top - 3:.1f}v{_BAR + 6:g}", stroke="var(--oracle)", stroke_width=2.5
        )
    return drawn


def _across(measure: Scale, value: float, clipped: bool = False) -> float:
    """Return the place of a value from the left, in points; within the axis if `clipped`."""
    share = float(measure.at(np.array([value]))[0])
    return _SIDE + (WIDTH - 2 * _SIDE) * (min(max(share, 0.0), 1.0) if clipped else share)


def _axis(measure: Scale, tops: list[float], bottom: float, mark: tuple[float, str] | None) -> str:
    lines, texts, free = "", "", -1e9
    for value, text in measure.ticks(4):
        at = _across(measure, value)
        lines += _beside(at, tops)
        half = words(text) / 2
        # The marks at the ends stay within the picture.
        middle = min(max(at, half), WIDTH - half)
        if middle - half < free:
            continue
        free = middle + half + 4
        texts += label(middle, bottom + 16, text, "middle")
    zero = _SIDE if measure.kind == "log" else _across(measure, 0.0)
    content = element("path", d=lines, class_="grid") + texts
    content += element("path", d=_beside(zero, tops), class_="edge")
    if mark:
        at = _across(measure, mark[0])
        content += element("path", d=_beside(at, tops), stroke="var(--ink)", stroke_dasharray="3 2")
    return content


def _beside(at: float, tops: list[float]) -> str:
    """Return vertical strokes beside the bars alone, since names and values are written above them."""
    return "".join(f"M{at:.1f} {top - 3:.1f}v{_BAR + 6:g}" for top in tops)
