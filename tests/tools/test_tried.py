"""The files of docs/tried.md: what they hold is found, and only the lines of `make try` are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import tried
from workflow.tryout import options, steps

FOUND = {
    "Umsätze Elektro.csv": ("Index", "1 month", "12", None, 257),
    "wti.txt": ("WTI", "1 business day", "none", "insert", 8321),
    "elnino.csv": ("SST", "1 month", "12", None, 732),
    "macro.xlsx": ("unemp", "1 quarter", "none", None, 203),
    "msft.csv": ("Close", "1 business day", "none", "insert", 65),
}


@pytest.mark.parametrize("case", tried.CASES, ids=[case.file for case in tried.CASES])
def test_each_file_is_understood(case: tried.Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    case.make(Path(case.file))
    words = [f"--{word.partition('=')[0].lower()}={word.partition('=')[2]}" for word in case.words]
    made = steps.plan(Path(case.file), "mine", options.chosen(options.parse([case.file, *words])), None)
    shown = {choice.what: choice.value for choice in made.choices}
    found = (shown["target"], shown["spacing"], shown["period"], shown.get("holes"), len(made.columns[shown["target"]]))
    assert found == FOUND[case.file]


def test_lines_of_snakemake_are_left_out() -> None:
    output = (
        "a.csv: commas.\n  time  date\n\nWritten: a.\nThey are ordinary entries: undo with `make forget NAME=mine`.\n"
        "\nBuilding DAG of jobs...\nmine is a target\n\nmine: learning.\nPage: x\n"
    )
    assert tried._own(output) == [
        "a.csv: commas.",
        "  time  date",
        "",
        "Written: a.",
        "…",
        "mine: learning.",
        "Page: x",
    ]
    assert tried._own("refused\n") == ["refused"]
