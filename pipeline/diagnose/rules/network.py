"""Rules over the network as it is built and as its training left it."""

from __future__ import annotations

from typing import Any

from pipeline.diagnose.assessment import Assessment, median
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.facts.network import Snapshot
from pipeline.diagnose.limits import EXPLODING_NORM, INPUT_STD_LEAST, SHOWN_STEPS, TARGET_STD_MOST, Limit
from pipeline.diagnose.rules import Evidence, Limits, rule

_PASCANU = (
    "Pascanu and others, On the difficulty of training recurrent networks (2013)",
    "https://arxiv.org/abs/1211.5063",
)


@rule(
    fails=True,
    cause=False,
    explanation="The weights of at least one seed are NaN or infinite after training. No further update can mend them.",
    reference=("Keras, TerminateOnNaN", "https://keras.io/api/callbacks/terminate_on_nan/"),
)
def nonfinite_weights(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Look for NaN or infinite weights. argmax over NaN is 0, so accuracy becomes the share of class 0."""
    runs = facts.course
    bad = [seed for seed, run in runs.items() if not run.weights_finite]
    if not bad:
        return None
    failure = next((failed for seed in bad if (failed := runs[seed].nonfinite)), None)
    values: dict[str, Any] = {"seeds": len(bad), "of": len(runs)}
    values |= {"epoch": failure.epoch if failure else None, "batch": failure.batch if failure else None}
    after = facts.outcome.seeds[bad[0]].train
    shown = {"accuracy": after.accuracy, "share_of_class_0": after.share_of_class_0}
    return Evidence(values | {key: value for key, value in shown.items() if value is not None})


@rule(
    explanation="The network's outputs do not depend on its inputs, so all that it can learn is a constant.",
    reference=("A recipe for training neural networks (2019)", "https://karpathy.github.io/2019/04/25/recipe/"),
    advice="Look for a layer that multiplies by zero, stops the gradient, or reads something else than the window.",
    limits={
        "sensitivity": Limit(1e-9, "chosen: networks that learn over a thousand steps start at 1e-6"),
        "steps": SHOWN_STEPS,
    },
)
def inputs_ignored(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check the sensitivity to the inputs before and after training, if the network learned less than it could.

    A short training must agree: with the real inputs it reaches no more than with all inputs set to zero. Where the
    sensitivity is unknown, that alone counts, if a reference finds a signal and the training has enough steps.
    """
    real, zeroed = facts.controls.real, facts.controls.zeroed
    if not assessment.below_what_is_learnable or not real or not zeroed or real.skill is None or zeroed.skill is None:
        return None
    known = [net.gradient.steps for _, net in _networks(facts) if net.gradient and net.gradient.steps]
    sensitivity = max((max(steps) for steps in known), default=None)
    if sensitivity is None and not (assessment.signal and real.steps >= limit.steps):
        return None
    if (sensitivity or 0.0) > limit.sensitivity or real.skill > zeroed.skill:
        return None
    values = {"sensitivity": sensitivity, "skill_real": real.skill, "skill_zeroed": zeroed.skill}
    return Evidence(values | {"reference": assessment.reference})


@rule(
    fails=True,
    explanation="The gradient is so large that a single update throws the weights far off.",
    reference=_PASCANU,
    limits={"norm": EXPLODING_NORM, "target_std": TARGET_STD_MOST},
)
def exploding_gradients(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check the norm of the gradient before and after training, if the network learned less than it could.

    A gradient that is large because a regression's target is large is reported as `unscaled_target` instead. Nothing is
    reported where the training clips it to 1 or less.
    """
    clips = [facts.experiment.training[key] for key in ("clipnorm", "clipvalue", "global_clipnorm")]
    if not assessment.below_what_is_learnable or any(clip and clip <= 1 for clip in clips):
        return None
    norms = {name: network.gradient.norm or 0.0 for name, network in _networks(facts) if network.gradient}
    worst = max(norms, key=lambda name: norms[name], default=None)
    if worst is None or norms[worst] <= limit.norm:
        return None
    if facts.data.kind is None and (facts.data.target.std or 0) > limit.target_std:
        return None
    change: dict[str, Any] = {"experiment.training.global_clipnorm": 1.0}
    if facts.experiment.training["clipnorm"]:  # Keras takes one of the three
        change |= {"experiment.training.clipnorm": None}
    if facts.experiment.training["clipvalue"]:
        change |= {"experiment.training.clipvalue": None}
    return Evidence({"norm": norms[worst], "of": worst}, change)


@rule(
    explanation="Almost none of the gradient reaches the first layer, which hardly moves from its random weights.",
    reference=_PASCANU,
    advice="Use fewer layers, tanh instead of sigmoid units, or gated layers.",
    limits={
        "first_to_last": Limit(0.001, "tuned; gradient norm of the first layer over that of the last"),
        "input_std": INPUT_STD_LEAST,
    },
)
def vanishing_gradients(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Compare the gradients of the first and last layer before training, if the network learned less than it could.

    Nothing is reported where an input's scale is tiny, since that alone makes the first layer's gradient tiny. Layers
    of batch normalisation know no batch before training, so there the trained networks count.
    """
    normalised = any(layer.kind == "BatchNormalization" for layer in facts.network.layers)
    snapshots = [*facts.network.trained.values()] if normalised else [facts.network.initial]
    known = [each.gradient.first_to_last for each in snapshots if each and each.gradient]
    ratio = median(known)
    if not assessment.below_what_is_learnable or ratio is None or ratio > limit.first_to_last:
        return None
    if any(not one.constant and (one.std or 0) < limit.input_std for one in facts.data.inputs):
        return None
    return Evidence({"first_to_last": ratio})


@rule(
    explanation="Most of a layer's activations are at the bounds of its function, where the gradient is almost zero.",
    reference=(
        "Glorot and Bengio, Understanding the difficulty of training deep networks (2010)",
        "https://proceedings.mlr.press/v9/glorot10a.html",
    ),
    advice="Scale the inputs, or start with smaller weights.",
    limits={"share": Limit(0.5, "tuned; Glorot and Bengio (2010) show layers that stop learning at more")},
)
def saturated_units(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check each layer's units and gates before and after training, if the network learned less than it could."""
    if not assessment.below_what_is_learnable:
        return None
    worst: dict[str, Any] = {"saturated": limit.share}
    for name, network in _networks(facts):
        for kind, layers in (("units", network.units), ("gates", network.gates)):
            for layer, shares in (layers or {}).items():
                if shares.saturated is not None and shares.saturated > worst["saturated"]:
                    worst = {"layer": layer, "kind": kind, "saturated": shares.saturated, "of": name}
    return Evidence(worst) if "layer" in worst else None


@rule(
    fails=True,
    explanation="The state of a recurrent layer has no bound: with relu, elu or no activation it is multiplied from "
    "step to step, and may grow or vanish over the window. LSTM and GRU are made for tanh.",
    reference=(
        "Le and others, Recurrent networks of rectified linear units (2015)",
        "https://arxiv.org/abs/1504.00941",
    ),
    advice="Use tanh inside recurrent layers, and other activations in the layers after them.",
)
def unbounded_recurrent_activation(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Look for recurrent layers whose activation lacks a bound, if the network learned less than it could."""
    layers = [layer for layer in facts.network.layers if layer.recurrent]
    odd = [layer for layer in layers if layer.bounded is False]
    if not odd or not assessment.below_what_is_learnable:
        return None
    change: dict[str, Any] = {"experiment.architecture.activation": "tanh"}
    if "activations" in facts.experiment.options:
        bounded = [layer.activation if layer.bounded else "tanh" for layer in layers]
        change = {"experiment.architecture.activations": bounded}
    return Evidence({"activation": odd[0].activation, "layers": len(odd), "of": len(layers)}, change)


@rule(
    explanation="The inputs that determine the target are further back than the network's outputs depend on. Forget "
    "gates that start at 0.73 keep a few steps only; chrono initialisation sets their bias for the window's length.",
    reference=("Tallec, Ollivier, Can recurrent neural networks warp time? (2018)", "https://arxiv.org/abs/1804.11188"),
    advice="Let the forget gates' bias start at the logarithm of the window's length, or shorten the window by "
    "averaging steps.",
    limits={
        "share": Limit(0.25, "tuned; steps that the network reaches back, as a share of the steps needed"),
        "steps": Limit(20, "tuned; a need of fewer steps is never too long for a memory"),
    },
)
def memory_too_short(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Compare the steps that a linear model needs with those that hold 99 % of the outputs' sensitivity to the inputs.

    The further reach of before and after training counts. Only if the network learned less than it could.
    """
    needed, before = facts.references.needed, facts.network.initial
    if not assessment.below_what_is_learnable or not needed or needed < limit.steps:
        return None
    reach = before.gradient.memory if before and before.gradient else None
    learned = median([net.gradient.memory if net.gradient else None for net in facts.network.trained.values()])
    known = [value for value in (reach, learned) if value is not None]
    if not known or max(known) > limit.share * needed:
        return None
    values = {"length": facts.data.length, "needed": needed, "reach_before": reach, "reach_after": learned}
    return Evidence(values, {"experiment.architecture.gate_initializer": "chrono"})


def _networks(facts: Facts) -> list[tuple[str, Snapshot]]:
    """The untrained network, and the trained one of every seed."""
    initial = [("initial", facts.network.initial)] if facts.network.initial else []
    return initial + [(f"seed {seed}", network) for seed, network in facts.network.trained.items()]
