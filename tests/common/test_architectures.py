from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.common import architectures
from pipeline.common.errors import UserError
from tests.conftest import PROJECT


def test_options_are_those_of_the_signature() -> None:
    path, function = architectures.locate("a", {"name": "lstm"})
    assert architectures.options(path, function)[:2] == ["units", "activation"]  # type: ignore[index]
    assert architectures.options(path, "nothing") is None


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ({"name": "nothing"}, "`a.name` must be a file of pipeline/architectures/"),
        (
            {"name": "lstm", "builder": "os:system"},
            "`a.builder` must name a function of pipeline/architectures/lstm.py",
        ),
        ({"name": "lstm", "builder": "lstm:other"}, "`a.builder` must be defined in pipeline/architectures/lstm.py"),
        ({"name": "lstm", "unit": 3}, "Did you mean `units`?"),
    ],
)
def test_what_does_not_exist_is_refused(architecture: dict[str, object], words: str) -> None:
    with pytest.raises(UserError) as caught:
        architectures.check("a", architecture)
    assert words in str(caught.value)


def test_a_builder_is_named_as_module_and_function() -> None:
    architectures.check("a", {"name": "lstm", "builder": "lstm:build", "units": [4]})
    architectures.check("a", {"name": "lstm", "builder": "pipeline.architectures.lstm:build"})


def test_stages_without_a_network_import_none() -> None:
    code = (
        "import sys; import pipeline.raw, pipeline.split, pipeline.window, pipeline.scale, pipeline.dataset, "
        "pipeline.evaluate, pipeline.report.__main__, pipeline.common.params; pipeline.common.params.load();"
        "sys.exit(', '.join(m for m in ('tensorflow', 'keras', 'jax', 'torch') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (
            "def build(shape)\n    return None\n",
            "`pipeline/architectures/mine.py, line 1` must be Python. Received: SyntaxError: expected ':'.",
        ),
        ("def build(shape):\nreturn 1\n", "line 2` must be Python. Received: IndentationError"),
        (
            "import keras\nimport torchh.nn\n",
            "line 2` must import what is installed. Received: torchh.nn. Correct the name",
        ),
        ("from torchh import nn\n", "line 1` must import what is installed. Received: torchh."),
        ("build = 3\n", "`a.builder` must be defined in pipeline/architectures/mine.py"),
        ("x = 'a\x00'\n", "`pipeline/architectures/mine.py"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, line: str
) -> None:
    folder = tmp_path / "pipeline/architectures"
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(architectures, "FOLDER", folder)
    with pytest.raises(UserError) as caught:
        architectures.check("a", {"name": "mine"})
    assert line in str(caught.value)
