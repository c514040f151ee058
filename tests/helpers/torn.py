"""The project's own Snakefile, dvc.yaml and workflow over stages that cost nothing, to try faults and edits on."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests.conftest import PROJECT, tiny_params, write_params
from tests.helpers import torn_stage

BIN = Path(sys.executable).parent
COPIED = (
    ".dvc/config", ".dvcignore", ".gitignore", "Makefile", "Snakefile", "dvc.yaml", "locked.yaml", "profiles",
    "workflow", "pipeline", "benchmarks/results", "tests/helpers/torn_stage.py",
)  # fmt: skip
OWN = "data/own/mine.csv"


def own_rows(count: int = 300) -> str:
    """An own file that every check before a run accepts: days without a hole."""
    return "day,y\n" + "".join(f"{date(2020, 1, 1) + timedelta(days=i)},{(i * 7) % 13}.5\n" for i in range(count))


def torn_params(datasets: int = 1, experiments: int = 2) -> dict[str, Any]:
    """An own series; so many datasets on it, and so many experiments on these in turn."""
    given = tiny_params()
    windows, lstm = given["datasets"]["season_windows"], given["experiments"]["season_lstm"]
    lstm["training"]["threads"] = 1
    names = [f"set{i}" for i in range(datasets)]
    return given | {
        "series": {"mine": {"source": OWN, "time": "day", "target": "y"}},
        "datasets": {
            name: windows | {"series": "mine", "split": windows["split"] | {"gap": i}} for i, name in enumerate(names)
        },
        "experiments": {f"net{i}": lstm | {"dataset": names[i % datasets]} for i in range(experiments)},
    }


class Torn:
    """A project in `folder` whose stages are those of torn_stage.py, committed, before its first run."""

    def __init__(self, folder: Path, params: dict[str, Any] | None = None, piece_seconds: float = 0.0) -> None:
        self.folder = folder
        self.seconds, self.needs = 10.0, 0  # of a run from nothing: how long, and how many bytes
        self.environment = os.environ | {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(folder.parent),
            "DVC_SITE_CACHE_DIR": str(folder.parent / "site"),
            "PIECE_SECONDS": str(piece_seconds),
            **{f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        copy_of_project(COPIED, folder)
        shutil.move(folder / "tests/helpers/torn_stage.py", folder / "torn_stage.py")
        text = (folder / "dvc.yaml").read_text(encoding="utf-8")
        text, replaced = re.subn(r"(cmd: .*)python -m pipeline\.(\w+)", r"\1python torn_stage.py \2", text)
        if replaced != len(yaml.safe_load(text)["stages"]):
            raise ValueError("every stage of dvc.yaml must be one module of pipeline")
        (folder / "dvc.yaml").write_text(text, encoding="utf-8")
        write_params(folder, params or torn_params())
        (folder / OWN).parent.mkdir(parents=True)
        (folder / OWN).write_text(own_rows(), encoding="utf-8")
        (folder / ".venv").symlink_to(sys.prefix)
        self("git", "init", "-q")
        self("dvc", "add", "-q", OWN)
        self.commit("before the first run")

    def __call__(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, env=self.environment, check=False, timeout=600
        )
        if check and done.returncode:
            logs = [log.read_text()[-2000:] for log in self.folder.glob("logs/**/*.log") if "ERROR" in log.read_text()]
            raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}\n{logs}")
        return done

    def snakemake(self, cores: int = 2, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self("snakemake", "--cores", str(cores), check=check)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Begin a command in a process group of its own."""
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def killed(self, command: list[str], seconds: float) -> bool:
        """Begin a command, and after so many seconds kill its whole group; whether it was still at work."""
        process = self.start(*command)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            # A killed process is gone once its parent, or init for an orphan, has read its exit code.
            deadline = time.monotonic() + 5
            while group(process.pid) and time.monotonic() < deadline:
                time.sleep(0.02)
            return True
        return False

    def commit(self, message: str = "state") -> None:
        self("git", "add", "-A")
        self("git", "commit", "-q", "--allow-empty", "-m", message)

    def params(self) -> dict[str, Any]:
        return yaml.safe_load((self.folder / "params.yaml").read_text(encoding="utf-8"))

    def set(self, path: str, value: Any) -> None:
        params = self.params()
        *parents, last = path.split(".")
        (torn_stage.lookup(params, ".".join(parents)) if parents else params)[last] = value
        write_params(self.folder, params)

    @property
    def lock(self) -> str:
        return (self.folder / "dvc.lock").read_text(encoding="utf-8")

    def expected(self) -> dict[str, str]:
        """The expected content of every output, by path: computed from the current parameters, code and data."""
        with contextlib.chdir(self.folder):
            stages = list(torn_stage.stages())
            outs = {out for *_, spec in stages for out in spec.outs}
            found: dict[str, str] = {}
            for kind, name, spec in stages:
                read: dict[str, bytes] = {}
                for dep in spec.deps:
                    if any(out == dep or out.startswith(f"{dep}/") for out in outs):
                        inside = {p: t.encode() for p, t in found.items() if p == dep or p.startswith(f"{dep}/")}
                    else:
                        inside = torn_stage.on_disk(dep)
                    read |= inside
                found |= torn_stage.made(kind, name, spec.params, read, spec.outs)
        return found

    def wrong(self) -> list[str]:
        """Paths of outputs whose content is not the expected one, or that no stage makes any more."""
        expected = self.expected()
        with contextlib.chdir(self.folder):
            stages = list(torn_stage.stages())
            outs = {out for *_, spec in stages for out in spec.outs}
            bad = [path for path, text in expected.items() if not _holds(Path(path), text)]
            for *_, spec in stages:
                bad += [path for out in spec.outs for path in torn_stage.on_disk(out) if path not in expected]
                # A file that the cache has is an output of the past; another one is somebody's own.
                bad += [
                    path
                    for dep in spec.deps
                    if any(out.startswith(f"{dep}/") for out in outs)
                    for path, content in torn_stage.on_disk(dep).items()
                    if path not in expected and _cached(content)
                ]
        return bad

    def reset(self) -> None:
        """Back to the last commit, with no result and no memory of one."""
        made = [f"data/{part}" for part in ("raw", "split", "test", "windows", "scaled")]
        for name in [*made, "models", "reports", "logs", ".snakemake", ".dvc/cache", ".dvc/tmp"]:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self("git", "checkout", "-q", "-f", "HEAD")
        self("git", "clean", "-q", "-f", "-d")


def copy_of_project(names: tuple[str, ...], folder: Path) -> None:
    """These files and folders of the project, below another folder."""
    for name in names:
        source, target = PROJECT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
        else:
            shutil.copy(source, target)


def group(leader: int) -> list[int]:
    """Living processes of a group."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text


def _cached(content: bytes) -> bool:
    name = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Path(f".dvc/cache/files/md5/{name[:2]}/{name[2:]}").exists()


@contextlib.contextmanager
def changed(path: Path, content: bytes) -> Iterator[None]:
    """Another content for a while."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)
