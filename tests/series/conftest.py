"""A project whose series passes through a function of the user's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.common import errors
from pipeline.series import preparing

Write = Callable[[str], None]
HEAD = "import numpy as np\nimport pandas as pd\n\n\ndef made(frame):\n"
ROWS = 300


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """A project with a series of 300 hours, `load` with a gap and `note` of text; writes the body of `mine:made`."""
    import pipeline.prepare

    folder = tmp_path / "code"
    folder.mkdir()
    monkeypatch.setattr(preparing, "FOLDER", folder)
    monkeypatch.setattr(errors, "_OWN_CODE", [*errors._OWN_CODE, folder])
    monkeypatch.setattr(pipeline.prepare, "__path__", [str(folder)])
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "data/own"
    own.mkdir(parents=True)
    load = np.random.default_rng(0).normal(size=ROWS).round(3).astype(str)
    load[40:45] = ""
    hours = np.datetime64("2020-01-01T00") + np.arange(ROWS)
    lines = [f"{hour}:00,{cell},{i % 7},x" for i, (hour, cell) in enumerate(zip(hours, load, strict=True))]
    (own / "a.csv").write_text("\n".join(["date,load,day,note", *lines]) + "\n", encoding="utf-8")

    def put(body: str, head: str = HEAD) -> None:
        sys.modules.pop("pipeline.prepare.mine", None)
        (folder / "mine.py").write_text(head + "".join(f"    {line}\n" for line in body.split("\n")), encoding="utf-8")

    yield put
    sys.modules.pop("pipeline.prepare.mine", None)
