"""Stage `evaluate`: scores of the stored predictions beside baselines and oracle, and all that the report draws.

Nothing here imports Keras: the predictions are read, not made. Several folds are pooled, each window once.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.common.numbers import significant
from pipeline.evaluate import plot_tables
from pipeline.scoring import baselines, oracle, scores, skill

PARTS = ("train", "validation", "test")
# What the report draws of the test part.
_POINTS = 300

# (part, what) -> an array per fold; what is "truth", "naive", "row", "raw", "reference" (what `signs` compares with),
# ("seed", 0), ("baseline", "ridge"), ("oracle", "")
Arrays = skill.Arrays


def evaluate(settings: dict[str, Any], name: str) -> None:
    """Write NAME's files below `reports/metrics`, `evaluation`, `losses` and `plots` (docs/files.md)."""
    from threadpoolctl import threadpool_limits

    # The number of threads changes the order of sums, and with it the last digits of ridge and logistic regression.
    with threadpool_limits(1):
        arrays, about = collect(settings, name)
        result = measure(settings, name, arrays, about)
    seeds = settings["experiments"][name]["training"]["seeds"]
    files.write_table(files.LOSSES / f"{name}.parquet", losses(arrays, seeds, about["classes"]))
    files.write_json(files.EVALUATION / f"{name}.json", significant(result, 7))
    files.write_json(files.METRICS / f"{name}.json", {name: significant(summary(result), 4)})
    plot_tables.write(name, arrays, result["training"], seeds, about["classes"])


def collect(settings: dict[str, Any], name: str) -> tuple[Arrays, dict[str, Any]]:
    """Truth and all forecasts of every part and fold, in the units of the scores, and what describes the target."""
    experiment = settings["experiments"][name]
    data = experiment["dataset"]
    arrays: Arrays = defaultdict(list)
    about: dict[str, Any] = {}
    for fold in range(dataset.folds(data)):
        about = _collect(arrays, name, data, fold, experiment["training"]["seeds"])
    return arrays, about


def losses(arrays: Arrays, seeds: list[int], classes: int | None) -> dict[str, np.ndarray]:
    """Each test window's loss per seed, all folds in time order, for the differences between two experiments.

    Returns:
        `row`, int64 `[windows]`: series row of the first target; `loss_SEED`, float64 `[windows]`: squared error in the
        units of the scores, mean over the steps, or Brier score; NaN where the forecast is not finite.
    """
    rows, truth = (np.concatenate(arrays["test", key]) for key in ("row", "truth"))
    order = np.argsort(rows, kind="stable")
    table = {"row": rows[order].astype(np.int64)}
    for seed in seeds:
        table[f"loss_{seed}"] = skill.losses(truth, np.concatenate(arrays["test", ("seed", seed)]), classes)[order]
    return table


def measure(settings: dict[str, Any], name: str, arrays: Arrays, about: dict[str, Any]) -> dict[str, Any]:
    """Everything about one experiment, as the report needs it; see `docs/files.md`."""
    experiment = settings["experiments"][name]
    data = experiment["dataset"]
    seeds = experiment["training"]["seeds"]
    classes = about["classes"]
    description = files.read_json(files.SPLIT / data / "split.json")
    return {
        "experiment": name,
        "dataset": data,
        "post": experiment.get("post"),
        "size": settings["size"],
        **about,
        "settings": {
            "experiment": experiment,
            "dataset": settings["datasets"][data],
            "series": settings["series"][settings["datasets"][data]["series"]],
        },
        "training": _histories(name, dataset.folds(data), seeds),
        "parts": {part: _part(arrays, part, seeds, classes) for part in PARTS if (part, "truth") in arrays},
        "comparison": skill.compare_experiment(arrays, seeds, about, settings["datasets"][data]["series"]),
        "state": _state(name),
        "split": {key: description[key] for key in ("policy", "gap", "rows", "folds")},
    }


def _collect(arrays: Arrays, name: str, data: str, fold: int, seeds: list[int]) -> dict[str, Any]:
    """Add one fold's truth and all its forecasts, in the units of the scores; returns what describes the target."""
    train = dataset.load(data, fold, "train")
    spec = train.spec
    learned = baselines.fit(train)
    center, scale = _units(spec)
    naive = _naive(train)
    for part in PARTS:
        if not dataset.has(data, fold, part):
            continue
        windows = train if part == "train" else dataset.load(data, fold, part)
        forecasts: dict[Any, np.ndarray] = {
            ("seed", seed): outputs for seed, outputs in _predictions(name, fold, windows, seeds).items()
        }
        forecasts |= {("baseline", key): forecast(windows) for key, forecast in learned.items()}
        best = oracle.predict(windows)
        if best is not None:
            forecasts["oracle", ""] = best
        arrays[part, "truth"].append((windows.raw_targets() - center) / scale)
        for key, outputs in forecasts.items():
            arrays[part, key].append((outputs - center) / scale)
        if naive:
            arrays[part, "naive"].append(np.full(len(windows), naive / scale))
        arrays[part, "row"].append(np.asarray(windows.table["row"]))
        arrays[part, "raw"].append(windows.raw_targets())
        reference = _reference(windows)
        if reference is not None:
            arrays[part, "reference"].append((reference - center) / scale)
    return {
        "kind": "classes" if spec.classes else "regression",
        "classes": spec.classes,
        "shares": spec.shares,
        "thresholds": spec.thresholds,
        "target": {**spec.target, "column": spec.columns[spec.target_column]},
        "length": spec.length,
        "horizon": spec.horizon,
        "features": len(spec.features),
        "period": spec.period,
        "sequence_length": spec.sequence_length,
        "overlap": skill.overlapping(spec),
        "units": "standardised" if spec.score_units == "standardised" and not spec.classes else "original",
    }


def _units(spec: dataset.Spec) -> tuple[float, float]:
    """What is taken from a value, and what it is then divided by, before it is scored; from the training rows."""
    if spec.classes or spec.score_units != "standardised":
        return 0.0, 1.0
    return spec.target_center, spec.target_scale


def _reference(part: dataset.Part) -> np.ndarray | None:
    """Above what a target counts as a rise, `[windows]` in raw units; None where it has no such thing."""
    kind = part.spec.target["kind"]
    if kind == "value":
        return np.asarray(part.table["last"], dtype=float)
    level = {"difference": 0.0, "return": 0.0, "sign": 0.5}.get(kind)
    return None if level is None else np.full(len(part), level)


def _naive(train: dataset.Part) -> float | None:
    """What MASE divides by: the (seasonal) naive forecast's mean absolute error on the training rows, in raw units."""
    spec = train.spec
    kind = spec.target["kind"]
    if spec.classes or kind == "sequence_mean":
        return None
    if kind == "return":
        # No change is the naive forecast of a return, and its error the return itself.
        return float(np.mean(np.abs(train.raw_targets()))) or None
    values = np.asarray(train.rows[:, spec.target_column])
    return scores.naive_error(values, np.asarray(spec.first_rows), spec.period or 1, spec.sequence_length)


def _predictions(name: str, fold: int, part: dataset.Part, seeds: list[int]) -> dict[int, np.ndarray]:
    """Stored outputs of each seed, `[windows, outputs]`, checked to be those of these windows."""
    path = files.MODELS / name / "predictions" / f"fold{fold}" / f"{part.name}.parquet"
    table = files.read_table(path)
    if not np.array_equal(table["row"], part.table["row"]):
        raise UserError(
            str(path),
            f"must hold the {len(part)} windows of the {part.name} part",
            f"{len(table['row'])} rows that are not theirs",
            f"Run `dvc repro predict@{name}` again.",
        )
    outputs = {}
    for seed in seeds:
        columns = [f"seed{seed}_{k}" for k in range(part.spec.outputs)]
        absent = [column for column in columns if column not in table]
        if absent:
            raise UserError(
                f"{path}, column {absent[0]}", "must be there", "nothing", f"Run `dvc repro predict@{name}` again."
            )
        outputs[seed] = np.stack([table[column] for column in columns], axis=1).astype(float)
    return outputs


def _part(arrays: Arrays, part: str, seeds: list[int], classes: int | None) -> dict[str, Any]:
    """Scores of network, baselines and oracle on one part, all folds pooled, and what is drawn of it."""
    truth = np.concatenate(arrays[part, "truth"])
    naive = np.concatenate(arrays[part, "naive"]) if (part, "naive") in arrays else None
    keys = [key for at, key in arrays if at == part and isinstance(key, tuple)]
    pooled = {key: np.concatenate(arrays[part, key]) for key in keys}
    scored = {key: _score(truth, outputs, naive, classes) for key, outputs in pooled.items()}
    network = [scored["seed", seed] for seed in seeds]
    over = {metric: scores.over_seeds([s[metric] for s in network]) for metric in network[0] if metric != "confusion"}
    named = {key[1]: score for key, score in scored.items() if key[0] == "baseline"}
    less = "brier" if classes else "mse"
    result: dict[str, Any] = {
        "windows": len(truth),
        "network": over,
        "seeds": {str(seed): score for seed, score in zip(seeds, network, strict=True)},
        "baselines": named,
        "oracle": scored.get(("oracle", "")),
        "skill": {key: scores.skill(over[less]["mean"], score[less]) for key, score in named.items()},
        "truth": _truth(truth, classes),
        "folds": _folds(arrays, part, seeds, classes),
        "steps": _steps(truth, pooled, naive, seeds) if truth.shape[1] > 1 else None,
        "drawn": _drawn(arrays, part, seeds, classes),
    }
    return result


def _state(name: str) -> dict[str, Any] | None:
    """What `predict` found of a state kept between windows; None where it has not looked."""
    path = files.MODELS / name / "predictions" / "state.json"
    return files.read_json(path) if path.exists() else None


def _score(truth: np.ndarray, outputs: np.ndarray, naive: np.ndarray | None, classes: int | None) -> dict[str, Any]:
    if classes:
        return scores.classification(truth, outputs, classes)
    return scores.regression(truth, outputs, naive)


def _truth(truth: np.ndarray, classes: int | None) -> dict[str, Any]:
    if classes:
        return {"shares": np.bincount(truth.astype(int).ravel(), minlength=classes) / max(len(truth), 1)}
    return {"mean": float(truth.mean()), "spread": float(truth.std(axis=0).mean())}


def _folds(arrays: Arrays, part: str, seeds: list[int], classes: int | None) -> list[dict[str, Any]]:
    """Each fold's own scores; empty where there is only one."""
    several = len(arrays[part, "truth"])
    result = []
    for fold in range(several if several > 1 else 0):
        truth = arrays[part, "truth"][fold]
        naive = arrays[part, "naive"][fold] if (part, "naive") in arrays else None
        keys = [key for at, key in arrays if at == part and isinstance(key, tuple)]
        own = {key: _score(truth, arrays[part, key][fold], naive, classes) for key in keys}
        network = [own["seed", seed] for seed in seeds]
        result.append(
            {
                "windows": len(truth),
                "network": {m: scores.over_seeds([s[m] for s in network]) for m in network[0] if m != "confusion"},
                "baselines": {key[1]: score for key, score in own.items() if key[0] == "baseline"},
                "oracle": own.get(("oracle", "")),
            }
        )
    return result


def _steps(
    truth: np.ndarray, pooled: dict[Any, np.ndarray], naive: np.ndarray | None, seeds: list[int]
) -> list[dict[str, Any]]:
    """Scores of each step ahead."""
    result = []
    for step in range(truth.shape[1]):
        one = {key: scores.regression(truth[:, [step]], v[:, [step]], naive) for key, v in pooled.items()}
        network = [one["seed", seed] for seed in seeds]
        result.append(
            {
                "step": step + 1,
                "network": {metric: scores.over_seeds([s[metric] for s in network]) for metric in network[0]},
                "baselines": {key[1]: score for key, score in one.items() if key[0] == "baseline"},
            }
        )
    return result


def _drawn(arrays: Arrays, part: str, seeds: list[int], classes: int | None) -> dict[str, Any]:
    """At most 300 windows one after the other, of the last fold: truth and forecasts.

    Of several steps the first; of two classes the probability of class 1, of three the class foretold.
    """
    fold = -1
    row = arrays[part, "row"][fold][:_POINTS]

    def forecast(key: tuple[str, Any]) -> np.ndarray:
        outputs = arrays[part, key][fold][: len(row)]
        return scores.predicted_classes(outputs, classes) if classes == 3 else outputs[:, 0]

    drawn: dict[str, Any] = {"row": row, "truth": arrays[part, "truth"][fold][: len(row), 0]}
    drawn["seeds"] = {str(seed): forecast(("seed", seed)) for seed in seeds}
    drawn["persistence"] = forecast(("baseline", "persistence"))
    drawn["oracle"] = forecast(("oracle", "")) if (part, ("oracle", "")) in arrays else None
    return drawn


def _histories(name: str, folds: int, seeds: list[int]) -> list[dict[str, Any]]:
    """Every training of the experiment: its learning curves as lists, and how it ended."""
    histories = []
    for fold in range(folds):
        for seed in seeds:
            one = files.read_json(files.MODELS / name / "training" / f"fold{fold}_seed{seed}.json")
            epochs = one.pop("epochs")
            # What is recorded within an epoch is for the diagnosis.
            names = dict.fromkeys(k for e in epochs for k in e if k not in ("slices", "update_ratio"))
            curves = {key: [epoch.get(key) for epoch in epochs] for key in names}
            histories.append({"fold": fold, "seed": seed, **one, "curves": curves})
    return histories


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """Short names for `dvc metrics` and `dvc exp show`, few enough to be read side by side.

    All scores of the test part, the main one of the others and of what the network is compared with; means over the
    seeds, and the main score's spread over them.
    """
    names = scores.CLASSES if result["classes"] else scores.REGRESSION
    parts, test, comparison = result["parts"], result["parts"]["test"], result["comparison"]
    main = "accuracy" if result["classes"] else "r2"
    naive, linear = comparison["naive"], comparison["linear"]
    short: dict[str, Any] = {"test": {metric: test["network"][metric]["mean"] for metric in names}}
    short |= {part: {main: parts[part]["network"][main]["mean"]} for part in ("validation", "train") if part in parts}
    short |= {kind: {main: test["baselines"][comparison[kind]["baseline"]][main]} for kind in ("naive", "linear")}
    if test["oracle"]:
        short["oracle"] = {main: test["oracle"][main]}
    short["seeds"] = {f"{main}_std": test["network"][main]["std"]}
    short |= {"skill": naive["skill"], "skill_low": naive["low"], "skill_high": naive["high"]}
    short |= {"p_value": naive["p_value"], "skill_linear": linear["skill"]}
    short["weights"] = result["training"][0]["weights"]
    short["updates"] = round(float(np.mean([run["updates"] for run in result["training"]])))
    return short
