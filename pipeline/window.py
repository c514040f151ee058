"""Stage `window`: `python -m pipeline.window DATASET`."""

from __future__ import annotations

from pipeline.common import costs, errors, params
from pipeline.dataset import windowing


def main(arguments: list[str]) -> None:
    """Run the stage for the dataset that the arguments name."""
    name = params.name_of(arguments, "datasets")
    with costs.record(f"window@{name}"):
        windowing.window(params.load(), name)


if __name__ == "__main__":
    errors.run(main)
