"""Seconds and memory of raw, split, window and scale at `full` size, for every dataset of the five posts.

    python -m benchmarks.data_stages            all datasets of params.yaml
    python -m benchmarks.data_stages NAME …     some of them

The bar is the 3,000,000-row case: at most 60 s and 1.5 GB for each stage.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks import scratch

SECONDS, MEGABYTES = 60.0, 1500.0


def measure(names: list[str]) -> list[dict[str, str]]:
    """Run the four stages of the datasets `names` at full size in a scratch folder; return rows of costs.csv."""
    params = yaml.safe_load((scratch.PROJECT / "params.yaml").read_text(encoding="utf-8"))
    params["size"] = "full"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scratch.prepare(folder, params)
        if (scratch.PROJECT / "data/own").exists():
            (folder / "data").mkdir()
            (folder / "data/own").symlink_to(scratch.PROJECT / "data/own")
        done: set[str] = set()
        for name in names:
            scratch.make_data(folder, name, done)
            windows = json.loads((folder / "data/windows" / name / "windows.json").read_text(encoding="utf-8"))
            counts = [fold["train"]["windows"] for fold in windows["folds"]]
            print(f"{name}: {', '.join(map(str, counts))} training windows of {windows['length']} rows", flush=True)
        with (folder / "reports/costs.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))


def main() -> int:
    """Print the table; return 1 if a stage exceeds the bar."""
    datasets = yaml.safe_load((scratch.PROJECT / "params.yaml").read_text(encoding="utf-8"))["datasets"]
    rows = measure(sys.argv[1:] or list(datasets))
    print(f"\n{'stage':<45}{'seconds':>9}{'MB':>8}   of {SECONDS:.0f} s   of {MEGABYTES:.0f} MB")
    over = 0
    for row in rows:
        seconds, peak = float(row["seconds"]), float(row["peak_megabytes"])
        over += seconds > SECONDS or peak > MEGABYTES
        print(f"{row['stage']:<45}{seconds:>9.1f}{peak:>8.0f}{seconds / SECONDS:>10.0%}{peak / MEGABYTES:>12.0%}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
