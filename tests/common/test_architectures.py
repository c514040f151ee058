from __future__ import annotations

import subprocess
import sys

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
