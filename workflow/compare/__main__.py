"""Command line of the comparison: `python -m workflow.compare A B …` or `make compare OF="A B …"`."""

from __future__ import annotations

import argparse
from typing import NoReturn

from pipeline.common import errors
from pipeline.common.errors import UserError
from workflow.compare import FILE, compare

# Number of experiments printed in the terminal.
_SHOWN = 10


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError("python -m workflow.compare", "must be called as --help says", message, "See --help.")


def main(arguments: list[str]) -> None:
    """Write the comparison and print its summary."""
    parser = _Parser(prog="python -m workflow.compare", description=f"Write {FILE}.", allow_abbrev=False)
    parser.add_argument(
        "revision", nargs="*", help="`workspace`, a DVC experiment or a git revision; the first is the baseline"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="an experiment of params.yaml; may be repeated"
    )
    given = parser.parse_intermixed_args(arguments)
    summaries, same = compare(given.revision, given.only)
    for name, lines in list(summaries.items())[:_SHOWN]:
        print("\n  ".join([name, *lines]))
    if len(summaries) > _SHOWN:
        print(f"and {len(summaries) - _SHOWN} more")
    count = (
        f"{len(summaries)} of {len(summaries) + len(same)} experiments {'differs' if len(summaries) == 1 else 'differ'}"
    )
    print(f"{count}. The comparison: {FILE}")


if __name__ == "__main__":
    errors.run(main)
