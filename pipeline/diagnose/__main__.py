"""`python -m pipeline.diagnose EXPERIMENT`."""

from __future__ import annotations

from pipeline.common import costs, errors, params
from pipeline.diagnose.stage import diagnose


def main(arguments: list[str]) -> None:
    """Diagnose the experiment that the command line names."""
    name = params.name_of(arguments, "experiments")
    with costs.record(f"diagnose@{name}"):
        diagnose(params.load(), name)


if __name__ == "__main__":
    errors.run(main)
