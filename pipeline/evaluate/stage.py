"""Stage `evaluate`: scores of the stored predictions beside baselines and oracle, and the data that the report draws.

It reads predictions and does not import Keras. Several folds are pooled, each window once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.common.numbers import significant
from pipeline.evaluate import drawn, plot_tables
from pipeline.evaluate.collect import DROPPED, PARTS, Arrays, collect
from pipeline.scoring import scores, skill

# In place of the validation scores of a dataset without a validation part.
NO_VALIDATION = "none: no setting can be chosen"


def evaluate(settings: dict[str, Any], name: str) -> None:
    """Write the files of experiment `name` in `reports/`: `metrics`, `evaluation`, `losses` and `plots`."""
    from threadpoolctl import threadpool_limits

    # The number of threads changes the order of sums, and with it the last digits of ridge and logistic regression.
    with threadpool_limits(1):
        arrays, about = collect(settings, name)
        result = measure(settings, name, arrays, about)
    seeds = settings["experiments"][name]["training"]["seeds"]
    files.write_table(files.LOSSES / f"{name}.parquet", losses(arrays, seeds, about))
    files.write_json(files.EVALUATION / f"{name}.json", significant(result, 7))
    files.write_json(files.METRICS / f"{name}.json", {name: significant(summarise(result), 4)})
    plot_tables.write(name, arrays, seeds, about["classes"], about.get("labels"))


def losses(arrays: Arrays, seeds: list[int], about: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return each test window's loss per seed, all folds in time order, for comparing two experiments.

    Args:
        arrays: output of `collect`, in the units of the scores.
        seeds: seeds of the trainings.
        about: `classes` and `score_scale`.

    Returns:
        `row`, int64 `[windows]`: series row of the first target. `loss_SEED`, float64 `[windows]`: squared error in the
        units of the series, whatever the training rows of the experiment, mean over the steps; or Brier score; NaN
        where the forecast is not finite.
    """
    rows, truth = (np.concatenate(arrays["test", key]) for key in ("row", "truth"))
    order = np.argsort(rows, kind="stable")
    table = {"row": rows[order].astype(np.int64)}
    for seed in seeds:
        own = skill.losses(truth, np.concatenate(arrays["test", ("seed", seed)]), about["classes"])[order]
        table[f"loss_{seed}"] = own * about["score_scale"] ** 2
    return table


def measure(settings: dict[str, Any], name: str, arrays: Arrays, about: dict[str, Any]) -> dict[str, Any]:
    """Return the content of `reports/evaluation/NAME.json`; see `docs/files.md`."""
    experiment = settings["experiments"][name]
    data = experiment["dataset"]
    seeds = experiment["training"]["seeds"]
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
        "parts": {part: _part(arrays, part, seeds, about) for part in PARTS if (part, "truth") in arrays},
        "comparison": skill.compare_experiment(arrays, seeds, about, settings["datasets"][data]["series"]),
        "state": _state(name),
        "split": {
            **{key: description[key] for key in ("policy", "gap", "rows", "folds", "season")},
            "time": description["series"]["time"],
            "axis": drawn.axis(arrays, description),
        },
    }


def _part(arrays: Arrays, part: str, seeds: list[int], about: dict[str, Any]) -> dict[str, Any]:
    """Score network, baselines and oracle on one part, all folds pooled, and collect what is drawn of it."""
    classes = about["classes"]
    truth = np.concatenate(arrays[part, "truth"])
    naive = np.concatenate(arrays[part, "naive"]) if (part, "naive") in arrays else None
    pooled = {key: np.concatenate(arrays[part, key]) for key in _forecasts(arrays, part)}
    scored = _scored(truth, pooled, naive, seeds, classes)
    loss = scores.main_loss(classes)
    own = scored["network"][loss]["mean"]
    return {
        "windows": len(truth),
        **dict(zip(DROPPED, np.sum(arrays[part, "dropped"], axis=0).tolist(), strict=True)),
        **scored,
        "skill": {key: scores.skill(own, score[loss]) for key, score in scored["baselines"].items()},
        "truth": _truth(truth, classes),
        "folds": _folds(arrays, part, seeds, classes),
        "steps": _steps(truth, pooled, naive, seeds) if truth.shape[1] > 1 else None,
        "drawn": drawn.drawn(arrays, part, seeds, about),
        "sample": drawn.sample(arrays, part, seeds, classes),
        "residuals": drawn.residuals(arrays, part, seeds, about),
        "reliability": drawn.reliability(arrays, part, seeds, classes),
    }


def _forecasts(arrays: Arrays, part: str) -> list[Any]:
    """Return the names of all forecasts of a part."""
    return [key for at, key in arrays if at == part and isinstance(key, tuple)]


def _scored(
    truth: np.ndarray, outputs: dict[Any, np.ndarray], naive: np.ndarray | None, seeds: list[int], classes: int | None
) -> dict[str, Any]:
    """Score all forecasts: the network over its seeds and each seed, the baselines, the oracle."""
    if classes:
        scored = {key: scores.classification(truth, values, classes) for key, values in outputs.items()}
    else:
        scored = {key: scores.regression(truth, values, naive) for key, values in outputs.items()}
    network = [scored["seed", seed] for seed in seeds]
    return {
        "network": {name: scores.over_seeds([s[name] for s in network]) for name in network[0] if name != "confusion"},
        "seeds": {str(seed): score for seed, score in zip(seeds, network, strict=True)},
        "baselines": {key[1]: score for key, score in scored.items() if key[0] == "baseline"},
        "oracle": scored.get(("oracle", "")),
        **({"given": scored["given", ""]} if ("given", "") in scored else {}),
    }


def _state(name: str) -> dict[str, Any] | None:
    """Read the check of carried state that `predict` made; None where it made none."""
    path = files.MODELS / name / "predictions" / "state.json"
    return files.read_json(path) if path.exists() else None


def _truth(truth: np.ndarray, classes: int | None) -> dict[str, Any]:
    if classes:
        return {"shares": np.bincount(truth.astype(int).ravel(), minlength=classes) / max(len(truth), 1)}
    return {"mean": float(truth.mean()), "spread": float(truth.std(axis=0).mean())}


def _folds(arrays: Arrays, part: str, seeds: list[int], classes: int | None) -> list[dict[str, Any]]:
    """Score each fold by itself; empty where there is only one."""
    count = len(arrays[part, "truth"])
    result = []
    for fold in range(count if count > 1 else 0):
        truth = arrays[part, "truth"][fold]
        naive = arrays[part, "naive"][fold] if (part, "naive") in arrays else None
        outputs = {key: arrays[part, key][fold] for key in _forecasts(arrays, part)}
        scored = _scored(truth, outputs, naive, seeds, classes)
        result.append({"windows": len(truth), **{key: scored[key] for key in ("network", "baselines", "oracle")}})
    return result


def _steps(
    truth: np.ndarray, pooled: dict[Any, np.ndarray], naive: np.ndarray | None, seeds: list[int]
) -> list[dict[str, Any]]:
    """Score each step ahead by itself."""
    result = []
    for step in range(truth.shape[1]):
        outputs = {key: values[:, [step]] for key, values in pooled.items()}
        scored = _scored(truth[:, [step]], outputs, naive, seeds, None)
        result.append({"step": step + 1, **{key: scored[key] for key in ("network", "baselines")}})
    return result


def _histories(name: str, folds: int, seeds: list[int]) -> list[dict[str, Any]]:
    """Read every training of the experiment: its learning curves as lists, and how it ended."""
    histories = []
    for fold in range(folds):
        for seed in seeds:
            history = files.read_json(files.MODELS / name / "training" / f"fold{fold}_seed{seed}.json")
            epochs = history.pop("epochs")
            # Records within an epoch are for the diagnosis.
            names = dict.fromkeys(k for e in epochs for k in e if k not in ("slices", "update_ratio"))
            curves = {key: [epoch.get(key) for epoch in epochs] for key in names}
            histories.append({"fold": fold, "seed": seed, **history, "curves": curves})
    return histories


def summarise(result: dict[str, Any]) -> dict[str, Any]:
    """Select the scores by which settings may be chosen, under short names, for `dvc metrics` and `dvc exp show`.

    No test row counts here: a list of test scores invites a choice by them, which makes noise look like skill. All
    scores and skills of the validation part, and the main score of training, baselines, and oracle on the rows of these
    parts. Means over the seeds, and the main score's standard deviation over them.

    Of several folds the first: the validation and training rows of later ones are earlier folds' test rows.
    """
    own = {part: _first_fold(result["parts"][part]) for part in ("validation", "train") if part in result["parts"]}
    main, loss = scores.main_score(result["classes"]), scores.main_loss(result["classes"])
    short: dict[str, Any] = {"validation": NO_VALIDATION}
    if "validation" in own:
        part, network = own["validation"], own["validation"]["network"]
        names = scores.CLASSES if result["classes"] else scores.REGRESSION
        compared = {kind: part["baselines"][result["comparison"][kind]["baseline"]] for kind in ("naive", "linear")}
        skills = {kind: scores.skill(network[loss]["mean"], score[loss]) for kind, score in compared.items()}
        short["validation"] = {metric: network[metric]["mean"] for metric in names}
        short["validation"] |= {"skill": skills["naive"], "skill_linear": skills["linear"]}
        short |= {kind: {main: score[main]} for kind, score in compared.items()}
        if part["oracle"]:
            short["oracle"] = {main: part["oracle"][main]}
        short["seeds"] = {f"{main}_std": network[main]["std"]}
    short["train"] = {main: own["train"]["network"][main]["mean"]}
    short["weights"] = result["training"][0]["weights"]
    short["updates"] = round(float(np.mean([run["updates"] for run in result["training"]])))
    return short


def _first_fold(part: dict[str, Any]) -> dict[str, Any]:
    return part["folds"][0] if part["folds"] else part
