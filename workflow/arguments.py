"""Command lines of `workflow/`: errors in one line, and options that several commands have."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from pipeline.common.errors import UserError


class Parser(argparse.ArgumentParser):
    """A parser that raises `UserError`, and takes no abbreviations of options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False} | settings)

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the command line."""
        raise UserError(self.prog, "must be called as --help says", message, "See --help.")


def add_cores(parser: argparse.ArgumentParser) -> None:
    """Add `--cores`, for Snakemake."""
    parser.add_argument("--cores", default="all", type=_cores, help="cores, for Snakemake (%(default)s)")


def _cores(text: str) -> str:
    if text != "all" and not (text.isdigit() and int(text)):
        raise UserError("CORES", "must be a whole number above 0, or all", text, "For example CORES=2 or --cores 2.")
    return text
