"""Stage `page`: `python -m pipeline.page EXPERIMENT`."""

from pipeline.common import command, errors
from pipeline.report import page

main = command.stage("page", "experiments", page.page)

if __name__ == "__main__":
    errors.run(main)
