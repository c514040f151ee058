"""The calls of DVC that workflow/ relies on: a failure names the call that a new DVC changed.

The effects of these calls are tested by test_repro.py.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import PROJECT

# Module, name in it, and the arguments that we pass, by position (1, 2) or by name.
CALLS = [
    ("dvc.repo", "Repo", 1, ["_wait_for_lock"]),
    ("dvc.repo", "Repo.close", 1, []),
    ("dvc.dvcfile", "load_file", 2, []),
    ("dvc.parsing", "DataResolver.resolve_one", 2, []),
    ("dvc.stage.loader", "StageLoader.load_stage", 4, []),
    ("dvc.stage", "Stage.changed", 1, []),
    ("dvc.stage", "PipelineStage.changed_stage", 1, []),
    ("dvc.stage", "Stage.remove_outs", 1, []),
    ("dvc.stage", "Stage.save_deps", 1, []),
    ("dvc.stage", "Stage.save_outs", 1, []),
    ("dvc.stage", "Stage.commit", 1, []),
    ("dvc.stage", "Stage.checkout", 1, ["force"]),
    ("dvc.stage.cache", "StageCache.restore", 2, []),
    ("dvc.stage.cache", "StageCache.save", 2, []),
    ("dvc.stage.serialize", "to_single_stage_lockfile", 1, []),
    ("dvc.rwlock", "rwlock", 6, []),
    ("dvc.lock", "make_lock", 1, ["tmp_dir", "hardlink_lock", "wait"]),
    ("dvc.output", "Output.clear", 1, []),
    ("dvc.output", "Output.get_hash", 1, []),
    ("dvc.output", "Output.get_obj", 1, []),
    ("dvc.output", "Output.commit", 1, []),
    ("dvc.dependency", "ParamsDependency.get_hash", 1, []),
    ("dvc.utils", "fix_env", 0, []),
    ("dvc.utils.serialize", "loads_yaml", 1, []),
    ("dvc.utils.serialize", "dumps_yaml", 1, []),
    ("dvc.utils.serialize", "load_path", 2, []),
    ("dvc_data.hashfile.db", "HashFileDB", 2, []),
    ("dvc_data.hashfile.db", "HashFileDB.check", 2, []),
    ("dvc_data.hashfile.db.local", "LocalHashFileDB.oid_to_path", 2, []),
    ("dvc_data.hashfile.build", "build", 4, ["ignore", "dry_run"]),
]
# Classes and constants that we name.
NAMES = [
    ("dvc.dvcfile", "PROJECT_FILE"),
    ("dvc.env", "DVC_ROOT"),
    ("dvc.env", "DVC_STAGE"),
    ("dvc.exceptions", "DvcException"),
    ("dvc.lock", "LockError"),
    ("dvc.output", "OutputDoesNotExistError"),
    ("dvc.rwlock", "RWLOCK_LOCK"),
    ("dvc.schema", "COMPILED_LOCK_FILE_STAGE_SCHEMA"),
    ("dvc.stage.cache", "RunCacheNotFoundError"),
    ("dvc_data.hashfile.tree", "Tree"),
    ("dvc_objects.errors", "ObjectFormatError"),
]
ATTRIBUTES = {
    "repo": ["cache", "config", "fs", "index", "lock", "root_dir", "stage_cache", "tmp_dir"],
    "repo.lock": ["is_locked", "lock", "lockfile", "unlock"],
    "repo.stage_cache": ["cache_dir"],
    "repo.cache.local": ["fs", "oid_to_path", "path"],
    "stage": [
        "addressing", "always_changed", "cmd", "deps", "frozen", "is_callback", "name", "outs", "repo", "wdir",
    ],
    "stage.outs[0]": [
        "cache", "def_path", "dvcignore", "exists", "fs", "fs_path", "hash_info", "hash_name", "obj", "use_cache",
    ],
    "stage.outs[0].hash_info": ["isdir", "value"],
    "stage.deps[0]": ["def_path", "exists", "fs_path", "hash_info", "protocol"],
    "stage.params[0]": ["exists", "fs", "fs_path", "hash_info", "params"],
}  # fmt: skip


def _found(module: str, name: str) -> object:
    place: object = importlib.import_module(module)
    for part in name.split("."):
        place = getattr(place, part, None)
    return place


@pytest.mark.parametrize(("module", "name", "by_position", "by_name"), CALLS, ids=[f"{c[0]}.{c[1]}" for c in CALLS])
def test_a_call_takes_the_arguments_that_we_pass(module: str, name: str, by_position: int, by_name: list[str]) -> None:
    call = _found(module, name)
    assert callable(call), f"DVC has no `{module}.{name}` any more: see who calls it in workflow/."
    signature = inspect.signature(call)
    try:
        signature.bind(*range(by_position), **dict.fromkeys(by_name))
    except TypeError as error:
        pytest.fail(f"`{module}.{name}{signature}` has changed: {error}. See who calls it in workflow/.")


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_name_is_there(module: str, name: str) -> None:
    assert _found(module, name) is not None, f"DVC has no `{module}.{name}` any more: see who uses it in workflow/."


def test_the_arguments_of_the_rwlock_have_their_order() -> None:
    from dvc.rwlock import rwlock

    assert [*inspect.signature(rwlock).parameters] == ["tmp_dir", "fs", "cmd", "read", "write", "hardlink"]


def test_attributes_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.repo import Repo

    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\nno_scm = true\n")
    (tmp_path / "params.yaml").write_text("x: 1\n")
    (tmp_path / "dvc.yaml").write_text("stages: {one: {cmd: x, deps: [a], params: [x], outs: [b]}}\n")
    monkeypatch.chdir(tmp_path)
    with Repo(".") as repo:
        (stage,) = repo.index.stages
        places = {
            "repo": repo,
            "repo.lock": repo.lock,
            "repo.stage_cache": repo.stage_cache,
            "repo.cache.local": repo.cache.local,
            "stage": stage,
            "stage.outs[0]": stage.outs[0],
            "stage.outs[0].hash_info": stage.outs[0].hash_info,
            "stage.deps[0]": stage.deps[0],
            "stage.params[0]": stage.params[0],
        }
        missing = [
            f"{place}.{name}"
            for place, names in ATTRIBUTES.items()
            for name in names
            if not hasattr(places[place], name)
        ]
    assert missing == [], "DVC has these attributes no more: see who uses them in workflow/."


def test_dvc_is_pinned_to_the_minor_version_that_was_tested() -> None:
    given = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    major, minor = map(int, version("dvc").split(".")[:2])
    assert f"dvc>={major}.{minor},<{major}.{minor + 1}" in given


def _replaced(path: Path) -> Iterator[str]:
    """Attributes of imported modules and classes of DVC, DVC's data library or Snakemake that a file assigns to."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    theirs = {
        alias.asname or alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if (getattr(node, "module", None) or alias.name).split(".")[0]
        in ("dvc", "dvc_data", "dvc_objects", "snakemake")
    }
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            for part in ast.walk(target) if target is not None else []:
                if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in theirs:
                    yield f"{path.name}: {part.value.id}.{part.attr}"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr":
            yield f"{path.name}: setattr"


def test_no_function_of_dvc_is_replaced(tmp_path: Path) -> None:
    assert [name for path in sorted((PROJECT / "workflow").rglob("*.py")) for name in _replaced(path)] == []
    patch = tmp_path / "patch.py"
    patch.write_text("from dvc.stage import Stage\nStage.run, x = f, 1\n")
    assert [*_replaced(patch)] == ["patch.py: Stage.run"]
