"""Stage `baselines`: `python -m pipeline.baselines DATASET`."""

from pipeline.baselines import stage
from pipeline.common import command, errors

main = command.stage("baselines", "datasets", stage.baselines)

if __name__ == "__main__":
    errors.run(main)
