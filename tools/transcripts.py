"""`python -m tools.transcripts [SECTION …]`: run the commands of docs/transcripts/ and record their output.

Every section starts in a copy of one small, up-to-date clone, whose params.yaml keeps two short experiments of this
project. Times, paths and the like are replaced: see `plain`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from pipeline.common import errors, files
from pipeline.common.errors import UserError
from tools.transcript_sections import SECTIONS, Section, Step

DOCS = Path("docs/transcripts")
CLONE = "flatline"
# Longer lines are cut: DVC's tables are as wide as their content where no terminal limits them.
_WIDTH = 160
_KEPT = ("co2_lstm", "deep_rnn")
_CLOCK = (
    (re.compile(r"\[(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [^]]+\]"), "[time]"),
    (re.compile(r"\b\d\d:\d\d [AP]M\b"), "hh:mm --"),
    (re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d, \d{4}\b"), "mmm dd, yyyy"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d[\d:.-]*"), "time"),
    (re.compile(r"\b\d+(\.\d+)? ?(s|seconds|minutes)\b"), "… \\2"),
    (re.compile(r"^\[ *\d+ %, .* left\]", re.MULTILINE), "[progress]"),
    (re.compile(r"\b\d+:\d\d:\d\d\.\d+\b"), "h:mm:ss"),
    (re.compile(r"\b(pid|PID|jobid|process)( ?[:=]? ?)\d+"), "\\1\\2…"),
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COMMIT = re.compile(r"\b[0-9a-f]{7}(?:[0-9a-f]{33})?\b")


def small(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the project's params.yaml with two experiments of few rows, units and epochs."""
    experiments = {name: raw["experiments"][name] for name in _KEPT}
    for one in experiments.values():
        one["training"] |= {"epochs": 3, "seeds": [0, 1], "jit_compile": False}
    experiments["co2_lstm"]["architecture"]["units"] = [8]
    datasets = {one["dataset"]: raw["datasets"][one["dataset"]] for one in experiments.values()}
    series = {one["series"]: raw["series"][one["series"]] for one in datasets.values()}
    series["noisy_season"]["rows"] = 600
    calibration = {"series": 6, "planted": 2, "pairs": 2}
    # Whatever else dvc.yaml reads stays as it is.
    return raw | {"series": series, "datasets": datasets, "experiments": experiments, "calibration": calibration}


def cloned(scratch: Path) -> Path:
    """Clone the working directory below `scratch`, with the small params.yaml, committed."""
    clone = scratch / CLONE
    listed = run("git ls-files -co --exclude-standard -z", Path.cwd(), scratch).stdout
    for name in filter(None, listed.split("\0")):
        if name != "dvc.lock" and not name.startswith("data/own/") and Path(name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, clone / name)
    (clone / "data/own").mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(small(yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))), sort_keys=False)
    (clone / "params.yaml").write_text(text, encoding="utf-8")
    for command in ("git init -q -b main", "git add -A", "git commit -q -m 'A small configuration'"):
        _require(command, clone, scratch)
    return clone


def prepared(scratch: Path) -> Path:
    """Clone, run the pipeline, and commit its dvc.lock."""
    clone = cloned(scratch)
    for command in ("snakemake --cores 2", "git add -A", "git commit -q -m 'Its results'"):
        _require(command, clone, scratch)
    return clone


def _require(command: str, clone: Path, scratch: Path) -> None:
    done = run(command, clone, scratch)
    if done.returncode:
        raise UserError(command, "must end well in the clone", done.returncode, done.stdout[-1000:])


def transcribed(section: Section, scratch: Path) -> str:
    """Run the commands of a section one after the other; return the section as Markdown.

    Args:
        section: the first step's folder, and every other that it names, lies below `scratch`.
        scratch: a folder that holds only the clone.

    Raises:
        UserError: a command ended with another exit code than the section expects.
    """
    blocks: list[tuple[Step, str]] = []
    for step in section.steps:
        keep_environment(scratch)
        done = run(step.command, scratch / step.folder, scratch)
        if done.returncode not in step.ends:
            raise UserError(
                step.command, f"must end with {step.ends} in {section.name}", done.returncode, done.stdout[-1000:]
            )
        blocks.append((step, done.stdout))
    commits = _commits(scratch)
    order: dict[str, str] = {}
    text = [f"<!-- python -m tools.transcripts {section.name} -->", "", f"# {section.title}", "", section.about]
    for step, output in blocks:
        shown = shortened(plain(output, scratch, commits, order), step.lines)
        text += ["", *([step.note, ""] if step.note else []), "```console", prompt(step), *shown, "```"]
    return "\n".join(text) + "\n"


def prompt(step: Step) -> str:
    """Return the line as typed at a prompt."""
    return f"~/{step.folder}$ {step.command}".replace("~/.$", "~$")


def plain(output: str, scratch: Path, commits: Iterable[str] = (), order: dict[str, str] | None = None) -> list[str]:
    """Return the lines of an output, without the parts that differ between runs.

    The folder's path becomes `~`; times, durations and process ids a word; a commit's hash its number in the order of
    appearance, of the same width (`commit1`).
    """
    order = {} if order is None else order
    known = set(commits)

    def numbered(match: re.Match[str]) -> str:
        short = match[0][:7]
        if not any(commit.startswith(match[0]) for commit in known):
            return match[0]
        return order.setdefault(short, f"commit{len(order) + 1}"[-7:])

    text = _ESCAPES.sub("", output).replace(str(scratch), "~")
    lines = [line.rpartition("\r")[2].rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    for pattern, word in _CLOCK:
        lines = [pattern.sub(word, line) for line in lines]
    lines = [_COMMIT.sub(numbered, line) for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def shortened(lines: list[str], most: int) -> list[str]:
    """Return at most `most` lines, without the middle ones, none wider than a page."""
    lines = [line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in lines]
    if len(lines) <= most:
        return lines
    head, tail = most - most // 2, most // 2
    return [*lines[:head], f"… {len(lines) - head - tail} lines …", *lines[len(lines) - tail :]]


def commands(text: str) -> list[str]:
    """Return the command lines of a page that `transcribed` wrote."""
    return re.findall(r"^```console\n(.+)$", text, flags=re.MULTILINE)


def index() -> str:
    """Return the text of docs/transcripts/README.md."""
    lines = [
        "# Transcripts",
        "",
        "`python -m tools.transcripts` runs these commands in small clones and writes these pages. A test compares",
        "them with its list of commands. Times, durations, process ids and the folder's path are replaced, commits are",
        "numbered, and the middle of a long output is left out.",
        "",
        *(f"- [{section.title}]({section.name}.md)" for section in SECTIONS),
    ]
    return "\n".join(lines) + "\n"


def run(command: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run one of our own command lines in the shell, stderr joined to stdout."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "COLUMNS": "118",
        "PAGER": "cat",
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_AUTHOR_NAME": "you",
        "GIT_AUTHOR_EMAIL": "you@example.org",
        "GIT_COMMITTER_NAME": "you",
        "GIT_COMMITTER_EMAIL": "you@example.org",
    }
    return subprocess.run(  # noqa: S602 - every line is in transcript_sections.py
        command,
        shell=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def keep_environment(scratch: Path) -> None:
    """Let `make` in a clone use the environment that runs this script, which is first on the path."""
    for makefile in scratch.glob("*/Makefile"):
        mark = makefile.parent / ".venv/.complete"
        if not mark.exists():
            mark.parent.mkdir()
            _require("python -m tools.plots_page", makefile.parent, scratch)
            mark.touch()


def _commits(scratch: Path) -> list[str]:
    found: list[str] = []
    for folder in sorted(scratch.glob("*/.git")):
        found += run(
            "git rev-list --all --reflog; git for-each-ref --format='%(objectname)'", folder.parent, scratch
        ).stdout.split()
    return found


def main(arguments: list[str]) -> None:
    """Write the sections that the arguments name, or all."""
    known = {section.name: section for section in SECTIONS}
    if unknown := [name for name in arguments if name not in known]:
        raise UserError("a section", "must be one there is", unknown[0], f"Known: {', '.join(known)}.")
    with tempfile.TemporaryDirectory(prefix="flatline-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder).resolve()
        first = prepared(scratch / "first")
        for name in arguments or known:
            place = scratch / name
            place.mkdir()
            shutil.copytree(first, place / CLONE, symlinks=True)
            text = transcribed(known[name], place)
            shutil.rmtree(place, ignore_errors=True)
            with files.atomic_write(DOCS / f"{name}.md") as beside:
                beside.write_text(text, encoding="utf-8")
            print(f"{DOCS / name}.md", flush=True)
    with files.atomic_write(DOCS / "README.md") as beside:
        beside.write_text(index(), encoding="utf-8")


if __name__ == "__main__":
    errors.run(main)
