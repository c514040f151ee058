"""`make demo`: one experiment of params.yaml on a series that needs no download, its verdict and its page."""

from __future__ import annotations

import sys

from pipeline.common import errors
from workflow.arguments import Parser, add_cores
from workflow.tryout import running, screen

NAME = "co2_lstm"
_DESCRIPTION = f"""Train and diagnose {NAME}: an LSTM on the weekly CO2 at Mauna Loa since 1958, which ships with
statsmodels. It fits the years that it saw and fails later, and the verdict says why."""
_STORY = f"{NAME}: an LSTM predicts the weekly CO2 at Mauna Loa in years later than those it was trained on.\n"


def main(arguments: list[str]) -> None:
    """Run the demo; the run prints the verdict."""
    parser = Parser(prog="python -m workflow.demo", description=_DESCRIPTION)
    add_cores(parser)
    cores = parser.parse_args(arguments).cores
    screen.line(_STORY)
    try:
        running.run(NAME, cores)
    except KeyboardInterrupt:
        screen.line("Stopped. The same command goes on.")
        sys.exit(130)
    screen.line("\nYour own file: make try FILE=mine.csv TARGET=load")


if __name__ == "__main__":
    errors.run(main)
