"""Stage `backends`: `python -m pipeline.backends`."""

from pipeline.common import backends, command, errors

main = command.stage("backends", None, backends.write)

if __name__ == "__main__":
    errors.run(main)
