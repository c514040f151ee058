"""The networks that ship on ETTh1, 24 hours ahead, beside published figures.

    python -m benchmarks.etth1                      all networks; about 8 minutes, writes benchmarks/results/etth1.json
    python -m benchmarks.etth1 --network gru        one, whose row replaces the stored one
    python -m benchmarks.etth1 --file ETTh1.csv     with the file where it is
    python -m benchmarks.etth1 --table              the table of docs/networks.md again, from the stored figures

The split, the units and the 2,857 test windows are those of examples/etth1.yaml, which says where the file is from.
The settings are the same for all networks, chosen beforehand, not tuned: `_TRAINING` on every fourth training window,
and the defaults of each network with a linear function of the window beside it (`skip`) where it offers that. The test
part is opened once, for the scores. `_RUNS` names two networks again with all seven columns as inputs.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks import scratch
from benchmarks.scratch import PROJECT
from pipeline.common import errors, files, params
from pipeline.common.errors import UserError
from tools import documents

RESULT = PROJECT / "benchmarks/results/etth1.json"
PAGE = PROJECT / "docs/networks.md"
PLACES = (PROJECT / "data/own/ETTh1.csv", PROJECT.parent / "shared/data/ETTh1.csv")
_TABLE = "informer_etth1_24"
_COLUMNS = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
_TRAINING = {
    "optimizer": "adam",
    "learning_rate": 0.001,
    "batch_size": 32,
    "epochs": 8,
    "early_stopping": {"monitor": "val_loss", "patience": 2, "restore_best": True},
    "seeds": [0],
    "jit_compile": True,
}
_STRIDE = {"train": 4, "evaluation": 1}
# By name: the architecture, and whether all columns are inputs.
_RUNS: dict[str, tuple[dict[str, Any], bool]] = {
    "lstm": ({"name": "lstm", "skip": True}, False),
    "gru": ({"name": "gru", "skip": True}, False),
    "bidirectional": ({"name": "bidirectional", "skip": True}, False),
    "tcn": ({"name": "tcn", "skip": True}, False),
    "attention": ({"name": "attention", "skip": True}, False),
    "nlinear": ({"name": "nlinear"}, False),
    "dlinear": ({"name": "dlinear"}, False),
    "nlinear_all": ({"name": "nlinear"}, True),
    "dlinear_all": ({"name": "dlinear"}, True),
}


def settings() -> dict[str, Any]:
    """Return params.yaml with the example's series and dataset, once with every column as input, and all networks."""
    example = yaml.safe_load((PROJECT / "examples/etth1.yaml").read_text(encoding="utf-8"))
    (series,), (dataset,) = example["series"].values(), example["datasets"].values()
    dataset["window"]["stride"] = _STRIDE
    return {
        "size": "full",
        "series": {"one": series, "all": series | {"features": _COLUMNS}},
        "datasets": {name: dataset | {"series": name} for name in ("one", "all")},
        "experiments": {
            name: {"dataset": "all" if every else "one", "architecture": architecture, "training": _TRAINING}
            for name, (architecture, every) in _RUNS.items()
        },
        "calibration": {"series": 6, "planted": 2, "pairs": 2},
        "diagnosis": {"second_training": 0},
    }


def source(given: Path | None) -> Path:
    """Return the file.

    Args:
        given: its place; None for the places where it usually is.

    Raises:
        UserError: it is not there; it does not ship with the project.
    """
    found = next((path for path in ([given] if given else PLACES) if path.is_file()), None)
    if found is None:
        fix = "Copy ETT-small/ETTh1.csv of https://github.com/zhouhaoyi/ETDataset there."
        raise UserError(str(given or "data/own/ETTh1.csv"), "must be a file", "no such file", fix)
    return found


def errors_of(part: Any, forecast: np.ndarray) -> dict[str, float]:
    """Return MSE and MAE in units of the training rows' standard deviation, as published."""
    error = (forecast - part.raw_targets()) / part.spec.target_scale
    return {"mse": round(float(np.mean(error**2)), 4), "mae": round(float(np.mean(np.abs(error))), 4)}


def measure(names: list[str]) -> dict[str, Any]:
    """Train networks and score them on the test windows; the working directory is a scratch project."""
    from pipeline import dataset
    from pipeline.dataset import scaling, splitting, windowing
    from pipeline.network import models, predicting, training
    from pipeline.scoring import baselines
    from pipeline.series import reading

    p = params.load()
    for data in sorted({"one", *(p["experiments"][name]["dataset"] for name in names)}):
        reading.raw(p, data)
        for stage in (splitting.split, windowing.window, scaling.scale):
            stage(p, data)
    rows = {}
    for name in names:
        experiment = p["experiments"][name]
        training.train(p, name)
        predicting.predict(p, name)
        part = dataset.load(experiment["dataset"], 0, "test")
        table = files.read_table(files.MODELS / name / "predictions/fold0/test.parquet")
        seeds = [
            errors_of(part, np.stack([table[f"seed{seed}_{step}"] for step in range(part.spec.horizon)], axis=1))
            for seed in experiment["training"]["seeds"]
        ]
        saved = files.MODELS / name / f"training/fold0_seed{experiment['training']['seeds'][0]}.keras"
        mean = {key: round(float(np.mean([each[key] for each in seeds])), 4) for key in ("mse", "mae")}
        inputs = len(part.spec.features)
        rows[name] = {
            "architecture": experiment["architecture"],
            "inputs": inputs,
            "weights": models.load(saved).count_params(),
            "seeds": len(seeds),
            **mean,
        }
        scores = f"mse {mean['mse']:.4f}  mae {mean['mae']:.4f}"
        print(f"{name:<16}{inputs:>3} inputs{rows[name]['weights']:>8} weights  {scores}", flush=True)
    parts = [dataset.load("one", 0, kind) for kind in ("train", "test")]
    simple = baselines.fit(parts[0])
    return {
        "command": "python -m benchmarks.etth1",
        "windows": len(parts[1]),
        "horizon": parts[1].spec.horizon,
        "training": _TRAINING,
        "networks": rows,
        "baselines": {name: errors_of(parts[1], simple[name](parts[1])) for name in ("persistence", "ridge")},
    }


def table(result: dict[str, Any]) -> str:
    """Return the table of docs/networks.md: our networks, simple forecasts and published figures, best first."""
    published = yaml.safe_load((PROJECT / "pipeline/report/published.yaml").read_text(encoding="utf-8"))[_TABLE]
    if (published["windows"], published["horizon"]) != (result["windows"], result["horizon"]):
        raise ValueError("the published table is of other windows")
    columns = {1: "the oil temperature", len(_COLUMNS): "all seven columns"}
    lines = [
        (
            each["mse"],
            f"`{each['architecture']['name']}`",
            f"{columns[each['inputs']]}, {each['weights']:,} weights",
            each["mae"],
        )
        for each in result["networks"].values()
    ]
    lines += [(each["mse"], name, "no network", each["mae"]) for name, each in result["baselines"].items()]
    lines += [(each["mse"], each["name"], "published", each["mae"]) for each in published["rows"]]
    body = [f"| {name} | {about} | {mse:.3f} | {mae:.3f} |" for mse, name, about, mae in sorted(lines)]
    return "\n".join(["| forecast | inputs and size | MSE | MAE |", "|---|---|---|---|", *body, ""])


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.etth1", description=__doc__.splitlines()[0])
    parser.add_argument("--network", action="append", choices=list(_RUNS), help="these alone; the stored others stay")
    parser.add_argument("--file", type=Path, help="ETTh1.csv, where it is not in data/own/")
    parser.add_argument("--table", action="store_true", help="write the table again, measure nothing")
    given = parser.parse_args(arguments)
    if not given.table:
        with tempfile.TemporaryDirectory() as folder:
            scratch.prepare(Path(folder), settings())
            own = Path(folder) / "data/own"
            own.mkdir(parents=True)
            (own / "ETTh1.csv").write_bytes(source(given.file).read_bytes())
            with contextlib.chdir(folder):
                result = measure(given.network or list(_RUNS))
        if given.network and RESULT.is_file():
            result["networks"] = files.read_json(RESULT)["networks"] | result["networks"]
        result["networks"] = {name: result["networks"][name] for name in _RUNS if name in result["networks"]}
        files.write_json(RESULT, result)
    documents.write_table(PAGE, "benchmarks.etth1", table(files.read_json(RESULT)))


if __name__ == "__main__":
    errors.run(main)
