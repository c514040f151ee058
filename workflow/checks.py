"""Checks of the wiring in dvc.yaml and of the folders that stages write to, before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pipeline.common import files

# The dependencies and the outputs of every stage, by DVC's name of it.
Files = dict[str, tuple[list[str], list[str]]]

# Folders that hold test rows, and who may read them before `predict`: the stages that take test rows apart.
_TEST_ROWS = tuple(f"{folder}/" for folder in (files.OWN, files.RAW, files.TEST))
_MAY_READ = {"raw": f"{files.OWN}/", "split": f"{files.RAW}/"}


def reads_test_rows_too_early(stages: Files) -> tuple[str, str] | None:
    """Return the first stage before a prediction or a diagnosis that reads test rows, and the dependency.

    `predict` is the first to open the test part, and `diagnose`, which chooses remedies, never sees anything made from
    it. `raw` and `split` handle all rows by necessity: `pipeline.leakage` proves that nothing of them reaches training.
    """
    makers = {out: stage for stage, (_, outs) in stages.items() for out in outs}
    below: dict[str, list[str]] = {}
    for out, maker in makers.items():
        for folder in Path(out).parents[:-1]:
            below.setdefault(folder.as_posix(), []).append(maker)

    def upstream(stage: str) -> list[str]:
        found = []
        for dep in stages[stage][0]:
            above = [dep, *(folder.as_posix() for folder in Path(dep).parents)]
            found += [makers[out] for out in above if out in makers] + below.get(dep, [])
        return found

    todo = [stage for stage in stages if stage.split("@")[0] == "diagnose"]
    for stage in stages:
        if stage.split("@")[0] == "predict":
            todo += upstream(stage)
    seen: set[str] = set()
    while todo:
        stage = todo.pop()
        if stage in seen:
            continue
        seen.add(stage)
        kind = stage.split("@")[0]
        for dep in stages[stage][0]:
            test_rows = dep == "data" or f"{dep}/".startswith(_TEST_ROWS)
            if test_rows and not f"{dep}/".startswith(_MAY_READ.get(kind, "\0")):
                return stage, dep
        todo += upstream(stage)
    return None


def not_a_folder(outs: Iterable[str]) -> str | None:
    """Return the first path that must be a folder of outputs and is not: Snakemake would print a traceback."""
    folders = {str(parent) for out in outs for parent in Path(out).parents}
    return next((path for path in sorted(folders) if os.path.lexists(path) and not os.path.isdir(path)), None)


def read_only_folder(outs: Iterable[str]) -> str | None:
    """Return the first folder of outputs that is read-only: DVC's own error is about kinds of links."""
    folders = {next(parent for parent in Path(out).parents if parent.exists()) for out in outs}
    return next((str(folder) for folder in sorted(folders) if not os.access(folder, os.W_OK)), None)
