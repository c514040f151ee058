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
DUPLICATE_SHARE = Limit(0.2, "tuned")
FEW_WINDOWS = Limit(200, "chosen: the verdict warns that intervals are wide; no finding depends on it")
LEAST_SKILL = Limit(0.005, "tuned; a reference with less skill is no evidence of a signal")
RULED_OUT = Limit(0.1, "chosen: the references' intervals must exclude this skill before a signal counts as absent")
PLANTED_SHARE = Limit(0.15, "tuned; share of a planted signal's skill")
BEHIND = Limit(0.5, "tuned; share of the better reference's skill")
FAR_BEHIND = Limit(0.25, "tuned; the same share, below which even a network that learned something is not `learning`")
FITTED = Limit(0.02, "tuned; skill against a constant prediction on the training windows")
GAP = Limit(0.2, "tuned; skill on training windows, or how far it exceeds the skill on unseen ones")
SHOWN_STEPS = Limit(20, "chosen: a control of fewer steps has shown the network too few batches for a mean")
EXPLODING_NORM = Limit(1000.0, "tuned")
LEAST_UPDATES = Limit(
    100, "post 67599: 100 steps of Adam at 0.001 move a weight by 0.1 at most; no corpus case needs it"
)
