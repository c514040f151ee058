"""Command line of `make forget`: `python -m workflow.forget NAME`."""

from __future__ import annotations

from pipeline.common import errors
from workflow.arguments import Parser
from workflow.forget import forgetting

_DESCRIPTION = """Undo `make try` or `make check` for an experiment: its entries in params.yaml, to the byte, its
results, and the tracked copies of its files. What another entry uses stays. The files that were given are never
touched."""


def main(arguments: list[str]) -> None:
    """Forget the experiment that the arguments name."""
    parser = Parser(prog="python -m workflow.forget", description=_DESCRIPTION)
    parser.add_argument("name", metavar="NAME", help="of the experiment, as in `make forget NAME=mine`")
    for line in forgetting.forget(parser.parse_args(arguments).name):
        print(line)


if __name__ == "__main__":
    errors.run(main)
