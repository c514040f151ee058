"""What `make try` shows and asks. Plain lines in a pipe; names of columns are never taken for markup."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.prompt import Prompt
from rich.table import Table
from rich.text import Text

from pipeline.common.errors import escaped
from workflow.tryout.rows import Choice


def is_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def line(text: str) -> None:
    """Print lines; control characters in names of files and columns are written out."""
    print("\n".join(map(escaped, text.split("\n"))), flush=True)


def reading(path: Path, notes: list[str]) -> None:
    """Show how a file was read."""
    line(f"{path}: {'; '.join(notes) if notes else 'commas, decimal points, times in ISO 8601'}.")


def choices(made: list[Choice]) -> None:
    """Show every decision with its reason: a table on a terminal, a line each in a pipe."""
    if not sys.stdout.isatty():
        width = max(len(choice.what) for choice in made)
        for choice in made:
            line(
                f"  {choice.what:<{width}}  {choice.value}  ({choice.why})"
                if choice.why
                else f"  {choice.what:<{width}}  {choice.value}"
            )
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style="bold", overflow="fold", max_width=32)
    table.add_column(overflow="fold")
    for choice in made:
        table.add_row(*(Text(escaped(each)) for each in (choice.what, choice.value, choice.why)))
    Console(highlight=False).print(table)


def ask(columns: list[str]) -> str:
    """Ask which column to predict."""
    console = Console(highlight=False)
    console.print("Which column shall be predicted?")
    for number, name in enumerate(columns, 1):
        console.print(Text(escaped(f"  {number:>2}  {name}")))
    numbers = [str(number) for number in range(1, len(columns) + 1)]
    answer = Prompt.ask("Number", choices=numbers, show_choices=False, console=console)
    return columns[int(answer) - 1]
