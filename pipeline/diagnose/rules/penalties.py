"""Rules over what keeps weights and outputs small."""

from __future__ import annotations

from pipeline.diagnose.assessment import Assessment, median
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.limits import Limit
from pipeline.diagnose.rules import Evidence, Limits, rule


@rule(
    explanation="The penalty on the weights is most of the loss, so the optimiser shrinks the weights instead of the "
    "errors; or dropout removes most of what the network learns.",
    reference=(
        "Deep Learning, 7 Regularization (2016)",
        "https://www.deeplearningbook.org/contents/regularization.html",
    ),
    limits={
        "penalty_share": Limit(0.5, "tuned; share of the loss"),
        "dropout": Limit(0.7, "tuned; largest rate of any layer"),
    },
)
def over_regularised(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check the penalty's share of the loss at the end of training.

    If the network learned less than it could, the share before training counts too, since a penalty that shrank all
    weights to nothing is small in the end, and so does the largest dropout rate.
    """
    below, before, rate = assessment.below_what_is_learnable, facts.network.initial, facts.network.dropout
    share, first = median([run.penalty_share for run in facts.course.values()]), None
    if before and before.penalty is not None and before.loss:
        first = before.penalty / (before.penalty + before.loss)
    no_dropout = {"experiment.architecture.dropout": 0.0} if rate else {}
    if (share or 0.0) > limit.penalty_share or (below and (first or 0.0) > limit.penalty_share):
        loss = median([run.last for run in facts.course.values()])
        values = {"penalty_share": share, "penalty_share_before": first, "loss": loss}
        return Evidence(values, {"experiment.architecture.l2": 0.0} | no_dropout)
    return Evidence({"dropout": rate}, no_dropout) if below and rate >= limit.dropout else None
