"""docs/tutorial.md: the commands of its template, each of which exists, and all of which run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pipeline.common.errors import UserError
from tests.conftest import PROJECT
from tools import tutorial
from workflow.tryout import options


def template() -> str:
    return tutorial.TEMPLATE.read_text(encoding="utf-8")


def test_the_page_is_its_template_with_outputs() -> None:
    page = tutorial.PAGE.read_text(encoding="utf-8")
    assert tutorial.commands(page) == tutorial.commands(template())
    without = re.sub(r"\n\n```text\n.*?\n```", "", page, flags=re.DOTALL)
    assert without == tutorial.NOTE + template()


def test_every_command_of_make_exists() -> None:
    lines = "\n".join(tutorial.commands(template())).splitlines()
    called = [line.split()[1:] for line in lines if line.startswith("make ")]
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    assert {words[0] for words in called} == {"try", "fix", "compare", "forget"}
    for target, *given in called:
        recipe = makefile[makefile.index(f"\n{target}: ") :]
        recipe = recipe[: recipe.index("\n\n")]
        names = [word.partition("=")[0] for word in given if "=" in word]
        known = " ".join(options.variables()) if target == "try" else recipe
        assert all(re.search(rf"\b{name}\b", known) for name in names), (target, names)


def test_outputs_follow_their_commands() -> None:
    text = "Before.\n\n```sh\none\n```\n\n```sh\ntwo\nthree\n```\nAfter.\n"
    page = tutorial.filled(text, lambda block: [f"ran {block.split()[-1]}"] if block == "one" else [])
    assert (
        page
        == f"{tutorial.NOTE}Before.\n\n```sh\none\n```\n\n```text\nran one\n```\n\n```sh\ntwo\nthree\n```\nAfter.\n"
    )


def test_a_block_runs_in_a_clone_and_stops_at_its_first_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    run = tutorial.in_clone(tmp_path)
    assert run("pwd\nmake -n help > /dev/null && echo there") == ["~/flatline", "there"]
    with pytest.raises(UserError, match=r"`false` must end well\. Received: 1\."):
        run("false\ntouch reached")
    assert not (tmp_path / "flatline/reached").exists()


@pytest.mark.slow
def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    run = tutorial.in_clone(tmp_path)
    before = (tmp_path / "flatline/params.yaml").read_bytes()
    tutorial.filled(template(), run)
    assert (tmp_path / "flatline/params.yaml").read_bytes() == before
    assert (tmp_path / "load.csv").is_file()
    status = subprocess.run(
        ["git", "status", "--short", "--", "data/own"],
        cwd=tmp_path / "flatline",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "load.csv.dvc" not in status.stdout or " D " in status.stdout or "D  " in status.stdout
