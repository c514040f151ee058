"""A fixture for evaluations of a tiny series."""

import pytest

from pipeline.common import params


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # No network is built here, and the folder has no architectures.
    monkeypatch.setattr(params.architectures, "check", lambda place, architecture: None)
