"""dvc.yaml against the code: every module that a stage imports is among its dependencies, and nothing else is."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT

STAGES: dict[str, Any] = yaml.safe_load((PROJECT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
# Read beside the code.
DATA_OF_CODE = {
    "pipeline/report/symptoms.py": {"pipeline/posts.yaml"},
}
# A folder whose every file is one dependency: the schema beside params.py, the templates beside page.py.
FOLDERS = {"pipeline/common", "pipeline/report"}
# Chosen by name at run time, so that only the one chosen is a dependency.
BY_NAME = {"raw": "${item.source}", "train": "pipeline/architectures/${item.architecture.name}.py"}
BY_NAME["predict"] = BY_NAME["train"]


def module_file(name: str) -> Path | None:
    path = PROJECT.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def imported(path: Path) -> set[Path]:
    """The files of this project that a file imports itself, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.startswith("pipeline"):
                # Importing a.b.c runs a and a.b too.
                parts = name.split(".")
                found |= {file for i in range(1, len(parts) + 1) if (file := module_file(".".join(parts[:i])))}
    return found


def closure(path: Path) -> set[str]:
    todo, seen = [path], {path}
    while todo:
        for file in imported(todo.pop()) - seen:
            seen.add(file)
            todo.append(file)
    names = {file.relative_to(PROJECT).as_posix() for file in seen}
    names |= {data for name in names for data in DATA_OF_CODE.get(name, set())}
    return {folder if (folder := str(Path(name).parent)) in FOLDERS else name for name in names}


@pytest.mark.parametrize("kind", STAGES)
def test_dependencies_are_what_the_code_imports(kind: str) -> None:
    stage = STAGES[kind]
    deps = stage.get("do", stage)["deps"]
    module = PROJECT / f"pipeline/{kind}.py"
    if not module.exists():
        module = PROJECT / f"pipeline/{kind}/__main__.py"
    expected = closure(module) - {"pipeline/__init__.py"}
    if module.parent.name == kind and f"pipeline/{kind}" not in FOLDERS:
        expected.add(f"pipeline/{kind}/__init__.py")
    if kind in BY_NAME:
        expected.add(BY_NAME[kind])
    code = {dep for dep in deps if dep.startswith("pipeline/") or dep == BY_NAME.get(kind)}
    assert sorted(code) == sorted(expected)
    assert deps == [
        *sorted(d for d in deps if d not in code),
        *sorted(code - {BY_NAME.get(kind)}, key=str),
        *([BY_NAME[kind]] if kind in BY_NAME else []),
    ]


@pytest.mark.parametrize("kind", ["raw", "split", "window", "scale", "train"])
def test_no_stage_before_predict_depends_on_the_test_part(kind: str) -> None:
    stage = STAGES[kind]
    assert not [dep for dep in stage.get("do", stage)["deps"] if dep.startswith("data/test")]
