"""Fixtures of the tests of the report."""

import pytest

from pipeline.report import pictures
from tests.helpers.reports import render_all


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the figures out of the page, since they take most of the time."""
    for name in ("parts", "curves", "predictions"):
        monkeypatch.setattr(pictures, name, lambda evaluation: pictures.Picture("", "<svg></svg>", ""))


@pytest.fixture(scope="session")
def whole():
    """A page with everything on it."""
    return render_all()
