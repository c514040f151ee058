"""Stage `split`: `python -m pipeline.split DATASET`."""

from pipeline.common import command, errors
from pipeline.dataset import splitting

main = command.stage("split", "datasets", splitting.split)

if __name__ == "__main__":
    errors.run(main)
