"""`python -m tools.locked`: write locked.yaml, the versions of the libraries that results rest on, from uv.lock.

The libraries stand in groups, and dvc.yaml names for each stage the groups that it computes with: another version of
one runs those stages again and no others. `--check` writes nothing and reports what does not agree.

A backend's new version changes no result of an experiment on another one. All stages with a network name both groups,
since dvc.yaml cannot choose by a setting that has a default. So where a backend's group changes, the command also
writes the new versions to the entries of dvc.lock whose stages do not compute on it, and these stay up to date.

Which libraries: those that the code of a stage imports, and of what those depend on the few in `BEHIND`, which do
arithmetic or write bytes of a result. Most of uv.lock serves the network, logs, builds and terminals, and a new certifi
must run nothing. TensorFlow, like SciPy and NumPy, brings its arithmetic in its own wheel. Python's own version stands
in no lock file.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from pipeline.common import errors, files, params
from pipeline.common.backends import of_datasets
from pipeline.common.errors import UserError
from workflow import lockfile

FILE = Path("locked.yaml")
UV_LOCK = Path("uv.lock")
DVC_YAML = Path("dvc.yaml")
_HEAD = """\
# The libraries that results rest on, read off uv.lock by `python -m tools.locked`, in the groups that dvc.yaml names.
# Where a library's version depends on Python's, all of them stand here. A stage runs again when one of its groups
# changes.
"""
# Each library stands in the first group that every stage which imports it names anyway.
GROUPS = {
    "rows": ("jsonschema", "numpy", "pyarrow", "pyyaml", "scikit-learn", "scipy"),
    "network": ("h5py", "keras"),
    "tensorflow": ("tensorflow",),
    "jax": ("jax", "jaxlib"),
    "scoring": ("arch", "pandas", "statsmodels", "threadpoolctl"),
    "page": ("dvc", "jinja2", "markupsafe", "snakemake"),
}
# Groups of which a stage with a network uses one.
BACKENDS = ("tensorflow", "jax")
# Where a library is installed under another name than it is imported by.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml"}
# What computes, or writes bytes of a result, behind a library that is imported; each is one that uv.lock names for it.
BEHIND = {
    "arch": ("pandas", "scipy"),
    "jax": ("jaxlib",),
    "jinja2": ("markupsafe",),
    "keras": ("h5py",),  # writes the weights in a .keras archive
    "pandas": ("numpy",),
    "scikit-learn": ("scipy",),
    "scipy": ("numpy",),
    "statsmodels": ("pandas", "scipy"),
}
# Not imported, but the report writes down their versions.
SHOWN = {"pipeline/report": ("dvc", "jax", "keras", "snakemake", "tensorflow")}
# Imported, but no result rests on it: psutil writes costs.csv, which no stage reads.
WITHOUT_RESULT = {"psutil"}
# Kinds of stages that compute on the backend of their experiment, or show its version.
_OF_EXPERIMENTS = ("train", "predict", "diagnose", "page")
# Dependencies that are chosen by name stand for every file of their folder.
BY_NAME = {
    "${item.source}": "pipeline/sources",
    "pipeline/architectures/${item.architecture.name}.py": "pipeline/architectures",
}


def imports(source: str) -> set[str]:
    """Return the libraries that a module imports, anywhere in it, by the names under which they are installed."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    found -= set(sys.stdlib_module_names) | {"pipeline"}
    return {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in found} - WITHOUT_RESULT


def libraries(deps: list[str], root: Path) -> set[str]:
    """Return the libraries that a stage's results rest on.

    Args:
        deps: of the stage in dvc.yaml.
        root: the project's folder.
    """
    found: set[str] = set()
    for dep in deps:
        path = root / BY_NAME.get(dep, dep)
        if dep in BY_NAME or dep.startswith("pipeline/"):
            for module in sorted(path.rglob("*.py")) if path.is_dir() else [path] * (path.suffix == ".py"):
                found |= imports(module.read_text(encoding="utf-8"))
    todo = sorted(found)
    while todo:
        behind = set(BEHIND.get(todo.pop(), ())) - found
        found |= behind
        todo += behind
    return found.union(*(SHOWN.get(dep, ()) for dep in deps))


def groups(names: set[str]) -> list[str]:
    """Return the groups that hold some libraries, sorted.

    Raises:
        UserError: a library is in no group.
    """
    if missing := sorted(names - {name for members in GROUPS.values() for name in members}):
        mend = "Add it to `GROUPS` there; another import name goes into `DISTRIBUTIONS`."
        raise UserError("tools/locked.py", "must put every library that a stage imports in a group", missing[0], mend)
    return sorted(group for group, members in GROUPS.items() if names & set(members))


def named(stage: dict[str, Any]) -> list[str]:
    """Return the groups that a stage of dvc.yaml names."""
    params = stage.get("do", stage).get("params", [])
    return [group for param in params if isinstance(param, dict) for group in param.get(str(FILE), [])]


def versions(lock: str, names: set[str]) -> dict[str, str]:
    """Return the locked versions of some libraries, sorted by name.

    Args:
        lock: text of uv.lock.
        names: of the libraries.

    Returns:
        Per library its version, or all of them (`2.4.6, 2.5.5`) where it depends on Python's; followed by its source
        if that is not the package index.

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
        mend = "Add it to pyproject.toml and run `uv lock`."
        raise UserError(str(UV_LOCK), "must name every library that a stage imports", f"no {missing[0]}", mend)
    return {name: ", ".join(sorted(found[name])) for name in sorted(found)}


def text(root: Path) -> str:
    """Return the text of locked.yaml.

    Raises:
        UserError: dvc.yaml names other groups for a stage than its modules import from, or uv.lock lacks a library.
    """
    stages = yaml.safe_load((root / DVC_YAML).read_text(encoding="utf-8"))["stages"]
    for kind, stage in stages.items():
        expected, given = groups(libraries(stage.get("do", stage)["deps"], root)), named(stage)
        if given != expected:
            raise UserError(
                f"{DVC_YAML}, stages.{kind}.params",
                "must name the groups of libraries that the stage's results rest on",
                ", ".join(given) or "none",
                f"Write `- {FILE}: [{', '.join(expected)}]`.",
            )
    found = versions((root / UV_LOCK).read_text(encoding="utf-8"), {one for group in GROUPS.values() for one in group})
    grouped = {group: {name: found[name] for name in members} for group, members in GROUPS.items()}
    return _HEAD + yaml.safe_dump(grouped, sort_keys=False)


def carried(lock: str, before: dict[str, Any], after: dict[str, Any], used: dict[str, set[str]]) -> str:
    """Return dvc.lock with new versions of a backend where no result depends on it.

    Args:
        lock: text of dvc.lock.
        before: content of the earlier locked.yaml.
        after: content of the new one.
        used: backends of each stage that computes on some, or shows their versions.
    """
    changed = [group for group in BACKENDS if before.get(group) != after[group]]
    if not changed:
        return lock
    content = lockfile.parse(lock)
    for stage, entry in content.get("stages", {}).items():
        own = used.get(stage)
        recorded = entry.get("params", {}).get(str(FILE), {})
        others = [group for group in changed if own and group not in own and recorded.get(group) == before.get(group)]
        recorded.update({group: after[group] for group in others})
    return lockfile.dump(content)


def _used(settings: dict[str, Any]) -> dict[str, set[str]]:
    """Return the backends of each stage that computes on some; the report shows the versions of all."""
    experiments = {name: {each["training"]["backend"]} for name, each in settings["experiments"].items()}
    datasets = of_datasets(settings)
    return {
        **{f"{kind}@{name}": own for kind in _OF_EXPERIMENTS for name, own in experiments.items()},
        **{f"leakage@{name}": set(own) or {"tensorflow"} for name, own in datasets.items()},
        "leaks": {"tensorflow"},
    }


def _carry(before: dict[str, Any], after: dict[str, Any]) -> None:
    if not lockfile.LOCK.exists():
        return
    lock = lockfile.LOCK.read_text(encoding="utf-8")
    if (new := carried(lock, before, after, _used(params.load()))) != lock:
        lockfile.replace(new)


def main(arguments: list[str]) -> None:
    """Write locked.yaml, or check it."""
    if arguments not in ([], ["--check"]):
        raise UserError("the command", "takes nothing, or --check", " ".join(arguments), "Leave the rest out.")
    expected = text(Path())
    if not arguments:
        if FILE.is_file():
            _carry(*(yaml.safe_load(each) for each in (FILE.read_text(encoding="utf-8"), expected)))
        with files.atomic_write(FILE) as beside:
            beside.write_text(expected, encoding="utf-8")
    elif not FILE.is_file() or FILE.read_text(encoding="utf-8") != expected:
        raise UserError(str(FILE), f"must hold the versions of {UV_LOCK}", "others", "Run `python -m tools.locked`.")


if __name__ == "__main__":
    errors.run(main)
