"""Stage `diagnose`: `python -m pipeline.diagnose EXPERIMENT`."""

from pipeline.common import command, errors
from pipeline.diagnose import stage

main = command.stage("diagnose", "experiments", stage.diagnose)

if __name__ == "__main__":
    errors.run(main)
