"""Stage `leakage`: `python -m pipeline.leakage DATASET`."""

from pipeline.common import command, errors
from pipeline.leakage import stage

main = command.stage("leakage", "datasets", stage.leakage)

if __name__ == "__main__":
    errors.run(main)
