"""Architectures as the rest of the project sees them: their shape, their files and the options of their builders.

Options are read from the source of the builder, so that checking them imports no network library.
"""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.common.errors import UserError, not_python
from pipeline.common.explaining import as_yaml, suggestion

FOLDER = Path(__file__).parents[1] / "architectures"
_OWN_KEYS = ("name", "builder")


class Shape(NamedTuple):
    """Shape of a network: from `[batch, length, features]` to `[batch, outputs]`."""

    length: int
    features: int
    outputs: int
    batch_size: int | None = None  # if given, recurrent layers are stateful and every batch has so many rows
    # The feature that is the target, if its last value is in the units of the outputs; None otherwise.
    level: int | None = None
    padded: bool = False  # whether windows may begin with rows of padding, 0 in every feature as no other row is


def locate(place: str, architecture: dict[str, Any]) -> tuple[Path, str]:
    """Return the file and the function of the builder that `architecture` names.

    `name` is a file of pipeline/architectures/ with a function `build`. `builder: module:function` chooses another
    function of the same file: DVC tracks the file by `name`.

    Raises:
        UserError: there is no such file, or `builder` names another one.
    """
    name = architecture["name"]
    path = FOLDER / f"{name}.py"
    if not path.is_file():
        known = sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "__init__")
        raise UserError(f"{place}.name", "must be a file of pipeline/architectures/", name, suggestion(name, known))
    module, _, function = architecture.get("builder", f"{name}:build").partition(":")
    if module not in (name, f"pipeline.architectures.{name}"):
        raise UserError(
            f"{place}.builder",
            f"must name a function of pipeline/architectures/{name}.py",
            architecture["builder"],
            f"Write `builder: {name}:build`, or another function of that file.",
        )
    return path, function


def options(path: Path, function: str) -> list[str] | None:
    """Return the names of the builder's options, in order; None if the file defines no such function.

    Raises:
        UserError: the file is not Python, or imports a package that is not installed.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    except SyntaxError as error:
        raise not_python(path, error) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise UserError(f"pipeline/architectures/{path.name}", "must be Python", error, "Save it as UTF-8.") from None
    for node in tree.body:
        _check_import(path, node)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return [a.arg for a in [*node.args.args[1:], *node.args.kwonlyargs]]
    return None


def _check_import(path: Path, node: ast.stmt) -> None:
    """Refuse a package that is not installed: the import would fail after the rows were made."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        names = [node.module]
    for name in names:
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            raise UserError(
                f"pipeline/architectures/{path.name}, line {node.lineno}",
                "must import what is installed",
                name,
                "Correct the name, or install the package in the environment; networks are built with Keras.",
            )


def check(place: str, architecture: dict[str, Any]) -> None:
    """Check that the file, the function and the options of an architecture exist.

    Raises:
        UserError: one does not; the message names those that do.
    """
    path, function = locate(place, architecture)
    known = options(path, function)
    if known is None:
        raise UserError(
            f"{place}.builder",
            f"must be defined in pipeline/architectures/{path.name}",
            function,
            f"Write `def {function}(shape, *, option=default)` there.",
        )
    for key in architecture:
        if key not in _OWN_KEYS and key not in known:
            rule = f"is not an option of `{path.stem}:{function}`"
            raise UserError(f"{place}.{key}", rule, as_yaml(architecture[key]), suggestion(key, known))
