"""An evaluation of a tiny series by the real stages, with given predictions in place of a network's."""

import numpy as np
import yaml

from pipeline import dataset
from pipeline.baselines.stage import baselines
from pipeline.common import files, params
from pipeline.dataset import splitting, windowing
from pipeline.dataset.scaling import scale
from pipeline.evaluate.collect import PARTS
from pipeline.evaluate.stage import evaluate

NAME = "tiny"
HOLDOUT = {"scheme": "holdout", "validation": 0.2, "test": 0.2}
WAVE = np.sin(np.arange(100) / 3) + np.random.default_rng(0).normal(scale=0.1, size=100)


def build(
    values,
    *,
    split_settings,
    window_settings,
    scaling=None,
    period=None,
    oracle=None,
    sequence_length=None,
    score_units="original",
    seeds=(0, 1),
    times=None,
):
    """Write rows, split, windows and scaling of a tiny series into the current folder, by the real stages."""
    values = np.asarray(values, dtype=float)
    columns, rows = ["x"], values[:, None]
    if oracle is not None:
        columns += ["oracle_location", "oracle_scale"]
        rows = np.column_stack([values, *(np.broadcast_to(o, values.shape) for o in oracle[1:])])
    own = {"source": "data/own/tiny.csv", "target": "x"}
    if sequence_length:
        own = {"source": "pipeline/sources/steps.py", "length": sequence_length, "counts": "sampled"}
    settings = {
        "size": "quick",
        "calibration": {"series": 3, "planted": 1, "pairs": 1},
        "series": {"tiny": own},
        "datasets": {
            "tiny": {
                "series": "tiny",
                "split": split_settings,
                "window": window_settings,
                "scaling": scaling or {},
                "score_units": score_units,
            }
        },
        "experiments": {
            NAME: {
                "dataset": "tiny",
                "architecture": {"name": "lstm", "units": [4], "head": "linear"},
                "training": {"batch_size": 4, "epochs": 2, "seeds": list(seeds)},
            }
        },
    }
    params.FILE.write_text(yaml.safe_dump(settings))
    files.write_array(files.RAW / "tiny" / "rows.npy", rows)
    described = {"columns": columns, "target": "x", "features": ["x"], "rows": len(rows), "time": None, "cuts": []}
    described |= {"source": None}
    if times is not None:
        files.write_array(files.RAW / "tiny" / "time.npy", times)
        described["time"] = {"first": str(times[0]), "last": str(times[-1])}
    described |= {"sequence_length": sequence_length, "period": period}
    described["oracle"] = {"distribution": oracle[0], "degrees": None} if oracle else None
    files.write_json(files.RAW / "tiny" / "series.json", described)
    settings = params.load()
    for stage in (splitting.split, windowing.window, scale):
        stage(settings, "tiny")
    return settings


def predict(forecast, seeds=(0, 1)):
    """Store the predictions of `forecast(part, seed)`, and a history of two epochs per training."""
    for fold in range(dataset.folds("tiny")):
        for part in PARTS:
            if dataset.has("tiny", fold, part):
                windows = dataset.load("tiny", fold, part)
                table = {"row": windows.table["row"]}
                for seed in seeds:
                    outputs = forecast(windows, seed)
                    table |= {f"seed{seed}_{k}": outputs[:, k].astype(float) for k in range(outputs.shape[1])}
                files.write_table(files.MODELS / NAME / "predictions" / f"fold{fold}" / f"{part}.parquet", table)
        for seed in seeds:
            history = {"weights": 101, "updates": 20, "stopped": "completed", "nonfinite": None, "weights_finite": True}
            history["epochs"] = [{"loss": 1.0, "penalty": 0.0, "val_loss": 1.1}, {"loss": 0.5, "penalty": 0.0}]
            files.write_json(files.MODELS / NAME / "training" / f"fold{fold}_seed{seed}.json", history)


def run(settings):
    baselines(settings, "tiny")
    evaluate(settings, NAME)
    return files.read_json(files.EVALUATION / f"{NAME}.json"), files.read_json(files.METRICS / f"{NAME}.json")[NAME]
