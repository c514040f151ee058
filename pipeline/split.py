"""Stage `split`: `python -m pipeline.split DATASET`."""

from __future__ import annotations

from pipeline.common import costs, errors, params
from pipeline.dataset import splitting


def main(arguments: list[str]) -> None:
    """Run the stage for the dataset that the arguments name."""
    name = params.name_of(arguments, "datasets")
    with costs.record(f"split@{name}"):
        splitting.split(params.load(), name)


if __name__ == "__main__":
    errors.run(main)
