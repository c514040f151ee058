"""What a training came to, measured apart from the diagnosis: whether an injected fault had its effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.scoring import baselines, scores, skill
from pipeline.scoring import naive as naive_forecasts

if TYPE_CHECKING:
    from pipeline.dataset import Part
    from pipeline.diagnose.case import DiagnosedRun


def measure(run: DiagnosedRun) -> dict[str, Any]:
    """Numbers about the first seed's network; None where it is not finite, or there is nothing to measure.

    Returns:
        `skill` against the best naive forecast on the validation windows (training windows where there are none);
        `constant` and `train` against a constant answer there and on the training windows; `spread` of the validation
        predictions as a share of the target's (for classes the largest deviation of a probability); `gap` = train -
        constant; `finite`; `loss`, the last one recorded; `rise`, the last validation loss over the least one; `echo`,
        the squared distance of the predictions from the last value over that of the target; `updates`.
    """
    seed = next(iter(run.models))
    network, history = run.models[seed], run.histories[seed]
    held = run.validation or run.train
    known = naive_forecasts.unlearned(run.train)
    found = _against(held, network, known)
    train = _against(run.train, network, known)
    epochs = history["epochs"]
    said = [epoch["val_loss"] for epoch in epochs if epoch.get("val_loss") is not None]
    both = found["constant"] is not None and train["constant"] is not None
    return {
        **found,
        "train": train["constant"],
        "gap": train["constant"] - found["constant"] if both else None,
        "finite": float(history["weights_finite"] and train["finite"]),
        "loss": epochs[-1]["loss"],
        "rise": said[-1] / min(said) if said and min(said) > 0 else None,
        "updates": history["updates"],
        "targets": _targets(run.train),
    }


def _targets(part: Part) -> float:
    """Spread of the training targets as a share of their range, as the network sees them."""
    targets = part.targets().astype(float)
    width = float(np.ptp(targets))
    return float(targets.std(axis=0).mean()) / width if width else 0.0


def _against(part: Part, network: Any, known: dict[str, Any]) -> dict[str, Any]:
    classes = part.spec.classes
    outputs, truth = _predict(part, network), part.raw_targets()
    empty = {"skill": None, "constant": None, "spread": None, "echo": None, "finite": False}
    if not np.isfinite(outputs).all():
        return empty
    own = float(np.nanmean(skill.losses(truth, outputs, classes)))
    losses = {
        name: float(np.nanmean(skill.losses(truth, known[name](part), classes)))
        for name in known
        if name in baselines.NAIVE
    }
    constant = losses["majority" if classes else "train_mean"]
    if classes:
        spread = float(scores.probabilities(outputs, classes).std(axis=0).max())
        echo = None
    else:
        spread = float(outputs.std(axis=0).mean()) / max(float(truth.std(axis=0).mean()), 1e-30)
        last = np.asarray(part.table["last"], dtype=float)[:, None]
        move = float(np.nanmean((truth - last) ** 2))
        echo = float(np.nanmean((outputs - last) ** 2)) / move if move > 0 else None
    return {
        "skill": scores.skill(own, min(losses.values())),
        "constant": scores.skill(own, constant),
        "spread": spread,
        "echo": echo,
        "finite": True,
    }


def _predict(part: Part, network: Any) -> np.ndarray:
    """Outputs in raw units, the last step's where there are several; state, where carried, is zero for each batch."""
    from pipeline.network import models

    size = network.input_shape[0] or 512
    said = []
    for at in range(0, len(part), size):
        indices = np.arange(at, at + size).clip(max=len(part) - 1)
        models.reset_state(network)
        outputs = np.asarray(network.predict_on_batch(part.inputs(indices)))[: len(part) - at]
        said.append(outputs.reshape(len(outputs), -1, part.spec.outputs)[:, -1])
    models.reset_state(network)
    return np.asarray(part.restore(np.concatenate(said)))
