"""What one check of a dataset found."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 5


@dataclass(frozen=True)
class Proof:
    """One check of one fold.

    Attributes:
        name: which check.
        fold: number of the fold, from 0; None for what belongs to no fold.
        result: pass; fail; or informative, where the dataset declares what was found.
        compared: how many of what were looked at.
        found: at most five short lines on what should not be there; none for pass.
        about: one sentence on what was done.
    """

    name: str
    fold: int | None
    result: str
    compared: dict[str, int]
    found: list[str]
    about: str


def judged(
    name: str, fold: int | None, compared: dict[str, int], found: list[str], about: str, otherwise: str = "fail"
) -> Proof:
    """A proof that passes where nothing was found, and is `otherwise` where something was."""
    return Proof(name, fold, otherwise if found else "pass", compared, found[:MOST], about)
