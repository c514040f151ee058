"""Limits of the assessment and the verdict, and limits that several rules share. Any other stands above its rule.

`tuned` means tuned on the tuning half of the corpus of injected faults (`python -m benchmarks.corpus`), never on the
reported half. `chosen` means set once, with the reason, and tuned on nothing.
"""

from __future__ import annotations

from typing import NamedTuple


class Limit(NamedTuple):
    """A number that facts are compared with, and its source: a paper or post, `tuned` or `chosen`."""

    value: float
    source: str


INPUT_STD_LEAST = Limit(0.02, "tuned; LeCun et al. (1998, Efficient BackProp, 4.3) ask for a value near 1")
TARGET_STD_MOST = Limit(10.0, "tuned")
OFFSET_SIZE = Limit(1.0, "chosen: a smaller mean is not far from 0, whatever the standard deviation")
SHIFT_MOST = Limit(2.0, "tuned; between validation and training targets, in standard deviations of training")
PENALTY_SHARE = Limit(0.5, "tuned; share of the loss")
OUTSIDE_MOST = Limit(0.3, "chosen: share of validation targets outside the range of the training targets")
DUPLICATE_SHARE = Limit(0.2, "tuned")
LEAST_SHOWN = Limit(-1000, "chosen: reasons show a lower skill as `below −1,000`")
ROUNDING = Limit(1e-9, "chosen: a share that is exact up to rounding is not rounded up")
KNOWN_SHARE = Limit(0.9, "tuned; share of windows that hold their target at one lag of one feature")
FEW_WINDOWS = Limit(200, "chosen: the verdict warns that intervals are wide; no finding depends on it")
NEARLY_ALL = Limit(0.99, "chosen: a forecast that explains so much of the variance leaves next to nothing to gain")
LARGE_SKILL = Limit(0.5, "chosen: half of a constant's loss, where the interval is too wide to decide")
SOME_SKILL = Limit(0.1, "chosen: with more, a network is not called no better than a constant")
NOISE_COST = Limit(
    0.25, "chosen: a training on noise costs a few percent of the loss, a level to be relearned far more"
)
MANY_TIMES = Limit(3.0, "chosen: four times the loss of the naive forecast, where the interval is too wide to decide")
UNIT_ROOT = Limit(0.01, "chosen: p-value of Dickey and Fuller (1979) below which a series returns to its level")
REFERENCE_LEVEL = Limit(0.025, "chosen: 5 % over two reference models (Bonferroni)")
ALONE_LEVEL = Limit(
    0.01, "chosen: a network, or the best of several naive forecasts, that alone finds a signal must be surer"
)
HINT_LEVEL = Limit(0.1, "chosen: a reference below this level confirms a network that is better at 5 %")
RULED_OUT = Limit(0.1, "chosen: the references' intervals must exclude this skill before a signal counts as absent")
UNANSWERED = Limit(0.05, "chosen as in the report's comparison: share of windows without a finite prediction")
DEAD_OUTPUT = Limit(0.95, "tuned; share of a seed's outputs")
PLANTED_SHARE = Limit(0.15, "tuned; share of a planted signal's skill")
BEHIND = Limit(0.5, "chosen: share of the better reference's skill")
SMALL_SKILL = Limit(0.02, "chosen: the words call a smaller skill small")
LATE_FALL = Limit(0.02, "tuned; share of the loss, over the last quarter of the training")
GAP = Limit(0.2, "tuned; skill on training windows, or how far it exceeds the skill on unseen ones")
SHOWN_STEPS = Limit(20, "chosen: a control of fewer steps has shown the network too few batches for a mean")
EXPLODING_NORM = Limit(1000.0, "tuned")
LEAST_UPDATES = Limit(
    100, "post 67599: 100 steps of Adam at 0.001 move a weight by 0.1 at most; no corpus case needs it"
)
