"""A case of the corpus, and when its fault counts."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.workshop import Work

TUNING_SEED = 20_240_101  # of the half that thresholds were tuned on; the reported half takes another
Limits = dict[str, tuple[float | None, float | None]]

# Traces of a network that predicts one value, for whatever reason.
FLAT = ("collapsed_predictions", "loss_at_floor")
# A network that its fault keeps back: `Case.accepted` decides between the two by what it came to.
STUCK = ("behind", "not_learning")
# Whether a network learns in spite of its fault is a matter of degree in some cases.
EITHER = ("learning", *STUCK)
# Skill against a constant answer, on validation and on test windows: at or below the first on both, a network does not
# learn, and above the second on both it does, if far behind. In between either word is right.
NOTHING, SOMETHING = 0.0, 0.1


@dataclass(frozen=True)
class Case:
    """One experiment whose faults are known, because they were injected.

    Attributes:
        name: of the case.
        half: `tuning` or `reported`.
        base: the healthy experiment behind it.
        make: the experiment, from a random seed.
        faults: finding codes injected: each must be reported.
        also: further codes that are true of it, such as consequences. They may be reported.
        same: code injected -> codes that name the same fault and count as finding it.
        verdicts: the right ones.
        must: name of an effect (`effects.measure`) -> least and greatest value. Where one does not hold, the fault had
            no effect in this draw, which then does not count.
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

    @property
    def group(self) -> str:
        """`faulty`, `null` (nothing can be learned), or `healthy`."""
        return "faulty" if self.faults else "null" if "no_evidence_of_signal" in self.verdicts else "healthy"

    def accepted(self, effects: dict[str, Any]) -> tuple[str, ...]:
        """Return the right verdicts of one draw, given its effects (`effects.measure` and `effects.prove`)."""
        came = [effects.get("constant"), effects.get("test_constant")]
        known = [value for value in came if value is not None]
        wrong = ""
        if known and len(known) == len(came) and set(STUCK) <= set(self.verdicts):
            wrong = "behind" if max(known) <= NOTHING else "not_learning" if min(known) > SOMETHING else ""
        return tuple(word for word in self.verdicts if word != wrong)

    def seed(self, drawn: int) -> int:
        """The random seed of this case's rows and training.

        Args:
            drawn: seed of the reported half; the other half has its own.
        """
        start = TUNING_SEED if self.half == "tuning" else drawn
        return int(np.random.default_rng([start, zlib.crc32(self.name.encode())]).integers(1, 10**6))

    def broken_promise(self, effects: dict[str, Any]) -> str | None:
        """Return the first limit in `must` that does not hold, in words, or None."""
        for name, (low, high) in self.must.items():
            value = effects[name]
            if value is None or (low is not None and value < low) or (high is not None and value > high):
                return f"{name} = {value}, not within {low} … {high}"
        return None


def case(half: str, name: str, base: str, make: Callable[[int], Work], faults: str, **more: Any) -> Case:
    """A faulty case; `faults` are codes with blanks between them."""
    return Case(name, half, base, make, tuple(faults.split()), **more)
