"""Stage `evaluate`: `python -m pipeline.evaluate EXPERIMENT`."""

from pipeline.common import command, errors
from pipeline.evaluate import stage

main = command.stage("evaluate", "experiments", stage.evaluate)

if __name__ == "__main__":
    errors.run(main)
