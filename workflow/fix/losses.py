"""`python -m workflow.fix.losses EXPERIMENT`: losses of the first fold's validation windows, window by window.

They are in the units of the series, whatever the experiment's scaling, so that those of two experiments can be
compared. Only the first fold counts: validation rows of later folds are test rows of earlier ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.common import errors, files, params
from workflow.fix import leftovers


def file(name: str) -> Path:
    """Return the file of an experiment's losses."""
    return leftovers.LOSSES / f"{name}.parquet"


def spec(loaded: dict[str, Any], name: str) -> dataset.Spec | None:
    """Return the description of an experiment's validation windows; None without any."""
    data = loaded["experiments"][name]["dataset"]
    return dataset.load(data, 0, "validation").spec if dataset.has(data, 0, "validation") else None


def write(loaded: dict[str, Any], name: str) -> None:
    """Write the table of an experiment: `row`, `target_0` … and `loss_SEED`, as in `reports/losses/`."""
    from pipeline.network import backends, predicting
    from pipeline.scoring import skill

    experiment = loaded["experiments"][name]
    training = experiment["training"]
    backends.prepare(training["threads"], training["state"] == "lanes", training["backend"])
    part = dataset.load(experiment["dataset"], 0, "validation")
    models = [files.MODELS / name / "training" / f"fold0_seed{seed}.keras" for seed in training["seeds"]]
    columns, _ = predicting.table(part, models, experiment, f"experiments.{name}")
    truth = part.raw_targets()
    table = {key: np.asarray(column) for key, column in columns.items() if not key.startswith("seed")}
    for seed in training["seeds"]:
        outputs = [column for key, column in columns.items() if key.startswith(f"seed{seed}_")]
        table[f"loss_{seed}"] = skill.losses(truth, np.stack(outputs, axis=1), part.spec.classes)
    files.write_table(file(name), table)


def main(arguments: list[str]) -> None:
    """Write the losses of the experiment that the argument names."""
    name = params.name_of(arguments, "experiments")
    write(params.load(), name)


if __name__ == "__main__":
    errors.run(main)
