"""The folder in which files are tried without a project."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with data/own, as the working directory."""
    (tmp_path / "data/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
