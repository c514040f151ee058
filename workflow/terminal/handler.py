"""The log handler that prints a run."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TextIO

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from pipeline.common.errors import escaped
from workflow import messages
from workflow.terminal import epochs, expected, verdicts
from workflow.terminal.plan import Progress, time_left

# Seconds between two looks at the running trainings.
_EVERY = 1.0
# Errors of Snakemake that only repeat that a job has failed.
_REPEATS = ("RuleException", "CalledProcessError", "SpawnedJobError")
_DEFAULT = "DefaultStreamHandler"


def attach(logger: logging.Logger, handler: Handler) -> None:
    """Put the handler on Snakemake's logger in place of the default one.

    Nothing changes if another plugin prints already, or with the options that ask for Snakemake's own output: `--quiet
    all`, `--verbose`, `--debug-dag`, `--printshellcmds` and `--dry-run`.
    """
    output: Any = handler.common_settings
    default = next((each for each in logger.handlers if each.name == _DEFAULT), None)
    quiet = {str(each).rsplit(".", 1)[-1].lower() for each in output.quiet or ()}
    options = (output.verbose, output.debug_dag, output.printshellcmds, output.dryrun)
    if default is None or "all" in quiet or any(options):
        return
    logger.removeHandler(default)
    logger.addHandler(handler)


class Handler(LogHandlerBase):
    """Print one line a job, with the progress of the run before it; on a terminal also what runs at the moment.

    Args:
        output: Snakemake's output settings.
        plan: returns the stages to run, each with those that it waits for.
        settings: all settings, complete.
        cores: how many stages run side by side.
        shown: returns the experiments whose verdicts are shown at the end; None for all.
        unknown: returns the line for a target that no stage makes; None if there is none.
        stream: where to print.
    """

    def __init__(
        self,
        output: Any,
        plan: Callable[[], dict[str, set[str]]],
        settings: dict[str, Any],
        cores: Callable[[], int],
        shown: Callable[[], set[str] | None],
        unknown: Callable[[], str | None],
        stream: TextIO | None = None,
    ) -> None:
        super().__init__(output, None)
        self._plan, self._settings, self._cores, self._shown, self._unknown = plan, settings, cores, shown, unknown
        self._stream = sys.stderr if stream is None else stream
        self._results = sys.stdout if stream is None else stream
        self._live = self._stream.isatty() and os.environ.get("TERM") != "dumb" and "CI" not in os.environ
        self._progress: Progress | None = None
        self._jobs: dict[int, tuple[str, str, list[str]]] = {}
        self._ended = threading.Event()

    # What the interface asks of a plugin.
    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record, or note what it says about the progress."""
        try:
            self._emit(record)
        except Exception:
            self.handleError(record)

    def _emit(self, record: Any) -> None:
        event, now = getattr(record, "event", None), time.monotonic()
        if event == LogEvent.RUN_INFO:
            waits = self._plan()
            self._progress = Progress(waits, expected.seconds(waits), self._cores(), now)
            if self._live:
                threading.Thread(target=self._watch, args=(self._progress,), daemon=True).start()
        elif event == LogEvent.JOB_INFO:
            stage = "@".join([record.rule_name, *dict(record.wildcards or {}).values()])
            self._jobs[record.jobid] = stage, record.rule_msg or stage, list(record.log)
            if self._progress and record.rule_name != "all":
                self._progress.start(stage, now, expected.seconds([stage])[stage])
                self._print(f"{_how_far(self._progress, now)} {record.rule_msg or stage}")
        elif event == LogEvent.JOB_FINISHED:
            stage, *_ = self._jobs.get(record.job_id, ("", "", []))
            if self._progress and stage:
                self._progress.finish(stage, now)
        elif event == LogEvent.JOB_ERROR:
            self._print_failure(record, now)
        elif event == LogEvent.ERROR:
            if record.exception not in _REPEATS:
                self._print(record.getMessage())
            if record.exception == "MissingRuleException" and (line := self._unknown()):
                messages.print_last(line)
        elif record.getMessage() == NOTHING_TO_BE_DONE_MSG:
            self._print(record.getMessage())
            self.print_verdicts()
        elif record.levelno >= logging.WARNING and event is None and record.getMessage():
            self._print(record.getMessage())

    def _print_failure(self, record: Any, now: float) -> None:
        stage, title, logs = self._jobs.get(record.jobid, (record.rule_name, record.rule_name, list(record.log)))
        if self._progress:
            self._progress.finish(stage, now)
        reasons = [messages.reason(_text(log)) for log in logs]
        reason = next((each for each in reasons if each), "the log says no more")
        self._print(f"{title} failed: {reason}")
        if logs:
            self._print(f"  log: {', '.join(logs)}")

    def print_verdicts(self, failed: Collection[str] = ()) -> None:
        """Print what became of the experiments, those that wait for a failed stage among them, and their pages.

        They are the result of the run and go to stdout; all that happens before goes to stderr.
        """
        for line in verdicts.lines(self._settings, self._shown(), failed):
            self._print(line, self._results)

    def close(self) -> None:
        """Erase the line of what runs."""
        self._ended.set()
        self._erase()
        super().close()

    def _print(self, text: str, stream: TextIO | None = None) -> None:
        self._erase()
        lines = "\n".join(escaped(line) for line in text.split("\n"))
        print(lines, file=stream or self._stream, flush=True)

    def _erase(self) -> None:
        if self._live:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def _watch(self, progress: Progress) -> None:
        """Show what runs, once a second, until the run ends."""
        while not self._ended.wait(_EVERY):
            with self.lock or threading.RLock():
                self._show_running(progress)

    def _show_running(self, progress: Progress) -> None:
        now, running = time.monotonic(), []
        for stage in progress.running():
            kind, _, name = stage.partition("@")
            running.append(f"{kind} {name}".strip())
            if kind == "train" and name in self._settings["experiments"]:
                experiment = self._settings["experiments"][name]
                if epoch := epochs.current(name, experiment, experiment["dataset"]):
                    progress.share(stage, epoch.share)
                    running[-1] += f" ({epoch})"
        line = f"{_how_far(progress, now)} {', '.join(running)}"
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\r\x1b[2K" + (line if len(line) <= width else line[: width - 1] + "…"))
        self._stream.flush()


def _how_far(progress: Progress, now: float) -> str:
    return f"[{100 * progress.done(now):3.0f} %, {time_left(progress.left(now))}]"


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
