"""docs/changes.md: which stages a change runs, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.common import params
from tests.conftest import PROJECT, write_params
from tests.helpers import changes, replaced
from tests.helpers.changes import CHANGES, in_words
from tests.helpers.project import Project
from tests.helpers.replaced import Outcome
from tests.helpers.torn import own_rows
from tools import documents

Found = tuple[dict[str, Outcome], list[str]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return changes.outcomes(tmp_path_factory.mktemp("changes"))


def test_the_table_in_the_docs_is_what_each_change_runs(found: Found) -> None:
    document = changes.DOC.read_text(encoding="utf-8")
    assert document == documents.with_table(document, "tests.helpers.changes", changes.table(*found)), (
        "python -m tests.helpers.changes"
    )
    assert len(CHANGES) >= 20


def test_what_says_nothing_to_a_stage_runs_none(found: Found) -> None:
    nothing = [words for words, outcome in found[0].items() if outcome == Outcome([], [], [])]
    assert {"a comment in `params.yaml`", "`README.md`", "the locked version of certifi", "the times of files"} <= {
        *nothing
    }


def test_one_series_dataset_or_experiment_runs_no_other(found: Found) -> None:
    outcomes, every = found
    assert {"train@mine_lstm", "train@season_rnn", "leakage@mine_windows"} <= {*every}
    for words in ("a generator's `seed`", "a split's `gap`", "`window.length`", "`scaling.features`"):
        assert outcomes[words].computed
        assert not [name for name in outcomes[words].computed if "mine" in name or name in ("leaks", "calibrate")]
    for words in ("`epochs`", "`learning_rate` of one experiment", "an option of the architecture"):
        assert {name.partition("@")[2] for name in outcomes[words].computed} == {"season_lstm", ""}
    proofs = [name for name in outcomes["`backend` of one experiment"].computed if name.startswith("leakage")]
    assert proofs == ["leakage@season_windows"]


def test_the_other_size_is_computed_anew(found: Found) -> None:
    outcome = found[0]["`size`"]
    assert outcome.restored == []
    assert {name.partition("@")[0] for name in outcome.computed} >= {"raw", "split", "train", "evaluate", "report"}


def test_other_words_run_a_stage_but_none_after_it(found: Found) -> None:
    stale, computed, restored = found[0]["a docstring or comment in `pipeline/train.py`"]
    assert stale == computed
    assert not restored
    assert "train@mine_lstm" in computed
    assert not [name for name in computed if name.startswith(("predict", "evaluate"))]


def test_results_are_put_back_not_computed(found: Found) -> None:
    for words in ("a model overwritten by hand", "predictions deleted", "`learning_rate` changed, run, and put back"):
        assert found[0][words].computed == []
        assert found[0][words].restored


@pytest.mark.parametrize("words", [words for words, change in CHANGES.items() if "put" in change.__qualname__])
def test_the_settings_of_the_table_are_valid(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pipeline").symlink_to(PROJECT / "pipeline")
    write_params(tmp_path, replaced.small_params())
    CHANGES[words](tmp_path)
    monkeypatch.chdir(tmp_path)
    assert params.load()


def test_stages_are_told_in_few_words() -> None:
    every = ["raw@a", "raw@b", "train@x", "train@y", "predict@x", "predict@y", "report"]
    assert in_words([], every) == "–"
    assert in_words(every, every) == "every stage"
    assert in_words(["raw@a", "raw@b", "report"], every) == "every `raw` · `report`"
    assert in_words(["raw@b", "train@x", "predict@x"], every) == "`raw` of b · `train`, `predict` of x"


def test_what_stands_for_a_stage_follows_from_what_its_inputs_say(tmp_path: Path, monkeypatch: Any) -> None:
    class Dep:
        def __init__(self, path: str, keys: tuple[str, ...] = ()) -> None:
            self.def_path = path
            if keys:
                self.params = keys

    class Stage:
        addressing = "one@a"
        deps = (Dep("code"), Dep("rows"), Dep("params.yaml", ("x", "size")))
        outs = (Dep("out/a"), Dep("b.json"))

    def result() -> str:
        replaced.compute(Stage())
        return Path("out/a/result.txt").read_text() + Path("b.json").read_text()

    monkeypatch.chdir(tmp_path)
    for path, content in {
        "code/a.py": '"""Words."""\nX = 1\n',
        "rows": "1\n",
        "params.yaml": "{size: quick, x: {quick: 1, full: 2}, y: 1}",
    }.items():
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(content)
    first = result()
    Path("code/a.py").write_text('"""Others."""\nX = 1  # told\n')
    Path("params.yaml").write_text("{size: quick, x: {quick: 1, full: 3}, y: 2}")
    assert result() == first
    Path("params.yaml").write_text("{size: full, x: {quick: 1, full: 3}, y: 2}")
    assert result() != first
    for path, content in {"code/a.py": "X = 2\n", "rows": "2\n", "params.yaml": "{size: quick, x: 5}"}.items():
        before = result()
        Path(path).write_text(content)
        assert result() != before


REAL = ("a docstring or comment in `pipeline/split.py`", "`window.stride.train`", "a new row in `data/own/mine.csv`")


@pytest.mark.slow
def test_the_real_stages_run_as_the_table_says(found: Found, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    write_params(project.folder, replaced.small_params())
    (project.folder / replaced.OWN).write_text(own_rows())
    project("dvc", "add", "-q", replaced.OWN)
    _, computed = project.snakemake()
    assert computed == sorted(found[1])
    project.commit()
    for words in REAL:
        CHANGES[words](project.folder)
        _, computed = project.snakemake()
        assert computed == sorted(found[0][words].computed), words
        project("git", "checkout", "-q", ".")
        (project.folder / replaced.OWN).write_text(own_rows())
        assert project.snakemake()[1] == []
