"""What a case of the corpus is, and when its fault counts."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.workshop import Work

TUNING_SEED = 20_240_101  # of the half that thresholds were tuned on; the reported half takes another
Limits = dict[str, tuple[float | None, float | None]]

# What training leaves behind where the network answers with one value, for whatever reason.
FLAT = ("collapsed_predictions", "loss_at_floor")
STUCK = ("not_learning",)
# Whether a network learns in spite of its fault is a matter of degree in some cases.
EITHER = ("learning", "not_learning")


@dataclass(frozen=True)
class Case:
    """One experiment whose truth is known from what was put into it.

    Attributes:
        name: of the case.
        half: `tuning` or `reported`.
        base: the healthy experiment that it was made of.
        make: the experiment, from a random seed.
        faults: finding codes injected: each must be reported.
        also: further codes that are true of it: consequences, and other words for the same. They may be reported.
        same: code injected -> codes that tell the same fault in other words, and count as finding it.
        verdicts: those that are right.
        must: name of an effect (`effects.measure`) -> least and greatest value. Where one does not hold, this draw of
            the case has not got the fault, and does not count.
    """

    name: str
    half: str
    base: str
    make: Callable[[int], Work]
    faults: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    same: dict[str, tuple[str, ...]] = field(default_factory=dict)
    verdicts: tuple[str, ...] = ("learning",)
    must: Limits = field(default_factory=dict)

    @property
    def acceptable(self) -> set[str]:
        """Every code that is true of the case."""
        return {*self.faults, *self.also, *(code for codes in self.same.values() for code in codes)}

    def seed(self, drawn: int) -> int:
        """The random seed of this case's rows and training.

        Args:
            drawn: seed of the reported half; the other half has its own.
        """
        start = TUNING_SEED if self.half == "tuning" else drawn
        return int(np.random.default_rng([start, zlib.crc32(self.name.encode())]).integers(1, 10**6))

    def broken_promise(self, effects: dict[str, Any]) -> str | None:
        """Which of `must` does not hold, in words; None where the case is what it is meant to be."""
        for name, (low, high) in self.must.items():
            value = effects[name]
            if value is None or (low is not None and value < low) or (high is not None and value > high):
                return f"{name} = {value}, not within {low} … {high}"
        return None


def case(half: str, name: str, base: str, make: Callable[[int], Work], faults: str, **more: Any) -> Case:
    """A faulty case; `faults` are codes with blanks between them."""
    return Case(name, half, base, make, tuple(faults.split()), **more)
