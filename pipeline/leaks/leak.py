"""A leak and its clean twin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.leakage.proof import Proof


@dataclass(frozen=True)
class Leak:
    """One leak and its clean twin.

    `prove` and `score` take the step, clean or leaky, and do everything else in the same way. `prove` checks the step;
    `score` returns the score that an unsuspecting user would have reported, where larger is better.
    """

    name: str
    about: str
    metric: str
    learner: str
    clean: Callable[..., Any]
    leaky: Callable[..., Any]
    prove: Callable[[Callable[..., Any]], Proof]
    score: Callable[[Callable[..., Any]], float]
