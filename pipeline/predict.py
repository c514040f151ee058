"""Stage `predict`: `python -m pipeline.predict EXPERIMENT`."""

from pipeline.common import command, errors
from pipeline.network import predicting

main = command.stage("predict", "experiments", predicting.predict)

if __name__ == "__main__":
    errors.run(main)
