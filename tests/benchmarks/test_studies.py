"""The studies' harness on a tiny case, and their rules on made-up figures."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.studies import __main__, runs, sequence_mean, stateful, study, wording
from benchmarks.studies.runs import Row
from benchmarks.studies.study import Study
from pipeline.common import errors, files, params


def tiny(rows: list[Row]) -> Study:
    return Study(
        name="tiny",
        post=107289,
        question="Does it run?",
        size="Tiny.",
        columns=["r2", "skill", "skill_share"],
        rows=rows,
        read=lambda experiment, data, seed: {"r2": seed, "skill": 0.1},
        answer=lambda table: f"R² of {len(table)} rows.",
        bar=lambda table: ("every one", all(None not in row["r2"] for row in table.values())),
    )


def test_changes_replace_values_of_a_size_and_make_what_is_absent() -> None:
    before = {"experiments": {"a": {"training": {"epochs": {"quick": 1, "full": 9}, "early_stopping": None}}}}
    path = "experiments.a.training"
    after = runs.changed(before, {f"{path}.epochs": 3, f"{path}.early_stopping.patience": 2})
    assert after["experiments"]["a"]["training"] == {"epochs": 3, "early_stopping": {"patience": 2}}
    assert before["experiments"]["a"]["training"]["epochs"] == {"quick": 1, "full": 9}


def test_a_row_spells_its_changes_as_dvc_takes_them() -> None:
    row = Row("x", "deep_rnn", {"architecture.l2": 0.0, "dataset": "other", "series.noisy_season.rows": 5})
    assert row.set == {
        "size": "full",
        "experiments.deep_rnn.architecture.l2": 0.0,
        "experiments.deep_rnn.dataset": "other",
        "series.noisy_season.rows": 5,
    }


def test_a_study_keeps_the_seeds_it_has_and_runs_those_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, list[int]]] = []

    def counted(row: Row, seeds: list[int], folder: Path) -> dict[str, Any]:
        ran.append((row.label, seeds))
        (folder / "models").mkdir(parents=True)
        return {"datasets": {"season_windows": {}}}

    monkeypatch.setattr(runs, "run", counted)
    rows = [Row("one", "season_lstm", {"training.units": (3,)}, (0, 1)), Row("two", "season_lstm", {}, (1,))]
    study.execute(tiny(rows), results=tmp_path)
    assert ran == [("one", [0, 1]), ("two", [1])]
    first = files.read_json(tmp_path / "studies/tiny.json")
    assert first["bar"] == {"text": "every one", "met": True}
    assert first["rows"][0]["figures"] == {"r2": [0, 1], "skill": [0.1, 0.1], "skill_share": [None, None]}

    ran.clear()
    more = [rows[0], Row("two", "season_lstm", {"training.epochs": 2}, (1,)), Row("three", "x", {}, (2, 5), apart=True)]
    study.execute(tiny(more), missing=True, only=["one", "two"], results=tmp_path)
    assert ran == [("two", [1])]  # its settings are no longer those of the figures
    partial = files.read_json(tmp_path / "studies/tiny.json")
    assert partial["bar"] is None
    assert partial["answer"] == "Not all of its rows have been run."
    assert partial["size"] == "Tiny. Run so far: three with 0 of 2 seeds."
    study.execute(tiny(more), missing=True, results=tmp_path)
    assert ran == [("two", [1]), ("three", [2]), ("three", [5])]
    last = files.read_json(tmp_path / "studies/tiny.json")
    assert last["answer"] == "R² of 3 rows."
    assert study.collect([tiny(more)], tmp_path)["studies"] == [last]


def test_figures_are_those_of_the_evaluation(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.studies import figures
    from pipeline.baselines import stage as references
    from pipeline.evaluate import stage

    monkeypatch.setattr(runs, "PROJECT", project)
    folder = project / "run"
    row = Row("one", "sign_lstm", {"training.epochs": 1}, (1,), size="quick")
    runs.run(row, [1], folder)
    with contextlib.chdir(folder):
        found = figures.read_seed("sign_lstm", "sign_windows", 1)
        references.baselines(params.load(), "sign_windows")
        stage.evaluate(params.load(), "sign_lstm")
        whole = files.read_json(files.EVALUATION / "sign_lstm.json")
    told = whole["parts"]["test"]
    assert found["accuracy"] == pytest.approx(told["network"]["accuracy"]["mean"], rel=1e-3)
    majority = whole["parts"]["test"]["baselines"]["majority"]["accuracy"]
    assert found["majority"] == pytest.approx(majority, rel=1e-3)
    assert found["oracle_accuracy"] == pytest.approx(told["oracle"]["accuracy"], rel=1e-3)
    assert found["windows"] == whole["parts"]["test"]["windows"]
    majority = whole["parts"]["test"]["skill"]["majority"]
    assert found["skill"] == pytest.approx(majority if isinstance(majority, float) else majority["mean"], rel=1e-3)


def test_every_row_is_one_that_the_stages_accept(tmp_path: Path) -> None:
    own = yaml.safe_load((runs.PROJECT / "params.yaml").read_text(encoding="utf-8"))
    for each in __main__.STUDIES:
        labels = [row.label for row in each.rows]
        assert len(set(labels)) == len(labels), each.name
        for number, row in enumerate(each.rows):
            path = tmp_path / f"{each.name}{number}.yaml"
            path.write_text(yaml.safe_dump(runs.row_params(row, list(row.seeds), own)), encoding="utf-8")
            params.load(path)


def test_rules_follow_the_figures() -> None:
    good = {"mae_posted": [0.002, 0.01], "mae_unseen": [0.006, 0.02], "r2_unseen": [0.999, 0.99]}
    table = {"question, fixed": good, "answer, fixed": good}
    bar = sequence_mean.MEAN.bar
    assert bar is not None
    assert bar(table)[1]
    assert not bar(table | {"answer, fixed": good | {"r2_unseen": [0.999, 0.98]}})[1]
    assert not bar(table | {"answer, fixed": good | {"mae_posted": [0.002, None]}})[1]


def test_the_first_epoch_of_470563_comes_out_of_the_share_of_batches_before_the_nan() -> None:
    by_loss, by_accuracy = stateful.fractions(loss=1.06, accuracy=0.3738, class_0=0.2020)
    assert by_loss == pytest.approx(0.2838 / 1.06, abs=1e-6)
    assert by_accuracy == pytest.approx((0.2484 - 0.2020) / (0.3738 - 0.2020))


def test_words_of_figures() -> None:
    assert wording.span([0.0123, 0.0456]) == "0.0123 to 0.0456"
    assert wording.span([1.0, 1.0]) == "1"
    assert wording.span([1.0, None]) == "not finite"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert not wording.every([], least=0)


def test_an_unknown_study_is_refused() -> None:
    with pytest.raises(errors.UserError, match="Known: sequence_mean"):
        __main__.main(["sequence_men"])
