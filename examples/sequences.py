"""Write data/own/sequences.csv: the sequences of datascience 67599, of several lengths, as a file.

Each sequence has zeros and then ones; a network is to find the mean of its `step`. Run it in the project's folder:

    python examples/sequences.py
    dvc add data/own/sequences.csv
    python -m tools.merge examples/sequences.yaml
    snakemake --cores 2 reports/diagnosis/sequences_lstm.json
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

FILE = Path("data/own/sequences.csv")
SEQUENCES, SHORTEST, LONGEST = 400, 10, 40


def main() -> None:
    """Write the file; the same rows on every machine."""
    random = np.random.default_rng(67599)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    with FILE.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["sequence", "step"])
        for number in range(SEQUENCES):
            length = int(random.integers(SHORTEST, LONGEST, endpoint=True))
            ones = int(random.integers(1, length, endpoint=True))
            table.writerows([f"s{number:03}", int(row >= length - ones)] for row in range(length))


if __name__ == "__main__":
    main()
