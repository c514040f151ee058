"""Stage `report`: `python -m pipeline.report`."""

from pipeline.common import command, errors
from pipeline.report import stage

main = command.stage("report", None, stage.report)

if __name__ == "__main__":
    errors.run(main)
