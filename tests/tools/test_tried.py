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


def test_the_progress_of_the_run_is_left_out() -> None:
    output = "a.csv: commas.\n  time  date\n\nWritten: a.\n"
    run = "Using workflow specific profile x\n[  0 %, 1 min left] Train a\n[ 97 %, 1 min left] Page a\na: learning.\n"
    assert tried.printed(output + run + "The page: /x/reports/a.html\n", Path("/x")) == [
        "a.csv: commas.",
        "  time  date",
        "",
        "Written: a.",
        "…",
        "a: learning.",
        "The page: reports/a.html",
    ]
    refused = tried.printed("`TARGET` must name a column.\nmake: *** [Makefile:5: try] Error 2\n", Path("/x"))
    assert refused == ["`TARGET` must name a column."]


def test_one_section_can_be_written_anew() -> None:
    text = "# Head\n\n## a.csv\n\nfirst\n\n> ## a: learning\n\n## b.csv\n\nsecond\n"
    assert tried.sections(text) == {
        "a.csv": "\n## a.csv\n\nfirst\n\n> ## a: learning\n",
        "b.csv": "\n## b.csv\n\nsecond\n",
    }
