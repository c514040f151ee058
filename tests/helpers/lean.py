"""One tiny experiment through the real DVC and Snakemake: rows, training and scores are real, the rest costs nothing.

Diagnosis, proofs, calibration, page and report take a minute and do not matter to tests of scores and of what is
computed or restored: their commands write an empty table each.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import yaml

from tests.conftest import tiny_params, write_params
from tests.helpers.project import Project

EMPTIED = ("diagnose", "leakage", "leaks", "calibrate", "page", "report")
REAL = ("raw", "split", "window", "scale", "baselines", "train", "predict", "evaluate")
NAME, DATA = "season_lstm", "season_windows"
_STAGE = """import sys
from pathlib import Path
for name in sys.argv[1:]:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text("{}\\n")
"""


class Lean(Project):
    """A clone with one experiment, committed; `folder` may hold a copy of an earlier one already."""

    def __init__(self, folder: Path) -> None:
        if folder.exists():
            self.folder = folder
            return
        super().__init__(folder)
        given = tiny_params()
        kept = {"series": ["season"], "datasets": [DATA], "experiments": [NAME]}
        given["experiments"][NAME]["training"] |= {"epochs": 1, "seeds": [0]}
        write_params(folder, given | {kind: {name: given[kind][name] for name in kept[kind]} for kind in kept})
        (folder / "lean_stage.py").write_text(_STAGE, encoding="utf-8")
        wiring = yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))
        for kind in EMPTIED:
            stage = wiring["stages"][kind]
            does = stage.get("do", stage)
            does["cmd"] = " ".join(["python lean_stage.py", *does["outs"]])
        (folder / "dvc.yaml").write_text(yaml.safe_dump(wiring, sort_keys=False), encoding="utf-8")
        self.commit()


@functools.cache
def _ran() -> Path:
    """The folder of one project after its first run, for all tests of this process."""
    folder = Path(tempfile.mkdtemp(prefix="lean-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    project = Lean(folder / "project")
    project.snakemake()
    project.commit()
    return project.folder


def ran(folder: Path) -> Lean:
    """A copy in `folder` of a project that has run once, with its cache and its dvc.lock committed."""
    shutil.copytree(_ran(), folder, symlinks=True)
    return Lean(folder)
