"""Errors for users: one line with the place, the rule, the value received and the fix."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn


class UserError(Exception):
    """An error that the user can fix. Shown as one line, without a traceback; the process exits with 2.

    Args:
        place: the parameter, or the file with its row and column; shown in backticks.
        rule: the words that follow the place ("must be a whole number, 0 or more").
        received: the value that breaks the rule.
        fix: what to do about it, as a full sentence.
    """

    def __init__(self, place: str, rule: str, received: object, fix: str) -> None:
        line = f"`{place}` {rule}. Received: {received}. {fix}"
        super().__init__(" ".join(line.split()))


def run(main: Callable[[list[str]], None]) -> NoReturn:
    """Run a command's `main` with its arguments; a `UserError` becomes one line on stderr and exit code 2."""
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.stdout.flush()
        print(error, file=sys.stderr, flush=True)
        sys.exit(2)
    sys.exit(0)
