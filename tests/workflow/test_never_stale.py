"""Whatever was done before, `snakemake` ends with the results of the parameters, code and data that lie there.

Sequences are drawn: edits and edits undone, `dvc exp run`, `git checkout`, `dvc checkout`, outputs changed by hand,
runs that were killed, and what else a day brings, in any order. After each, what every stage has to hold is computed
directly from the current files, and compared byte by byte.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import write_params
from tests.helpers.torn import OWN, Torn, own_rows, torn_params

Action = Callable[[Torn, np.random.Generator], str]

VALUES = {
    "size": ["quick", "full"],
    "series.mine.target": ["y", "z"],
    "datasets.set0.split.gap": [0, 1, 2],
    "datasets.set0.window.length": [6, 12],
    "datasets.set0.scaling.features": ["standard", "minmax"],
    "experiments.net0.training.learning_rate": [0.001, 0.0005, 0.01],
    "experiments.net0.training.epochs": [2, 3, {"quick": 2, "full": 5}],
    "experiments.net1.architecture.units": [[3], [4]],
    "calibration.series": [6, 7],
}
CODE = [
    "pipeline/window.py",
    "pipeline/train.py",
    "pipeline/scoring/scores.py",
    "pipeline/architectures/lstm.py",
    "pipeline/common/files.py",
    "pipeline/report/index.html",
    "locked.yaml",
]


def _one(rng: np.random.Generator, of: list) -> object:
    return of[int(rng.integers(len(of)))]


def setting(project: Torn, rng: np.random.Generator) -> str:
    there = project.params()["experiments"]
    path = str(_one(rng, [path for path in VALUES if "net1" not in path or "net1" in there]))
    value = _one(rng, VALUES[path])
    project.set(path, value)
    return f"{path} = {value}"


def comment(project: Torn, rng: np.random.Generator) -> str:
    path = project.folder / "params.yaml"
    path.write_text(f"# {rng.integers(9)}\n{path.read_text()}")
    return "a comment"


def code(project: Torn, rng: np.random.Generator) -> str:
    """One of three contents of a module, so that edits come back to what was there before."""
    name = _one(rng, CODE)
    path, end = project.folder / name, f"\n# variant {rng.integers(3)}\n"
    path.write_text(path.read_text().split("\n# variant")[0].rstrip("\n") + end)
    return f"{name}: {end.strip()}"


def data(project: Torn, rng: np.random.Generator) -> str:
    rows = 300 + int(rng.integers(3))
    (project.folder / OWN).chmod(0o644)
    (project.folder / OWN).write_text(own_rows(rows))
    if rng.random() < 0.5:
        project("dvc", "add", "-q", OWN)
        return f"{rows} rows, dvc add"
    return f"{rows} rows"


def experiments(project: Torn, rng: np.random.Generator) -> str:
    """One experiment taken out, or put in."""
    params = project.params()
    if "net1" in params["experiments"]:
        del params["experiments"]["net1"]
    else:
        params["experiments"]["net1"] = torn_params()["experiments"]["net1"]
    write_params(project.folder, params)
    return f"experiments: {', '.join(params['experiments'])}"


def by_hand(project: Torn, rng: np.random.Generator) -> str:
    """An output overwritten, cut short, deleted, replaced, or joined by another file."""
    path = project.folder / str(_one(rng, sorted(project.expected())))
    how = str(_one(rng, ["other", "same size", "cut", "delete", "folder", "old", "more"]))
    if how == "more":
        path = path.with_name("more.txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.is_file() else b"none"
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink() if how in ("delete", "folder") else path.chmod(0o644)
    if how == "folder":
        path.mkdir()
    elif how in ("other", "more"):
        path.write_text(f"{rng.integers(9)}\n")
    elif how == "same size":
        path.write_bytes(before[::-1])
    elif how == "cut":
        path.write_bytes(before[: len(before) // 2])
    elif how == "old":
        path.write_bytes(before + b" ")
        os.utime(path, (1e9, 1e9))
    return f"{path.relative_to(project.folder)}: {how}"


def touch(project: Torn, rng: np.random.Generator) -> str:
    path = project.folder / str(_one(rng, [*sorted(project.expected()), *CODE, "params.yaml", "dvc.lock"]))
    if path.exists():
        os.utime(path, None if rng.random() < 0.5 else (1e9, 1e9))
    return f"touch {path.relative_to(project.folder)}"


def commit(project: Torn, _: np.random.Generator) -> str:
    project.commit()
    return "git commit"


def checkout(project: Torn, rng: np.random.Generator) -> str:
    """A commit of the past, whole or only one of its files, and DVC's results of it or not."""
    revisions = project("git", "log", "--format=%h").stdout.split()
    revision = str(_one(rng, revisions[:4]))
    what = str(_one(rng, ["all", "params.yaml", "dvc.lock", "pipeline"]))
    project("git", "checkout", "-q", "-f", *([revision] if what == "all" else [revision, "--", what]), check=False)
    if rng.random() < 0.5:
        project("dvc", "checkout", "-q", "--force", check=False)
        return f"git checkout {what}, dvc checkout"
    return f"git checkout {what}"


def dvc_checkout(project: Torn, rng: np.random.Generator) -> str:
    target = str(_one(rng, ["", "train@net0", "report", "raw@mine"]))
    project("dvc", "checkout", "-q", "--force", *([target] if target else []), check=False)
    return f"dvc checkout {target}"


def exp_run(project: Torn, rng: np.random.Generator) -> str:
    rate = float(_one(rng, [0.001, 0.002, 0.003]))
    project("dvc", "exp", "run", "-q", "-S", f"experiments.net0.training.learning_rate={rate}", check=False)
    return f"dvc exp run, rate {rate}"


def exp_apply(project: Torn, rng: np.random.Generator) -> str:
    names = project("dvc", "exp", "list", "--name-only", check=False).stdout.split()
    if names:
        project("dvc", "exp", "apply", "-q", str(_one(rng, names)), check=False)
    return "dvc exp apply"


def repro(project: Torn, rng: np.random.Generator) -> str:
    target = str(_one(rng, ["raw@mine", "split@set0", "train@net0", "evaluate@net0"]))
    single = ["--single-item"] if rng.random() < 0.5 else []
    project("dvc", "repro", "-q", *single, target, check=False)
    return f"dvc repro {target}"


def part_of_it(project: Torn, rng: np.random.Generator) -> str:
    command = [
        "snakemake",
        "--cores",
        "2",
        *[["-n"], ["models/net0/training"], ["--forcerun", "split"]][rng.integers(3)],
    ]
    project(*command)
    return " ".join(command)


def kill(project: Torn, rng: np.random.Generator) -> str:
    command = [["snakemake", "--cores", "2"], ["dvc", "repro", "-q", "evaluate@net0"]][int(rng.random() < 0.25)]
    seconds = float(rng.uniform(0.5, 10))
    return f"{' '.join(command)} killed after {seconds:.1f} s: {project.killed(command, seconds)}"


def forgotten(project: Torn, rng: np.random.Generator) -> str:
    name = str(_one(rng, ["dvc.lock", ".snakemake", ".dvc/tmp", ".dvc/cache/runs", "logs", "models"]))
    path = project.folder / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return f"{name} deleted"


WEIGHTS: dict[Action, int] = {
    setting: 6, code: 4, data: 2, experiments: 1, comment: 1, by_hand: 5, touch: 2, commit: 3, checkout: 4,
    dvc_checkout: 2, exp_run: 1, exp_apply: 1, repro: 1, part_of_it: 2, kill: 3, forgotten: 1,
}  # fmt: skip


def sequence(project: Torn, rng: np.random.Generator) -> tuple[list[str], float]:
    """Do one to five drawn things, run `snakemake`, and compare every output.

    Returns:
        What was done, and the seconds of all of it.

    Raises:
        AssertionError: with what was done, where an output is not the expected one.
    """
    started = time.monotonic()
    shares = np.array(list(WEIGHTS.values())) / sum(WEIGHTS.values())
    done = []
    for number in rng.choice(len(WEIGHTS), size=int(rng.integers(1, 6)), p=shares):
        done.append(list(WEIGHTS)[number](project, rng))
    run = project.snakemake()
    assert not (wrong := project.wrong()), f"{wrong} after {done}\n{run.stdout}{run.stderr}"
    return done, time.monotonic() - started


def _drawn(tmp_path: Path, seed: int, count: int) -> list[float]:
    project, rng = Torn(tmp_path / "project"), np.random.default_rng(seed)
    project.snakemake()
    project.commit()
    seconds = []
    for number in range(count):
        done, took = sequence(project, rng)
        seconds.append(took)
        print(f"{seed}/{number}: {took:.1f} s: {' · '.join(done)}", flush=True)
    idle = project.snakemake()
    assert "Nothing to be done" in idle.stderr
    return seconds


def test_no_result_is_stale_after_any_sequence(tmp_path: Path) -> None:
    assert len(_drawn(tmp_path, seed=0, count=1)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 11))
def test_no_result_is_stale_after_any_of_200_sequences(tmp_path: Path, seed: int) -> None:
    assert len(_drawn(tmp_path, seed, count=20)) == 20
