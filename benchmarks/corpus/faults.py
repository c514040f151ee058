"""Faults of drawn experiments, by finding code: which codes are true of each, and which verdicts are right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from benchmarks.corpus import flawed as makers
from benchmarks.corpus import grouped, labelled
from benchmarks.corpus.case import EITHER, FLAT, STUCK, Limits
from benchmarks.corpus.kinds import Kind

OPEN = (*EITHER, "no_evidence_of_signal", "undetermined")
FAILED = ("numerical_failure",)
# The last value explains nearly all of a walk: who repeats it has learned that, and nothing about the next step.
ECHO = ("no_evidence_of_signal", "learning", "behind")
# Traces of a network in which nothing moves.
BLIND = (*FLAT, "vanishing_gradients", "dead_output")
SLOW = (*FLAT, "too_few_updates", "learning_rate_too_low")
UNLEARNED: Limits = {"constant": (None, 0.3)}


@dataclass(frozen=True)
class Fault:
    """One injected fault, or several.

    Attributes:
        make: the experiment.
        codes: finding codes injected.
        also: further codes that are true of it.
        same: as in `Case`.
        verdicts: the right ones.
        must: as in `Case`.
        more: draws in each half beyond two cases of each code, where some are void.
    """

    make: Kind
    codes: tuple[str, ...]
    also: tuple[str, ...] = ()
    same: dict[str, tuple[str, ...]] = field(default_factory=dict)
    verdicts: tuple[str, ...] = STUCK
    must: Limits = field(default_factory=dict)
    more: int = 0


def _fault(codes: str, make: Kind, **more: Any) -> tuple[str, Fault]:
    return codes.split()[0], Fault(make, tuple(codes.split()), **more)


_FAR = ("too_few_updates", "learning_rate_too_low", "collapsed_predictions", "exploding_gradients", "saturated_units")
_WILD = (*FLAT, "saturated_units", "exploding_gradients", "vanishing_gradients", "dead_output")
_HEAVY = (
    *FLAT,
    "loss_metric_disagree",
    "unscaled_target",
    "heavy_tailed_target",
    "learning_rate_too_low",
    "too_few_updates",
)
FAULTS: dict[str, Fault] = dict(
    [
        _fault("nonfinite_input nonfinite_weights", makers.missing, verdicts=FAILED, must={"finite": (None, 0.0)}),
        _fault("constant_feature", makers.constant, verdicts=("learning",), must={"proven": (1.0, None)}),
        _fault(
            "unscaled_input",
            makers.unscaled_input,
            also=(*FLAT, "saturated_units", "vanishing_gradients", "memory_too_short", "learning_rate_too_low"),
            must={"proven": (None, 0.0)},
        ),
        (
            "unscaled_panel",
            Fault(
                grouped.unscaled_panel,
                ("unscaled_input",),
                also=(*FLAT, "saturated_units", "vanishing_gradients", "memory_too_short", "learning_rate_too_low"),
                must={"proven": (None, 0.0)},
            ),
        ),
        _fault("unscaled_target", makers.unscaled_target, also=_FAR, must={"constant": (None, 0.1)}),
        _fault(
            "heavy_tailed_target",
            makers.heavy_tail,
            also=_HEAVY,
            verdicts=(*STUCK, "undetermined"),
            must={"constant": (None, 0.2)},
        ),
        _fault("target_misaligned", makers.misaligned, verdicts=EITHER),
        (
            "target_misaligned_label",
            Fault(labelled.copied_label, ("target_misaligned",), also=("looks_ahead",), verdicts=EITHER),
        ),
        _fault(
            "class_imbalance",
            makers.rare,
            also=(*FLAT, "loss_metric_disagree", "overfitting"),
            verdicts=(*OPEN, "overfitting"),
        ),
        _fault("duplicate_windows", makers.copies, verdicts=EITHER),
        _fault("mask_hides_data", makers.hidden, also=FLAT, must={"constant": (None, 0.4)}),
        _fault("state_order_broken", makers.posted, verdicts=EITHER),
        _fault(
            "window_too_short",
            makers.short,
            also=FLAT,
            verdicts=("no_evidence_of_signal", "not_learning"),
            must={"constant": (None, 0.05)},
        ),
        _fault("looks_ahead", makers.looks_ahead, also=("target_misaligned",), verdicts=EITHER),
        _fault("time_irregular", makers.irregular, verdicts=EITHER),
        _fault("season_not_set", makers.no_season, verdicts=EITHER),
        _fault(
            "level_out_of_range",
            makers.out_of_range,
            also=("unscaled_target", "level_instead_of_change", "overfitting"),
            verdicts=(*STUCK, "overfitting"),
            must={"test_skill": (None, 0.0)},
        ),
        _fault(
            "level_instead_of_change",
            makers.level,
            also=("overfitting", "unscaled_target", "too_few_updates"),
            # Where the level is another one in validation, that is the word for it, with the same remedy.
            same={"level_instead_of_change": ("level_out_of_range",)},
            verdicts=(*STUCK, "overfitting"),
            must={"skill": (None, 0.0), "reference_skill": (0.1, None)},
        ),
        _fault("shape_broadcast", makers.broadcast, also=FLAT, verdicts=(*EITHER, "undetermined")),
        _fault("head_cannot_reach_target", makers.bounded, verdicts=EITHER),
        _fault(
            "loss_head_mismatch",
            makers.wrong_loss,
            also=(*BLIND, "head_cannot_reach_target", "loss_metric_disagree"),
            verdicts=EITHER,
        ),
        (
            "loss_head_mismatch_labels",
            Fault(
                labelled.sigmoid_labels,
                ("loss_head_mismatch",),
                also=(*BLIND, "loss_metric_disagree", "miscalibrated"),
                verdicts=EITHER,
            ),
        ),
        _fault(
            "nonfinite_weights learning_rate_too_high",
            makers.overflow,
            same={"learning_rate_too_high": ("exploding_gradients",)},
            verdicts=FAILED,
            must={"finite": (None, 0.0)},
        ),
        _fault("dead_output", makers.dead, also=BLIND, must={"spread": (None, 1e-6)}),
        _fault("inputs_ignored", makers.ignored, also=(*BLIND, "memory_too_short"), must={"spread": (None, 1e-6)}),
        _fault(
            "exploding_gradients",
            makers.growing,
            also=("nonfinite_weights", "learning_rate_too_high", "unbounded_recurrent_activation"),
            verdicts=(*STUCK, *FAILED),
        ),
        _fault("vanishing_gradients", makers.vanishing, also=SLOW, must=UNLEARNED),
        _fault(
            "saturated_units",
            makers.saturated,
            also=(*BLIND, "learning_rate_too_low", "memory_too_short", "too_few_updates"),
            verdicts=(*EITHER, "overfitting"),
        ),
        _fault(
            "memory_too_short",
            makers.forgetful,
            also=(*FLAT, "vanishing_gradients", "too_few_updates"),
            same={"memory_too_short": ("vanishing_gradients",)},
            must=UNLEARNED,
        ),
        _fault("over_regularised collapsed_predictions", makers.penalised, also=BLIND, must={"spread": (None, 0.05)}),
        _fault("loss_at_floor over_regularised", makers.penalised_sign, also=BLIND, must={"constant": (-0.02, 0.02)}),
        _fault(
            "persistence_echo",
            lambda draw: makers.echoing(draw, 1),
            also=FLAT,
            verdicts=ECHO,
            must={"echo": (None, 0.25)},
        ),
        _fault(
            "echo_over_horizon",
            lambda draw: makers.echoing(draw, 6),
            also=("persistence_echo", *FLAT),
            verdicts=(*ECHO, "undetermined"),
            must={"echo": (None, 0.25)},
        ),
        _fault("loss_metric_disagree", makers.squashed, also=_HEAVY, verdicts=OPEN, must={"loss": (None, 0.01)}),
        (
            "loss_metric_disagree_2",
            Fault(
                makers.one_output,
                ("loss_head_mismatch", "loss_metric_disagree"),
                also=(*BLIND, "head_cannot_reach_target"),
                must={"loss": (None, 1e-5), "constant": (None, 0.05)},
            ),
        ),
        _fault(
            "overfitting",
            makers.memorising,
            verdicts=("overfitting",),
            must={"gap": (0.3, None), "test_skill": (None, 0.1)},
        ),
        _fault("learning_rate_too_high", makers.fast, also=_WILD, must={"skill": (None, 0.0), "finite": (1.0, None)}),
        _fault("learning_rate_too_low", makers.slow, also=SLOW, must=UNLEARNED),
        _fault("too_few_updates", makers.few_updates, also=SLOW, must=UNLEARNED),
        _fault("capacity_too_small", makers.narrow, also=FLAT, must={"constant": (None, 0.3)}),
        _fault(
            "seeds_disagree",
            makers.apart,
            also=("dead_output", *FLAT, "capacity_too_small", "vanishing_gradients", "too_few_updates"),
            verdicts=(*EITHER, "undetermined"),
            must={"disagreement": (0.3, None)},
            more=2,
        ),
        _fault("miscalibrated", makers.overconfident, also=("class_imbalance",), verdicts=EITHER),
        _fault(
            "validation_below_training",
            makers.noisy_training,
            verdicts=("learning",),
            must={"proven": (1.0, None), "below": (None, 0.85)},
        ),
        _fault(
            "unbounded_recurrent_activation",
            makers.relu_cell,
            also=(*_WILD, "learning_rate_too_high", "nonfinite_weights"),
            verdicts=(*STUCK, *FAILED),
            must={"proven": (None, 0.0)},
        ),
        _fault(
            "weight_decay_large",
            makers.decayed,
            also=("over_regularised", *BLIND),
            must={"constant": (None, 0.3)},
        ),
    ]
)
