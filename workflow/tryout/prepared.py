"""Columns that a function of the user's makes from those of the file: `make try PREPARE=module:function`."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from pipeline.common.errors import UserError
from pipeline.series import listing, preparing
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
    if read.id is not None:
        rule, fix = "must be left out where the file holds several series", f"Choose one: WHERE={read.id}=…."
        raise UserError("PREPARE", rule, f"{prepare}, with the ids in {read.id}", fix)
    index = None if read.values is None else pd.DatetimeIndex(read.values, name=time)
    try:
        made, failed = preparing.columns(prepare, pd.DataFrame(numbers.values, index=index))
    except SettingError as error:
        raise UserError("PREPARE", error.rule, error.received, error.fix) from None
    for name, option in wanted.items():
        if name in failed:
            raise failed[name]
        if name not in made:
            fix = f"{similar(name, list(made))}It makes: {listing(list(made))}."
            raise UserError(option, f"must name a column that {prepare} makes", repr(name), fix)
    other = dict.fromkeys(failed, "is no column of finite numbers")
    return Columns(made, other, numbers.notes)


def named(prepare: str, proposal: Proposal) -> Proposal:
    """Return the proposal with the function in its series."""
    path = f"pipeline/prepare/{prepare.partition(':')[0]}.py"
    why = f"makes the columns, in {path}; a proof shows whether it looks ahead"
    choices, reasons = [Choice("prepare", prepare, why), *proposal.choices], proposal.reasons | {"prepare": why}
    return replace(proposal, series={"prepare": prepare} | proposal.series, choices=choices, reasons=reasons)
