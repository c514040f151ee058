"""Command line of the stage: `python -m pipeline.report`."""

from __future__ import annotations

from pipeline.common import costs, errors, params
from pipeline.common.errors import UserError
from pipeline.report.stage import report


def main(arguments: list[str]) -> None:
    """Run the stage."""
    if arguments:
        raise UserError("python -m pipeline.report", "takes no argument", " ".join(arguments), "Leave it out.")
    with costs.record("report"):
        report(params.load())


if __name__ == "__main__":
    errors.run(main)
