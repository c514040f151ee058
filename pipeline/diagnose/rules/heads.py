"""Rules over the head of the network, its loss and its targets."""

from __future__ import annotations

from typing import Any

from pipeline.diagnose.assessment import Assessment
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.limits import DEAD_OUTPUT, Limit
from pipeline.diagnose.rules import Evidence, Limits, rule

# Losses of probabilities, and the head that each is made for.
_HEAD_OF_LOSS = {
    "binary_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
    "binary_focal_crossentropy": "sigmoid",
    "categorical_focal_crossentropy": "softmax",
    "kl_divergence": "softmax",
}
_OF_CLASSES = {*_HEAD_OF_LOSS, "dice", "tversky", "hinge", "squared_hinge", "categorical_hinge"}
# Losses that take probabilities of either head.
_OF_PROBABILITIES = ("dice", "tversky")
_SIGMOIDS = ("sigmoid", "hard_sigmoid")
# Losses of a distance, which probabilities may have too.
_OF_DISTANCE = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")


def _usual_head(classes: int | None) -> str:
    """Return the activation for a number of classes; None for a regression."""
    return "linear" if not classes else "sigmoid" if classes == 2 else "softmax"


@rule(
    explanation="Outputs and targets differ in shape, and the loss silently broadcasts one over the other. Outputs are "
    "compared with targets that are not their own, so the mean is the best prediction.",
    reference=("NumPy, broadcasting", "https://numpy.org/doc/stable/user/basics.broadcasting.html"),
    advice="Let the last recurrent layer return only its last step (`return_sequences=False`).",
)
def shape_broadcast(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Compare the shapes of outputs and targets, apart from the number of windows."""
    output, target = facts.network.output_shape, facts.network.target_shape
    if len(output) == len(target) and output[1:] == target[1:]:
        return None
    return Evidence({"output": str(output), "target": str(target)})


@rule(
    explanation="At least one percent of the targets are outside the head's range, so no training can reach them.",
    reference=("Deep Learning, 6.2.2 Output units (2016)", "https://www.deeplearningbook.org/contents/mlp.html"),
    limits={"tolerance": Limit(1e-6, "chosen: rounding of float32")},
)
def head_cannot_reach_target(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Compare the 1 % and 99 % quantiles of a regression's target with the range of the head's activation."""
    head, quantiles = facts.network.head, facts.data.target.quantiles
    low, high = quantiles["0.01"], quantiles["0.99"]
    if facts.data.kind is not None or low is None or high is None:
        return None
    below = head.low is not None and low < head.low - limit.tolerance
    above = head.high is not None and high > head.high + limit.tolerance
    if not below and not above:
        return None
    values = {"head": head.activation, "low": head.low, "high": head.high, "target_1%": low, "target_99%": high}
    return Evidence(values, {"experiment.architecture.head": "linear"})


@rule(
    explanation="The loss is made for another head, another number of units or another encoding of the target, so "
    "minimising it need not improve the predictions.",
    reference=("Keras, probabilistic losses", "https://keras.io/api/losses/probabilistic_losses/"),
)
def loss_head_mismatch(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Compare the loss with the head and the kind of target.

    Binary cross-entropy needs a sigmoid head and two classes, the others a softmax head and more. A softmax over one
    unit is constant. A regression needs neither a softmax nor a loss of classes. A squared or absolute error on
    probabilities is slower, but no mismatch. A head that is not known, as in a subclassed model, is not judged. Of a
    network from a file, what the file compiles comes first: a loss that the target or the outputs do not allow, or a
    loss of logits after an activation that makes probabilities already.
    """
    if (found := _compiled(facts)) is not None:
        return found
    head, loss, kind = facts.network.head, facts.network.loss, facts.data.kind
    activation, wanted = head.activation, _usual_head(kind)
    values: dict[str, Any] = {"loss": loss, "head": activation, "units": head.units}
    values["target"] = f"{kind} classes" if kind else "regression"
    to_head = {"experiment.architecture.head": wanted}
    to_loss: dict[str, Any] = {"experiment.training.loss": None}
    if kind is None and facts.experiment.training["label_smoothing"]:  # which the usual loss of a regression has not
        to_loss |= {"experiment.training.label_smoothing": 0.0}
    if kind is None:
        if loss not in _OF_CLASSES and activation != "softmax":
            return None
        return Evidence(values, to_loss if loss in _OF_CLASSES else to_head)
    if activation == "softmax" and head.units == 1:
        return Evidence(values | {"constant": 1.0}, {"experiment.architecture.head": "sigmoid"})
    known = activation is not None
    right = activation == wanted or (wanted == "sigmoid" and activation in _SIGMOIDS)
    change = to_head if known and not right else {}
    if loss in _HEAD_OF_LOSS:
        fits = loss.startswith("binary") == (kind == 2)
        if fits and (right or not known):
            return None
        return Evidence(values, change if fits else change | to_loss)
    if loss in (*_OF_DISTANCE, *_OF_PROBABILITIES) and (right or not known):
        return None
    return Evidence(values, to_loss | change)


def _compiled(facts: Facts) -> Evidence | None:
    """Return what a file compiles that cannot be trained as it is; None where there is nothing of the kind."""
    given, units, kind = facts.experiment.compiled, facts.network.head.units, facts.data.kind
    if given is None or given.loss is None:
        return None
    values = {"loss": given.loss, "head": given.activation, "units": units}
    values["target"] = f"{kind} classes" if kind else "regression"
    sparse = given.loss == "sparse_categorical_crossentropy"
    if sparse and (kind is None or (kind == 2 and facts.experiment.architecture.get("end") != "class_1")):
        return Evidence(values, {"experiment.training.loss": None})
    if given.from_logits and given.activation in ("softmax", *_SIGMOIDS):
        return Evidence(values | {"from_logits": "true"})
    return None


@rule(
    explanation="The head's activation is flat at nearly all outputs: no gradient passes, and nothing is learned.",
    reference=("Lu and others, Dying ReLU and initialization (2019)", "https://arxiv.org/abs/1903.06733"),
    limits={"share": DEAD_OUTPUT},
)
def dead_output(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check the share of outputs at which the head's activation has zero slope, in each trained network.

    Nothing is reported if the network learned: where most targets are zero, most outputs of a ReLU should be.
    """
    if assessment.learned and not assessment.behind:
        return None
    trained, activation = facts.network.trained, facts.network.head.activation
    dead = [network.dead_output for network in trained.values() if network.dead_output is not None]
    bad = [share for share in dead if share >= limit.share]
    if not bad or activation in ("linear", None):
        return None
    head = _usual_head(facts.data.kind)
    values = {"head": activation, "dead": max(dead), "seeds": len(bad), "of": len(trained)}
    return Evidence(values, {} if activation == head else {"experiment.architecture.head": head})
