"""Seconds and memory of each proof of `leakage` at 3,000,000 rows x 7 features.

    python -m benchmarks.leakage            market_no_signal_minmax of params.yaml, at size full
    python -m benchmarks.leakage NAME …     other datasets

Each proof runs in a process of its own, so its memory is its own; the time is that of the proof alone. The bar is that
every window is looked at in seconds, in 1.5 GB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent
DATASETS = ["market_no_signal_minmax"]
PROOFS = [
    "intervals",
    "reads",
    "stored_files",
    "perturbation_validation",
    "perturbation_test",
    "prefix",
    "duplicates",
    "state",
]
SECONDS, MEGABYTES = 30.0, 1500.0


def measure(folder: Path, name: str) -> list[dict[str, Any]]:
    """Run the data stages of dataset `name` in `folder`, and then each proof of its first fold."""
    env = os.environ | {"PYTHONPATH": str(folder)}
    series = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))["datasets"][name]["series"]
    for stage, argument in (("raw", series), ("split", name), ("window", name), ("scale", name)):
        subprocess.run([sys.executable, "-m", f"pipeline.{stage}", argument], cwd=folder, check=True, env=env)
    found = []
    for proof in PROOFS:
        command = [sys.executable, "-m", "benchmarks.leakage", "--one", name, proof]
        said = subprocess.run(command, cwd=folder, check=True, env=env, stdout=subprocess.PIPE, text=True).stdout
        found.append(json.loads(said) | {"proof": f"{proof}@{name}"})
    return [row for row in found if row["compared"]]


def one(name: str, proof: str) -> dict[str, Any]:
    """Seconds, peak megabytes and counts of one proof, in this process."""
    import resource

    from pipeline import dataset
    from pipeline.common import params
    from pipeline.dataset import splitting
    from pipeline.leakage import duplicates, intervals, perturbation, prefix, reads, state, stored, training

    p = params.load()
    parts = {}
    if proof in ("intervals", "reads", "duplicates"):
        parts = {kind: dataset.load(name, 0, kind) for kind in splitting.PARTS if dataset.has(name, 0, kind)}
    if proof in ("stored_files", "perturbation_validation", "perturbation_test", "state"):
        training.fit(name, 0)  # loading the network library is no part of a proof
    begin = time.perf_counter()
    made = None
    if proof == "intervals":
        made = intervals.prove(p, name, 0, parts)
    elif proof == "reads":
        made = reads.prove(p, name, 0, parts)
    elif proof == "stored_files":
        made = stored.proof(perturbation.reference(p, name).stored[0], 0)
    elif proof == "duplicates":
        made = duplicates.prove(p, name, 0, parts)
    elif proof == "prefix":
        made = prefix.prove(p, name, 0)
    elif proof == "state":
        made = state.prove(p, name, 0)
    elif proof == "perturbation_test":
        made = perturbation.check_test(p, name, 0)[0]
    elif dataset.has(name, 0, "validation"):
        made = perturbation.check(p, name, 0, "validation")
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if made is None:
        return {"compared": None}
    return {"seconds": seconds, "megabytes": peak, "result": made.result, "compared": made.compared}


def main(names: list[str] | None = None) -> int:
    names = names if names is not None else DATASETS
    params = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    params["size"] = "full"
    over = 0
    print(f"{'proof':<50}{'seconds':>9}{'MB':>8}   result   (at most {SECONDS:.0f} s and {MEGABYTES:.0f} MB)")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for package in ("pipeline", "benchmarks"):
            (folder / package).symlink_to(PROJECT / package)
        # JSON is YAML without aliases.
        (folder / "params.yaml").write_text(json.dumps(params), encoding="utf-8")
        for name in names:
            for row in measure(folder, name):
                seconds, peak = row["seconds"], row["megabytes"]
                over += seconds > SECONDS or peak > MEGABYTES or row["result"] == "fail"
                counts = ", ".join(f"{count:,} {what}" for what, count in row["compared"].items())
                print(f"{row['proof']:<50}{seconds:>9.1f}{peak:>8.0f}   {row['result']}: {counts}", flush=True)
    return 1 if over else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(*sys.argv[2:4])))
    else:
        sys.exit(main(sys.argv[1:] or None))
