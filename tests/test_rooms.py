"""The rooms of pipeline/: which may import which, and that dvc.yaml names the rooms that each stage is made of.

docs/architecture.md draws this table.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT

# Per room the rooms that it may import. A room whose name is a stage's holds that stage; nobody imports it.
MAY_IMPORT = {
    "common": set(),
    "series": {"common"},
    "dataset": {"common"},
    "sources": {"common", "series"},
    "prepare": set(),  # functions of the user's
    "architectures": {"common"},  # a stage depends on the one file that it names
    "network": {"common", "dataset"},
    "scoring": {"common"},
    "baselines": {"common", "dataset", "scoring"},
    "evaluate": {"common", "dataset", "scoring"},
    "calibrate": {"common", "dataset", "scoring"},
    "diagnose": {"common", "dataset", "network", "scoring"},
    "leakage": {"common", "dataset", "network", "scoring", "series"},
    "leaks": {"common", "dataset", "leakage", "network", "scoring", "series"},
    "report": {"common", "scoring"},
}
# Imported for their types alone, which is no dependency.
MAY_NAME = {"scoring": {"dataset"}}
# The command line of a stage at the root of pipeline/, and the one room that it runs.
ROOT_FILES = {
    "raw": "series",
    "split": "dataset",
    "window": "dataset",
    "scale": "dataset",
    "train": "network",
    "predict": "network",
    "page": "report",
    "backends": "common",
}
# Imported by its name at run time: the file chosen is the dependency, or all of them.
BY_NAME = {
    "raw": ["pipeline/prepare", "${item.source}"],
    "train": ["pipeline/architectures/${item.architecture.name}.py"],
    "predict": ["pipeline/architectures/${item.architecture.name}.py"],
    "diagnose": ["pipeline/architectures/${item.architecture.name}.py"],
    "leakage": ["pipeline/sources", "pipeline/architectures/lstm.py"],
    "leaks": ["pipeline/architectures/stacked_dense.py"],
}
STAGES = yaml.safe_load((PROJECT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def imported(path: Path, types: bool = False) -> set[str]:
    """What a file imports from this project, `pipeline.X` as `X`; with `types` what it imports for types alone."""
    found: set[str] = set()

    def visit(node: ast.AST, for_types: bool) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for_types = True
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            top, _, rest = name.partition(".")
            if top in ("pipeline", "workflow", "tools", "benchmarks", "tests") and for_types == types:
                found.add(rest.partition(".")[0] if top == "pipeline" else top)
        for child in ast.iter_child_nodes(node):
            visit(child, for_types)

    visit(ast.parse(path.read_text(encoding="utf-8")), False)
    return found


def modules(room: str) -> Iterator[Path]:
    yield from sorted((PROJECT / "pipeline" / room).rglob("*.py"))


def needs(room: str) -> set[str]:
    """A room, and all that it imports, and what that imports."""
    found, todo = {room}, [room]
    while todo:
        behind = set().union(*(imported(path) for path in modules(todo.pop()))) - found
        found |= behind
        todo += behind
    return found


def test_the_rooms_are_the_folders_and_the_stages_stand_beside_them() -> None:
    folders = {path.name for path in (PROJECT / "pipeline").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(MAY_IMPORT)
    assert {path.stem for path in (PROJECT / "pipeline").glob("*.py")} == {*ROOT_FILES, "__init__"}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_downwards_alone(room: str) -> None:
    for path in modules(room):
        place = path.relative_to(PROJECT)
        assert imported(path) <= MAY_IMPORT[room] | {room}, place
        assert imported(path, types=True) <= MAY_IMPORT[room] | {room} | MAY_NAME.get(room, set()), place


def test_the_picture_in_the_documents_shows_this_table() -> None:
    text = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
    drawn = {room: set[str]() for room in MAY_IMPORT}
    for room, other in re.findall(r"^    (\w+) --> (\w+)$", text, flags=re.MULTILINE):
        if room in drawn:
            drawn[room].add(other)
    for _ in drawn:  # an arrow stands for all that the other room may import, too
        drawn = {room: others.union(*(drawn[other] for other in others)) for room, others in drawn.items()}
    assert drawn == MAY_IMPORT
    runs = dict(re.findall(r"^  s_(\w+) -\.-> (\w+)$", text, flags=re.MULTILINE))
    assert runs == {stage: ROOT_FILES.get(stage, stage) for stage in STAGES}


@pytest.mark.parametrize("stage", ROOT_FILES)
def test_a_file_at_the_root_runs_one_room(stage: str) -> None:
    assert imported(PROJECT / "pipeline" / f"{stage}.py") == {"common", ROOT_FILES[stage]}


def test_an_import_upwards_is_found(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("def late():\n    from pipeline.report import page\n", encoding="utf-8")
    assert imported(path) == {"report"}
    path.write_text(
        "if TYPE_CHECKING:\n    from pipeline.dataset import Part\nimport workflow.repro\n", encoding="utf-8"
    )
    assert (imported(path), imported(path, types=True)) == ({"workflow"}, {"dataset"})


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_yaml_names_the_rooms_of_each_stage(stage: str) -> None:
    rooms = needs(ROOT_FILES.get(stage, stage))
    expected = sorted(f"pipeline/{one}" for one in rooms | ({f"{stage}.py"} if stage in ROOT_FILES else set()))
    expected += BY_NAME.get(stage, [])
    deps = STAGES[stage].get("do", STAGES[stage])["deps"]
    data = [dep for dep in deps if not dep.startswith("pipeline/") and dep != "${item.source}"]
    code = [dep for dep in deps if dep not in data]
    assert sorted(code) == sorted(expected)
    assert deps == [*sorted(data), *code]


def test_a_test_that_imports_keras_has_prepared_the_backend() -> None:
    """TensorFlow takes its threads once, before its first use: another test of the same process would fail."""
    for path in sorted((PROJECT / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        used, ready = re.search(r"^ *import (keras|tensorflow)\b", text, re.M), text.find("backends.prepare(")
        assert used is None or 0 <= ready < used.start(), path.relative_to(PROJECT)
