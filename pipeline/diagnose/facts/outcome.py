"""What the trained networks say about training and validation windows, beside the best naive forecast."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.dataset import Part
from pipeline.network import predicting
from pipeline.scoring import baselines, scores, skill

if TYPE_CHECKING:
    import keras

# Windows x steps x weights of one network's predictions: a second or two on one core.
_WORK = 4e10
_LEAST, _MOST = 200, 4096


def facts(
    train: Part, held: Part | None, training: dict[str, Any], models: dict[int, keras.Model], naive: str
) -> dict[str, Any]:
    """Spread, echo, skill and classes of every seed's predictions.

    Args:
        train: training windows; at most 4,096 of them, evenly spaced, are predicted where no state is carried.
        held: validation windows, or None.
        training: settings of the experiment's training.
        models: network by seed.
        naive: name of the naive baseline to compare with.

    Returns:
        `seeds`: by seed `train` and `held` (None without validation); `all`: by part the skill of all seeds together
        against the naive baseline, with its interval, and against a constant answer.
    """
    learned = baselines.fit(train, linear=False)
    parts = {"train": train, "held": held}
    told: dict[str, Any] = {"seeds": {str(seed): {} for seed in models}, "all": {}}
    for kind, part in parts.items():
        if part is None:
            told["all"][kind] = None
            for seed in models:
                told["seeds"][str(seed)][kind] = None
            continue
        part = _thinned(part, training, next(iter(models.values())).count_params())
        truth = part.raw_targets()
        base = learned[naive](part)
        constant = learned["majority" if part.spec.classes else "train_mean"](part)
        losses = {}
        for seed, network in models.items():
            outputs = _outputs(part, network, training)
            told["seeds"][str(seed)][kind] = _one(part, truth, outputs, base, constant)
            losses[seed] = skill.losses(truth, outputs, part.spec.classes)
        told["all"][kind] = _all(part, losses, truth, base, constant, naive)
    return told


def _thinned(part: Part, training: dict[str, Any], weights: int) -> Part:
    """Evenly spaced windows, as many as are predicted in a second or two; all of them where state is carried."""
    most = int(np.clip(_WORK / max(weights * part.spec.length, 1), _LEAST, _MOST))
    if training["state"] != "none" or len(part) <= most:
        return part
    kept = np.linspace(0, len(part) - 1, most).astype(int)
    return replace(part, table={key: column[kept] for key, column in part.table.items()})


def _outputs(part: Part, network: keras.Model, training: dict[str, Any]) -> np.ndarray:
    """Predictions in raw units or outputs of the head, float64 [windows, outputs]; of sequences the last step."""
    # A chain may be longer than the batch is wide: batches from zero state say enough here.
    lanes = training["state"] == "lanes"
    said = _batches(part, network) if lanes else predicting.windows(part, network, training)
    said = np.asarray(said)
    if said.ndim > 2:
        said = said.reshape(len(said), -1, said.shape[-1])[:, -1, :]
    return part.restore(said)


def _batches(part: Part, network: keras.Model) -> np.ndarray:
    from pipeline.network import models

    size = int(network.input_shape[0])
    said = []
    for at in range(0, len(part), size):
        indices = np.arange(at, at + size).clip(max=len(part) - 1)
        models.reset_state(network)
        said.append(network.predict_on_batch(part.inputs(indices))[: len(part) - at])
    models.reset_state(network)
    return np.concatenate(said)


def _one(part: Part, truth: np.ndarray, outputs: np.ndarray, naive: np.ndarray, constant: np.ndarray) -> dict[str, Any]:
    """One network on one part."""
    classes = part.spec.classes
    finite = bool(np.isfinite(outputs).all())
    result: dict[str, Any] = {"windows": len(part), "finite": finite}
    if not finite:
        if classes:
            # The largest of numbers that are none is the first one: accuracy becomes the share of class 0.
            truth_of = truth[:, 0].astype(int)
            result["accuracy"] = float(np.mean(scores.predicted_classes(outputs, classes) == truth_of))
            result["share_of_class_0"] = float(np.mean(truth_of == 0))
        return result
    own, base, level = (
        float(np.nanmean(skill.losses(truth, forecast, classes))) for forecast in (outputs, naive, constant)
    )
    result |= {
        "loss": own,
        "skill": scores.skill(own, base),
        "constant_skill": scores.skill(own, level),
    }
    if classes:
        said = scores.predicted_classes(outputs, classes)
        counted = np.bincount(truth.astype(int).ravel(), minlength=classes) / len(truth)
        shares = np.bincount(said, minlength=classes) / len(said)
        chance = scores.probabilities(outputs, classes)
        right = float(np.mean(said == truth[:, 0]))
        return result | {
            "accuracy": right,
            "majority": float(counted.max()),
            "shares": shares.tolist(),
            "largest_share": float(shares.max()),
            # How far the probabilities move from window to window, of the 0.5 they could.
            "spread": float(np.mean(chance.std(axis=0))) / 0.5,
            "log_loss": scores.classification(truth, outputs, classes)["log_loss"],
        }
    spread = float(np.mean(truth.std(axis=0)))
    moved = float(np.mean(outputs.std(axis=0)))
    result |= {"spread": moved / spread if spread > 0 else None, "level": float(outputs.mean() - truth.mean())}
    if part.spec.target["kind"] == "value":
        result["echo"] = _echo(truth[:, 0], outputs[:, 0], np.asarray(part.table["last"], dtype=float))
    return result


def _echo(truth: np.ndarray, said: np.ndarray, last: np.ndarray) -> dict[str, Any] | None:
    """How near the predictions lie to the last value of the window, beside how near they lie to the target."""
    known = np.isfinite(last)
    if known.sum() < 3 or not np.std(last[known]) or not np.std(said[known]):
        return None
    truth, said, last = truth[known], said[known], last[known]
    to_last, to_target = float(np.mean((said - last) ** 2)), float(np.mean((said - truth) ** 2))
    move = float(np.mean((truth - last) ** 2))
    foretold, came = said - last, truth - last
    direction = float(np.corrcoef(foretold, came)[0, 1]) if np.std(foretold) and np.std(came) else 0.0
    return {
        "corr_last": float(np.corrcoef(said, last)[0, 1]),
        "corr_target": float(np.corrcoef(said, truth)[0, 1]) if np.std(truth) else None,
        "to_last": to_last / move if move > 0 else None,  # of the squared step that persistence is wrong by
        "to_target": to_target / move if move > 0 else None,
        "direction": direction,  # of the change foretold with the change that came
    }


def _all(
    part: Part,
    losses: dict[int, np.ndarray],
    truth: np.ndarray,
    naive: np.ndarray,
    constant: np.ndarray,
    name: str,
) -> dict[str, Any]:
    classes, length = part.spec.classes, part.spec.sequence_length
    base, level = (skill.losses(truth, forecast, classes) for forecast in (naive, constant))
    order = np.argsort(part.table["row"], kind="stable")
    rows = np.asarray(part.table["row"])[order]
    found = skill.compare(
        {seed: one[order] for seed, one in losses.items()},
        (name, base[order]),
        ("constant", level[order]),
        overlap=skill.overlapping(part.spec),
        sequences=rows // length if length else None,
    )
    side, flat = found["naive"], found["linear"]
    keys = ("skill", "low", "high", "comparison")
    return {key: side[key] for key in keys} | {f"constant_{key}": flat[key] for key in keys}
