"""The real Snakemake and the real DVC, over a tiny pipeline: what runs, what is restored, and what is left alone."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.conftest import write_params
from tests.helpers.project import Project
from workflow import messages


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after its first run, with its dvc.lock committed."""
    project = Project(tmp_path_factory.mktemp("clone") / "project")
    project.snakemake()
    project.commit()
    return project


def test_the_main_job_ends_in_a_report(ran: Project) -> None:
    page = (ran.folder / "reports/index.html").read_text()
    assert "season_lstm" in page
    assert "sign_lstm" in page
    assert ran("dvc", "status").stdout.strip() == "Data and pipelines are up to date."
    assert {row.split(",")[0] for row in (ran.folder / "reports/leaderboard.csv").read_text().splitlines()[1:]} == {
        "season_lstm",
        "sign_lstm",
    }


def test_a_second_run_has_nothing_to_do(ran: Project) -> None:
    done, computed = ran.snakemake()
    assert "Nothing to be done" in done.stdout + done.stderr
    assert computed == []


def test_times_of_files_mean_nothing(ran: Project) -> None:
    for path in ["data/raw/season/rows.npy", "pipeline/raw.py", "models/season_lstm/training"]:
        os.utime(ran.folder / path)
    done, _ = ran.snakemake()
    assert "Nothing to be done" in done.stdout + done.stderr


def test_a_comment_runs_nothing(ran: Project) -> None:
    path = ran.folder / "params.yaml"
    before = path.read_text()
    path.write_text("# a remark\n" + before)
    done, _ = ran.snakemake()
    assert "Nothing to be done" in done.stdout + done.stderr
    path.write_text(before)


def test_one_learning_rate_runs_one_training_and_back_runs_none(ran: Project) -> None:
    before = ran.metrics("season_lstm")
    ran.set("experiments.season_lstm.training.learning_rate", 0.02)
    _, computed = ran.snakemake()
    kinds = ("backends", "diagnose", "evaluate", "page", "predict", "report", "train")
    assert computed == [kind if kind in ("backends", "report") else f"{kind}@season_lstm" for kind in kinds]
    # The list of backends is written again and stays the same: no job of the proofs that depend on it.
    assert not (ran.folder / "logs/leakage").exists()
    assert ran.metrics("season_lstm") != before
    ran.set("experiments.season_lstm.training.learning_rate", 0.001)
    _, computed = ran.snakemake()
    assert computed == []
    assert ran.metrics("season_lstm") == before


def test_another_backend_proves_its_dataset_again_in_the_same_run(ran: Project) -> None:
    ran.set("experiments.season_lstm.training.backend", "jax")
    jobs = ran("snakemake", "--cores", "2", "--dry-run").stdout
    assert re.search(r"^leakage +1$", jobs, re.MULTILINE), jobs
    ran.set("experiments.season_lstm.training.backend", "tensorflow")
    done = ran("snakemake", "--cores", "2", "--dry-run")
    assert "Nothing to be done" in done.stdout + done.stderr


def test_a_proof_waits_for_the_list_of_backends_if_it_runs_and_else_not(ran: Project) -> None:
    def waiting(*arguments: str) -> int:
        graph = ran("snakemake", "--dag", *arguments).stdout
        rules = {number: rule for number, rule in re.findall(r'(\d+)\[label = "(\w+)', graph)}
        edges = [(rules[a], rules[b]) for a, b in re.findall(r"(\d+) -> (\d+)", graph)]
        assert ("leakage", "report") in edges
        return edges.count(("backends", "leakage"))

    assert waiting() == 0
    for forced in (["--forcerun", "split"], ["--forceall"], ["--force", "data/backends.json", "reports/index.html"]):
        assert waiting(*forced) == 2
    ran.set("experiments.season_lstm.training.learning_rate", 0.02)
    assert waiting() == 0
    ran.set("datasets.season_windows.split.gap", 2)
    assert waiting() == 1
    ran("git", "checkout", "-q", "params.yaml")


def test_a_dry_run_of_an_edit_that_is_undone_leaves_nothing_to_do(ran: Project) -> None:
    ran.set("experiments.season_lstm.training.learning_rate", 0.02)
    assert "train" in ran("snakemake", "--cores", "2", "-n").stdout
    ran.set("experiments.season_lstm.training.learning_rate", 0.001)
    done, _ = ran.snakemake()
    assert "Nothing to be done" in done.stdout + done.stderr


def test_a_gap_runs_one_dataset_and_what_follows(ran: Project) -> None:
    ran.set("datasets.season_windows.split.gap", 2)
    _, computed = ran.snakemake()
    assert computed == [
        f"{kind}@{'season_lstm' if kind in ('diagnose', 'train', 'predict', 'evaluate', 'page') else 'season_windows'}"
        if kind not in ("backends", "report")
        else kind
        for kind in (
            "backends",
            "baselines",
            "diagnose",
            "evaluate",
            "leakage",
            "page",
            "predict",
            "report",
            "scale",
            "split",
            "train",
            "window",
        )
    ]
    ran("git", "checkout", "-q", "params.yaml", "dvc.lock")
    _, computed = ran.snakemake()
    assert computed == []


def test_after_an_experiment_and_a_checkout_the_committed_results_are_restored(ran: Project) -> None:
    before = ran.metrics("season_lstm")
    ran("dvc", "exp", "run", "-q", "-S", "experiments.season_lstm.training.epochs=3", "-n", "longer")
    assert ran.metrics("season_lstm") != before
    assert "longer" in ran("dvc", "exp", "show", "--csv").stdout
    difference = ran("dvc", "metrics", "diff").stdout
    assert "season_lstm.validation.r2" in difference
    assert ".test." not in difference
    ran("git", "checkout", "-q", ".")
    _, computed = ran.snakemake()
    assert computed == []
    assert ran.metrics("season_lstm") == before
    assert ran("dvc", "metrics", "diff").stdout.strip() == ""
    assert "train@season_lstm" in ran("dvc", "dag").stdout


def test_a_result_changed_by_hand_is_healed(ran: Project) -> None:
    path = ran.folder / "models/season_lstm/training/fold0_seed0.json"
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_text("{}")
    ran.snakemake()
    assert path.read_bytes() == whole
    shutil.rmtree(ran.folder / "models/season_lstm/predictions")
    ran.snakemake()
    assert (ran.folder / "models/season_lstm/predictions/fold0/test.parquet").exists()


def _last(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.strip().splitlines()[-1]


def test_bad_params_end_in_one_line_and_leave_the_results(ran: Project) -> None:
    before = (ran.folder / "reports/index.html").read_bytes()
    ran.set("datasets.season_windows.split.gap", -1)
    place = "`datasets.season_windows.split.gap` (params.yaml, line "
    rule = ") must be a whole number, 0 or more. Received: -1. For example `gap: 0`."
    done, _ = ran.snakemake(check=False)
    assert done.returncode == 2
    assert _last(done).startswith(place)
    assert _last(done).endswith(rule)
    assert len(done.stderr.splitlines()) <= 3
    own = ran("python", "-m", "pipeline.split", "season_windows", check=False)
    assert own.returncode == 2
    assert own.stderr.startswith(place)
    assert len(own.stderr.splitlines()) == 1
    through = ran("dvc", "repro", "split@season_windows", check=False)
    assert through.returncode not in (0, 1, 2)
    assert rule in (through.stdout + through.stderr)
    ran("git", "checkout", "-q", "params.yaml")
    assert (ran.folder / "reports/index.html").read_bytes() == before
    done, computed = ran.snakemake()
    assert computed == []


def test_a_stage_that_reads_test_rows_too_early_ends_in_one_line(ran: Project) -> None:
    path = ran.folder / "dvc.yaml"
    before = path.read_text()
    line = "        - data/windows/${item.dataset}\n"
    train = before.index("  train:")
    at = before.index(line, train)
    path.write_text(before[:at] + "        - data/test/${item.dataset}\n" + before[at:])
    done, _ = ran.snakemake(check=False)
    path.write_text(before)
    assert done.returncode == 1
    assert re.match(r"`dvc.yaml`, stage `train@\w+` must not read test rows", _last(done))
    assert "Nothing to be done" in ran("snakemake", "--cores", "2").stderr


def test_bad_data_ends_in_one_line_and_leaves_the_results(ran: Project) -> None:
    own = ran.folder / "data/own/mine.csv"
    own.write_text(
        "day,y\n" + "".join(f"{date(2020, 1, 1) + timedelta(days=i)},{(i * 7) % 13}.5\n" for i in range(250))
    )
    ran("dvc", "add", "-q", "data/own/mine.csv")
    p = ran.params()
    p["series"]["mine"] = {"source": "data/own/mine.csv", "time": "day", "target": "y"}
    p["datasets"]["mine_windows"] = p["datasets"]["season_windows"] | {"series": "mine"}
    p["experiments"]["mine_lstm"] = p["experiments"]["season_lstm"] | {"dataset": "mine_windows"}
    write_params(ran.folder, p)
    ran.snakemake()
    rows = (ran.folder / "data/raw/mine/rows.npy").read_bytes()
    index = ran.folder / "reports/index.html"
    page = index.read_bytes()
    assert page.index(b'id="of-mine_lstm"') < page.index(b'id="of-season_lstm"')
    assert (ran.folder / "reports/experiments/mine_lstm.html").exists()
    good = own.read_text()
    # Nothing wrote to it, git knows it by DVC's hash, and the report by its own.
    assert hashlib.md5(good.encode(), usedforsecurity=False).hexdigest() in own.with_name("mine.csv.dvc").read_text()
    assert hashlib.sha256(good.encode()).hexdigest().encode() in page
    own.write_text(good.replace("6.5", "six", 1))
    done, _ = ran.snakemake(check=False)
    assert done.returncode == 2
    assert _last(done).startswith("`data/own/mine.csv")
    assert not list(ran.folder.glob("logs/**/*.log"))
    assert "six" in _last(done)
    assert (ran.folder / "data/raw/mine/rows.npy").read_bytes() == rows
    assert index.read_bytes() == page
    own.write_text(good)
    # What only a stage finds: the others' pages and the index are written, and the experiment's card has the reason.
    p["experiments"]["mine_lstm"]["training"] = p["experiments"]["mine_lstm"]["training"] | {"loss": "msse"}
    write_params(ran.folder, p)
    done, _ = ran.snakemake(check=False)
    assert done.returncode == 1
    assert "Received: msse." in _last(done)
    text = index.read_text()
    assert "mine_<wbr>lstm</a>: stage <code>train@mine_lstm</code> failed" in text
    assert "msse" in text.split("train@mine_lstm")[1].split("</article>")[0]
    assert "The results of an earlier run:" in text
    assert "season_<wbr>lstm</a>: stage" not in text
    verdicts = json.loads((ran.folder / "reports/verdicts.json").read_text())["experiments"]
    assert verdicts["mine_lstm"]["verdict"] == "failed"
    assert verdicts["season_lstm"]["verdict"] != "failed"
    # Nothing of the failure is recorded: the next run tries again, and the mended file restores every result.
    again, _ = ran.snakemake(check=False)
    assert again.returncode == 1
    del p["experiments"]["mine_lstm"]["training"]["loss"]
    write_params(ran.folder, p)
    _, computed = ran.snakemake()
    assert computed == []
    assert index.read_bytes() == page


def test_the_reason_is_the_last_line_before_dvcs_own() -> None:
    ours = "`a.csv` must exist. Received: no. Mend."
    failed = "ERROR: failed to reproduce 'raw@x': "
    command = "python -m pipeline.raw x"
    log = f"Running stage 'raw@x':\n> {command}\n{ours}\n{failed}failed to run: {command}, exited with 2\n"
    assert messages.reason(log) == ours
    assert messages.reason(f"Running stage 'raw@x':\n> {command}\n{failed}{ours}\n") == ours
    assert messages.reason("ERROR: unexpected error\n") == "ERROR: unexpected error"
    assert messages.reason("Stage 'raw@x' didn't change, skipping\n") is None
    full = f"{failed}[Errno 28] No space left on device"
    assert messages.reason(f"Stage 'raw@x' is cached - skipping run, checking out outputs\n{full}\n") == full


def test_a_stage_without_a_log_gets_a_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed: list[str] = []
    monkeypatch.setattr(messages, "print_last", printed.append)
    log = Path("logs/train/x.log")
    log.parent.mkdir(parents=True)
    log.write_text("Stage 'train@x' didn't change, skipping\n")
    messages.print_failures_last(0.0)
    assert printed == []
    log.write_text("")
    messages.print_failures_last(0.0)
    assert len(printed) == 1
    assert printed[0].startswith("`logs/train/x.log` must hold the stage's output. Received: nothing;")
    messages.print_failures_last(log.stat().st_mtime + 1)
    assert len(printed) == 1
    # Another stage's reason is enough.
    Path("logs/leaks.log").write_text("ERROR: unexpected error\n")
    messages.print_failures_last(0.0)
    assert printed[1:] == ["ERROR: unexpected error"]
