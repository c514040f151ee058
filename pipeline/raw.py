"""Stage `raw`: `python -m pipeline.raw SERIES`."""

from pipeline.common import command, errors
from pipeline.series import reading

main = command.stage("raw", "series", reading.raw)

if __name__ == "__main__":
    errors.run(main)
