"""Stage `scale`: `python -m pipeline.scale DATASET`."""

from pipeline.common import command, errors
from pipeline.dataset import scaling

main = command.stage("scale", "datasets", scaling.scale)

if __name__ == "__main__":
    errors.run(main)
