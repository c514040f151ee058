"""docs/transcripts/ holds exactly the commands of the script that writes it, and the script really runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.common import params
from pipeline.common.errors import UserError
from tests.conftest import PROJECT, write_params
from tools import transcripts
from tools.transcript_sections import SECTIONS, Section, Step

DOCS = PROJECT / transcripts.DOCS


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_the_docs_hold_the_commands_of_the_script(section: Section) -> None:
    text = (DOCS / f"{section.name}.md").read_text(encoding="utf-8")
    assert transcripts.commands(text) == [transcripts.prompt(step) for step in section.steps]
    assert section.title in text
    assert section.about in text


def test_the_docs_hold_no_other_page() -> None:
    assert {path.name for path in DOCS.iterdir()} == {"README.md", *(f"{section.name}.md" for section in SECTIONS)}
    assert (DOCS / "README.md").read_text(encoding="utf-8") == transcripts.index()


def test_the_small_configuration_is_a_valid_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    small = transcripts.small(raw)
    assert list(small) == list(raw)  # dvc.yaml names every one of them
    write_params(tmp_path, small)
    (tmp_path / "pipeline").symlink_to(PROJECT / "pipeline")
    monkeypatch.chdir(tmp_path)
    assert list(params.load()["experiments"]) == ["co2_lstm", "deep_rnn"]


def test_a_short_section_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    transcripts.cloned(tmp_path)
    section = Section(
        "short",
        "A stage",
        "One stage.",
        (
            Step("dvc repro raw@co2 && git log -1 --format='%h %s at %cd'"),
            Step("pwd; ls .venv/.complete; false", note="It fails.", ends=(1,)),
            Step("ls", folder="."),
        ),
    )
    text = transcripts.transcribed(section, tmp_path)
    assert transcripts.commands(text) == [transcripts.prompt(step) for step in section.steps]
    assert "Running stage 'raw@co2':\n> python -m pipeline.raw co2  # quick\n" in text
    assert "\ncommit1 A small configuration at " in text
    assert (
        "\nIt fails.\n\n```console\n~/flatline$ pwd; ls .venv/.complete; false\n~/flatline\n.venv/.complete\n```"
        in text
    )
    assert text.endswith("```console\n~$ ls\nflatline\n```\n")
    assert str(tmp_path) not in text
    with pytest.raises(UserError, match=r"`exit 3` must end with \(0,\) in other. Received: 3\."):
        transcripts.transcribed(section._replace(name="other", steps=(Step("exit 3"),)), tmp_path)


def test_what_no_two_runs_have_in_common_is_replaced() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    order: dict[str, str] = {}
    lines = transcripts.plain(
        f"\x1b[1mbold\x1b[0m  \nhalf\rwhole\n[Sat Nov 21 22:12:08 2026]\n/tmp/x/a took 12.5 seconds, pid 4711\n"
        f"Elapsed time: 0:02:33.611022\n{commit[:7]} {commit} 10:12 PM fffffff Nov 21, 2026\n\n",
        Path("/tmp/x"),  # noqa: S108 - no file is written there
        [commit],
        order,
    )
    assert lines == [
        "bold",
        "whole",
        "[time]",
        "~/a took … seconds, pid …",
        "Elapsed time: h:mm:ss",
        "commit1 commit1 hh:mm -- fffffff mmm dd, yyyy",
    ]
    assert order == {commit[:7]: "commit1"}


def test_a_long_output_loses_its_middle() -> None:
    assert transcripts.shortened(list("abcdefg"), 4) == ["a", "b", "… 3 lines …", "f", "g"]
    assert transcripts.shortened(list("abcd"), 4) == list("abcd")
    assert transcripts.shortened(["x" * 200, "y" * 160], 4) == ["x" * 159 + "…", "y" * 160]


def test_an_unknown_section_is_one_line() -> None:
    with pytest.raises(UserError, match=r"Received: nope\. Known: change, "):
        transcripts.main(["nope"])
