"""Two runs from nothing, compared to the byte.

    python -m benchmarks.clones                     two clones of the last commit, --cores 1 and --cores 2
    python -m benchmarks.clones --only EXPERIMENT   the same for one experiment's scores
    python -m benchmarks.clones FOLDER OTHER        two folders in which the pipeline has run already

A full run of the main job takes about 40 minutes on one core. The table is written between its marks in docs/bytes.md;
the exit code is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.scratch import PROJECT
from tools import documents

DOC = PROJECT / "docs/bytes.md"
# Results of a run by kind; seconds (reports/costs.csv) are not results.
GROUPS = {
    "raw rows": ("data/raw/**/*",),
    "parts": ("data/split/**/*", "data/test/**/*"),
    "windows": ("data/windows/**/*",),
    "scaled rows and scaling": ("data/scaled/**/*",),
    "baselines": ("data/baselines/**/*",),
    "models": ("models/*/training/*.keras",),
    "histories of training": ("models/*/training/*.json",),
    "predictions": ("models/*/predictions/**/*",),
    "metrics": ("reports/metrics/*",),
    "evaluations, losses, plots": ("reports/evaluation/*", "reports/losses/*", "reports/plots/**/*"),
    "diagnoses": ("reports/diagnosis/*",),
    "proofs and calibration": ("reports/leakage/*", "reports/leaks.json", "reports/calibration.json"),
    "report and leaderboard": ("reports/index.html", "reports/leaderboard.csv"),
}
_IGNORED = {".gitignore", ".snakemake_timestamp"}


class Compared(NamedTuple):
    """How many there are on either side, and which differ."""

    total: int
    differ: list[str]


def compare(one: Path, other: Path) -> dict[str, Compared]:
    """Compare the results of two runs: dvc.lock entry by entry and as a file, and every output byte by byte."""
    entries = [_entries(folder / "dvc.lock") for folder in (one, other)]
    names = sorted({*entries[0], *entries[1]})
    result = {
        "entries of dvc.lock": Compared(
            len(names), [name for name in names if entries[0].get(name) != entries[1].get(name)]
        ),
        "dvc.lock as a file": _files(one, other, ("dvc.lock",)),
    }
    return result | {group: _files(one, other, patterns) for group, patterns in GROUPS.items()}


def _entries(lock: Path) -> dict[str, Any]:
    return yaml.load(lock.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["stages"]  # noqa: S506 - both are safe


def _files(one: Path, other: Path, patterns: tuple[str, ...]) -> Compared:
    names = sorted(
        {
            path.relative_to(folder).as_posix()
            for folder in (one, other)
            for pattern in patterns
            for path in folder.glob(pattern)
            if path.is_file() and path.name not in _IGNORED
        }
    )
    same = filecmp.cmpfiles(one, other, names, shallow=False)[0]
    return Compared(len(names), sorted({*names} - {*same}))


def table(result: dict[str, Compared]) -> str:
    """Format the comparison as Markdown."""
    rows = [f"| {group} | {total:,} | {len(differ)} |" for group, (total, differ) in result.items()]
    return "\n".join(["| what | compared | differ |", "|---|---|---|", *rows]) + "\n"


def clone(folder: Path) -> None:
    """Clone the last commit of this project into a folder, without dvc.lock, so that every stage runs."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(PROJECT), str(folder)], check=True)
    (folder / "dvc.lock").unlink(missing_ok=True)


def run(folder: Path, cores: int, targets: list[str]) -> None:
    """Run the main job in a folder, in this environment; its output goes to a log file beside the folder."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["snakemake", "--cores", str(cores), *targets]
    with folder.with_suffix(".log").open("w", encoding="utf-8") as log:
        subprocess.run(command, cwd=folder, check=True, env=os.environ | {"PATH": path}, stdout=log, stderr=log)


def main(arguments: list[str]) -> int:
    """Print the comparison and write it to docs/bytes.md; return 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clones", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--only", metavar="EXPERIMENT")
    given = parser.parse_args(arguments)
    if len(given.folders) not in (0, 2):
        parser.error(f"two folders, or none. Received: {len(given.folders)}.")
    with tempfile.TemporaryDirectory() as scratch:
        folders = given.folders
        if not folders:
            folders = [Path(scratch) / "one", Path(scratch) / "deeper/another name"]
            for cores, folder in enumerate(folders, 1):
                clone(folder)
                run(folder, cores, [f"reports/metrics/{given.only}.json"] if given.only else [])
        result = compare(*folders)
    rows = table(result)
    print(rows)
    for group, (_, differ) in result.items():
        for name in differ:
            print(f"{group}: {name}")
    if not given.only:
        documents.write_table(DOC, "benchmarks.clones", rows)
    return int(any(differ for _, differ in result.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
