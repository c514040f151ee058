"""Effects of an injected fault, or proof that a healthy network did learn, measured apart from the diagnosis.

`measure` reads training and validation windows, as the diagnosis does; `prove` reads the test windows, which it does
not.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.workshop import NAME
from pipeline import dataset
from pipeline.baselines import trees
from pipeline.common import files
from pipeline.dataset.history import target_column
from pipeline.scoring import baselines, scores, skill
from pipeline.scoring import naive as naive_forecasts

if TYPE_CHECKING:
    from pipeline.dataset import Part

# What a network has to show on the test windows before its experiment counts as healthy: skill against a constant
# answer; skill against the best naive forecast or, where that is nearly perfect, all but as much as it explains; and
# most of what a linear model and boosted trees have there. A tie with a naive forecast that explains less proves
# nothing.
LEAST, LEAD = 0.05, 0.03
PERFECT, TIE = 0.99, 0.005
SHARE = 0.65
_SECONDS = 5.0  # of boosted trees, by estimate


def measure(p: dict[str, Any]) -> dict[str, Any]:
    """Numbers about the first fold's and seed's network; None where it is not finite, or there is nothing to measure.

    Args:
        p: the parameters of a project whose network is trained (`workshop.run`).

    Returns:
        `skill` against the best naive forecast on the validation windows (training windows where there are none);
        `constant` and `train` against a constant answer there and on the training windows; `spread` of the validation
        predictions as a share of the target's (for classes the largest deviation of a probability); `gap` = train -
        constant; `finite`; `loss`, the last one recorded; `rise`, the last validation loss over the least one; `below`,
        over the last training loss; `echo`, the squared distance of the predictions from the last value over that of
        the target; `updates`; `targets`, their spread over their range.
    """
    experiment = p["experiments"][NAME]
    path = _trained(0, experiment["training"]["seeds"][0])
    history = files.read_json(path.with_suffix(".json"))
    fitted = dataset.load(NAME, 0, "train")
    held = dataset.load(NAME, 0, "validation") if dataset.has(NAME, 0, "validation") else fitted
    known = naive_forecasts.unlearned(fitted)
    found = _against(held, _predict(held, path, experiment), known)
    train = _against(fitted, _predict(fitted, path, experiment), known)
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
        "below": said[-1] / epochs[-1]["loss"] if said and epochs[-1]["loss"] else None,
        "updates": history["updates"],
        "targets": _targets(fitted),
    }


def prove(p: dict[str, Any]) -> dict[str, Any]:
    """Judge the networks on the test windows of all folds and seeds, which no diagnosis reads.

    Args:
        p: as for `measure`.

    Returns:
        `tested` windows; `test_skill` against the best naive forecast there, `test_constant` against a constant answer,
        and the same of the best naive forecast (`naive_constant`) and of the better of linear model and trees
        (`reference_skill`, `reference_constant`); `disagreement`, the range of `test_constant` over seeds; `proven`,
        1.0 where the network learned what there is to learn (limits above), else 0.0. All but `tested` and `proven` are
        None where an output is not finite.
    """
    losses: dict[str, list[np.ndarray]] = {}
    classes = None
    for fold in range(dataset.folds(NAME)):
        fitted, part = dataset.load(NAME, fold, "train"), dataset.load(NAME, fold, "test")
        classes, values = part.spec.classes, target_column(NAME)
        history = baselines.History(part.spec.positions(np.arange(len(values))), values)
        made = {name: forecast(part) for name, forecast in baselines.fit(fitted, history=history).items()}
        truth, experiment = part.raw_targets(), p["experiments"][NAME]
        made |= {
            f"network {seed}": _predict(part, _trained(fold, seed), experiment)
            for seed in experiment["training"]["seeds"]
        }
        grown = trees.fit(fitted, _SECONDS)
        made |= {} if isinstance(grown, str) else {"trees": grown[0](part)}
        for name, outputs in made.items():
            losses.setdefault(name, []).append(skill.losses(truth, outputs, classes))
    means = {name: float(np.mean(np.concatenate(each))) for name, each in losses.items()}
    constant = means["majority" if classes else "train_mean"]
    naive = min(means[name] for name in baselines.NAIVE if name in means)
    reference = min((means[name] for name in (*baselines.LINEAR, "trees") if name in means), default=naive)
    by_seed = [mean for name, mean in means.items() if name.startswith("network ")]
    own = float(np.mean(by_seed))
    found = {
        "test_skill": scores.skill(own, naive),
        "test_constant": scores.skill(own, constant),
        "naive_constant": scores.skill(naive, constant),
        "reference_skill": scores.skill(reference, naive),
        "reference_constant": scores.skill(reference, constant),
        "disagreement": (max(by_seed) - min(by_seed)) / constant if constant > 0 else 0.0,
    }
    finite = bool(np.isfinite(own)) and all(value is not None for value in found.values())
    found = found if finite else dict.fromkeys(found)
    return {**found, "tested": sum(map(len, losses["majority" if classes else "train_mean"])), "proven": _proven(found)}


def _proven(found: dict[str, Any]) -> float:
    """Return 1.0 where the figures of `prove` show that the network learned what there is to learn, else 0.0."""
    own, lead, naive = found["test_constant"], found["test_skill"], found["naive_constant"]
    if own is None or own < LEAST:
        return 0.0
    ahead = lead >= LEAD or (naive >= PERFECT and own >= naive - TIE)
    follows = lead >= SHARE * found["reference_skill"] or (
        naive >= PERFECT and own >= found["reference_constant"] - TIE
    )
    return float(ahead and follows)


def _trained(fold: int, seed: int) -> Path:
    return files.MODELS / NAME / "training" / f"fold{fold}_seed{seed}.keras"


def _targets(part: Part) -> float:
    """Spread of the training targets as a share of their range, as the network sees them."""
    targets = part.targets().astype(float)
    width = float(np.ptp(targets))
    return float(targets.std(axis=0).mean()) / width if width else 0.0


def _against(part: Part, outputs: np.ndarray, known: dict[str, Any]) -> dict[str, Any]:
    classes = part.spec.classes
    truth = part.raw_targets()
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
        move = 0.0 if part.spec.same_row else float(np.nanmean((truth - last) ** 2))
        echo = float(np.nanmean((outputs - last) ** 2)) / move if move > 0 else None
    return {
        "skill": scores.skill(own, min(losses.values())),
        "constant": scores.skill(own, constant),
        "spread": spread,
        "echo": echo,
        "finite": True,
    }


def _predict(part: Part, path: Path, experiment: dict[str, Any]) -> np.ndarray:
    """Outputs of a saved network in raw units, the last step's where there are several.

    Lanes carry state from window to window; in any other order of a carried state it is zero for each batch.
    """
    from pipeline.network import models, predicting

    training = experiment["training"]
    if training["state"] == "lanes":
        seed = training["seeds"][0]
        table, _ = predicting.table(part, [path], {**experiment, "training": training | {"seeds": [seed]}})
        return np.stack([table[f"seed{seed}_{i}"] for i in range(part.spec.outputs)], axis=1)
    network = models.load(path)
    size = network.input_shape[0] or 512
    said = []
    for at in range(0, len(part), size):
        indices = np.arange(at, at + size).clip(max=len(part) - 1)
        models.reset_state(network)
        outputs = np.asarray(network.predict_on_batch(part.inputs(indices)))[: len(part) - at]
        said.append(outputs.reshape(len(outputs), -1, part.spec.outputs)[:, -1])
    models.reset_state(network)
    return np.asarray(part.restore(np.concatenate(said)))
