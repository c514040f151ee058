"""docs/stories: pages whose figures and pictures come from results."""

from __future__ import annotations

import copy
import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline.common import files
from pipeline.common.errors import UserError
from tests.conftest import PROJECT
from tests.helpers.reports import POSTED
from tools import stories

TEMPLATES = sorted(stories.FOLDER.glob("*.md.in"))
REPORTS = PROJECT / "reports"


@pytest.fixture
def results(tmp_path: Path) -> stories.Results:
    """Results of one experiment, with one finding."""
    (tmp_path / "leaderboard.csv").write_text("experiment,verdict,score\nx,behind,-0.0042\n", encoding="utf-8")
    diagnosis: dict[str, Any] = {
        "experiment": "x",
        "verdict": "not_learning",
        "findings": [
            {"code": "dead_output", "weight": "cause", "evidence": {"dead": 1.0}},
            {"code": "memory_too_short", "weight": "cause", "evidence": {}},
            {"code": "collapsed_predictions", "weight": "symptom", "evidence": {}},
        ],
    }
    (tmp_path / "diagnosis").mkdir()
    files.write_json(tmp_path / "diagnosis/x.json", diagnosis)
    return stories.Results(tmp_path)


def test_there_is_a_story_of_each_post_and_an_index() -> None:
    assert [path.name for path in TEMPLATES] == [
        "107289.md.in",
        "123707.md.in",
        "470563.md.in",
        "51264.md.in",
        "67599_68047.md.in",
        "README.md.in",
    ]
    assert {path.stem for path in TEMPLATES} == {path.name for path in stories.FOLDER.glob("*.md")}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_page_has_the_words_of_its_template(template: Path) -> None:
    def words(text: str) -> list[str]:
        return re.sub(r"\s+", " ", text).split(". ")

    text = template.read_text(encoding="utf-8")
    page = re.sub(r"\s+", " ", (stories.FOLDER / template.stem).read_text(encoding="utf-8"))
    plain = [sentence for sentence in words(text) if "{{" not in sentence and "}}" not in sentence]
    assert plain
    assert [sentence for sentence in plain if sentence.strip() not in page] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_measured_figure_is_typed_by_hand(template: Path) -> None:
    """After `What Flatline measures`, a figure with decimals is a placeholder, or one of the post."""
    text = template.read_text(encoding="utf-8").partition("## What Flatline measures")[2]
    typed = set(re.findall(r"\d+\.\d+", re.sub(r"\{\{.*?\}\}|`[^`]*`|```.*?```", "", text, flags=re.DOTALL)))
    assert typed <= {"0.002", "0.2838", "0.2484", "0.1", "1.1921"}


def are_results_of_the_commit() -> bool:
    """Whether reports/ has what the committed dvc.lock names: not after other settings, nor on another processor."""
    board = REPORTS / "leaderboard.csv"
    if not board.is_file():
        return False
    shown = subprocess.run(["git", "show", "HEAD:dvc.lock"], cwd=PROJECT, capture_output=True, text=True, check=False)
    entry = re.search(r"- path: reports/leaderboard\.csv\n +hash: md5\n +md5: (\w+)", shown.stdout)
    return bool(entry) and entry[1] == hashlib.md5(board.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.mark.skipif(not are_results_of_the_commit(), reason="needs the results of `make run` at this commit")
def test_the_committed_pages_are_those_of_the_results() -> None:
    assert stories.differing(stories.rendered(stories.Results(REPORTS))) == []


def test_the_table_of_the_readme_is_that_of_the_stories() -> None:
    index = (stories.FOLDER / "README.md").read_text(encoding="utf-8")
    text = stories.README.read_text(encoding="utf-8")
    assert text == stories.readme(index)
    assert (
        "| [107289](docs/stories/107289.md): SimpleRNN(64) × 4, L2 everywhere | loss 0.002, awful predictions |" in text
    )
    assert "(docs/verdicts.md#not_learning)" in text


def test_every_picture_is_small_and_complete() -> None:
    shown = set()
    for page in stories.FOLDER.glob("*.md"):
        shown |= set(re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")))
    assert shown == {path.name for path in stories.FOLDER.glob("*.svg")}
    assert {name.split("_")[0] for name in shown} >= {"sign", "stacked", "sequence", "deep", "stateful"}
    for name in shown:
        text = (stories.FOLDER / name).read_text(encoding="utf-8")
        assert len(text) < 30_000
        assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= set(re.findall(r"(--[\w-]+):", text))
        assert "@media" not in text


def test_results_as_the_templates_name_them(results: stories.Results) -> None:
    assert results.board["x"] == {"experiment": "x", "verdict": "behind", "score": -0.0042}
    assert results.verdict("x") == "[not learning](../verdicts.md#not_learning)"
    assert results.findings("x") == (
        "[dead output](../findings/dead_output.md) and [memory too short](../findings/memory_too_short.md)"
    )
    assert results.findings("x", "note") == "none"
    assert results.finding("x", "dead_output") == {"dead": 1.0}
    with pytest.raises(UserError, match=r"must report looks_ahead. Received: dead_output, memory_too_short"):
        results.finding("x", "looks_ahead")


def test_a_row_of_a_study(results: stories.Results) -> None:
    study = files.read_json(stories.STUDIES)["studies"][0]
    row, column = study["rows"][0], study["columns"][0]
    assert results.figures(study["name"], row["label"], column) == row["figures"][column]
    with pytest.raises(UserError, match="must have a row `no such row`"):
        results.figures(study["name"], "no such row", column)


def test_scores_at_the_posted_size(results: stories.Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stories, "POSTS", tmp_path / "posts.json")
    assert results.full("x", "y") == "–"
    assert results.full_table(107289, 51264) == "Not run yet: `python -m benchmarks.posts 107289 51264` runs it."
    (one,) = copy.deepcopy(POSTED["experiments"])
    files.write_json(tmp_path / "posts.json", {"experiments": [one | {"experiment": "x"}]})
    results = stories.Results(results.reports)
    assert results.full("x", "y") == "−0.12; –"
    table = results.full_table(107289)
    cells = "[not learning](../verdicts.md#not_learning) | 150 (NVIDIA H200, JAX 0.11.2) | 8,794 | 0.00210 | 0.310"
    assert f"\n| `x` | {cells} | −0.120 |" in table
    assert "- The loss is low: reproduced in `x` (loss 0.0021)." in table
    assert stories.wrapped(f"{table}\n").count("\n|") == 3
    # Other epochs than the post's and another verdict than at quick size are named.
    one |= {"experiment": "x", "epochs": {"posted": 150, "set": 20, "run": [20]}, "verdict": "behind"}
    files.write_json(tmp_path / "posts.json", {"experiments": [one]})
    assert stories.Results(results.reports).full("x") == ("−0.12 ([behind](../verdicts.md#behind), 20 of 150 epochs)")


def test_figures_as_texts(results: stories.Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stories, "FOLDER", tmp_path)
    template = tmp_path / "a.md.in"
    template.write_text(
        "{{ board.x.score | two }} {{ 0.126 | percent }} {{ 0.6931 | short }} {{ [0.2, 0.1] | span }}\n"
    )
    note = "<!-- Made by `python -m tools.stories` from a.md.in. Edit that instead. -->\n\n"
    assert stories.rendered(results) == {"a.md": f"{note}0.00 13 % 0.693 0.100 to 0.200\n"}
    template.write_text("{{ board.y.score | two }}\n")
    with pytest.raises(UserError, match=r"a\.md\.in` must name results that exist"):
        stories.rendered(results)


def test_paragraphs_and_items_are_filled_and_nothing_else() -> None:
    long = " ".join(["word"] * 40)
    text = f"# {long}\n\n{long}\nmore\n\n- {long}\n- two\n\n| {long} |\n\n```sh\n{long}\n\n{long}\n```\n\nend\n"
    lines = stories.wrapped(text).split("\n")
    assert f"# {long}" in lines
    assert f"| {long} |" in lines
    assert lines.count(long) == 2
    assert "- two" in lines
    assert stories.wrapped(text).endswith("\n```\n\nend\n")
    assert max(len(line) for line in lines if line.startswith(("word", "-", "  word")) and line != long) <= 120


def test_without_results_one_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"must hold the results of a full run\. Received: no leaderboard\.csv\. Run `make run`"
    ):
        stories.main(["--results", str(tmp_path)])
