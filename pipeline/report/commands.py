"""The commands that a page prints beside the one of the diagnosis."""

from __future__ import annotations

import re


def again(name: str) -> str:
    """Return the command that runs what is missing or out of date for one experiment, up to its page."""
    return f"snakemake --cores 2 reports/experiments/{name}.html"


def compare(name: str, command: str) -> str:
    """Return the command that compares an experiment with the one that `dvc exp run -n NAME` saves; empty without."""
    saved = re.search(r"^dvc exp run -n ([a-z0-9_]+) ", command)
    return f'make compare OF="HEAD {saved[1]}" ONLY={name}' if saved else ""


def fix(name: str, command: str) -> str:
    """Return the command that tries the findings of an experiment; empty where the diagnosis has nothing to try."""
    return f"make fix NAME={name}" if command else ""
