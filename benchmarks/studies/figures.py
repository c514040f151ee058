"""Figures from a row's stored predictions and histories, one seed at a time. Run inside the row's folder."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.scoring import baselines, oracle, scores, skill

Figures = dict[str, float | None]


def read_seed(experiment: str, data: str, seed: int) -> Figures:
    """Compute every figure of one training; a study shows some of them. Without a prefix they are of the test part.

    Returns:
        Regressions: `r2`, `mae`, `spread` of the predictions as a share of the target's, `train_r2`, `skill` over
        persistence with `low`, `high` (95 %), `oracle_r2`, `r2_share` (of the oracle's R²), `skill_share` (of its
        skill over persistence). Classes: `accuracy`, `log_loss`, `majority` and `oracle_accuracy` (accuracies),
        `train_accuracy`, Brier `skill` over the majority with `low`, `high`, `skill_share`, `accuracy_share` (of the
        oracle's accuracy beyond the majority's). Both: `windows`, and the history's: `updates`, `epochs`, `loss`
        (of the last epoch), `penalty` (its share of that loss), `loss_1` and `accuracy_1` (first epoch),
        `nonfinite_epoch`, `nonfinite_batch`, `loss_before`, `accuracy_before`.
    """
    result = _history(files.read_json(files.MODELS / experiment / "training" / f"fold0_seed{seed}.json"))
    train = dataset.load(data, 0, "train")
    test = dataset.load(data, 0, "test")
    forecasts = {part.name: outputs(experiment, part.name, seed) for part in (train, test)}
    naive = baselines.fit(train, linear=False)["majority" if test.spec.classes else "persistence"](test)
    best = oracle.predict(test)
    result["windows"] = float(len(test))
    result["train_windows"] = float(len(train))
    return result | (_classes if test.spec.classes else _regression)(train, test, forecasts, naive, best)


def outputs(experiment: str, part: str, seed: int) -> np.ndarray:
    """Read the predictions of one seed for a part: `[windows, outputs]`, raw units or outputs of the head."""
    table = files.read_table(files.MODELS / experiment / "predictions" / "fold0" / f"{part}.parquet")
    return np.stack([table[name] for name in table if name.startswith(f"seed{seed}_")], axis=1).astype(float)


def _history(history: dict[str, Any]) -> Figures:
    first, last = history["epochs"][0], history["epochs"][-1]
    failed = history["nonfinite"] or {}
    return {
        "updates": history["updates"],
        "epochs": len(history["epochs"]),
        "loss": last["loss"],
        "penalty": last["penalty"] / last["loss"] if last["loss"] else None,
        "loss_1": first["loss"],
        "accuracy_1": first.get("accuracy"),
        "nonfinite_epoch": failed.get("epoch"),
        "nonfinite_batch": failed.get("batch"),
        "loss_before": failed.get("loss_before"),
        "accuracy_before": failed.get("accuracy_before"),
    }


def _compared(
    test: dataset.Part, outputs: np.ndarray, naive: np.ndarray, best: np.ndarray | None, hits: np.ndarray | None
) -> Figures:
    truth, classes, length = test.raw_targets(), test.spec.classes, test.spec.sequence_length
    against = ("naive", skill.losses(truth, naive, classes))
    result = skill.compare(
        {0: skill.losses(truth, outputs, classes)},
        against,
        against,
        oracle=None if best is None else skill.losses(truth, best, classes),
        hits=hits,
        overlap=skill.overlapping(test.spec),
        sequences=np.asarray(test.table["row"]) // length if length else None,
    )
    share = result["oracle_share"] or {}
    return {key: result["naive"][key] for key in ("skill", "low", "high")} | {
        "skill_share": share.get("share"),
        "share_low": share.get("low"),
        "share_high": share.get("high"),
    }


def _regression(
    train: dataset.Part, test: dataset.Part, outputs: dict[str, np.ndarray], naive: np.ndarray, best: np.ndarray | None
) -> Figures:
    truth = test.raw_targets()
    own = scores.regression(truth, outputs["test"])
    fitted = scores.regression(train.raw_targets(), outputs["train"])
    top = scores.regression(truth, best)["r2"] if best is not None else None
    shared = own["r2"] / top if own["r2"] is not None and top else None
    return {
        **{key: own[key] for key in ("r2", "mae", "spread")},
        "train_r2": fitted["r2"],
        "train_spread": fitted["spread"],
        "oracle_r2": top,
        "r2_share": shared,
        "persistence_r2": scores.regression(truth, naive)["r2"],
        **_compared(test, outputs["test"], naive, best, None),
    }


def _classes(
    train: dataset.Part, test: dataset.Part, outputs: dict[str, np.ndarray], naive: np.ndarray, best: np.ndarray | None
) -> Figures:
    classes = test.spec.classes or 0
    truth = test.raw_targets().astype(int).ravel()

    def accuracy(forecast: np.ndarray) -> float:
        return float(np.mean(scores.predicted_classes(forecast, classes) == truth))

    own = scores.classification(truth, outputs["test"], classes)
    fitted = scores.classification(train.raw_targets(), outputs["train"], classes)
    top = accuracy(best) if best is not None else None
    common = accuracy(naive)
    beyond = 0.5 if classes == 2 else common
    hits = (scores.predicted_classes(outputs["test"], classes) == truth).astype(float)
    return {
        **{key: own[key] for key in ("accuracy", "log_loss", "brier")},
        "train_accuracy": fitted["accuracy"],
        "train_log_loss": fitted["log_loss"],
        "majority": common,
        "oracle_accuracy": top,
        "accuracy_share": (own["accuracy"] - beyond) / (top - beyond) if top is not None and top > beyond else None,
        "class_0": float(np.mean(train.raw_targets() == 0)),
        **_compared(test, outputs["test"], naive, best, hits),
    }
