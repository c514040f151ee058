"""`python -m workflow.locked`: write locked.yaml, the versions of the libraries that results rest on, from uv.lock.

dvc.yaml names for each kind of stage the libraries of that file that it computes with, so that another version of one
runs those stages again and no others. `--check` writes nothing and says what does not agree.

Which libraries: those that the stage's own modules import, and of what lies behind these the few of `BEHIND`, which do
arithmetic or write bytes of a result; not all that uv.lock holds: most of it serves the net, logs, builds and
terminals, and a new certifi must run nothing. TensorFlow, like SciPy and NumPy, brings its arithmetic in its own wheel.
An own architecture or generator counts as the shipped ones do. What stands in no lock is Python's own version.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from pipeline.common import errors, files
from pipeline.common.errors import UserError

FILE = Path("locked.yaml")
UV_LOCK = Path("uv.lock")
DVC_YAML = Path("dvc.yaml")
_HEAD = """\
# What `python -m workflow.locked` reads off uv.lock: the libraries that results rest on. Where a library's version
# depends on Python's, all of them stand here. A stage runs again when one changes that dvc.yaml names for it.
"""
# Where a library is installed under another name than it is imported by.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml"}
# What computes, or writes bytes of a result, behind a library that is imported; each is one that uv.lock names for it.
BEHIND = {
    "arch": ("pandas", "scipy"),
    "jinja2": ("markupsafe",),
    "keras": ("h5py",),  # writes the weights in a .keras archive
    "pandas": ("numpy",),
    "scikit-learn": ("scipy",),
    "scipy": ("numpy",),
    "statsmodels": ("pandas", "scipy"),
}
# Not imported, but the report writes down their versions.
SHOWN = {"pipeline/report": ("dvc", "keras", "snakemake", "tensorflow")}
# Imported, but no result rests on it: psutil writes costs.csv, which no stage reads.
WITHOUT_RESULT = {"psutil"}


def imports(source: str) -> set[str]:
    """The libraries that a module imports, anywhere in it, by the names that they are installed under."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    found -= set(sys.stdlib_module_names) | {"pipeline"}
    return {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in found} - WITHOUT_RESULT


def libraries(deps: list[str], root: Path) -> list[str]:
    """The libraries that a stage's results rest on, sorted.

    Args:
        deps: of the stage in dvc.yaml; one that is chosen by name (`${…}`) stands for every one of that name's folder.
        root: the project's folder.
    """
    found: set[str] = set()
    shown: set[str] = set()
    for dep in deps:
        if dep == "${item.source}":
            dep = "pipeline/sources"
        if "${item.architecture" in dep:
            dep = str(PurePosixPath(dep).parent)
        shown.update(SHOWN.get(dep, ()))
        if dep.startswith("pipeline/"):
            path = root / dep
            for module in sorted(path.rglob("*.py")) if path.is_dir() else [path] * (path.suffix == ".py"):
                found |= imports(module.read_text(encoding="utf-8"))
    todo = sorted(found)
    while todo:
        behind = set(BEHIND.get(todo.pop(), ())) - found
        found |= behind
        todo += behind
    return sorted(found | shown)


def needed(stages: dict[str, Any], root: Path) -> dict[str, list[str]]:
    """Per kind of stage in dvc.yaml, the libraries that its results rest on."""
    return {kind: libraries(stage.get("do", stage)["deps"], root) for kind, stage in stages.items()}


def named(stages: dict[str, Any]) -> dict[str, list[str]]:
    """Per kind of stage, the libraries that dvc.yaml names for it."""
    return {
        kind: [
            library
            for param in stage.get("do", stage).get("params", [])
            if isinstance(param, dict)
            for library in param.get(str(FILE), [])
        ]
        for kind, stage in stages.items()
    }


def versions(lock: str, names: set[str]) -> dict[str, str]:
    """The locked versions of some libraries, sorted by name.

    Args:
        lock: text of uv.lock.

    Returns:
        Per library its version, or all of them (`2.4.6, 2.5.5`) where it depends on Python's; with the source of one
        that comes from elsewhere than the package index.

    Raises:
        UserError: uv.lock does not name a library.
    """
    found: dict[str, list[str]] = {}
    for package in tomllib.loads(lock)["package"]:
        if package["name"] in names:
            elsewhere = {kind: at for kind, at in package["source"].items() if kind != "registry"}
            found.setdefault(package["name"], []).append(
                " ".join([package["version"], *(f"{kind} {at}" for kind, at in sorted(elsewhere.items()))])
            )
    if missing := sorted(names - set(found)):
        mend = "Add it to pyproject.toml and run `uv lock`; another import name goes into workflow/locked.py."
        raise UserError(str(UV_LOCK), "must name every library that a stage imports", f"no {missing[0]}", mend)
    return {name: ", ".join(sorted(found[name])) for name in sorted(found)}


def text(root: Path) -> str:
    """What locked.yaml must hold.

    Raises:
        UserError: dvc.yaml names other libraries for a stage than its modules import, or uv.lock lacks one.
    """
    stages = yaml.safe_load((root / DVC_YAML).read_text(encoding="utf-8"))["stages"]
    expected, given = needed(stages, root), named(stages)
    for kind, names in expected.items():
        if given[kind] != names:
            line = f"{FILE}: [{', '.join(names)}]"
            received = ", ".join(given[kind]) or "none"
            raise UserError(
                f"{DVC_YAML}, stages.{kind}.params",
                "must name the libraries that the stage's results rest on",
                received,
                f"Write `- {line}`.",
            )
    found = versions((root / UV_LOCK).read_text(encoding="utf-8"), set().union(*expected.values()))
    return _HEAD + yaml.safe_dump(found)


def main(arguments: list[str]) -> None:
    if arguments not in ([], ["--check"]):
        raise UserError("the command", "takes nothing, or --check", " ".join(arguments), "Leave the rest out.")
    expected = text(Path())
    if not arguments:
        with files.whole(FILE) as beside:
            beside.write_text(expected, encoding="utf-8")
    elif not FILE.is_file() or FILE.read_text(encoding="utf-8") != expected:
        raise UserError(str(FILE), f"must hold the versions of {UV_LOCK}", "others", "Run `python -m workflow.locked`.")


if __name__ == "__main__":
    errors.run(main)
