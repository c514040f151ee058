"""`python -m pipeline.calibrate`."""

from __future__ import annotations

from pipeline.calibrate.stage import calibrate
from pipeline.common import costs, errors, files, params


def main(arguments: list[str]) -> None:
    """Write `reports/calibration.json`."""
    from threadpoolctl import threadpool_limits

    with costs.record("calibrate"), threadpool_limits(1):
        files.write_json(files.CALIBRATION, calibrate(**params.load()["calibration"]))


if __name__ == "__main__":
    errors.run(main)
