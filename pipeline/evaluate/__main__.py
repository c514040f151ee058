"""`python -m pipeline.evaluate EXPERIMENT`."""

from __future__ import annotations

from pipeline.common import costs, errors, params
from pipeline.evaluate.stage import evaluate


def main(arguments: list[str]) -> None:
    """Evaluate the experiment that the command line names."""
    name = params.name_of(arguments, "experiments")
    with costs.record(f"evaluate@{name}"):
        evaluate(params.load(), name)


if __name__ == "__main__":
    errors.run(main)
