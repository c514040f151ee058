"""`python -m tests.helpers.changes`: make each change of the table in docs/changes.md, and record which stages it runs.

Each is made in a fresh copy of a project whose stages are replaced (tests/helpers/replaced.py), after its first run.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import PROJECT, write_params
from tests.helpers.replaced import OWN, Outcome, make, run, small_params
from tools import documents

DOC = PROJECT / "docs/changes.md"

Change = Callable[[Path], None]


def put(dotted: str, value: Any) -> Change:
    """Another value in params.yaml; a value None takes the key out."""

    def change(folder: Path) -> None:
        params = yaml.safe_load((folder / "params.yaml").read_text("utf-8"))
        *parents, last = dotted.split(".")
        node = params
        for key in parents:
            node = node[key]
        if node.get(last) == value:
            raise ValueError(f"{dotted} is {value} already")
        if value is None:
            del node[last]
        else:
            node[last] = value
        write_params(folder, params)

    return change


def text(path: str, old: str, new: str) -> Change:
    """Replace the first `old` in a file; append if `old` is empty."""

    def change(folder: Path) -> None:
        before = (folder / path).read_text("utf-8")
        if old not in before:
            raise ValueError(f"{path} does not hold {old!r}")
        (folder / path).write_text(before.replace(old, new, 1) if old else before + new, encoding="utf-8")

    return change


def library(name: str) -> Change:
    """Another version of a library in locked.yaml, if that holds it."""

    def change(folder: Path) -> None:
        path = folder / "locked.yaml"
        text = re.sub(rf"^( *{name}:) .*$", r"\1 '999.1'", path.read_text("utf-8"), flags=re.M)
        path.write_text(text, "utf-8")

    return change


def new(path: str, content: str) -> Change:
    def change(folder: Path) -> None:
        if (folder / path).exists():
            raise ValueError(f"{path} is there already")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")

    return change


def by_hand(path: str) -> Change:
    """An output overwritten; DVC gives outputs out as links to its cache, which must stay whole."""

    def change(folder: Path) -> None:
        (folder / path).stat()
        (folder / path).unlink()
        (folder / path).write_text("by hand\n", encoding="utf-8")

    return change


def gone(path: str) -> Change:
    def change(folder: Path) -> None:
        if (folder / path).is_dir():
            shutil.rmtree(folder / path)
        else:
            (folder / path).unlink()

    return change


def touched(*paths: str) -> Change:
    def change(folder: Path) -> None:
        for path in paths:
            os.utime(folder / path)

    return change


def first(*changes: Change) -> Change:
    """Changes with a run after each but the last."""

    def change(folder: Path) -> None:
        for one in changes[:-1]:
            one(folder)
            run(folder)
        changes[-1](folder)

    return change


_RATE = "experiments.season_lstm.training.learning_rate"
_LSTM = small_params()["experiments"]["season_lstm"]

CHANGES: dict[str, Change] = {
    # Nothing that a result follows from.
    "a comment in `params.yaml`": text("params.yaml", "size:", "# a remark\nsize:"),
    "the order of keys in `params.yaml`": lambda folder: write_params(folder, dict(reversed(small_params().items()))),
    "`README.md`": text("README.md", "", "More.\n"),
    "a test file": new("tests/test_more.py", "def test_more() -> None: ...\n"),
    "memory of a rule in the `Snakefile`": text("Snakefile", "mem_mb=stages.megabytes", "mem_mb=8000"),
    "the times of files": touched("pipeline/train.py", "data/raw/season/result.txt", OWN),
    "a new architecture's file, that no experiment names": new("pipeline/architectures/mine.py", "def build(): ...\n"),
    "`calibration` of the report's statistics": put("calibration.series", 8),
    # Settings.
    "`size`": put("size", "full"),
    "a generator's `seed`": put("series.season.seed", 7),
    "a split's `gap`": put("datasets.season_windows.split.gap", 2),
    "`window.length`": put("datasets.season_windows.window.length", 10),
    "`window.stride.train`": put("datasets.season_windows.window.stride.train", 2),
    "`window.target`": put("datasets.season_windows.window.target.kind", "difference"),
    "`scaling.features`": put("datasets.season_windows.scaling.features", "standard"),
    "`learning_rate` of one experiment": put(_RATE, 0.0005),
    "`epochs`": put("experiments.season_lstm.training.epochs", 3),
    "`epochs` of the size that is not chosen": put("experiments.season_lstm.training.epochs.full", 30),
    "one more of the training `seeds`": put("experiments.season_lstm.training.seeds", [0, 1, 2]),
    "`backend` of one experiment": put("experiments.season_lstm.training.backend", "jax"),
    "an option of the architecture": put("experiments.season_lstm.architecture.units", [4]),
    "another dataset for an experiment": put("experiments.season_lstm.dataset", "mine_windows"),
    "an unrelated experiment added": put("experiments.mine_rnn", _LSTM | {"dataset": "mine_windows"}),
    "an experiment taken out": put("experiments.season_rnn", None),
    # Data.
    "a new row in `data/own/mine.csv`": text(OWN, "", "2020-10-27,3.5\n"),
    # Code.
    "a docstring or comment in `pipeline/train.py`": text("pipeline/train.py", '"""', '"""In other words: '),
    "a docstring or comment in `pipeline/split.py`": text("pipeline/split.py", '"""', '"""In other words: '),
    "a docstring or comment in `pipeline/common/files.py`": text("pipeline/common/files.py", '"""', '"""In words: '),
    "a docstring or comment in `pipeline/prepare/past.py`": text("pipeline/prepare/past.py", '"""', '"""In words: '),
    "code of `pipeline/window.py`": text("pipeline/window.py", "", "\nMORE = 1\n"),
    "code of `pipeline/network/callbacks.py`": text("pipeline/network/callbacks.py", "", "\nMORE = 1\n"),
    "code of `pipeline/scoring/scores.py`": text("pipeline/scoring/scores.py", "", "\nMORE = 1\n"),
    "code of `pipeline/architectures/simple_rnn.py`": text("pipeline/architectures/simple_rnn.py", "", "\nMORE = 1\n"),
    "code of the generator `pipeline/sources/seasonal.py`": text("pipeline/sources/seasonal.py", "", "\nMORE = 1\n"),
    "a threshold of the diagnosis": text("pipeline/diagnose/limits.py", "", "\nMORE = 1\n"),
    "the report's text (`pipeline/report/index.html`)": text("pipeline/report/index.html", "", "<p>More.</p>\n"),
    # Locked libraries.
    "the locked version of keras": library("keras"),
    "the locked version of statsmodels": library("statsmodels"),
    "the locked version of jinja2": library("jinja2"),
    "the locked version of certifi": library("certifi"),
    # Outputs.
    "a model overwritten by hand": by_hand("models/season_lstm/training/result.txt"),
    "predictions deleted": gone("models/season_lstm/predictions"),
    "`learning_rate` changed, run, and put back": first(put(_RATE, 0.0005), put(_RATE, 0.001)),
}


def outcomes(folder: Path) -> tuple[dict[str, Outcome], list[str]]:
    """What every change does, each in a copy of its own of the project after its first run; and all stages' names."""
    make(folder / "ran")
    jobs = [(folder, number) for number in range(len(CHANGES))]
    # Processes of their own: what DVC remembers of files must not outlive the folder, and pytest may hold threads.
    os.environ["DVC_SITE_CACHE_DIR"] = str(folder / "site")
    try:
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            every = pool.apply(_first_run, (folder / "ran",))
            found = pool.starmap(_outcome, jobs, chunksize=1)
    finally:
        del os.environ["DVC_SITE_CACHE_DIR"]
    return dict(zip(CHANGES, found, strict=True)), every


def _first_run(folder: Path) -> list[str]:
    _quiet()
    return run(folder).computed


def _outcome(folder: Path, number: int) -> Outcome:
    _quiet()
    copy = folder / str(number)
    shutil.copytree(folder / "ran", copy, symlinks=True)
    [*CHANGES.values()][number](copy)
    found = run(copy)
    shutil.rmtree(copy)
    return found


def _quiet() -> None:
    import logging

    import dvc.logger  # noqa: F401 - sets its own level as it is imported

    logging.getLogger("dvc").setLevel(logging.ERROR)


def table(found: dict[str, Outcome], every: list[str]) -> str:
    """The rows as Markdown."""
    lines = ["| change | runs | and after it | restored |", "|---|---|---|---|"]
    for words, (stale, computed, restored) in found.items():
        own = [name for name in computed if name in stale]
        cells = (own, [name for name in computed if name not in stale], restored)
        lines.append(f"| {words} | " + " | ".join(in_words(names, every) for names in cells) + " |")
    return "\n".join(lines) + "\n"


def in_words(names: list[str], every: list[str]) -> str:
    """Names of stages, shortened: `every window · train, predict of season_lstm · report`.

    Args:
        names: the stages.
        every: all that there are, in the order of dvc.yaml.
    """
    if set(every) <= set(names):
        return "every stage"
    of: dict[str, list[str]] = {}
    for kind in dict.fromkeys(name.partition("@")[0] for name in every):
        here = [name.partition("@")[2] for name in names if name.partition("@")[0] == kind]
        there = [name for name in every if name.partition("@")[0] == kind]
        if here:
            who = "" if here == [""] else "every" if len(here) >= len(there) else ", ".join(here)
            of.setdefault(who, []).append(f"`{kind}`")
    parts = []
    for who, kinds in of.items():
        listed = ", ".join(kinds)
        parts.append({"": listed, "every": f"every {listed}"}.get(who, f"{listed} of {who}"))
    return " · ".join(parts) or "–"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = table(*outcomes(Path(folder)))
    documents.write_table(DOC, "tests.helpers.changes", rows)


if __name__ == "__main__":
    main()
