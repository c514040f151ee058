"""What an architecture is to the rest: the shape it is built for, and the options that its builder takes.

Options are read from the builder's source, so that checking them needs no network library.
"""

from __future__ import annotations

import ast
import difflib
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.common.errors import UserError

FOLDER = Path(__file__).parents[1] / "architectures"
_OWN_KEYS = ("name", "builder")


class Shape(NamedTuple):
    """What a dataset asks of a network: it takes `[batch, length, features]` and gives `[batch, outputs]`."""

    length: int
    features: int
    outputs: int
    batch_size: int | None = None  # a number: the recurrent layers are stateful, and every batch has this many rows


def locate(place: str, architecture: dict[str, Any]) -> tuple[Path, str]:
    """File and function of the builder that `architecture` names.

    `name` is a file of pipeline/architectures/ and its function `build`; `builder: module:function` picks another
    function of that same file, for DVC watches it by its name.
    """
    name = architecture["name"]
    path = FOLDER / f"{name}.py"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "__init__"))
        raise UserError(f"{place}.name", "must be a file of pipeline/architectures/", name, f"Known: {known}.")
    module, _, function = architecture.get("builder", f"{name}:build").partition(":")
    if module not in (name, f"pipeline.architectures.{name}"):
        raise UserError(
            f"{place}.builder",
            f"must name a function of pipeline/architectures/{name}.py",
            architecture["builder"],
            f"Write {name}:{function}.",
        )
    return path, function


def options(path: Path, function: str) -> list[str] | None:
    """Names of the builder's keyword options, in order; None if the file defines no such function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return [a.arg for a in [*node.args.args[1:], *node.args.kwonlyargs]]
    return None


def check(place: str, architecture: dict[str, Any]) -> None:
    """Refuse an architecture whose file, function or options do not exist.

    Raises:
        UserError: with the names that would do.
    """
    path, function = locate(place, architecture)
    known = options(path, function)
    if known is None:
        raise UserError(
            f"{place}.builder",
            f"must be defined in pipeline/architectures/{path.name}",
            function,
            "Write a function of that name there.",
        )
    for key in architecture:
        if key not in _OWN_KEYS and key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            mend = f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(known) or 'none'}."
            raise UserError(f"{place}.{key}", f"is not an option of `{path.stem}:{function}`", architecture[key], mend)
