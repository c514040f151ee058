"""Prepare: a function of the user's that makes columns never looks ahead (`pipeline.series.looking_ahead`).

The stage `raw` runs it again, on first rows alone and with later rows replaced, and writes down what changed.
"""

from __future__ import annotations

from typing import Any

from pipeline.common import files
from pipeline.leakage.proof import Proof, judge, not_applicable
from pipeline.series import looking_ahead

_NONE = "The columns of the series are those of its source: `series.X.prepare` names no function that makes others."


def prove(series: str) -> Proof:
    """Return the proof `prepare` of a series; not applicable where it has no such function."""
    path = files.RAW / series / looking_ahead.FILE
    return judged(files.read_json(path)) if path.is_file() else not_applicable("prepare", None, _NONE)


def judged(record: dict[str, Any]) -> Proof:
    """Return the proof of what `looking_ahead.look_ahead` wrote down."""
    ids = record.get("ids")
    each = f" in each of {len(ids)} ids: {', '.join(ids)}" if ids else ""
    about = (
        f"`{record['function']}` ran on the first t rows alone, and with every later row replaced, for several t"
        f"{each}. The first t rows of {', '.join(record['columns'])} stay the same."
    )
    compared = {key: record[key] for key in ("prefixes", "replacements", "cells")} | ({"ids": len(ids)} if ids else {})
    return judge("prepare", None, compared, record["found"], about)
