"""Files of the project cannot be opened while a function of the user's runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.common.errors import UserError
from pipeline.series.sealed import reading_nothing


def test_a_file_of_the_project_is_refused_until_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside.txt"
    for file in (outside, project / "data/a.txt", project / "pipeline/code.py"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    monkeypatch.chdir(project)
    with reading_nothing("mine.py, made"):
        assert outside.read_text() == Path("pipeline/code.py").read_text() == "x"
        with pytest.raises(UserError, match=r"`mine.py, made` must read nothing but the frame. Received: data/a.txt"):
            Path("data/a.txt").read_text()
    assert Path("data/a.txt").read_text() == "x"
