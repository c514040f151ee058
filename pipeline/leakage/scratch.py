"""A temporary folder as the working directory, with parameters of its own: the stages read and write files there."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from typing import Any

import yaml

from pipeline.common import params


@contextlib.contextmanager
def project(settings: dict[str, Any]) -> Iterator[None]:
    """Make a temporary folder with these parameters the working directory until the block ends."""
    # By way of JSON, so that no object is written as an alias, which params.yaml must not have.
    text = yaml.safe_dump(json.loads(json.dumps(settings)), sort_keys=False)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        params.FILE.write_text(text, encoding="utf-8")
        yield
