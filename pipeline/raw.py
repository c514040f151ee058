"""Stage `raw`: `python -m pipeline.raw SERIES`."""

from __future__ import annotations

from pipeline.common import costs, errors, params
from pipeline.series import reading


def main(arguments: list[str]) -> None:
    """Run the stage for the series that the arguments name."""
    name = params.name_of(arguments, "series")
    with costs.record(f"raw@{name}"):
        settings = params.load()["series"][name]
        reading.write(name, reading.read(name, settings), settings)


if __name__ == "__main__":
    errors.run(main)
