"""Stage `window`: `python -m pipeline.window DATASET`."""

from pipeline.common import command, errors
from pipeline.dataset import windowing

main = command.stage("window", "datasets", windowing.window)

if __name__ == "__main__":
    errors.run(main)
