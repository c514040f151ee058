"""Command line of the fix: `python -m workflow.fix NAME` or `make fix NAME=…`."""

from __future__ import annotations

import sys

from pipeline.common import errors
from pipeline.common.errors import UserError
from workflow.arguments import Parser, add_cores
from workflow.fix import loop
from workflow.fix.loop import Limits

_DESCRIPTION = """Apply the settings that the findings of an experiment name, one after the other, and keep those that
help on its validation windows. The result is the experiment NAME_fixed in params.yaml, with its difference on the
test windows, and reports/fixes/NAME.json. See docs/fix.md."""


def main(arguments: list[str]) -> None:
    """Fix the experiment that the arguments name, and print every round."""
    default = Limits()
    parser = Parser(prog="python -m workflow.fix", description=_DESCRIPTION)
    parser.add_argument("name", metavar="NAME", help="an experiment of params.yaml")
    parser.add_argument(
        "--minutes", type=float, default=default.minutes, help="no candidate starts that would end later (%(default)g)"
    )
    parser.add_argument("--rounds", type=int, default=default.rounds, help="rounds at most (%(default)s)")
    parser.add_argument(
        "--candidates", type=int, default=default.candidates, help="candidates per round at most (%(default)s)"
    )
    add_cores(parser)
    parser.add_argument("--replace", action="store_true", help="replace an earlier NAME_fixed")
    given = parser.parse_args(arguments)
    for option, value in (("minutes", given.minutes), ("rounds", given.rounds), ("candidates", given.candidates)):
        if not value > 0:
            raise UserError(f"--{option}", "must be above 0", value, f"For example --{option} 3.")
    limits = Limits(given.minutes, given.rounds, given.candidates)
    try:
        loop.fix(given.name, limits, given.cores, given.replace, lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        print(f"Stopped. Run it again to go on: finished candidates of {given.name} are in DVC's cache.")
        sys.exit(130)


if __name__ == "__main__":
    errors.run(main)
