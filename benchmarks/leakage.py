"""Seconds and memory of each proof of `leakage` at 3,000,000 rows x 7 features.

    python -m benchmarks.leakage            market_no_signal_minmax of params.yaml, at size full
    python -m benchmarks.leakage NAME …     other datasets

Each proof runs in a process of its own, so that its memory is measured alone; the time excludes imports. The bar:
every window is checked within seconds, in 1.5 GB.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks import scratch

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
    scratch.make_data(folder, name)
    rows = []
    for proof in PROOFS:
        output = scratch.run(folder, "benchmarks.leakage", "--one", name, proof)
        rows.append(json.loads(output) | {"proof": f"{proof}@{name}"})
    return [row for row in rows if row["compared"]]


def measure_one(name: str, proof: str) -> dict[str, Any]:
    """Measure seconds, peak megabytes and counts of one proof, in this process."""
    from pipeline import dataset
    from pipeline.common import costs, params
    from pipeline.dataset import splitting
    from pipeline.leakage import duplicates, intervals, perturbation, prefix, reads, state, stored, training

    p = params.load()
    parts = {}
    if proof in ("intervals", "reads", "duplicates"):
        parts = {kind: dataset.load(name, 0, kind) for kind in splitting.PARTS if dataset.has(name, 0, kind)}
    if proof in ("stored_files", "perturbation_validation", "perturbation_test", "state"):
        training.fit(name, 0)  # loading the network library is not part of a proof
    start = time.perf_counter()
    made = None
    if proof == "intervals":
        made = intervals.prove(p, name, 0, parts)
    elif proof == "reads":
        made = reads.prove(p, name, 0, parts)
    elif proof == "stored_files":
        made = stored.judge(perturbation.reference(p, name).stored[0], 0)
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
    seconds = time.perf_counter() - start
    peak = costs.peak_megabytes()
    if made is None:
        return {"compared": None}
    return {"seconds": seconds, "megabytes": peak, "result": made.result, "compared": made.compared}


def main(names: list[str] | None = None) -> int:
    """Print the table; return 1 if a proof fails or exceeds the bar."""
    names = names if names is not None else DATASETS
    params = yaml.safe_load((scratch.PROJECT / "params.yaml").read_text(encoding="utf-8"))
    params["size"] = "full"
    over = 0
    print(f"{'proof':<50}{'seconds':>9}{'MB':>8}   result   (at most {SECONDS:.0f} s and {MEGABYTES:.0f} MB)")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scratch.prepare(folder, params, ("pipeline", "benchmarks"))
        for name in names:
            for row in measure(folder, name):
                seconds, peak = row["seconds"], row["megabytes"]
                over += seconds > SECONDS or peak > MEGABYTES or row["result"] == "fail"
                counts = ", ".join(f"{count:,} {what}" for what, count in row["compared"].items())
                print(f"{row['proof']:<50}{seconds:>9.1f}{peak:>8.0f}   {row['result']}: {counts}", flush=True)
    return 1 if over else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure_one(*sys.argv[2:4])))
    else:
        sys.exit(main(sys.argv[1:] or None))
