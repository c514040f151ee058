"""dvc.yaml against the code: every module that a stage imports is among its dependencies, and nothing else is."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT
from workflow import locked, stages

STAGES: dict[str, Any] = yaml.safe_load((PROJECT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
# Read beside the code.
DATA_OF_CODE = {
    "pipeline/report/symptoms.py": {"pipeline/posts.yaml"},
}
# A folder whose every file is one dependency: the schema beside params.py, the templates beside page.py, the backend
# that is imported by its name.
FOLDERS = {f"pipeline/{name}" for name in ("backends", "common", "diagnose", "leakage", "leaks", "report")}
# Chosen by name at run time, so that only the one chosen is a dependency.
BY_NAME = {"raw": "${item.source}", "train": "pipeline/architectures/${item.architecture.name}.py"}
BY_NAME |= dict.fromkeys(("predict", "diagnose"), BY_NAME["train"])
BY_NAME |= {"leakage": "pipeline/architectures/lstm.py", "leaks": "pipeline/architectures/stacked_dense.py"}
# Asks any generator for shorter series.
ALL_SOURCES = {"leakage"}


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


def modules(*paths: Path) -> set[Path]:
    """Some files of this project, and all that they import."""
    todo, seen = list(paths), set(paths)
    while todo:
        for file in imported(todo.pop()) - seen:
            seen.add(file)
            todo.append(file)
    return seen


def closure(path: Path, folders: set[str] = FOLDERS) -> set[str]:
    names = {file.relative_to(PROJECT).as_posix() for file in modules(path)}
    names |= {data for name in names for data in DATA_OF_CODE.get(name, set())}
    return {folder if (folder := str(Path(name).parent)) in folders else name for name in names}


@pytest.mark.parametrize("kind", STAGES)
def test_dependencies_are_what_the_code_imports(kind: str) -> None:
    stage = STAGES[kind]
    deps = stage.get("do", stage)["deps"]
    module = PROJECT / f"pipeline/{kind}.py"
    if not module.exists():
        module = PROJECT / f"pipeline/{kind}/__main__.py"
    folders = FOLDERS | ({"pipeline/sources"} if kind in ALL_SOURCES else set())
    expected = closure(module, folders) - {"pipeline/__init__.py"}
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


@pytest.mark.parametrize("kind", STAGES)
def test_params_name_the_libraries_that_the_code_imports(kind: str) -> None:
    starts = [one for name in (f"{kind}.py", f"{kind}/__main__.py") if (one := PROJECT / "pipeline" / name).exists()]
    # What is chosen at run time: any of it.
    if kind == "raw" or kind in ALL_SOURCES:
        starts += PROJECT.glob("pipeline/sources/*.py")
    if "architectures" in BY_NAME.get(kind, ""):
        starts += PROJECT.glob("pipeline/architectures/*.py")
    found = modules(*starts)
    if PROJECT / "pipeline/backends/__init__.py" in found:
        found |= set(PROJECT.glob("pipeline/backends/*.py"))
    imports = set().union(*(locked.imports(file.read_text(encoding="utf-8")) for file in found))
    names = set(locked.named(STAGES)[kind])
    behind = {name for library in imports | names for name in locked.BEHIND.get(library, ())}
    assert imports <= names
    assert names - imports <= behind | set(locked.SHOWN.get(f"pipeline/{kind}", ()))


@pytest.fixture(scope="module")
def resolved() -> dict[str, tuple[list[str], list[str]]]:
    """Dependencies and outputs of every stage, as DVC resolves them."""
    from dvc.repo import Repo

    with Repo(str(PROJECT)) as repo:
        return {
            stage.addressing.split(":")[-1]: (
                [dep.def_path for dep in stage.deps if not hasattr(dep, "params")],
                [out.def_path for out in stage.outs],
            )
            for stage in repo.index.stages
            if getattr(stage, "name", None)
        }


def test_raw_alone_writes_raw_rows_and_no_stage_writes_files_of_the_users(
    resolved: dict[str, tuple[list[str], list[str]]],
) -> None:
    outs = [(stage.split("@")[0], out) for stage, (_, outs) in resolved.items() for out in outs]
    assert len({out for _, out in outs}) == len(outs)
    assert {kind for kind, out in outs if f"{out}/".startswith("data/raw/")} == {"raw"}
    assert not [out for _, out in outs if f"{out}/".startswith("data/own/") or out in ("data", ".")]


def test_no_stage_reads_test_rows_before_predict(resolved: dict[str, tuple[list[str], list[str]]]) -> None:
    assert any(dep.startswith("data/test/") for dep in resolved["predict@co2_lstm"][0])
    assert stages.reads_test_rows_too_early(resolved) is None


@pytest.mark.parametrize(
    ("stage", "dep"),
    [
        ("train@co2_lstm", "data/test/co2_weekly"),
        ("train@co2_lstm", "data/test"),
        ("train@co2_lstm", "data/raw/co2"),
        ("train@co2_lstm", "data/own/mine.csv"),
        ("train@co2_lstm", "data"),
        ("scale@co2_weekly", "data/raw/co2"),
        ("window@co2_weekly", "data/test/co2_weekly"),
    ],
)
def test_a_stage_that_reads_test_rows_too_early_is_found(
    resolved: dict[str, tuple[list[str], list[str]]], stage: str, dep: str
) -> None:
    deps, outs = resolved[stage]
    assert stages.reads_test_rows_too_early(resolved | {stage: ([*deps, dep], outs)}) == (stage, dep)


def test_what_is_made_from_test_rows_must_not_come_before_predict_either(
    resolved: dict[str, tuple[list[str], list[str]]],
) -> None:
    deps, outs = resolved["train@co2_lstm"]
    found = stages.reads_test_rows_too_early(
        resolved | {"train@co2_lstm": ([*deps, "reports/evaluation/deep_rnn.json"], outs)}
    )
    assert found
    assert found[0] in ("evaluate@deep_rnn", "predict@deep_rnn")
    diagnose = (["models/co2_lstm/training", "data/split/co2_weekly"], ["reports/diagnosis/co2_lstm.json"])
    assert stages.reads_test_rows_too_early(resolved | {"diagnose@co2_lstm": diagnose}) is None
    for made in ("models/co2_lstm/predictions", "models/co2_lstm/predictions/fold0/test.parquet"):
        told = ([*diagnose[0], made], diagnose[1])
        found = stages.reads_test_rows_too_early(resolved | {"diagnose@co2_lstm": told})
        assert found == ("predict@co2_lstm", "data/test/co2_weekly")


@pytest.mark.parametrize("kind", STAGES)
def test_a_stage_that_depends_on_the_size_names_it_in_its_command(kind: str) -> None:
    """DVC's run cache overlooks a parameter of that name: it would give back the results of the other size."""
    stage = STAGES[kind].get("do", STAGES[kind])
    assert ("size" in stage.get("params", [])) == ("${size}" in stage["cmd"])
