"""Pictures of rows: how they are divided into parts, and where a missing cell is."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from pipeline.report.pictures.chart import Chart
from pipeline.report.pictures.scales import Scale, seconds
from pipeline.report.pictures.svg import Picture

# Steps of the calendar, in NumPy's units.
_UNITS = {
    "second": (1, "s"),
    "minute": (1, "m"),
    "hour": (1, "h"),
    "day": (1, "D"),
    "week": (1, "W"),
    "month": (1, "M"),
    "quarter": (3, "M"),
    "year": (1, "Y"),
}
_PARTS = ("train", "validation", "test")


def parts(evaluation: dict[str, Any]) -> Picture:
    """Draw the parts of each fold as bars, one line per fold.

    Args:
        evaluation: output of the stage `evaluate`.
    """
    split = evaluation["split"]
    folds = split["folds"]
    x, times = _axis(split)
    names = [(float(-k), f"fold {k + 1}") for k in range(len(folds))] if len(folds) > 1 else []
    chart = Chart(x, Scale(0.5 - len(folds), 0.5), _time_label(evaluation), height=26.0 * len(folds) + 6, y_names=names)
    texts, listed = [], set()
    for line, fold in enumerate(folds):
        for part in _PARTS:
            if fold[part] is None:
                continue
            intervals, context = fold[part]["intervals"], fold[part].get("context", 0)
            if isinstance(context, list):
                # Of several ids each reads a few rows of its own: they are left out of the bars.
                intervals = [[start + rows, stop] for (start, stop), rows in zip(intervals, context, strict=True)]
                context = 0
            bars = _merged(intervals)
            name = "" if part in listed else part
            listed.add(part)
            # Under `carry`, a part may also read rows of earlier parts: they are drawn thinner, below.
            if context:
                start, stop = bars[0]
                chart.area((times(start), times(start + context)), (-line - 0.46, -line - 0.32), "", part)
                bars[0] = (start + context, stop)
            for start, stop in bars:
                chart.area((times(start), times(stop)), (-line - 0.26, -line + 0.4), name, part)
                name = ""
            texts.append(
                (f"fold {line + 1}, " if len(folds) > 1 else "")
                + f"{part}: rows "
                + ", ".join(f"{start:,} to {stop - 1:,}" for start, stop in bars[:3])
                + ("" if len(bars) <= 3 else f" and {len(bars) - 3:,} more intervals")
            )
    title = "How the rows are divided"
    return Picture(
        title, chart.svg(f"{evaluation['experiment']}-parts", title, "; ".join(texts) + "."), _caption(evaluation)
    )


def missing_cell(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw which training windows and batches read the first cell that is not finite.

    Args:
        diagnosis: output of the stage `diagnose`, with `split` of the evaluation, for the time of the row, if known.
    """
    found = diagnosis["facts"]["data"]["nonfinite"]
    if not found:
        return None
    windows, size = (
        diagnosis["facts"]["data"]["windows"]["train"],
        diagnosis["facts"]["experiment"]["training"]["batch_size"],
    )
    chart = Chart(
        Scale(0.0, float(windows)), Scale(0.0, 1.0), "training window, in time order", height=24.0, y_names=[]
    )
    chart.area((0.0, float(windows)), (0.15, 0.85), "reads finite cells alone", "left")
    first, count = found["window"], found["windows"]
    # Windows that read one cell are neighbours; of several cells only the first one's place is known.
    together = count if found["cells"] + found["targets"] <= 1 else 1
    name = f"the first that reads one: window {first:,}"
    chart.area((float(first), float(first + together)), (0.0, 1.0), name, "reference")
    chart.upright(first + together / 2, "", "reference")
    when = time_of(diagnosis["split"], found["row"]) if diagnosis.get("split") else None
    place = f"row {found['row']:,}{f' ({when})' if when else ''}, column {found['column']}"
    title = f"Where the first missing or infinite cell is: {place}"
    cells = f"{found['cells']:,} input cell{'' if found['cells'] == 1 else 's'} and {found['targets']:,} targets"
    text = (
        f"{title}. {cells} are not finite; {count:,} of {windows:,} training windows read one, the first is {first:,}."
    )
    caption = f"{cells[0].upper()}{cells[1:]} are not finite. {count:,} of {windows:,} training windows read one. "
    if found["batch"] is not None:
        batches = -(-windows // size)
        caption += (
            f"Training meets one in batch {found['batch'] + 1:,} of the {batches:,} batches of the first epoch; "
            "the update of that batch can make every weight NaN."
        )
    return Picture(title, chart.svg(f"{diagnosis['experiment']}-missing", title, text), caption.strip())


def time_of(split: dict[str, Any], row: int) -> str | None:
    """Return the time of a row in ISO 8601; None where the step does not tell it, as with holes.

    Args:
        split: `split` of an evaluation.
        row: of the series, from 0.
    """
    known = split.get("time") or {}
    step = re.fullmatch(r"(\d+) (.+?)s?", known.get("step") or "")
    if not step or step[2] not in _UNITS:
        return None
    size, unit = _UNITS[step[2]]
    first = np.datetime64(known["first"], "s")
    whole = first.astype(f"datetime64[{unit}]")

    def at(place: int) -> np.datetime64:
        moved = whole + np.int64(place * size * int(step[1])).astype(f"timedelta64[{unit}]")
        return moved.astype("datetime64[s]") + (first - whole.astype("datetime64[s]"))

    # The last row shows whether all steps have the usual length.
    if at(split["rows"] - 1) != np.datetime64(known["last"], "s"):
        return None
    return str(at(row)).replace("T", " ").removesuffix(":00").removesuffix(" 00:00")


def _axis(split: dict[str, Any]) -> tuple[Scale, Any]:
    """Return the scale of the rows, in time if it is known, and a function from rows to it."""
    rows, known = split["rows"], split.get("axis")
    if not known:
        return Scale(0.0, float(rows)), float
    at, places = np.array(known["rows"], dtype=float), seconds(known["time"])
    return Scale(float(places[0]), float(places[-1]), "time"), lambda row: float(np.interp(row, at, places))


def _time_label(evaluation: dict[str, Any]) -> str:
    return "time" if evaluation["split"].get("axis") else "row of the series"


def _merged(intervals: list[list[int]]) -> list[tuple[int, int]]:
    """Merge adjacent intervals: 45 sequences side by side are one bar."""
    merged: list[list[int]] = []
    for start, stop in sorted(intervals):
        if merged and merged[-1][1] == start:
            merged[-1][1] = stop
        else:
            merged.append([start, stop])
    return [(start, stop) for start, stop in merged]


def _caption(evaluation: dict[str, Any]) -> str:
    folds, policy = len(evaluation["split"]["folds"]), evaluation["split"]["policy"]
    gap = evaluation["split"]["gap"]
    text = f"How the {evaluation['split']['rows']:,} rows are divided, in time order. "
    if ids := evaluation.get("ids"):
        text = f"How the {evaluation['split']['rows']:,} rows of {len(ids['starts']):,} ids are divided, id after id. "
    if evaluation["sequence_length"]:
        text = f"How the {evaluation['split']['rows'] // evaluation['sequence_length']:,} sequences are divided. "
    text += f"{folds} folds, each scored on its own test rows. " if folds > 1 else ""
    text += f"{gap} rows between two parts belong to neither. " if gap else ""
    if policy == "carry":
        return (
            f"{text}{_season(evaluation['split'])}"
            "The thin strip marks rows of an earlier part that a later part may read as inputs, never as targets."
        )
    return f"{text}{_season(evaluation['split'])}No row is in two parts."


def _season(split: dict[str, Any]) -> str:
    """Describe the step of the rows, how holes were treated, and the season of the training rows; each with a space."""
    time, season, text = split["time"], split["season"], ""
    if time and time["step"]:
        text = f"The rows are {time['step']} apart. "
        holes = f"{time['holes']:,} hole{'' if time['holes'] == 1 else 's'}"
        holes += f" and {time['early']:,} row{'' if time['early'] == 1 else 's'} too early" if time["early"] else ""
        text += {
            "insert": f"Rows of missing cells fill {holes}. ",
            "cut": f"No window crosses {holes}. ",
            "irregular": f"They are declared irregular: {holes} are taken as steps like the others. ",
        }.get(time["treated"], "")
    if not season:
        return text
    given, own, visible = season["given"], season["autocorrelation"], season["visible"]
    best = season["visible_autocorrelation"]
    if visible and not given:
        text += f"A season of {visible:,} rows is visible in the training rows (autocorrelation {best:.2f}), but "
        text += "`period` is not set. "
    elif visible and own is not None and best is not None and own < best - 0.1:
        text += f"`period` is {given:,} (autocorrelation {own:.2f}); in the training rows a season of {visible:,} rows "
        text += f"is more visible ({best:.2f}). "
    elif given and own is not None and own < 0.1:
        text += f"`period` is {given:,}, but the training rows show no such season (autocorrelation {own:.2f}). "
    return text
