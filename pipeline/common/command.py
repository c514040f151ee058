"""The command line of a stage: its argument, its parameters and its cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.common import costs, params, run
from pipeline.common.errors import UserError


def stage(kind: str, level: str | None, compute: Callable[..., Any]) -> Callable[[list[str]], None]:
    """Return the `main` of a stage.

    Args:
        kind: of the stage.
        level: level of params.yaml whose name is the one argument: series, datasets, experiments; None for no argument.
        compute: computes the stage from the parameters and, where there is one, the name.
    """

    def main(arguments: list[str]) -> None:
        if level is None and arguments:
            raise UserError(f"python -m pipeline.{kind}", "takes no argument", " ".join(arguments), "Leave it out.")
        run.require_none_elsewhere()
        names = [] if level is None else [params.name_of(arguments, level)]
        try:
            with costs.record("@".join([kind, *names])) as about:
                p = params.load()
                about["size"] = p["size"]
                compute(p, *names)
        except UserError as error:
            raise params.located(error) from error

    return main
