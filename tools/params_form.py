"""`python -m tools.params_form [FILE]`: write params.yaml in the form in which `dvc exp run -S` leaves it."""

from __future__ import annotations

from pathlib import Path

from pipeline.common import errors, params, yaml_text
from workflow.params_form import formed


def main(arguments: list[str]) -> None:
    """Form the file that is named, or params.yaml."""
    path = Path(arguments[0]) if arguments else params.FILE
    text = yaml_text.read(path)
    new = formed(text)
    if new != text:
        path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    errors.run(main)
