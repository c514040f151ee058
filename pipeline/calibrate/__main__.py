"""Stage `calibrate`: `python -m pipeline.calibrate`."""

from pipeline.calibrate import stage
from pipeline.common import command, errors

main = command.stage("calibrate", None, stage.calibrate)

if __name__ == "__main__":
    errors.run(main)
