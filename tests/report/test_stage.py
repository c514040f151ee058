"""The stage, on results that the stage `evaluate` wrote."""

import copy
import re

import pytest

import pipeline.report.__main__ as command
from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.report import corpus, failures, page, stage, studies
from tests.helpers import evaluated
from tests.helpers.reports import CORPUS, STUDIES, a_leak, calibrated, configured, diagnosed, made_up, proof


def test_the_stage_writes_both_files_from_what_evaluate_wrote(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(params.architectures, "check", lambda place, architecture: None)
    settings = evaluated.build(
        evaluated.WAVE, split_settings=evaluated.HOLDOUT, window_settings={"length": 5, "horizon": 2}, period=19
    )
    evaluated.predict(lambda part, seed: part.raw_targets() + 0.1 * (seed + 1))
    evaluated.run(settings)
    files.write_json(files.LEAKAGE / "tiny.json", {"dataset": "tiny", "proofs": [proof("intervals")]})
    files.write_json(files.LEAKS, {"leaks": [a_leak()]})
    files.write_json(files.CALIBRATION, calibrated())
    files.write_json(files.DIAGNOSIS / "tiny.json", diagnosed("tiny", "overfitting"))
    files.write_json(corpus.FILE, CORPUS)
    files.write_json(studies.FILE, STUDIES)
    fixed = copy.deepcopy(settings)
    fixed["experiments"]["tiny_fixed"] = copy.deepcopy(settings["experiments"]["tiny"])
    stage.report(fixed)
    assert "reports/experiments/tiny_fixed.html" in files.REPORT.read_text()
    assert files.read_json(files.VERDICTS)["experiments"]["tiny_fixed"]["verdict"] == "not_run"
    assert ",overfitting," in files.LEADERBOARD.read_text()
    stage.report(settings)
    assert "tiny" in files.REPORT.read_text()
    assert "No leak found: 1 proof over" in files.REPORT.read_text()
    assert "Not computed yet" not in files.REPORT.read_text()
    page.page(settings, "tiny")
    own = files.EXPERIMENTS / "tiny.html"
    assert "Each step of the test part" in own.read_text()
    assert len((files.EXPERIMENTS / "tiny.md").read_text().splitlines()) <= 40
    assert 'href="experiments/tiny.html"' not in files.REPORT.read_text()
    stage.report(settings)
    assert 'href="experiments/tiny.html"' in files.REPORT.read_text()
    found = files.read_json(files.VERDICTS)["experiments"]["tiny"]
    assert set(found) == {"verdict", "summary", "findings", "next"}
    assert found["verdict"] == "overfitting"
    assert [set(each) for each in found["findings"]] == [{"code", "weight", "evidence"}]
    assert set(found["next"]) == {"text", "command"}
    assert files.LEADERBOARD.read_text().splitlines()[1].startswith("tiny,tiny,,value,r2,")
    written = (files.REPORT, files.VERDICTS, own, files.EXPERIMENTS / "tiny.md")
    before = [path.read_bytes() for path in written]
    page.page(settings, "tiny")
    stage.report(settings)
    assert [path.read_bytes() for path in written] == before
    # A candidate of `make fix`, should one have been evaluated.
    settings["experiments"]["tiny_fix1"] = copy.deepcopy(settings["experiments"]["tiny"])
    own = files.read_json(files.EVALUATION / "tiny.json")
    files.write_json(files.EVALUATION / "tiny_fix1.json", own | {"experiment": "tiny_fix1"})
    stage.report(settings)
    assert files.REPORT.read_bytes() == before[0]


def test_a_failed_stage_gets_a_card_with_the_reason_and_the_others_keep_theirs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = configured("a", "b") | {"size": "quick"}
    files.write_json(files.EVALUATION / "b.json", made_up("b"))
    files.write_json(files.DIAGNOSIS / "b.json", diagnosed("b", "learning", []))
    failed = [failures.Failure("train@a", "`datasets.a` must fit. Received: <b>."), failures.Failure("leaks", "No.")]
    stage.report(settings, failed)
    text = files.REPORT.read_text()
    assert re.findall(r'id="of-(\w+)"', text) == ["a", "b"]
    assert "Stage <code>leaks</code> failed: No." in text
    assert "a: stage <code>train@a</code> failed" in text
    assert "<strong>Why:</strong> <code>datasets.a</code> must fit. Received: &lt;b&gt;." in text
    found = files.read_json(files.VERDICTS)["experiments"]
    assert [found["a"]["verdict"], found["b"]["verdict"]] == ["failed", "learning"]
    assert found["a"]["next"]["command"] == "snakemake --cores 2 reports/experiments/a.html"
    # Nothing at all was computed.
    (files.EVALUATION / "b.json").unlink()
    stage.report(settings, failed)
    assert files.LEADERBOARD.read_text().count("\n") == 1


def test_no_evaluation_at_all_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="must hold at least one evaluation"):
        stage.report({"size": "quick", "experiments": {"a": {}}})
    assert not files.REPORT.exists()


def test_the_command_takes_no_argument():
    with pytest.raises(UserError, match="takes no argument"):
        command.main(["co2_lstm"])


def test_made_up_evaluations_have_the_shape_of_real_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(params.architectures, "check", lambda place, architecture: None)
    settings = evaluated.build(
        evaluated.WAVE, split_settings=evaluated.HOLDOUT, window_settings={"length": 5}, period=19
    )
    evaluated.predict(lambda part, seed: part.raw_targets())
    real, _ = evaluated.run(settings)
    ours = made_up("tiny", oracle=False)
    assert set(ours) == set(real)
    assert set(ours["comparison"]) == set(real["comparison"])
    assert set(ours["comparison"]["naive"]) == set(real["comparison"]["naive"])
    assert set(ours["comparison"]["linear"]) == set(real["comparison"]["linear"])
    assert set(ours["parts"]["test"]) == set(real["parts"]["test"])
    assert set(ours["parts"]["test"]["drawn"]) == set(real["parts"]["test"]["drawn"])
    assert set(ours["training"][0]) == set(real["training"][0])
    assert copy.deepcopy(ours)["parts"]["test"]["network"].keys() == real["parts"]["test"]["network"].keys()
