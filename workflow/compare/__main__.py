"""Command line of the comparison: `python -m workflow.compare A B …` or `make compare OF="A B …"`."""

from __future__ import annotations

from pipeline.common import errors
from workflow.arguments import Parser
from workflow.compare import FILE, compare

# Number of experiments printed in the terminal.
_SHOWN = 10


def main(arguments: list[str]) -> None:
    """Write the comparison and print its summary."""
    parser = Parser(prog="python -m workflow.compare", description=f"Write {FILE}.")
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
