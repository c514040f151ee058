"""Columns that a function of the user's makes from those of the file: `make try PREPARE=module:function`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError
from pipeline.series import listing, preparing
from pipeline.series.ids import Ids
from pipeline.series.settings import SettingError, similar
from workflow.tryout.clock import Clock
from workflow.tryout.columns import Columns
from workflow.tryout.proposal import Proposal
from workflow.tryout.rows import Choice


def columns(prepare: str, read: Clock, numbers: Columns, time: str | None, wanted: dict[str, str]) -> Columns:
    """Return the columns that the function makes, as the stage `raw` will make them of the copy.

    Args:
        prepare: `module:function` of pipeline/prepare/.
        read: the table in order.
        numbers: its columns of numbers.
        time: name of the column of times in the copy; None without one.
        wanted: the option that names a column, by the column.

    Raises:
        UserError: there is no such function, it fails, or does not make a column that the user names.
    """
    index = None if read.values is None else pd.DatetimeIndex(read.values, name=time)
    try:
        made, failed = preparing.columns(prepare, pd.DataFrame(numbers.values, index=index), _ids(read))
    except SettingError as error:
        raise UserError("PREPARE", error.rule, error.received, error.fix) from None
    for name, option in wanted.items():
        if name in failed:
            raise failed[name]
        if name not in made and (option != "TARGET" or name not in numbers.labels):
            fix = f"{similar(name, list(made))}It makes: {listing(list(made))}."
            raise UserError(option, f"must name a column that {prepare} makes", repr(name), fix)
    other = dict.fromkeys(failed, "is no column of finite numbers")
    labels = {name: cells for name, cells in numbers.labels.items() if name not in made | failed}
    return Columns(made, other | dict.fromkeys(labels, "holds text"), numbers.notes, labels=labels)


def _ids(read: Clock) -> Ids | None:
    """Return where the rows of each id are; the function runs on one after the other."""
    if read.id is None or read.ids is None:
        return None
    starts = np.flatnonzero(np.diff(read.ids, prepend=-1))
    names = read.table.column(read.id).iloc[starts]
    return Ids(read.id, [str(name) for name in names], starts.tolist())


def named(prepare: str, proposal: Proposal) -> Proposal:
    """Return the proposal with the function in its series."""
    path = f"pipeline/prepare/{prepare.partition(':')[0]}.py"
    why = f"makes the columns, in {path}; a proof shows whether it looks ahead"
    choices, reasons = [Choice("prepare", prepare, why), *proposal.choices], proposal.reasons | {"prepare": why}
    return replace(proposal, series={"prepare": prepare} | proposal.series, choices=choices, reasons=reasons)
