"""`python -m pipeline.leaks`."""

from __future__ import annotations

from pipeline.common import costs, errors
from pipeline.common.errors import UserError
from pipeline.leaks.stage import leaks


def main(arguments: list[str]) -> None:
    """Write `reports/leaks.json`."""
    if arguments:
        raise UserError("python -m pipeline.leaks", "takes no argument", " ".join(arguments), "Leave it out.")
    with costs.record("leaks"):
        leaks()


if __name__ == "__main__":
    errors.run(main)
