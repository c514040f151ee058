"""Stage `train`: `python -m pipeline.train EXPERIMENT`."""

from __future__ import annotations

from pipeline.common import costs, errors, params
from pipeline.network import training


def main(arguments: list[str]) -> None:
    """Run the stage for the experiment that the arguments name."""
    name = params.name_of(arguments, "experiments")
    with costs.record(f"train@{name}"):
        training.train(params.load(), name)


if __name__ == "__main__":
    errors.run(main)
