"""Stage `train`: `python -m pipeline.train EXPERIMENT`."""

from pipeline.common import command, errors
from pipeline.network import training

main = command.stage("train", "experiments", training.train)

if __name__ == "__main__":
    errors.run(main)
