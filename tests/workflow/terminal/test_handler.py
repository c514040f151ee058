from __future__ import annotations

import io
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.common import LogEvent

from pipeline.common import files, plots
from tests.inputs.test_settings import DATASET, EXPERIMENT, SERIES
from workflow.terminal import epochs, verdicts
from workflow.terminal.handler import Handler, attach

SETTINGS = {
    "series": {"other": {"source": "pipeline/sources/market.py"}, "mine": SERIES},
    "datasets": {"others": DATASET | {"series": "other"}, "mine_daily": DATASET},
    "experiments": {"other_lstm": EXPERIMENT | {"dataset": "others"}, "mine_lstm": EXPERIMENT},
}
OUTPUT = {"quiet": set(), "verbose": False, "debug_dag": False, "printshellcmds": False, "dryrun": False}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def made(stream: io.StringIO | None, unknown: str | None = None, **output: Any) -> Handler:
    plan = {"train@mine_lstm": set(), "diagnose@mine_lstm": {"train@mine_lstm"}}
    settings = SimpleNamespace(**OUTPUT | output)
    return Handler(settings, lambda: plan, SETTINGS, lambda: 2, lambda: None, lambda: unknown, stream)


def record(message: str = "", level: int = logging.INFO, **extra: Any) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": message, "levelno": level, **extra})


def job(number: int, rule: str, log: str = "") -> logging.LogRecord:
    extra = {"jobid": number, "rule_name": rule, "wildcards": {"name": "mine_lstm"}, "log": [log] if log else []}
    return record(event=LogEvent.JOB_INFO, rule_msg=f"{rule.capitalize()} mine_lstm", **extra)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def test_one_line_a_job_with_its_name_and_no_control_characters_in_a_pipe(folder: Path) -> None:
    stream = io.StringIO()
    handler = made(stream)
    for each in (
        record("Building DAG of jobs..."),
        record(event=LogEvent.RUN_INFO, stats={}),
        job(1, "train"),
        record("Shell command: x", event=LogEvent.SHELLCMD),
        record("Finished", event=LogEvent.JOB_FINISHED, job_id=1),
        job(2, "diagnose"),
        record("1 of 2 steps", event=LogEvent.PROGRESS),
    ):
        handler.emit(each)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("[  0 %, ")
    assert lines[0].endswith(" left] Train mine_lstm")
    assert lines[1].endswith(" left] Diagnose mine_lstm")
    assert "\x1b" not in stream.getvalue()


def test_a_failure_is_printed_where_it_happens_with_its_reason(folder: Path) -> None:
    log = folder / "train.log"
    log.write_text("`a` must be 1. Received: 2\x1b[2J. Fix it.\nERROR: failed to reproduce 'x': failed to run: y\n")
    stream = io.StringIO()
    handler = made(stream)
    handler.emit(record(event=LogEvent.RUN_INFO, stats={}))
    handler.emit(job(1, "train", str(log)))
    handler.emit(record("Error", logging.ERROR, event=LogEvent.JOB_ERROR, jobid=1, rule_name="train", log=[str(log)]))
    handler.emit(record("RuleException: again", logging.ERROR, event=LogEvent.ERROR, exception="RuleException"))
    assert stream.getvalue().splitlines()[1:] == [
        r"Train mine_lstm failed: `a` must be 1. Received: 2\x1b[2J. Fix it.",
        f"  log: {log}",
    ]


def test_errors_and_warnings_of_snakemake_are_not_lost(folder: Path) -> None:
    stream = io.StringIO()
    handler = made(stream)
    handler.emit(record("WorkflowError:\n  broken", logging.ERROR, event=LogEvent.ERROR, exception="WorkflowError"))
    handler.emit(record("Careful", logging.WARNING))
    assert stream.getvalue() == "WorkflowError:\n  broken\nCareful\n"


def test_an_unknown_target_gets_a_last_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[str] = []
    monkeypatch.setattr("workflow.messages.print_last", printed.append)
    handler = made(io.StringIO(), unknown="`reports/x.html` must be an output of a stage.")
    handler.emit(record("No rule", logging.ERROR, event=LogEvent.ERROR, exception="MissingRuleException"))
    assert printed == ["`reports/x.html` must be an output of a stage."]


def test_the_running_epochs_are_shown_on_a_terminal_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    handler = made(stream)
    handler.emit(record(event=LogEvent.RUN_INFO, stats={}))
    handler.emit(job(1, "train"))
    rows = [{"part": "train", "fold": 0, "seed": 0, "epoch": k + 1, "loss": 1.0} for k in range(10)]
    rows += [{"part": "train", "fold": 0, "seed": 1, "epoch": k + 1, "loss": 1.0} for k in range(3)]
    rows += [{"part": "validation", "fold": 0, "seed": 0, "epoch": 9, "loss": 1.0}]
    plots.write("learning", "mine_lstm", rows)
    assert epochs.current("mine_lstm", EXPERIMENT, "mine_daily") == epochs.Epoch(2, 2, 3, 10)
    assert epochs.Epoch(2, 2, 3, 10).share == pytest.approx(13 / 20)
    assert handler._progress is not None
    handler._show_running(handler._progress)
    assert "train mine_lstm (training 2 of 2, epoch 3 of 10)" in stream.getvalue()
    handler.close()
    assert stream.getvalue().endswith("\r\x1b[2K")
    monkeypatch.setenv("CI", "1")
    assert not made(Terminal())._live


def test_the_verdicts_end_the_run_with_ones_own_first(folder: Path) -> None:
    diagnosis = {"verdict": "not_learning", "findings": [{"code": "dead_output"}, {"code": "too_few_updates"}]}
    files.write_json(files.DIAGNOSIS / "other_lstm.json", diagnosis)
    step = {"text": "Train longer.", "command": "dvc exp run -S a=1"}
    files.write_json(files.DIAGNOSIS / "mine_lstm.json", {"verdict": "learning", "findings": [], "next": step})
    (folder / "reports/index.html").write_text("x")
    stream = io.StringIO()
    made(stream).emit(record(NOTHING_TO_BE_DONE_MSG))
    assert stream.getvalue().splitlines()[1:] == [
        "experiment  verdict       first finding",
        "mine_lstm   learning      -",
        "other_lstm  not learning  dead output and 1 more",
        "mine_lstm: Train longer.",
        "  dvc exp run -S a=1",
        f"The report: {folder / 'reports/index.html'}",
    ]
    assert list(verdicts.lines(SETTINGS, set())) == []
    # DVC has restored the results of an earlier run: they are not those of this one.
    failed = list(verdicts.lines(SETTINGS, {"mine_lstm", "other_lstm"}, {"mine_lstm"}))
    assert failed[1].split() == ["mine_lstm", "failed", "-"]
    assert "Train longer." not in "".join(failed)


def test_verdicts_go_to_stdout_and_progress_to_stderr(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files.write_json(files.DIAGNOSIS / "mine_lstm.json", {"verdict": "learning", "findings": [], "next": None})
    made(None).emit(record(NOTHING_TO_BE_DONE_MSG))
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [NOTHING_TO_BE_DONE_MSG]
    assert shown.out.startswith("mine_lstm: learning.")


@pytest.mark.parametrize(
    ("name", "output", "attached"),
    [
        ("DefaultStreamHandler", {}, True),
        ("DefaultStreamHandler", {"quiet": {"all"}}, False),
        ("DefaultStreamHandler", {"verbose": True}, False),
        ("DefaultStreamHandler", {"dryrun": True}, False),
        ("of another plugin", {}, False),
    ],
)
def test_snakemakes_own_output_stays_where_it_is_asked_for(name: str, output: dict[str, Any], attached: bool) -> None:
    logger = logging.Logger("test")
    default = logging.StreamHandler()
    default.name = name
    logger.addHandler(default)
    handler = made(io.StringIO(), **output)
    attach(logger, handler)
    assert logger.handlers == [handler if attached else default]
