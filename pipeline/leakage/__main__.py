"""`python -m pipeline.leakage DATASET`."""

from __future__ import annotations

from pipeline.common import costs, errors, params
from pipeline.leakage.stage import leakage


def main(arguments: list[str]) -> None:
    """Check the dataset that the command line names."""
    name = params.name_of(arguments, "datasets")
    with costs.record(f"leakage@{name}"):
        leakage(params.load(), name)


if __name__ == "__main__":
    errors.run(main)
