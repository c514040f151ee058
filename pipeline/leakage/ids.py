"""Ids: every window has the rows of one id, and no id is in two parts where the split holds whole ids out.

The check uses the first row of each id in data/raw/ and the starts in the window tables, not the functions that
divided the rows.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.leakage.proof import Proof, judge

_ABOUT = {
    False: "All rows of every window, targets included, are of one id.",
    True: "All rows of every window, targets included, are of one id, and no id is in two parts.",
}


class Windows(NamedTuple):
    """The ids of the windows of one part.

    Attributes:
        first: int64 [windows], the number of the id in which a window begins.
        last: int64 [windows], that in which its last target lies.
    """

    first: np.ndarray
    last: np.ndarray


def check(parts: dict[str, Windows], names: list[str], whole: bool, fold: int | None = None) -> Proof:
    """Check the ids of all windows of one fold.

    Args:
        parts: by part.
        names: the ids.
        whole: whether the split puts each id on one side.
        fold: number of the fold.

    Returns:
        The proof `ids`. Each line of `found` names an id.
    """
    found = []
    for kind, windows in parts.items():
        crossing = np.flatnonzero(windows.first != windows.last)
        if len(crossing):
            at = int(crossing[0])
            one, other = (names[int(each[at])] for each in (windows.first, windows.last))
            found.append(f"{len(crossing)} {kind} windows cross ids; the first is window {at}: {one} and {other}")
    for (earlier, a), (later, b) in itertools.combinations(parts.items(), 2):
        common = np.intersect1d(a.last, b.last)
        if whole and len(common):
            found.append(f"{len(common)} ids are in {earlier} and in {later}; the first is {names[int(common[0])]}")
    compared = {"windows": sum(len(each.first) for each in parts.values()), "ids": len(names)}
    return judge("ids", fold, compared, found, _ABOUT[whole])


def prove(p: dict[str, Any], name: str, fold: int, parts: dict[str, dataset.Part]) -> Proof:
    """Apply `check` to the window tables of one fold."""
    split = files.read_json(files.SPLIT / name / "split.json")["series"]
    ids = files.read_json(files.RAW / split["name"] / "series.json")["ids"]
    windows = {kind: _of(part, ids["starts"]) for kind, part in parts.items()}
    whole = p["datasets"][name]["split"]["scheme"] in ("groups", "sequences")
    return check(windows, ids["names"], whole, fold)


def _of(part: dataset.Part, starts: list[int]) -> Windows:
    spec, first = part.spec, np.asarray(part.table["start"])
    last = (first + spec.length + spec.rows_ahead - 1).clip(0, len(part.rows) - 1)
    rows = (np.asarray(spec.first_rows)[each] for each in (first, last))
    if spec.sequence_length:  # whole ids at equal distances
        return Windows(*(each // spec.sequence_length for each in rows))
    return Windows(*(np.searchsorted(starts, each, side="right") - 1 for each in rows))
