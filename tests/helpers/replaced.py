"""The project's own dvc.yaml and modules over stages that are replaced, to see which of them a change runs.

Two series, two datasets and three experiments. What is stale, what comes back from the cache and what follows is DVC's
own doing; only the stages' commands are replaced, by `compute`.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import yaml

from pipeline.common import backends, params
from tests.conftest import tiny_params, write_params
from tests.helpers import torn_stage
from tests.helpers.torn import copy_of_project, own_rows

COPIED = ("dvc.yaml", "locked.yaml", "Snakefile", "README.md", ".dvcignore", "pipeline", "benchmarks/results")
OWN = "data/own/mine.csv"


class Outcome(NamedTuple):
    """What DVC did after a change: names of stages."""

    stale: list[str]  # their own settings, code, data, libraries or outputs are not those of dvc.lock
    computed: list[str]
    restored: list[str]


def small_params() -> dict[str, Any]:
    """Two experiments on a generated series, and one on a file of the user's."""
    given = tiny_params()
    windows, lstm = given["datasets"]["season_windows"], given["experiments"]["season_lstm"]
    window = {"length": 12, "horizon": 1, "stride": {"train": 1, "evaluation": 1}, "target": {"kind": "value"}}
    training = lstm["training"] | {"epochs": {"quick": 2, "full": 20}, "threads": 1}
    own = {"source": OWN, "time": "day", "target": "y"}
    rnn = {"name": "simple_rnn", "units": [3], "activations": ["tanh"]}
    return given | {
        "series": {"season": given["series"]["season"], "mine": own},
        "datasets": {
            "season_windows": windows | {"split": windows["split"] | {"gap": 0}, "window": window},
            "mine_windows": windows | {"series": "mine", "window": window},
        },
        "experiments": {
            "season_lstm": lstm | {"training": training},
            "season_rnn": lstm | {"training": training, "architecture": rnn},
            "mine_lstm": lstm | {"training": training, "dataset": "mine_windows"},
        },
    }


def make(folder: Path) -> None:
    """A project in `folder`, before its first run."""
    copy_of_project(COPIED, folder)
    write_params(folder, small_params())
    (folder / OWN).parent.mkdir(parents=True)
    (folder / OWN).write_text(own_rows(), "utf-8")
    (folder / ".dvc").mkdir()
    (folder / ".dvc/config").write_text("[core]\nno_scm = true\nanalytics = false\n", encoding="utf-8")


def compute(stage: Any) -> None:
    """In place of a stage's command: write its outputs in milliseconds.

    Each is a hash of all that a stage's results follow from: the data that it reads, its parameters at the size chosen,
    and its code without comments and docstrings. So there are other results where its inputs say something else, and
    equal ones where they are only worded otherwise. `backends` is the real one: another stage reads values of its file.
    """
    if stage.addressing == "backends":
        backends.write(params.load())
        return
    found = hashlib.sha256(stage.addressing.encode())
    for dep in stage.deps:
        path = Path(dep.def_path)
        if hasattr(dep, "params"):
            given = torn_stage.load(dep.def_path)
            size = given.get("size", "")  # params.yaml alone has one: in other files there is nothing to choose
            values = {key: params._resolve(torn_stage.lookup(given, key), size, key) for key in dep.params}
            found.update(json.dumps(values, sort_keys=True).encode())
            continue
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                found.update(f"{file}\n".encode() + _meaning(file))
    for out in stage.outs:
        path = Path(out.def_path)
        file = path if path.suffix else path / "result.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{out.def_path} {found.hexdigest()}\n", encoding="utf-8")


def _meaning(path: Path) -> bytes:
    """A file's content, that of a module without comments and docstrings."""
    return _code(path.read_bytes()) if path.suffix == ".py" else path.read_bytes()


@functools.cache
def _code(text: bytes) -> bytes:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree).encode()


def run(folder: Path) -> Outcome:
    """Let DVC look at every stage, and run those that are stale when their turn comes."""
    from dvc.repo import Repo

    computed: list[str] = []

    def instead(stage: Any, **_: Any) -> None:
        compute(stage)
        computed.append(stage.addressing)

    # DVC tells names of stages, and finds what its run cache holds, relative to the working directory.
    with _faster(), mock.patch("dvc.stage.run.cmd_run", instead), contextlib.chdir(folder), Repo() as repo, repo.lock:
        # In the order of dvc.yaml: each kind comes after those that it reads from.
        stages = [stage for stage in repo.index.stages if getattr(stage, "name", None)]
        stale = [stage.addressing for stage in stages if stage.changed()]
        changed = []
        for stage in stages:
            if stage.reproduce():
                stage.dump(update_pipeline=False)
                changed.append(stage.addressing)
    return Outcome(stale, computed, [name for name in changed if name not in computed])


@contextlib.contextmanager
def _faster() -> Iterator[None]:
    """Spare DVC what takes most of its time and decides nothing here: a third of it is left.

    dvc.lock is written fast, params.yaml parsed once, code hashed once, which does not change during a run, and no
    other process is locked out.
    """
    from dvc.dependency import param
    from dvc.output import Output

    theirs, load_path = Output.get_hash, param.load_path
    parsed = functools.cache(load_path)
    hashes: dict[str, Any] = {}

    def get_hash(out: Any) -> Any:
        if not out.def_path.startswith("pipeline/"):
            return theirs(out)
        if out.def_path not in hashes:
            hashes[out.def_path] = theirs(out)
        return hashes[out.def_path]

    with (
        mock.patch("dvc.dvcfile.modify_yaml", _modify_yaml),
        mock.patch("dvc.rwlock.rwlock", return_value=contextlib.nullcontext()),
        mock.patch.object(Output, "get_hash", get_hash),
        mock.patch.object(
            param, "load_path", lambda path, fs, **_: (load_path if path.endswith(".json") else parsed)(path, fs)
        ),
    ):
        yield


@contextlib.contextmanager
def _modify_yaml(path: str, fs: Any = None) -> Iterator[dict[str, Any]]:
    """In place of DVC's own; JSON is YAML, and read fast."""
    file = Path(path)
    text = file.read_text("utf-8") if file.exists() else "{}"
    data = json.loads(text) if text.startswith("{") else yaml.safe_load(text)
    yield data
    file.write_text(json.dumps(data), encoding="utf-8")
