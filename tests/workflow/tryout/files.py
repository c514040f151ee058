"""Hostile files: a seasonal series, written in the ways that people and programs write tables."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROWS = 400


def season(rows: int = ROWS, period: int = 7) -> np.ndarray:
    """A clear season with a little noise, between 50 and 150."""
    noise = np.random.default_rng(0).normal(0, 3, rows)
    return 100 + 40 * np.sin(2 * np.pi * np.arange(rows) / period) + noise


def days(rows: int = ROWS, step: str = "D") -> pd.DatetimeIndex:
    return pd.date_range("2019-01-01", periods=rows, freq=step)


def table(
    form: str = "%Y-%m-%d", step: str = "D", rows: int = ROWS, number: Callable[[float], str] = lambda x: f"{x:.4f}"
) -> list[list[str]]:
    """Records of two columns, without a header."""
    times, values = days(rows, step), season(rows)
    return [[when.strftime(form), number(value)] for when, value in zip(times, values, strict=True)]


def text(records: list[list[str]], separator: str = ",", header: str | None = "date,load", end: str = "\n") -> str:
    lines = [] if header is None else [header.replace(",", separator)]
    return end.join([*lines, *(separator.join(record) for record in records)]) + end


def german(value: float) -> str:
    """As in 1.234,50."""
    return f"{value:,.2f}".replace(",", "#").replace(".", ",").replace("#", ".")


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def cells(rows: int = ROWS) -> list[list[Any]]:
    """Records as a workbook types them."""
    start = datetime.datetime(2019, 1, 1)
    return [[start + datetime.timedelta(days=i), float(value)] for i, value in enumerate(season(rows))]
