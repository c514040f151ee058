"""Write workflow/costs_full.csv: what jobs ask for at the posted sizes, from the stored results.

    python -m benchmarks.posts.costs

The results are of one seed, and some of fewer epochs than the post has. params.yaml has more of both, so that their
seconds are multiplied.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from benchmarks.posts import cases, results, work
from benchmarks.scratch import PROJECT
from pipeline.common import costs, files
from pipeline.common.costs import Cost
from workflow.resources import SHIPPED


def table(found: Iterable[dict[str, Any]], settings: dict[str, Any]) -> dict[str, Cost]:
    """Return the cost of each stage that some results have measured, the larger one of two.

    Args:
        found: contents of benchmarks/results/posts/EXPERIMENT.json.
        settings: params.yaml at the posted size.
    """
    known: dict[str, Cost] = {}
    for result in found:
        name = result["experiment"]
        experiment = settings["experiments"][name]
        dataset = experiment["dataset"]
        seeds = len(experiment["training"]["seeds"]) / len(result["seeds"])
        epochs = result["epochs"]["posted"] / result["epochs"]["set"]
        for kind, seconds in result["seconds"].items():
            trained = kind in work.TRAINED
            of_series = dict(work.DATA).get(kind) == "series"
            stage = f"{kind}@{name if trained else settings['datasets'][dataset]['series'] if of_series else dataset}"
            factor = seeds if trained else 1.0
            cost = Cost(seconds * factor * (epochs if kind == "train" else 1.0), result["megabytes"], cases.SIZE)
            known[stage] = max(known.get(stage, cost), cost)
    return known


def current() -> dict[str, Cost]:
    """Return the table of the stored results."""
    found = [files.read_json(path) for path in sorted((results.RESULTS / "posts").glob("*.json"))]
    own = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    return table(found, cases.at_size(own))


if __name__ == "__main__":
    costs.write(current().items(), SHIPPED[cases.SIZE])
