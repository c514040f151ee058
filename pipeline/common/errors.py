"""Errors for users: one line with the place, the rule, the value received and the fix."""

from __future__ import annotations

import os
import sys
import traceback
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

# Code that users write: an exception there is theirs to fix.
_OWN_CODE = [Path(__file__).resolve().parents[1] / room for room in ("architectures", "prepare", "sources")]
# Characters that a terminal acts on or that change the order of others: controls, formats, separators of lines.
_ACTING = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
_LONGEST = 300


class UserError(Exception):
    """An error that the user can fix. Shown as one line, without a traceback; the process exits with 2.

    Args:
        place: the parameter, or the file with its row and column; shown in backticks.
        rule: the words that follow the place ("must be a whole number, 0 or more").
        received: the value that breaks the rule.
        fix: what to do about it, as a full sentence.
        where: file and line of the place, if it is a parameter ("params.yaml, line 12").
    """

    def __init__(self, place: str, rule: str, received: object, fix: str, where: str = "") -> None:
        self.place, self.rule, self.received, self.fix, self.where = place, rule, str(received), fix, where
        located = f" ({where})" if where else ""
        # A message of another library may end its own sentence.
        sentence = self.received.rstrip(".") if " " in self.received.strip() else self.received
        super().__init__(harmless(f"`{place}`{located} {rule}. Received: {sentence}. {fix}"))

    def at(self, where: str) -> UserError:
        """Return the same error with file and line."""
        return UserError(self.place, self.rule, self.received, self.fix, where)


def harmless(text: str) -> str:
    r"""Return text as one line; characters that a terminal would act on are written out, as in \x1b or \u202e."""
    return escaped(" ".join(text.split()))


def escaped(text: str) -> str:
    """Return text with every character written out that a terminal would act on; spaces stay."""
    return "".join(
        repr(character)[1:-1] if unicodedata.category(character) in _ACTING else character for character in text
    )


def in_own_code(error: BaseException) -> UserError | None:
    """Return the line for an exception that arose in the user's code (`_OWN_CODE`); None if it arose elsewhere."""
    if isinstance(error, SyntaxError) and error.filename and _own(error.filename):
        return not_python(Path(error.filename), error)
    line = own_line(error)
    if line is None:
        return None
    fix = "Correct that line."
    if isinstance(error, ImportError):
        fix = "Correct the name, or install the package in the environment; networks are built with Keras."
    return UserError(line, "must run without an exception", shown(error), fix)


def own_line(error: BaseException) -> str | None:
    """Return file and line of the last place in the user's code that an exception went through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _own(frame.filename)]
    return f"{_relative(frames[-1].filename)}, line {frames[-1].lineno}" if frames else None


def not_python(path: Path, error: SyntaxError) -> UserError:
    """Return the line for a file that Python cannot read."""
    where = f"{_relative(str(path))}, line {error.lineno}"
    return UserError(where, "must be Python", f"{type(error).__name__}: {error.msg}", "Correct that line.")


def shown(error: BaseException) -> str:
    """Return an exception as its type and message, in one line of bounded length."""
    text = harmless(f"{type(error).__name__}: {error}".rstrip(": "))
    return (text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…").rstrip(".")


def run(main: Callable[[list[str]], None]) -> NoReturn:
    """Run a command's `main` with its arguments; a `UserError` becomes one line on stderr and exit code 2.

    So does an exception in the user's code; its traceback is printed above the line.
    """
    try:
        main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough. Python must not flush the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        line = error if isinstance(error, UserError) else in_own_code(error)
        if line is None:
            raise
        sys.stdout.flush()
        if line is not error:
            traceback.print_exception(error)
        print(line, file=sys.stderr, flush=True)
        sys.exit(2)
    sys.exit(0)


def _own(filename: str) -> bool:
    return Path(filename).resolve().parent in _OWN_CODE


def _relative(filename: str) -> str:
    return "/".join(["pipeline", *Path(filename).parts[-2:]])
