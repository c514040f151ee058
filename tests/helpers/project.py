"""A clone of the project with a tiny params.yaml, run through the real Snakemake and the real DVC."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import PROJECT, tiny_params, write_params

BIN = Path(sys.executable).parent


class Project:
    """A clone of this repository with a tiny params.yaml, committed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tracked = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=PROJECT, capture_output=True, text=True, check=True
        ).stdout
        for name in tracked.split("\n"):
            if name and not name.startswith(("tests/", "dvc.lock", "data/own/")) and (PROJECT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / name, folder / name)
        (folder / "data/own").mkdir(parents=True, exist_ok=True)
        write_params(folder, tiny_params())
        self("git", "init", "-q")
        self.commit()

    def __call__(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        # A test that needs a network has named its backend in this process: a person's shell names none.
        environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"} | {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(self.folder.parent),
            "GIT_CONFIG_GLOBAL": str(self.folder.parent / "gitconfig"),
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@example.org",
        }
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env=environment, check=False)
        if check and done.returncode:
            logs = "\n".join(
                f"== {log}\n{log.read_text()[-3000:]}"
                for log in self.folder.glob("logs/**/*.log")
                if "ERROR" in log.read_text()
            )
            raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}\n{logs}")
        return done

    def commit(self) -> None:
        self("git", "add", "-A")
        self("git", "commit", "-q", "-m", "state")

    def params(self) -> dict[str, Any]:
        return yaml.safe_load((self.folder / "params.yaml").read_text())

    def set(self, path: str, value: Any) -> None:
        p = self.params()
        *parents, last = path.split(".")
        node = p
        for key in parents:
            node = node[key]
        node[last] = value
        write_params(self.folder, p)

    def snakemake(self, check: bool = True) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        """Run it, and return which stages were computed: neither restored from the cache nor found unchanged."""
        shutil.rmtree(self.folder / "logs", ignore_errors=True)
        done = self("snakemake", "--cores", "2", check=check)
        found = []
        for log in sorted(self.folder.glob("logs/**/*.log")):
            found += re.findall(r"Running stage '([^']+)'", log.read_text())
        return done, sorted(found)

    def metrics(self, experiment: str) -> dict[str, Any]:
        return json.loads((self.folder / "reports/metrics" / f"{experiment}.json").read_text())
