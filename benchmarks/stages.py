"""How the workflow itself grows with the number of stages: projects whose results are there already.

    python -m benchmarks.stages               1,000 and 10,000 stages; writes the table of docs/cluster.md
    python -m benchmarks.stages 300           other numbers (printed, not written)

Each project is a clone with copies of one experiment, five stages each. The outputs are small files of the right names,
and dvc.lock holds their hashes, so that nothing is computed: what is measured is Snakemake, DVC and the project's own
code.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.scratch import PROJECT
from tools import documents

SIZES = (1_000, 10_000)
DOC = PROJECT / "docs/cluster.md"
EXPERIMENT = "co2_lstm"
KINDS = ("train", "predict", "evaluate", "diagnose", "page")


def prepare(folder: Path, stages: int) -> None:
    """Clone the project, with so many stages whose outputs and entries in dvc.lock are there."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(PROJECT), str(folder)], check=True)
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    experiment = params["experiments"][EXPERIMENT]
    dataset = params["datasets"][experiment["dataset"]]
    params["series"] = {dataset["series"]: params["series"][dataset["series"]]}
    params["datasets"] = {experiment["dataset"]: dataset}
    params["experiments"] = {f"{EXPERIMENT}_{i}": experiment for i in range(stages // len(KINDS))}
    text = yaml.dump(params, Dumper=_Plain, sort_keys=False)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    subprocess.run([sys.executable, "-c", _LOCK], cwd=folder, check=True)


class _Plain(yaml.SafeDumper):
    """Write equal objects again instead of as an alias, which params.yaml must not have."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


# Made in a process of its own: DVC works in the current folder.
_LOCK = "from benchmarks import stages; stages.lock()"


def lock() -> None:
    """Write the outputs of all stages of the current folder, and a dvc.lock that names them."""
    from dvc.dependency.param import ParamsDependency
    from dvc.repo import Repo
    from dvc.stage.serialize import to_single_stage_lockfile

    from pipeline.common import backends, params
    from workflow import lockfile, stale
    from workflow.stages import STAMPS

    texts: dict[str, str] = {}
    known: dict[str, Any] = {}  # what was saved, by path
    values: dict[str, Any] = {}  # of the files of parameters
    with Repo(".") as repo:
        stages = [stage for stage in repo.index.stages if getattr(stage, "name", None)]
        # Without its stamp a stage is asked once more, and without its outputs in the cache they are put there.
        STAMPS.mkdir(parents=True)
        for stage in stages:
            (STAMPS / stage.addressing).write_text("0\n", encoding="utf-8")
        for out in (out for stage in stages for out in stage.outs):
            path = Path(out.def_path)
            at = path if path.suffix else path / "made.txt"
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_text("made\n", encoding="utf-8")
        backends.write(params.load())  # the one file of which another stage reads values
        for stage in stages:
            for item in [*stage.deps, *stage.outs]:
                if isinstance(item, ParamsDependency):
                    if item.fs_path not in values:
                        values[item.fs_path] = yaml.safe_load(Path(item.fs_path).read_text(encoding="utf-8"))
                    item.fill_values({key: stale.lookup(values[item.fs_path], key) for key in item.params})
                elif item.fs_path in known:
                    item.meta, item.hash_info = known[item.fs_path]
                else:
                    item.save()
                    known[item.fs_path] = item.meta, item.hash_info
            texts[stage.addressing] = lockfile.entry_text(stage.addressing, to_single_stage_lockfile(stage))
    lockfile.replace(lockfile.joined(texts))


def measure(folder: Path) -> dict[str, float]:
    """Return seconds of processor time of an idle `snakemake` and of a job with nothing to do, memory, and sizes."""
    _timed(folder, "snakemake", "--cores", "1")  # puts the outputs into the cache
    idle, peak = _timed(folder, "snakemake", "--cores", "1")
    job, _ = _timed(folder, "python", "-m", "workflow.repro", f"evaluate@{EXPERIMENT}_0")
    return {
        "idle": idle,
        "idle_megabytes": peak,
        "job": job,
        "lock_megabytes": (folder / "dvc.lock").stat().st_size / 2**20,
        "params_megabytes": (folder / "params.yaml").stat().st_size / 2**20,
    }


def _timed(folder: Path, *command: str) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {(done.stdout + done.stderr)[-2000:]}")
    seconds = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return seconds, after.ru_maxrss / 1024


def markdown(measured: dict[int, dict[str, float]]) -> str:
    """Return the table of docs/cluster.md."""
    rows = {
        "an idle `snakemake`, seconds of processor time": ("idle", ".1f"),
        "its memory, MB": ("idle_megabytes", ",.0f"),
        "a job that has nothing to do, seconds of processor time": ("job", ".2f"),
        "dvc.lock, MB": ("lock_megabytes", ".1f"),
        "params.yaml, MB": ("params_megabytes", ".2f"),
    }
    lines = [f"| | {' | '.join(f'{size:,} stages' for size in measured)} |", "|---" * (len(measured) + 1) + "|"]
    for name, (key, form) in rows.items():
        lines.append(f"| {name} | {' | '.join(f'{each[key]:{form}}' for each in measured.values())} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Print the table; write it where the sizes are those of the document."""
    sizes = tuple(map(int, arguments)) or SIZES
    measured = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "project"
            prepare(folder, size)
            measured[size] = measure(folder)
        print(f"{size}: {measured[size]}", flush=True)
    print(markdown(measured))
    if sizes == SIZES:
        documents.write_table(DOC, "benchmarks.stages", markdown(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
