"""Rules over what keeps weights and outputs small."""

from __future__ import annotations

import math
from typing import Any

from pipeline.common import training
from pipeline.diagnose.assessment import Assessment, median
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.limits import PENALTY_SHARE, Limit
from pipeline.diagnose.rules import Evidence, Limits, rule


@rule(
    explanation="The penalty on the weights or outputs is most of the loss, so the optimiser shrinks them instead of "
    "the errors; or dropout removes most of what the network learns.",
    reference=(
        "Deep Learning, 7 Regularization (2016)",
        "https://www.deeplearningbook.org/contents/regularization.html",
    ),
    advice="Take off penalties that are no option of the builder, such as those on the outputs of a layer.",
    limits={
        "penalty_share": PENALTY_SHARE,
        "dropout": Limit(0.7, "tuned; largest rate of any layer"),
    },
)
def over_regularised(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check the penalties' share of the loss before and after training, if the network learned less than it could.

    Before counts too, since a penalty that shrank all weights to nothing is small in the end. The largest dropout rate
    is checked as well. A penalty beside a tiny loss harms nothing, so a network that learned is not reported.
    """
    before, rate = facts.network.initial, facts.network.dropout
    if not assessment.below_what_is_learnable:
        return None
    share = median([run.penalty_share for run in facts.course.values()])
    first = _share((before.penalty or 0.0) + (before.activity or 0.0), before.loss) if before else None
    outputs = median([_share(net.activity, net.loss) for net in facts.network.trained.values()])
    off: dict[str, Any] = {}
    if rate:
        off = {"experiment.architecture.dropout": 0.0, "experiment.architecture.recurrent_dropout": 0.0}
    if max(share or 0.0, first or 0.0, outputs or 0.0) > limit.penalty_share:
        values = {"penalty_share": share, "penalty_share_before": first, "of_outputs": outputs}
        values |= {"loss": median([run.last for run in facts.course.values()])}
        return Evidence(values, {"experiment.architecture.l2": 0.0} | off)
    return Evidence({"dropout": rate}, off) if rate >= limit.dropout else None


@rule(
    explanation="Each update first shrinks every weight by the decay times the learning rate. This decay balances the "
    "gradient at small weights, so the network stays near zero.",
    reference=("Loshchilov, Hutter, Decoupled weight decay regularization (2019)", "https://arxiv.org/abs/1711.05101"),
    limits={
        "decay": Limit(0.1, "chosen: ten times PyTorch's default; with Adam, weights stay below about 1 / decay"),
        "kept": Limit(0.5, "chosen: share of a weight that the decay of the whole training alone would leave"),
    },
)
def weight_decay_large(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check the decoupled weight decay and its effect over the training, if the network learned less than it could."""
    decay, updates = facts.experiment.training["weight_decay"], median([run.updates for run in facts.course.values()])
    if not assessment.below_what_is_learnable or assessment.nonfinite or not decay or decay < limit.decay:
        return None
    kept = math.exp(-training.rate(facts.experiment.training) * decay * (updates or 0.0))
    if kept > limit.kept:
        return None
    return Evidence({"weight_decay": decay, "kept_by_decay": kept}, {"experiment.training.weight_decay": None})


@rule(
    cause=False,
    explanation="The validation loss is below the training loss. That is no fault: dropout and noise act in training "
    "alone, and the training loss is a mean over an epoch in which the network still improves.",
    reference=("Keras, FAQ, training and testing loss", "https://keras.io/getting_started/faq/"),
    limits={
        "ratio": Limit(0.9, "chosen: validation loss over the training loss at the end of the last epoch"),
        "unexplained": Limit(0.75, "chosen: the same, of networks without dropout"),
    },
)
def validation_below_training(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Compare the last validation loss with the training loss at the end of the last epoch, both with penalties."""
    ratio, rate = median([run.val_to_train for run in facts.course.values()]), facts.network.dropout
    if ratio is None or ratio > (limit.ratio if rate else limit.unexplained):
        return None
    networks = facts.unseen.networks
    values = {"validation_to_training": ratio, "dropout": rate, "train_skill": facts.unseen.train_skill}
    return Evidence(values | {"unseen_skill": networks.against_constant.skill if networks else None})


def _share(penalty: float | None, loss: float | None) -> float | None:
    return penalty / (penalty + loss) if penalty is not None and loss and penalty + loss > 0 else None
